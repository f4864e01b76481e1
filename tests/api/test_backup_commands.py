"""Backups that were checked, and older ones that are not taken unseen."""

import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.command_line import app
from api.console import run
from api.startup import open_database
from audit.checkpoint import write_checkpoint
from audit.log import SYSTEM, append_event, last_seq
from audit.witness import open_witness

Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("QICHUANG_DATA_DIR", str(tmp_path / "var"))
    return lambda *arguments: run(app, [str(argument) for argument in arguments])


def record(tmp_path: Path, count: int) -> int:
    """Add events, sign a checkpoint; return the last number."""
    database = open_database(f"sqlite:///{tmp_path}/var/qichuang.db")
    for _ in range(count):
        with database.writing() as db:
            append_event(db, "test.event", "test:1", SYSTEM, {"a": 1})
    write_checkpoint(database, open_witness(tmp_path / "var"), datetime.now(UTC), now=True)
    with database.reading() as db:
        seq = last_seq(db)
    database.close()
    return seq


def test_backup_comes_back(command: Command, tmp_path: Path) -> None:
    record(tmp_path, 3)
    copy = tmp_path / "copy.db"
    assert command("backup", copy) == 0
    assert copy.stat().st_mode & 0o077 == 0
    assert command("backup", copy) != 0  # never over another file
    (tmp_path / "var" / "qichuang.db").unlink()
    assert command("restore", copy) == 0
    assert record(tmp_path, 0) == 4
    assert command("audit", "verify") == 0


def test_older_backup_is_a_rollback(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path, 3)
    copy = tmp_path / "copy.db"
    command("backup", copy)
    after = record(tmp_path, 5)
    assert command("restore", copy) != 0
    assert "缺少最后" in capsys.readouterr().err
    assert record(tmp_path, 0) == after  # nothing was touched
    assert command("restore", copy, "--rollback") == 0
    kept = list((tmp_path / "var").glob("qichuang.db.before-*"))
    assert len(kept) == 1
    assert command("audit", "verify") != 0
    assert command("audit", "resume", "--reason", "磁盘损坏") == 0
    assert command("audit", "verify") == 0


def test_damaged_backup_is_refused(command: Command, tmp_path: Path) -> None:
    before = record(tmp_path, 3)
    copy = tmp_path / "copy.db"
    command("backup", copy)
    with sqlite3.connect(copy) as connection:
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in connection.execute(triggers).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit_payloads SET payload = '{}' WHERE seq = 2")
    connection.close()
    assert command("restore", copy) != 0
    copy.write_bytes(b"no database at all" * 100)
    assert command("restore", copy) != 0
    assert command("restore", tmp_path / "missing.db") != 0
    assert record(tmp_path, 0) == before + 1  # that a backup was made
    assert not list((tmp_path / "var").glob(".*restoring*"))
