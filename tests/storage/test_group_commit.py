import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from storage import group_commit
from storage.connection import DatabaseBusy, DatabaseUnavailable
from storage.database import Database


@pytest.fixture
def notes(sqlite_database: Database) -> Database:
    with sqlite_database.writing() as db:
        db.execute(text("CREATE TABLE notes (id INTEGER PRIMARY KEY, parent REFERENCES notes)"))
    return sqlite_database


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(50) as pool:
        yield pool


def add_note(database: Database, number: int) -> None:
    with database.writing() as db:
        db.execute(text("INSERT INTO notes (id) VALUES (:id)"), {"id": number})


def on_disk(database: Database) -> list[int]:
    """What another program would find in the file."""
    with sqlite3.connect(str(database.engine.url.database)) as connection:
        found = [row[0] for row in connection.execute("SELECT id FROM notes ORDER BY id")]
    connection.close()
    return found


def wait_until_waiting(database: Database, writers: int) -> None:
    assert database._group_commit is not None
    deadline = time.monotonic() + 10
    while len(database._group_commit._waiting) != writers:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def hold_then(
    database: Database, threads: ThreadPoolExecutor, *following: Callable[[], None]
) -> list[Future[None]]:
    """Write note 0 while others come to wait in this order; return the outcome of each."""
    outcomes: list[Future[None]] = []

    def hold() -> None:
        with database.writing() as db:
            for number, work in enumerate(following, start=1):
                outcomes.append(threads.submit(work))
                wait_until_waiting(database, number)
            db.execute(text("INSERT INTO notes (id) VALUES (0)"))

    first = threads.submit(hold)
    wait([first])
    wait(outcomes)
    return [first, *outcomes]


def test_note_is_on_disk_when_its_writer_returns(
    notes: Database, threads: ThreadPoolExecutor
) -> None:
    def write_and_look(number: int) -> bool:
        add_note(notes, number)
        return number in on_disk(notes)

    assert all(threads.map(write_and_look, range(200)))


def test_waiting_writers_share_a_commit(
    notes: Database, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BATCH_MS", 60_000)  # no batch grows too old while it fills
    commits: list[object] = []
    event.listen(notes.engine, "commit", commits.append)
    for outcome in hold_then(notes, threads, *(partial(add_note, notes, n) for n in range(1, 11))):
        outcome.result()
    assert on_disk(notes) == list(range(11))
    assert len(commits) == 1


def test_writers_go_in_order_of_arrival(notes: Database, threads: ThreadPoolExecutor) -> None:
    order: list[int] = []

    def write(number: int) -> None:
        with notes.writing():
            order.append(number)

    for outcome in hold_then(notes, threads, *(partial(write, n) for n in range(30))):
        outcome.result()
    assert order == list(range(30))


def test_failure_of_one_writer_is_no_failure_of_the_others(
    notes: Database, threads: ThreadPoolExecutor
) -> None:
    outcomes = hold_then(notes, threads, *(partial(add_note, notes, n) for n in (1, 0, 2, 1)))
    kinds = [type(outcome.exception()) for outcome in outcomes]
    nothing = type(None)
    assert kinds == [nothing, nothing, IntegrityError, nothing, IntegrityError]
    assert on_disk(notes) == [0, 1, 2]


def test_nobody_is_told_of_success_when_the_batch_is_lost(
    notes: Database, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BATCH_MS", 10_000)

    def lose_the_transaction() -> None:
        # As SQLite does by itself on some I/O errors.
        with notes.writing() as db:
            db.execute(text("INSERT INTO notes (id) VALUES (1)"))
            driver = db.connection().connection.driver_connection
            assert driver is not None
            driver.rollback()

    first, loser, follower = hold_then(
        notes, threads, lose_the_transaction, partial(add_note, notes, 2)
    )
    for told in (first, loser):
        with pytest.raises(DatabaseUnavailable, match="请重试"):
            told.result()
    follower.result()
    assert on_disk(notes) == [2]
    add_note(notes, 3)
    assert on_disk(notes) == [2, 3]


def test_nobody_is_told_of_success_when_the_commit_fails(
    notes: Database, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BATCH_MS", 10_000)

    def break_the_commit() -> None:
        with notes.writing() as db:
            db.execute(text("PRAGMA defer_foreign_keys = ON"))
            db.execute(text("INSERT INTO notes (id, parent) VALUES (1, 99)"))

    first, breaker = hold_then(notes, threads, break_the_commit)
    with pytest.raises(IntegrityError):
        breaker.result()
    with pytest.raises(DatabaseUnavailable, match="请重试"):
        first.result()
    assert on_disk(notes) == []
    add_note(notes, 3)
    assert on_disk(notes) == [3]


def test_writer_who_waits_too_long_gives_up(
    notes: Database, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BUSY_TIMEOUT_MS", 50)
    with notes.writing() as db:
        with pytest.raises(DatabaseBusy, match="稍后重试"):
            threads.submit(add_note, notes, 1).result()
        db.execute(text("INSERT INTO notes (id) VALUES (2)"))
    add_note(notes, 3)
    assert on_disk(notes) == [2, 3]


def test_giving_up_while_being_called_leaves_no_batch_behind(
    notes: Database, threads: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "BUSY_TIMEOUT_MS", 2)
    monkeypatch.setattr(group_commit, "COMMIT_TIMEOUT_S", 5)

    def attempt(number: int) -> int | None:
        try:
            add_note(notes, number)
        except DatabaseBusy:
            return None
        return number

    began = time.monotonic()
    kept = sorted(n for n in threads.map(attempt, range(1000)) if n is not None)
    assert time.monotonic() - began < 60
    assert on_disk(notes) == kept
    monkeypatch.setattr(group_commit, "BUSY_TIMEOUT_MS", 10_000)
    add_note(notes, 2000)
    assert on_disk(notes) == [*kept, 2000]


def test_other_programs_may_write_in_between(notes: Database, tmp_path: Path) -> None:
    def write_beside() -> None:
        other = Database(f"sqlite:///{tmp_path}/qichuang.db")
        for number in range(100, 150):
            add_note(other, number)
        other.close()

    beside = threading.Thread(target=write_beside)
    beside.start()
    for number in range(50):
        add_note(notes, number)
    beside.join()
    assert on_disk(notes) == [*range(50), *range(100, 150)]
