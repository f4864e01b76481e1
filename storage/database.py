"""SQL types, declarative base, and who may write when."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Connection, DateTime, Dialect, Enum, Index, MetaData, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from storage.connection import (
    BUSY_TIMEOUT_MS,
    DatabaseDamaged,
    connect,
    unavailable,
)
from storage.group_commit import GroupCommit

MIGRATION_TIMEOUT_MS = 300_000
LARGEST_ID = 2**31 - 1  # of a key: PostgreSQL refuses to look for a larger number
_JSON = JSON().with_variant(JSONB(), "postgresql")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

_ADVISORY_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


class UTCDateTime(TypeDecorator[datetime]):
    """Timezone-aware UTC datetime; SQLite itself would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Store as UTC; refuse a datetime without a zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"naive datetime: {value!r}")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Read back as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


def storable(value: Any) -> Any:
    """Replace by U+FFFD, in texts at any depth, what PostgreSQL or UTF-8 cannot store.

    That is the NUL character and lone surrogates; offsets stay as they are.
    """
    if isinstance(value, str):
        return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", value)
    if isinstance(value, Mapping):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return value


class Base(DeclarativeBase):
    """Declarative base of every table in the service.

    Constraints get the same names on both engines, so that a migration can find them.
    Members of an enumeration are stored by their value, in 32 characters: a new member
    needs no migration.
    """

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UTCDateTime,
        dict[str, Any]: _JSON,
        list[str]: _JSON,
        list[list[str]]: _JSON,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            length=32,
            values_callable=lambda members: [member.value for member in members],
        ),
    }


def unique_where(name: str, where: str, *columns: str) -> Index:
    """Return an index that allows one row of its values among those that meet a condition."""
    condition = text(where)
    return Index(
        name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition
    )  # fmt: skip


def take_turns(db: Session, *keys: str) -> None:
    """Make transactions that name the same key run one after another, each to its end.

    On SQLite all writers do so anyway.
    """
    connection = db.connection()
    if connection.dialect.name == "postgresql":
        for key in keys:
            connection.execute(_ADVISORY_LOCK, {"key": key})


class Database:
    """One SQL database: readers run side by side, SQLite writers one at a time."""

    def __init__(self, url: str) -> None:
        self.engine = connect(url)
        sqlite = self.engine.dialect.name == "sqlite"
        self._group_commit = GroupCommit(self.engine) if sqlite else None
        self._sessions = sessionmaker(self.engine, expire_on_commit=False)
        snapshot = {} if sqlite else {"isolation_level": "REPEATABLE READ"}
        self._snapshots = sessionmaker(
            self.engine.execution_options(postgresql_readonly=True, **snapshot),
            expire_on_commit=False,
        )

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that sees one state of the database throughout; it cannot write."""
        with self._snapshots() as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """Open a session that commits at the end of the block, or rolls back on an error.

        After the block the changes are on disk. Keep the block short: on SQLite the
        other writers of the process wait for its end.
        """
        if self._group_commit is None:
            with self._sessions.begin() as db:
                yield db
            return
        with (
            self._group_commit.transaction() as connection,
            self._sessions(bind=connection, join_transaction_mode="create_savepoint") as db,
            db.begin(),
        ):
            yield db

    @contextmanager
    def migrating(self) -> Iterator[Connection]:
        """Open one transaction for changing the schema; SQLite checks references at its end."""
        with self.engine.connect() as connection:
            if self._group_commit is None:
                with connection.begin():
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {MIGRATION_TIMEOUT_MS}")
                    yield connection
                return
            # Copying a table drops the old one, which references must not notice.
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA foreign_keys = OFF")
            driver.execute(f"PRAGMA busy_timeout = {MIGRATION_TIMEOUT_MS}")
            try:
                with (
                    self._group_commit.alone(),
                    connection.execution_options(sqlite_begin="BEGIN IMMEDIATE").begin(),
                ):
                    yield connection
                    if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                        raise unavailable(DatabaseDamaged, "升级后数据引用不完整，已全部撤销")
            finally:
                driver.execute("PRAGMA foreign_keys = ON")
                driver.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")

    @contextmanager
    def alone(self) -> Iterator[Any]:
        """Lend SQLite's own connection outside any transaction, all other writers kept out."""
        if self._group_commit is None:
            raise TypeError("only SQLite has one writer")
        pooled = self.engine.raw_connection()
        try:
            with self._group_commit.alone():
                pooled.driver_connection.execute("PRAGMA query_only = 0")  # type: ignore[union-attr]
                yield pooled.driver_connection
        finally:
            pooled.close()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
