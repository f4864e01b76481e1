"""How long the pages of the ledger take on a database: the same calls, timed one by one."""

import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from audit.verify import verify
from guidance.counting.tally import SPLITS, counted_by
from guidance.counting.trace import trace_session
from guidance.indicators.progress import Timeframe, progress
from guidance.ledger_list import LedgerFilter, count_sessions, list_sessions
from guidance.lifecycle import SessionState
from guidance.message import Channel, InboundMessage, Reply
from guidance.review.queue import QueueFilter, members, queue_page, queue_size, unit_rates
from guidance.session import GuidanceSession, record_turn
from storage.database import Database

GOALS_MS = {"indicators": 300.0, "review_queue": 200.0}
VERIFY_GOAL_S = 60.0
REPEATS = 7
MESSAGES = 40
_NEVER = "第零街道"  # nobody's: such a filter reads all there is before it says so
_REPLY = Reply("收到。", "answered", "fact", {"status": "answered"})

Read = Callable[[Session], object]


def indicator_reads(on: date) -> dict[str, Read]:
    """Return what the page of indicators asks for, and the parts of its pages behind."""
    frame = Timeframe(date(on.year, 1, 1), date(on.year, 12, 31))
    periods = [f"{on.year}Q{number}" for number in range(1, 5)]

    def splits(db: Session) -> object:
        return [counted_by(db, split, *periods) for split in SPLITS]

    return {
        "progress": lambda db: progress(db, on, frame),
        "splits_of_year": splits,
        "members_of_year": lambda db: members(db, str(on.year)),
        "members_of_unit": lambda db: members(db, str(on.year), _NEVER),
        "unit_rates": lambda db: unit_rates(db, periods[-1]),
    }


def queue_reads(deep: int, on: date) -> dict[str, Read]:
    """Return the review queue's pages: first, deep, filtered, and filters that find nothing."""
    found = {
        "first_page": QueueFilter(),
        "flagged": QueueFilter(flagged=True),
        "of_quarter": QueueFilter(period=f"{on.year}Q4"),
        "no_such_unit": QueueFilter(org_unit=_NEVER),
        "no_such_code": QueueFilter(code="Q0"),
        "unqualified_no_such_code": QueueFilter(state=SessionState.UNQUALIFIED, code="Q0"),
    }

    def read(chosen: QueueFilter, after: int = 0) -> Read:
        return lambda db: (queue_page(db, chosen, after), queue_size(db, chosen))

    reads = {name: read(chosen) for name, chosen in found.items()}
    return reads | {"deep_page": read(QueueFilter(), deep)}


def list_reads(deep: int, on: date) -> dict[str, Read]:
    """Return the pages of the whole list, worst filters included."""
    chosen = {
        "newest": LedgerFilter(),
        "of_unit": LedgerFilter(org_unit="第3街道"),
        "of_month": LedgerFilter(month=f"{on.year}-05"),
        "of_early_month": LedgerFilter(month=f"{on.year - 2}-02"),
        "no_such_unit": LedgerFilter(org_unit=_NEVER),
        "no_such_provider": LedgerFilter(provider="mentor:none"),
        "no_such_code": LedgerFilter(code="Q0"),
        "appealed": LedgerFilter(appealed=True),
        "flagged_event": LedgerFilter(channel=Channel.EVENT, flagged=True),
    }

    def read(one: LedgerFilter, after: int = 0) -> Read:
        return lambda db: (list_sessions(db, one, after, newest=True), count_sessions(db, one))

    reads = {name: read(one) for name, one in chosen.items()}
    return reads | {"deep_page": read(LedgerFilter(), deep)}


def measure(database: Database, on: date, tell: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Time every read a few times, then the log and the recording of messages.

    Milliseconds: `first` is the first call, `median` and `worst` are of all calls. Adds
    the messages to the database. Peak memory in MiB is of this process.
    """
    with database.reading() as db:
        last = db.scalar(select(func.max(GuidanceSession.id))) or 0
    groups: dict[str, dict[str, Read]] = {
        "indicators": indicator_reads(on),
        "review_queue": queue_reads(last * 9 // 10, on),
        "ledger_list": list_reads(last // 2, on),
        "one_session": {"trace": lambda db: trace_session(db, max(1, last // 2))},
    }
    total, done, result = sum(map(len, groups.values())), 0, dict[str, Any]()
    for group, reads in groups.items():
        result[group] = {}
        for name, read in reads.items():
            result[group][name] = _timed(database, read)
            done += 1
            tell("正在测量页面", done, total)
    tell("正在核验日志", 0, 1)
    result["audit_verify"] = _verified(database)
    result["record_turn"] = _recorded(database)
    result["database_bytes"] = database_bytes(database)
    result["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    result["goals_met"] = goals_met(result)
    return result


def goals_met(result: dict[str, Any]) -> dict[str, bool]:
    """Return of each goal whether the worst of its repeated reads stays within it."""
    met = {
        group: max(one["median"] for one in result[group].values()) <= most
        for group, most in GOALS_MS.items()
    }
    return met | {"audit_verify": result["audit_verify"]["seconds"] <= VERIFY_GOAL_S}


def database_bytes(database: Database) -> int:
    """Return the size of the database with its indexes."""
    engine = database.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar()
            return int(size or 0)
    return Path(str(engine.url.database)).stat().st_size


def _timed(database: Database, read: Read) -> dict[str, float]:
    took = []
    for _ in range(REPEATS):
        with database.reading() as db:
            began = time.perf_counter()
            read(db)
            took.append((time.perf_counter() - began) * 1000)
    return _summary(took)


def _summary(took: list[float]) -> dict[str, float]:
    return {
        "first": round(took[0], 1),
        "median": round(float(np.median(took)), 1),
        "worst": round(max(took), 1),
    }


def _verified(database: Database) -> dict[str, Any]:
    before, began = _processor_s(), time.perf_counter()
    found = verify(database, None)
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "processor_seconds": round(_processor_s() - before, 2),
        "events": found.events,
        "holds": found.holds,
    }


def _processor_s() -> float:
    """Return the processor time of this process and of those that it waited for."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(who) for who in both]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _recorded(database: Database) -> dict[str, Any]:
    """Record messages: of new people each, then following ones of theirs; commit to disk each."""
    result = {}
    people = [f"visitor:{uuid4().hex}" for _ in range(MESSAGES)]
    for name, later in (("opening", timedelta()), ("following", timedelta(minutes=1))):
        began, took = time.process_time(), []
        for message in _messages(people, datetime.now(UTC) + later):
            sent = time.perf_counter()
            with database.writing() as db:
                record_turn(db, message, _REPLY, message.received_at)
            took.append((time.perf_counter() - sent) * 1000)
        spent = (time.process_time() - began) * 1000 / MESSAGES
        result[name] = {**_summary(took), "processor": round(spent, 2)}
    return result


def _messages(people: list[str], at: datetime) -> Iterator[InboundMessage]:
    for person in people:
        yield InboundMessage(Channel.WEB, person, str(uuid4()), "创业补贴怎么申请？", at)
