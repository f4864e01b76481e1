"""Schema changes, in order, and the function that applies them."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.connection import DatabaseUnavailable
from storage.database import Base, Database

# "QICHUANG" in ASCII: whoever migrates the same PostgreSQL database takes this lock first.
ADVISORY_LOCK = 0x5149434855414E47
UNDONE = (
    "数据库的表升级失败，已全部撤销，原有数据没有改动。请不要删除现有数据；"
    "停止服务后用 qichuang restore 恢复最近的备份，或把 QICHUANG_DATA_DIR 换成另一个目录"
    "（PostgreSQL 请用 pg_restore 恢复，或换 QICHUANG_DATABASE_URL）。"
)


class DatabaseTooNew(DatabaseUnavailable):
    """The database was written by a newer version of the software."""


MISSING = (
    "数据库记着最新的结构版本（{revision}），但缺少{what}，不能使用；没有改动任何数据。"
    "它可能是恢复或复制到一半的库，或有人改过表。请不要删除它；"
    "停止服务后用 qichuang restore 恢复最近的备份，或把 QICHUANG_DATA_DIR 换成另一个目录"
    "（PostgreSQL 请用 pg_restore 恢复，或换 QICHUANG_DATABASE_URL）。"
)
TABLES_NAMED = 3
COLUMNS = {
    "sqlite": "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
    " WHERE m.type = 'table'",
    "postgresql": "SELECT table_name, column_name FROM information_schema.columns"
    " WHERE table_schema = ANY (current_schemas(false))",
}


class TablesMissing(DatabaseUnavailable):
    """The database says that it has the newest schema and has not."""


class MigrationFailed(DatabaseUnavailable):
    """A step failed and nothing of the database changed; its cause is the technical detail."""


def migrate(database: Database) -> None:
    """Bring the database's tables up to the newest schema, all steps or none.

    Safe when several processes start at once: the first one migrates, the others wait.
    Raises DatabaseTooNew when the schema is unknown to this version of the code, and
    MigrationFailed when a step fails, as it does on tables that are not the expected ones,
    TablesMissing when there is no step left and tables or columns are missing.
    """
    try:
        _migrate(database)
    except DatabaseUnavailable:
        raise
    except Exception as error:
        # Whatever a step raises: all of it is undone, and the operator can only do this.
        raise MigrationFailed(UNDONE) from error


def _migrate(database: Database) -> None:
    config = _config()
    script = ScriptDirectory.from_config(config)
    with database.migrating() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
        applied = current_revision(connection)
        if applied is not None and applied not in {
            step.revision for step in script.walk_revisions()
        }:
            raise DatabaseTooNew(
                f"数据库由更新的版本写成（结构版本 {applied}），请升级程序，或换用与它对应的备份。"
            )
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _check_tables(connection)


def _check_tables(connection: Connection) -> None:
    """Raise TablesMissing unless every table and column that the code uses is there."""
    found = {(row[0], row[1]) for row in connection.execute(text(COLUMNS[connection.dialect.name]))}
    tables = {name for name, _ in found}
    missing = [f"表 {name}" for name in Base.metadata.tables if name not in tables]
    missing += [
        f"表 {name} 的列 {column.name}"
        for name, table in Base.metadata.tables.items()
        for column in table.columns
        if name in tables and (name, column.name) not in found
    ]
    if missing:
        what = "、".join(missing[:TABLES_NAMED]) + (
            f"等 {len(missing)} 处" if len(missing) > TABLES_NAMED else ""
        )
        raise TablesMissing(MISSING.format(revision=current_revision(connection), what=what))


def current_revision(connection: Connection) -> str | None:
    """Return the schema version of a database, None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return config
