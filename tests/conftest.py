from collections import Counter

import pytest
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files of few tests first: browsers and servers take longest, and nobody waits for the last."""
    tests_of = Counter(item.path for item in items)
    items.sort(key=lambda item: (tests_of[item.path], item.path))
