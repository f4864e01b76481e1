import importlib
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from guidance.conversation import Conversation
from guidance.message import Channel
from guidance.session import GuidanceSession
from storage import migrations
from storage.connection import DatabaseDamaged
from storage.database import Base, Database
from storage.migrations import (
    DatabaseTooNew,
    MigrationFailed,
    TablesMissing,
    current_revision,
    migrate,
)
from tests.at_once import run_at_once
from tests.guidance.messages import NOON

ROOT = Path(__file__).parents[2]
VERSIONS = ROOT / "storage" / "migrations" / "versions"

AddStep = Callable[[str], None]


@pytest.fixture(scope="module")
def tables() -> set[str]:
    """Every table of the code: each module that declares one is imported."""
    packages = ("knowledge", "matching", "guidance", "accounts", "audit", "api")
    modules = [path for package in packages for path in ROOT.glob(f"{package}/**/*.py")]
    for path in modules:
        if "__tablename__" in path.read_text(encoding="utf-8"):
            importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return set(Base.metadata.tables)


@pytest.fixture
def add_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AddStep:
    """Adds a migration after the newest one, with the given body."""
    original = migrations._config()
    head = ScriptDirectory.from_config(original).get_current_head()

    def config() -> Config:
        extended = Config()
        extended.set_main_option("script_location", str(VERSIONS.parent))
        extended.set_main_option("path_separator", "newline")
        extended.set_main_option("version_locations", f"{VERSIONS}\n{tmp_path}")
        return extended

    def add(body: str) -> None:
        source = f"from alembic import op\nrevision = 'next'\ndown_revision = '{head}'\n"
        (tmp_path / "next_step.py").write_text(f"{source}def upgrade():\n    {body}\n")
        monkeypatch.setattr(migrations, "_config", config)

    return add


