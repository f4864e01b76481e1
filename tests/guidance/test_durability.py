"""A reply that left is on disk, whatever happens to the process right after."""

import json
import os
import random
import sqlite3
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from sqlalchemy import select

from audit.verify import verify
from guidance.session import GuidanceSession, Turn
from storage.database import Database

ROOT = Path(__file__).parents[2]
# The release check runs 2,000 (QICHUANG_TEST_KILLS=2000).
KILLS = int(os.environ.get("QICHUANG_TEST_KILLS", "25"))


def record_and_kill(url: str, kills: int) -> list[str]:
    seed = random.randrange(1_000_000)
    run = subprocess.run(
        [
            sys.executable,
            str(Path(__file__).with_name("killed_recorder.py")),
            url,
            str(kills),
            str(seed),
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60 + 5 * kills,
        check=False,
    )
    assert run.returncode == 0, f"seed {seed}: {run.stderr}"
    acknowledged: list[str] = json.loads(run.stdout)
    assert len(acknowledged) >= kills
    return acknowledged


def check_records(database: Database, acknowledged: list[str]) -> None:
    log = verify(database, None)
    assert log.findings == []
    with database.reading() as db:
        turns = db.scalars(select(Turn).order_by(Turn.session_id, Turn.sequence)).all()
        sessions = db.scalars(select(GuidanceSession)).all()
    recorded = [turn.message_id for turn in turns]
    assert len(recorded) == len(set(recorded))
    assert set(acknowledged) <= set(recorded)
    sequences = defaultdict(list)
    for turn in turns:
        sequences[turn.session_id].append(turn.sequence)
    for session in sessions:
        assert sequences[session.id] == list(range(1, session.turn_count + 1))
    assert log.events == len(sessions)  # each was opened in the audit log too
    open_people = [session.person for session in sessions if session.closed_at is None]
    assert len(open_people) == len(set(open_people))


def test_killed_processes_lose_no_acknowledged_turn_on_sqlite(
    sqlite_database: Database, tmp_path: Path
) -> None:
    acknowledged = record_and_kill(str(sqlite_database.engine.url), KILLS)
    check_records(sqlite_database, acknowledged)
    with sqlite3.connect(tmp_path / "qichuang.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_killed_processes_lose_no_acknowledged_turn_on_postgres(
    postgres_database: Database,
) -> None:
    url = postgres_database.engine.url.render_as_string(hide_password=False)
    check_records(postgres_database, record_and_kill(url, 5))
