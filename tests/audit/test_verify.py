"""Every tampering is found and its place named; honest logs raise no alarm."""

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from audit.checkpoint import LedgerBehindWitness, compare_with_witness, write_checkpoint
from audit.log import GENESIS, SYSTEM, EventHeader, append_event, event_hash
from audit.verify import Verification, verify
from audit.witness import Witness, WitnessDamaged, open_witness
from storage.database import Database
from storage.migrations import migrate

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
Tamper = Callable[[sqlite3.Connection], object]


def append(database: Database, count: int, first: int = 1) -> None:
    with database.writing() as db:
        for n in range(first, first + count):
            append_event(
                db, "project.changed", f"project:P{n:04}", SYSTEM, {"n": n} if n % 3 else None
            )


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return open_witness(tmp_path / "data")


def test_honest_log_holds_on_both_engines(database: Database, witness: Witness) -> None:
    for start in range(1, 250, 50):
        append(database, 50, start)
        write_checkpoint(database, witness, NOON, now=True)
    with database.writing() as db:
        db.execute(text("DELETE FROM audit_payloads WHERE seq < 10"))
    result = verify(database, witness)
    assert (result.findings, result.events, result.checkpoints) == ([], 250, 5)
    assert result.erased == 6
    last = witness.last()
    assert last is not None
    assert last.root == result.root


def test_checkpoint_every_hundred_events_or_sixty_seconds(
    sqlite_database: Database, witness: Witness
) -> None:
    assert write_checkpoint(sqlite_database, witness, NOON) is None  # nothing to vouch for
    append(sqlite_database, 1)
    first = write_checkpoint(sqlite_database, witness, NOON)
    assert first is not None
    assert first.seq == 1
    append(sqlite_database, 99, 2)
    soon = NOON + timedelta(seconds=30)
    assert write_checkpoint(sqlite_database, witness, soon) is None
    append(sqlite_database, 1, 101)
    assert getattr(write_checkpoint(sqlite_database, witness, soon), "seq", 0) == 101
    append(sqlite_database, 1, 102)
    later = soon + timedelta(seconds=60)
    assert getattr(write_checkpoint(sqlite_database, witness, later), "seq", 0) == 102
    assert write_checkpoint(sqlite_database, witness, later + timedelta(hours=1)) is None


