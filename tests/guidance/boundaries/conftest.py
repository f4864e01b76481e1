import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.database import Database
from tests.fixtures.database import PostgresServer


@pytest.fixture(scope="module")
def sqlite_ledger(
    migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """One database for all cases of a file; every case has its own people."""
    path = tmp_path_factory.mktemp("ledger") / "qichuang.db"
    shutil.copyfile(migrated_file, path)
    yield from _opened(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def postgres_ledger(postgres_server: PostgresServer) -> Iterator[Database]:
    """The same on PostgreSQL."""
    with postgres_server.lend_database(postgres_server.migrated) as url:
        yield from _opened(url)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def ledger(request: pytest.FixtureRequest) -> Database:
    """The same on each engine."""
    found: Database = request.getfixturevalue(f"{request.param}_ledger")
    return found


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.close()
