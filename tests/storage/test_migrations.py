import importlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from storage.database import Base, Database

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def tables() -> set[str]:
    """Every table of the code: each module that declares one is imported."""
    packages = ("knowledge", "matching", "guidance", "api")
    modules = [path for package in packages for path in ROOT.glob(f"{package}/**/*.py")]
    for path in modules:
        if "__tablename__" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return set(Base.metadata.tables)


def test_migrations_make_the_tables_that_the_code_declares(
    database: Database, tables: set[str]
) -> None:
    assert {"policy_documents", "clauses", "turns", "guidance_sessions"} <= tables
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