def test_key_and_checkpoints_are_readable_by_us_alone(
    sqlite_database: Database, witness: Witness, tmp_path: Path
) -> None:
    append(sqlite_database, 1)
    write_checkpoint(sqlite_database, witness, NOON)
    assert (tmp_path / "data" / "audit.key").stat().st_mode & 0o777 == 0o600
    assert witness.path.stat().st_mode & 0o777 == 0o600
    assert open_witness(tmp_path / "data").public_key == witness.public_key
    (tmp_path / "data" / "audit.key").write_text("no key")
    with pytest.raises(WitnessDamaged, match="已损坏"):
        open_witness(tmp_path / "data")
    (tmp_path / "data" / "audit.key").unlink()
    with pytest.raises(WitnessDamaged, match="从备份把它放回"):
        open_witness(tmp_path / "data")
    assert not (tmp_path / "data" / "audit.key").exists()  # no new key disowns what is signed


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log of 120 events and three checkpoints."""
    folder = tmp_path_factory.mktemp("honest")
    database = Database(f"sqlite:///{folder}/qichuang.db")
    migrate(database)
    witness = open_witness(folder / "data")
    for start in (1, 41, 81):
        append(database, 40, start)
        write_checkpoint(database, witness, NOON, now=True)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return folder


def tampered(honest: Path, tmp_path: Path, change: Tamper) -> tuple[Database, Witness]:
    """A copy of the honest folder, changed by someone who may drop triggers."""
    shutil.copytree(honest, tmp_path / "copy")
    with sqlite3.connect(tmp_path / "copy" / "qichuang.db") as connection:
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'audit%'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        change(connection)
    connection.close()
    return Database(f"sqlite:///{tmp_path}/copy/qichuang.db"), open_witness(
        tmp_path / "copy" / "data"
    )


def look(honest: Path, tmp_path: Path, change: Tamper) -> tuple[Verification, str]:
    database, witness = tampered(honest, tmp_path, change)
    try:
        return verify(database, witness), compare_with_witness(database, witness).trouble
    finally:
        database.close()


def run(statement: str) -> Tamper:
    return lambda connection: connection.execute(statement)


def rewrite_all(connection: sqlite3.Connection, last: int = 120) -> None:
    """Forge a log that is sound in itself, as someone with all rights could."""
    previous = GENESIS
    connection.execute("UPDATE audit_events SET subject = 'project:X' WHERE seq = 50")
    connection.execute("DELETE FROM audit_payloads WHERE seq > ?", (last,))
    connection.execute("DELETE FROM audit_events WHERE seq > ?", (last,))
    for *header, _ in connection.execute("SELECT * FROM audit_events ORDER BY seq").fetchall():
        previous = event_hash(previous, EventHeader._make(header))
        connection.execute("UPDATE audit_events SET hash = ? WHERE seq = ?", (previous, header[0]))


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (run("UPDATE audit_events SET subject = 'project:X' WHERE seq = 7"), 7, "哈希不符"),
        (run("UPDATE audit_events SET at_us = at_us + 1 WHERE seq = 120"), 120, "哈希不符"),
        (run("UPDATE audit_events SET actor_kind = 'account' WHERE seq = 1"), 1, "哈希不符"),
        (run("UPDATE audit_events SET hash = 'zz' WHERE seq = 9"), 9, "哈希不符"),
        (run("UPDATE audit_payloads SET payload = '{}' WHERE seq = 8"), 8, "摘要不符"),
        (run("UPDATE audit_events SET subject = x'00ff' WHERE seq = 12"), 12, "哈希不符"),
        (run("UPDATE audit_payloads SET salt = 'zz' WHERE seq = 8"), 8, "摘要不符"),
        (run("DELETE FROM audit_events WHERE seq = 60"), 60, "缺失"),
        (run("DELETE FROM audit_events WHERE seq > 110"), 120, "末尾缺失"),
        (run("DELETE FROM audit_events"), 120, "末尾缺失"),
        (rewrite_all, 80, "与签名检查点不一致"),
        (lambda connection: rewrite_all(connection, 100), 80, "与签名检查点不一致"),
    ],
)
def test_tampering_is_found_and_located(
    honest: Path, tmp_path: Path, change: Tamper, place: int, words: str
) -> None:
    result, _ = look(honest, tmp_path, change)
    assert (place, True) in [(one.seq, words in one.what) for one in result.findings]


@pytest.mark.parametrize(
    "change",
    [run("DELETE FROM audit_events WHERE seq > 110"), rewrite_all],
    ids=["lost tail", "another history"],
)
def test_start_sees_a_lost_tail_and_another_history(
    honest: Path, tmp_path: Path, change: Tamper
) -> None:
    database, witness = tampered(honest, tmp_path, change)
    assert compare_with_witness(database, witness).trouble
    with pytest.raises(LedgerBehindWitness):
        write_checkpoint(database, witness, NOON + timedelta(hours=1))
    database.close()


def test_any_single_mutation_of_an_event_is_found(honest: Path, tmp_path: Path) -> None:
    chance = random.Random(5)
    columns = ("at_us", "actor_kind", "actor_id", "actor_role", "action", "subject",
               "payload_digest", "hash")  # fmt: skip
    database, witness = tampered(honest, tmp_path, lambda _connection: None)
    assert verify(database, witness).holds
    for _ in range(150):
        seq, column = chance.randint(1, 120), chance.choice(columns)
        with database.writing() as db:
            where = f"WHERE seq = {seq}"
            old = db.scalar(text(f"SELECT {column} FROM audit_events {where}"))
            new = old + 1 if column == "at_us" else f"{old}x"
            db.execute(text(f"UPDATE audit_events SET {column} = :new {where}"), {"new": new})
        assert not verify(database, witness).holds, (seq, column)
        with database.writing() as db:
            db.execute(text(f"UPDATE audit_events SET {column} = :old {where}"), {"old": old})
    assert verify(database, witness).holds
    database.close()


@pytest.mark.parametrize("field", ["seq", "head", "root", "peaks", "at", "key", "signature"])
def test_changed_checkpoint_is_not_believed(honest: Path, tmp_path: Path, field: str) -> None:
    database, witness = tampered(honest, tmp_path, lambda _connection: None)
    lines = [json.loads(line) for line in witness.path.read_text().splitlines()]
    value = lines[-1][field]
    lines[-1][field] = {"seq": 119, "peaks": ["00" * 32] * len(lines[-1]["peaks"])}.get(
        field, "0" * len(value) if isinstance(value, str) else value
    )
    witness.path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = verify(database, witness)
    assert not result.holds or result.torn_lines
    database.close()


def test_older_backup_is_seen_as_a_rollback(sqlite_database: Database, tmp_path: Path) -> None:
    witness = open_witness(tmp_path / "data")
    append(sqlite_database, 20)
    backup = tmp_path / "older.db"
    with sqlite3.connect(str(sqlite_database.engine.url.database)) as connection:
        connection.execute("VACUUM INTO ?", (str(backup),))
    connection.close()
    append(sqlite_database, 20, 21)
    write_checkpoint(sqlite_database, witness, NOON, now=True)
    restored = Database(f"sqlite:///{backup}")
    assert "缺少最后 20 条" in compare_with_witness(restored, witness).trouble
    append(restored, 25, 21)  # even after it went on, the history is another one
    assert "另一段历史" in compare_with_witness(restored, witness).trouble
    restored.close()


def test_long_log_is_checked_in_blocks_by_several_processes(
    database: Database, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    for start in range(1, 141, 28):
        append(database, 28, start)
        write_checkpoint(database, witness, NOON, now=True)
    whole = verify(database, witness)
    monkeypatch.setattr("audit.verify.BLOCK", 32)  # its processes only see the numbers
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    in_blocks = verify(database, witness)
    assert in_blocks == whole
    assert whole.holds


def test_line_cut_short_by_a_crash_loses_only_itself(
    sqlite_database: Database, witness: Witness
) -> None:
    append(sqlite_database, 5)
    write_checkpoint(sqlite_database, witness, NOON, now=True)
    with witness.path.open("a") as file:
        file.write('{"seq": 9, "he')
    append(sqlite_database, 5, 6)
    write_checkpoint(sqlite_database, witness, NOON, now=True)
    result = verify(sqlite_database, witness)
    assert (result.holds, result.torn_lines, result.checkpoints) == (True, 1, 2)