def table_names(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def revision(database: Database) -> str | None:
    with database.engine.connect() as connection:
        return current_revision(connection)


def test_migrations_make_the_tables_that_the_code_declares(
    database: Database, tables: set[str]
) -> None:
    assert {"policy_documents", "clauses", "turns", "guidance_sessions"} <= tables
    with database.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


@pytest.mark.parametrize(
    ("name", "columns", "condition"),
    [
        ("uq_guidance_sessions_open", ["person", "service_line"], "closed_at IS NULL"),
        ("uq_guidance_sessions_day", ["counts_for", "count_on"], "approved"),
    ],
)
def test_rules_of_counting_are_in_the_database_itself(
    database: Database, name: str, columns: list[str], condition: str
) -> None:
    with database.engine.connect() as connection:
        indexes = inspect(connection).get_indexes("guidance_sessions")
    (index,) = [one for one in indexes if one["name"] == name]
    assert (index["column_names"], bool(index["unique"])) == (columns, True)
    where = str(index["dialect_options"][f"{database.engine.dialect.name}_where"])
    assert condition in where


def test_migrations_are_one_line_of_numbered_steps_with_readable_names() -> None:
    names = sorted(path.stem for path in VERSIONS.glob("[0-9]*.py"))
    assert all(re.fullmatch(r"\d{4}_[a-z]+(_[a-z]+)+", name) for name in names)
    script = ScriptDirectory.from_config(migrations._config())
    steps = [step.revision for step in script.walk_revisions()]
    assert steps == [name[:4] for name in reversed(names)]
    assert script.get_heads() == [names[-1][:4]]


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.writing() as db:
        db.execute(
            text("INSERT INTO conversations VALUES ('c', 'visitor-1', 'web', '2026-01-01 00:00')")
        )
    before = revision(database)
    migrate(database)
    assert revision(database) == before
    with database.reading() as db:
        assert db.scalar(text("SELECT person FROM conversations")) == "visitor-1"


def test_migrating_works_from_any_folder(
    empty_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migrate(empty_database)
    assert "turns" in table_names(empty_database)


def test_new_step_is_added_to_an_existing_database(database: Database, add_step: AddStep) -> None:
    add_step("op.execute('CREATE TABLE added (n INTEGER)')")
    migrate(database)
    assert "added" in table_names(database)
    assert revision(database) == "next"


def test_step_that_fails_leaves_the_old_schema(database: Database, add_step: AddStep) -> None:
    old = revision(database)
    add_step("op.execute('CREATE TABLE added (n INTEGER)'); op.execute('SELECT * FROM nowhere')")
    with pytest.raises(MigrationFailed, match="qichuang restore") as raised:
        migrate(database)
    assert "nowhere" in str(raised.value.__cause__)
    assert "added" not in table_names(database)
    assert revision(database) == old


@pytest.mark.usefixtures("tables")
@pytest.mark.parametrize(
    ("broken", "missing"),
    [
        ("ALTER TABLE turns RENAME TO turns_of_old", "表 turns"),
        ("ALTER TABLE turns RENAME COLUMN reply TO answer", "表 turns 的列 reply"),
    ],
)
def test_newest_stamp_on_tables_that_are_not_there_is_told_and_nothing_is_lost(
    database: Database, broken: str, missing: str
) -> None:
    with database.engine.begin() as connection:
        connection.execute(text(broken))
    before = table_names(database)
    with pytest.raises(TablesMissing, match=f"缺少{missing}，") as raised:
        migrate(database)
    assert "qichuang restore" in str(raised.value)
    assert table_names(database) == before


def test_failing_step_leaves_an_empty_database_empty(
    empty_database: Database, add_step: AddStep
) -> None:
    add_step("raise ZeroDivisionError")
    with pytest.raises(MigrationFailed) as raised:
        migrate(empty_database)
    assert isinstance(raised.value.__cause__, ZeroDivisionError)
    assert table_names(empty_database) == set()


def test_table_can_be_rebuilt_while_others_refer_to_it(
    database: Database, add_step: AddStep
) -> None:
    person = {"person": "visitor-1", "channel": Channel.WEB, "opened_at": NOON}
    with database.writing() as db:
        db.add(Conversation(id="c", **person))
        db.add(GuidanceSession(id=1, last_turn_at=NOON, turn_count=1, **person))
        db.flush()
        db.execute(
            text(
                "INSERT INTO turns VALUES (1, 1, 'c', 1, 'web', 'm', '问', '', 'answered',"
                " 'policy', '答', '{}', '{}', '2026-01-01 00:00', '2026-01-01 00:00', 1)"
            )
        )
    add_step(
        "import sqlalchemy as sa\n"
        "    with op.batch_alter_table('conversations') as table:\n"
        "        table.alter_column('person', type_=sa.Text())"
    )
    migrate(database)
    with database.reading() as db:
        assert db.scalar(text("SELECT person FROM conversations")) == "visitor-1"
        assert db.scalar(text("SELECT question FROM turns")) == "问"
    with pytest.raises(Exception, match=r"(?i)foreign key"), database.writing() as db:
        db.execute(text("DELETE FROM conversations"))


def test_step_that_breaks_references_is_undone(
    sqlite_database: Database, add_step: AddStep
) -> None:
    add_step("op.execute(\"INSERT INTO clauses VALUES (1,99,NULL,0,0,'front','','','','',0,0)\")")
    with pytest.raises(DatabaseDamaged, match="全部撤销"):
        migrate(sqlite_database)
    with sqlite_database.reading() as db:
        assert db.scalar(text("SELECT count(*) FROM clauses")) == 0
    assert revision(sqlite_database) != "next"


def test_database_of_a_newer_version_is_left_alone(database: Database) -> None:
    with database.writing() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="结构版本 9999.*请升级程序"):
        migrate(database)
    assert revision(database) == "9999"


def test_processes_that_start_at_once_migrate_once(database_url: str) -> None:
    run_at_once("migrate_database", database_url, processes=5)
    database = Database(database_url)
    assert "turns" in table_names(database)
    assert revision(database) == sorted(VERSIONS.glob("[0-9]*.py"))[-1].stem[:4]
    database.close()
