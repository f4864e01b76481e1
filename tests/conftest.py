from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.fixtures.database",
    "tests.fixtures.encoder",
    "tests.fixtures.hashing",
    "tests.fixtures.shipped",
]

# How long an example takes depends on what else the machine does; that is no fault of ours.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")
