"""Databases with the newest schema that a check may fill: made for it, gone after it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from storage.database import Database
from storage.migrations import migrate

TEMPLATE = "qichuang_template"


@contextmanager
def fresh_database(url: str | None, name: str) -> Iterator[Database]:
    """Open an empty database: a SQLite file, or one on the PostgreSQL server of an address.

    There it is copied from a template, which stays; `name` must be a plain word.
    """
    with tempfile.TemporaryDirectory() as folder:
        if url is None:
            database = Database(f"sqlite:///{Path(folder)}/{name}.db")
            migrate(database)
            yield database
            database.close()
            return
        _ensure_template(url)
        _admin(url, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        database = Database(_address(url, name))
        try:
            yield database
        finally:
            database.close()
            _admin(url, f"DROP DATABASE {name} WITH (FORCE)")


def _ensure_template(url: str) -> None:
    wanted = f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}'"  # noqa: S608
    if _admin(url, wanted):
        return
    _admin(url, f"CREATE DATABASE {TEMPLATE}")
    database = Database(_address(url, TEMPLATE))
    migrate(database)
    database.close()


def _address(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _admin(url: str, statement: str) -> list[Any]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        result = connection.execute(text(statement))
        rows = list(result) if result.returns_rows else []
    engine.dispose()
    return rows
