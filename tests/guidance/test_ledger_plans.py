"""Every page of the ledger reads through an index, whatever it is narrowed down by."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from audit.log import EPOCH
from evaluation.ledger_reads import page_reads
from guidance.ledger_audit import EventFilter, list_events
from storage.database import Database

READS = page_reads(date(2026, 11, 22), 1000, 1000)
FILTERED = [
    (page, name)
    for page in ("review_queue", "ledger_list", "audit_log")
    for name in READS[page]
    if name not in ("newest", "deep_page")  # in the order of the table, as far as a page goes
]


@contextmanager
def noted(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """Note the statements of a block with their values."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    event.listen(database.engine, "before_cursor_execute", note)
    yield seen
    event.remove(database.engine, "before_cursor_execute", note)


def plan_of(database: Database, read: Callable[[Session], object]) -> list[str]:
    with noted(database) as seen, database.reading() as db:
        read(db)
    with database.engine.connect() as connection:
        return [
            str(row.detail)
            for statement, values in seen
            if "WHERE" in statement  # the end of the log is read without
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]


def test_no_filter_reads_a_whole_table(sqlite_database: Database) -> None:
    for page, name in FILTERED:
        steps = plan_of(sqlite_database, READS[page][name])
        tables = [step for step in steps if "guidance_sessions" in step or "audit_events" in step]
        assert tables
        for step in tables:
            rows_of_page = "PRIMARY KEY (rowid=?)" in step
            span_of_time = step.startswith("SEARCH audit_events USING INTEGER PRIMARY KEY (rowid>")
            assert " INDEX " in step or rows_of_page or span_of_time, (page, name, step)
            if step.startswith("SCAN"):  # only of an index over a few sessions
                assert step.endswith(("_refused", "_flagged", "_appealed")), (page, name, step)


@pytest.mark.parametrize("seed", range(3))
def test_events_of_a_time_are_found_though_the_clock_was_set_back(
    database: Database, seed: int
) -> None:
    chance, now = random.Random(seed), 0
    times = []
    for _ in range(400):
        now += chance.randrange(1_000_000_000)
        if chance.random() < 0.02:
            now = max(0, now - chance.randrange(80_000_000_000))  # within the day
        times.append(now)
    with database.writing() as db:
        db.execute(
            text(
                "INSERT INTO audit_events (seq, at_us, actor_kind, actor_id, actor_role, action,"
                " subject, payload_digest, hash) VALUES (:seq, :at, 'system', 'qichuang', '',"
                " :action, 's', '', '')"
            ),
            [
                {"seq": seq, "at": at, "action": "a.b" if seq % 7 else "c.d"}
                for seq, at in enumerate(times, start=1)
            ],
        )
    for _ in range(12):
        first, last = sorted(chance.choices(range(-10, max(times) + 10), k=2))
        since, until = (EPOCH + timedelta(microseconds=at) for at in (first, last))
        expected = [seq for seq, at in enumerate(times, start=1) if first <= at <= last]
        with database.reading() as db:
            for chosen, wanted in (
                (EventFilter(since=since, until=until), expected),
                (EventFilter("c", since=since, until=until), [n for n in expected if n % 7 == 0]),
            ):
                page = list_events(db, chosen, limit=1000)
                assert [one.seq for one, _ in page.events] == wanted[::-1]
