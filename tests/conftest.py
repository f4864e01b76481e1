pytest_plugins = ["tests.fixtures.database", "tests.fixtures.encoder", "tests.fixtures.shipped"]
