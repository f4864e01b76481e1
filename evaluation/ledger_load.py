"""A ledger of the size that years bring: made, then measured.

It is a command of its own beside `evaluate load`, which asks a server for answers:
here a database has to be filled for minutes and gigabytes first, and what is timed is
the ledger's reads and pages, on SQLite or on a PostgreSQL server that the caller names.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy.engine import make_url

from evaluation.ledger_parts import LAST_DAY, Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import LedgerNotMade, check_empty, check_room, fill
from evaluation.ledger_timing import measure
from storage.database import Database
from storage.migrations import migrate

MOST_SESSIONS = 20_000_000
MOST_TURNS = 60.0

Progress = Callable[[str, int, int], None]


def evaluate_ledger(
    scale: Scale, progress: Progress, database_url: str = "", folder: Path | None = None
) -> dict[str, Any]:
    """Make a ledger and measure it; return the figures as one object for JSON.

    Without an address: in SQLite in a folder that is removed afterwards, below `folder`
    or the system's temporary one. With one: in that database, which must have no
    session and no event, and keeps what was made. Raises LedgerNotMade.
    """
    check_scale(scale)
    with tempfile.TemporaryDirectory(prefix="qichuang-ledger-", dir=folder) as name:
        url = database_url or f"sqlite:///{name}/qichuang.db"
        if make_url(url).get_backend_name() == "sqlite":
            file = Path(str(make_url(url).database))
            file.parent.mkdir(parents=True, exist_ok=True)
            check_room(file.parent, scale)
        database = Database(url)
        try:
            return _made_and_measured(database, Path(name), scale, progress)
        finally:
            database.close()


def check_scale(scale: Scale) -> None:
    """Raise LedgerNotMade unless the size makes sense."""
    if not 100 <= scale.sessions <= MOST_SESSIONS:
        raise LedgerNotMade(f"--sessions 须在 100 到 {MOST_SESSIONS} 之间。")
    if not 1 <= scale.turns_per_session <= MOST_TURNS:
        raise LedgerNotMade(f"--turns-per-session 须在 1 到 {MOST_TURNS:.0f} 之间。")


def _made_and_measured(
    database: Database, folder: Path, scale: Scale, progress: Progress
) -> dict[str, Any]:
    migrate(database)
    check_empty(database)
    began, load = time.perf_counter(), os.getloadavg()
    fill(database, made(scale), lambda done: progress("正在编造台账", done, scale.sessions))
    filled_s = time.perf_counter() - began
    return {
        "engine": database.engine.dialect.name,
        "sessions": scale.sessions,
        "turns_per_session": scale.turns_per_session,
        "seed": scale.seed,
        "fill_seconds": round(filled_s, 1),
        "processors": os.cpu_count(),
        "load_before": round(load[0], 1),
        "load_while_measuring": round(os.getloadavg()[0], 1),
        **measure(database, folder, LAST_DAY.replace(month=11, day=22), progress),
    }
