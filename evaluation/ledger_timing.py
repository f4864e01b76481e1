"""How long the pages of the ledger take on a database: the same calls, timed one by one."""

import resource
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import func, select, text

from audit.log import last_seq
from audit.verify import verify
from audit.witness import open_witness
from evaluation.ledger_pages import timed_pages
from evaluation.ledger_reads import Read, page_reads
from evaluation.ledger_summary import REPEATS, goals_met, summary
from evaluation.ledger_witness import sign_along
from guidance.message import Channel, InboundMessage, Reply
from guidance.recording import record_turn
from guidance.session import GuidanceSession
from storage.database import Database

MESSAGES = 40
_REPLY = Reply("收到。", "answered", "fact", {"status": "answered"})


def measure(
    database: Database, data_dir: Path, on: date, tell: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Time every read a few times, then the log, every page and the recording of messages.

    Milliseconds: `first` is the first call, `p50`, `p95` and `worst` are of all calls,
    `processor` is this process's time per call (PostgreSQL works in another one; of pages
    it is the server's and the browser's). Adds accounts, documents and messages to the
    database, and signed checkpoints to `data_dir`. Peak memory in MiB is of this process.
    """
    with database.reading() as db:
        last = db.scalar(select(func.max(GuidanceSession.id))) or 0
        groups = page_reads(on, last, last_seq(db))
    total, done, result = sum(map(len, groups.values())), 0, dict[str, Any]()
    for group, reads in groups.items():
        result[group] = {}
        for name, read in reads.items():
            result[group][name] = _timed(database, read)
            done += 1
            tell("正在测量查询", done, total)
    tell("正在核验日志", 0, 1)
    result["audit_verify"] = _verified(database, data_dir)
    result["pages"] = timed_pages(
        database, data_dir, on, last, lambda done, total: tell("正在测量页面", done, total)
    )
    result["record_turn"] = _recorded(database)
    result["database_bytes"] = database_bytes(database)
    result["peak_rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    result["goals_met"] = goals_met(result)
    return result


def database_bytes(database: Database) -> int:
    """Return the size of the database with its indexes."""
    engine = database.engine
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            size = connection.execute(text("SELECT pg_database_size(current_database())")).scalar()
            return int(size or 0)
    return Path(str(engine.url.database)).stat().st_size


def _timed(database: Database, read: Read) -> dict[str, float]:
    took, before = [], time.process_time()
    for _ in range(REPEATS):
        began = time.perf_counter()
        with database.reading() as db:
            read(db)
        took.append((time.perf_counter() - began) * 1000)
    return summary(took, time.process_time() - before)


def _verified(database: Database, data_dir: Path) -> dict[str, Any]:
    """Verify the log with a checkpoint for every hundred events, as a service leaves them."""
    witness = open_witness(data_dir)
    sign_along(database, witness)
    before, began = _processor_s(), time.perf_counter()
    found = verify(database, witness)
    return {
        "seconds": round(time.perf_counter() - began, 2),
        "processor_seconds": round(_processor_s() - before, 2),
        "events": found.events,
        "checkpoints": found.checkpoints,
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
        result[name] = summary(took, time.process_time() - began)
    return result


def _messages(people: list[str], at: datetime) -> Iterator[InboundMessage]:
    for person in people:
        yield InboundMessage(Channel.WEB, person, str(uuid4()), "创业补贴怎么申请？", at)
