"""Rows into a database by its fastest way, past the product; only into an empty ledger."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, text

from audit.log import AuditEvent
from evaluation.ledger_parts import COLUMNS, Batch, Row, Scale
from guidance.counting.tally import rebuild_tallies
from guidance.session import GuidanceSession
from storage.database import Database

BYTES_OF_SESSION = 3_200  # measured, with its events and all indexes
BYTES_OF_TURN = 1_250
SPARE = 1.3  # the log of the running transaction, and sorting


class LedgerNotMade(ValueError):
    """The ledger cannot be made there; the message says why, in Chinese."""


def bytes_needed(scale: Scale) -> int:
    """Return how much room a ledger of this size takes, measured once and rounded up."""
    return int(scale.sessions * (BYTES_OF_SESSION + scale.turns_per_session * BYTES_OF_TURN))


def check_room(folder: Path, scale: Scale) -> None:
    """Raise LedgerNotMade unless the disk has the room, with some to spare."""
    needed, free = int(bytes_needed(scale) * SPARE), shutil.disk_usage(folder).free
    if free < needed:
        raise LedgerNotMade(
            f"磁盘空间不足：约需 {needed / 1e9:.1f} GB，剩余 {free / 1e9:.1f} GB。"
            "请清理磁盘，或者减少 --sessions 和 --turns-per-session。"
        )


def check_empty(database: Database) -> None:
    """Raise LedgerNotMade where somebody's ledger is: made-up rows never join real ones."""
    with database.reading() as db:
        used = [db.scalar(select(func.min(GuidanceSession.id))),
                db.scalar(select(func.min(AuditEvent.seq)))]  # fmt: skip
    if any(used):
        raise LedgerNotMade("这个数据库里已经有台账。编造的数据只能写进空数据库，请另建一个。")


def fill(database: Database, batches: Iterable[Batch], tell: Callable[[int], None]) -> None:
    """Insert all batches, then compute the counters; `tell` hears how many sessions are in."""
    done = 0
    with closing(database.engine.raw_connection()) as connection:
        postgres = database.engine.dialect.name == "postgresql"
        insert = _copy if postgres else _insert
        for prepare in _POSTGRES if postgres else _SQLITE:
            connection.cursor().execute(prepare)
        for batch in batches:
            if not postgres:
                connection.cursor().execute("BEGIN IMMEDIATE")
            for table in COLUMNS:
                insert(connection, table, batch.rows[table])
            connection.commit()
            done += len(batch.rows["guidance_sessions"])
            tell(done)
        if postgres:
            _number_on(connection)
            connection.commit()
    with database.writing() as db:
        rebuild_tallies(db)
    if postgres:  # its server would do so within minutes; SQLite has nothing like it
        by_itself = database.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        with by_itself as connected:
            connected.execute(text("VACUUM ANALYZE"))


_POSTGRES = ("SET TIME ZONE 'UTC'",)
_SQLITE = ("PRAGMA query_only = 0", "PRAGMA cache_size = -262144")  # 256 MiB


def _insert(connection: Any, table: str, rows: Sequence[Row]) -> None:
    names = COLUMNS[table].split()
    marks = ", ".join("?" * len(names))
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"  # noqa: S608
    connection.cursor().executemany(statement, rows)


def _copy(connection: Any, table: str, rows: Sequence[Row]) -> None:
    names = ", ".join(COLUMNS[table].split())
    with connection.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _number_on(connection: Any) -> None:
    """Let the next session take the next number: COPY does not move the sequence."""
    connection.cursor().execute(
        "SELECT setval(pg_get_serial_sequence('guidance_sessions', 'id'),"
        " (SELECT coalesce(max(id), 1) FROM guidance_sessions))"
    )
