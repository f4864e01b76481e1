"""Runs of the test bench: many questions answered at once, kept to compare with the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import LARGEST_ID, Base

STALLED_AFTER = timedelta(minutes=5)
# Answers that give what was asked for, as opposed to saying that they cannot.
GIVEN = frozenset({"answered", "partly_answered"})


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class BenchRunNotFound(LookupError):
    """No run has the given id."""


class BenchRun(Base):
    """One file of questions, answered by one state of the service."""

    __tablename__ = "bench_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    file_name: Mapped[str]
    state: Mapped[RunState]
    message: Mapped[str]
    question_count: Mapped[int]
    done_count: Mapped[int]
    account_id: Mapped[int]
    versions: Mapped[dict[str, Any]]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]  # the last sign of life
    finished_at: Mapped[datetime | None]

    def is_stalled(self, now: datetime) -> bool:
        """Whether nobody works on it any more although it is marked as running."""
        return self.state is RunState.RUNNING and now - self.seen_at > STALLED_AFTER


class BenchResult(Base):
    """The answer to one question of a run."""

    __tablename__ = "bench_results"

    run_id: Mapped[int] = mapped_column(ForeignKey("bench_runs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)  # row in the file, from 1
    question: Mapped[str]
    as_of: Mapped[date]
    status: Mapped[str] = mapped_column(String(32))
    intent: Mapped[str] = mapped_column(String(32))
    answer: Mapped[str]
    sources: Mapped[str]  # 《title》address, one a line
    latency_ms: Mapped[int]


class Change(StrEnum):
    """How an answer differs from that of the run before."""

    SAME = "same"
    WON = "won"  # answered now, not then
    LOST = "lost"  # answered then, not now
    CHANGED = "changed"
    ADDED = "added"  # not asked then


CHANGE_NAMES = {
    Change.SAME: "相同",
    Change.WON: "新答出",
    Change.LOST: "答不出了",
    Change.CHANGED: "有变化",
    Change.ADDED: "新问题",
}


@dataclass(frozen=True, slots=True)
class Compared:
    """A result beside that of the run before, which may have none."""

    now: BenchResult
    before: BenchResult | None
    change: Change


def compare(now: Sequence[BenchResult], before: Sequence[BenchResult]) -> list[Compared]:
    """Put each result beside the earlier answer to the same question."""
    earlier = {result.question: result for result in before}
    return [Compared(r, earlier.get(r.question), _change(r, earlier.get(r.question))) for r in now]


def _change(now: BenchResult, before: BenchResult | None) -> Change:
    if before is None:
        return Change.ADDED
    if (now.status in GIVEN) != (before.status in GIVEN):
        return Change.WON if now.status in GIVEN else Change.LOST
    same = (now.status, now.answer, now.sources) == (before.status, before.answer, before.sources)
    return Change.SAME if same else Change.CHANGED


def get_run(db: Session, run_id: int) -> BenchRun:
    """Return a run, or raise BenchRunNotFound."""
    run = db.get(BenchRun, run_id) if 0 < run_id <= LARGEST_ID else None
    if run is None:
        raise BenchRunNotFound(run_id)
    return run


def recent_runs(db: Session, limit: int = 30) -> Sequence[BenchRun]:
    """Return the newest runs."""
    return db.scalars(select(BenchRun).order_by(BenchRun.id.desc()).limit(limit)).all()


def results_of(db: Session, run_id: int) -> Sequence[BenchResult]:
    """Return what a run has answered so far, in the file's order."""
    found = select(BenchResult).where(BenchResult.run_id == run_id)
    return db.scalars(found.order_by(BenchResult.number)).all()


def run_before(db: Session, run: BenchRun) -> BenchRun | None:
    """Return the last run before this one that came to its end, of the same file's name first."""
    done = select(BenchRun).where(BenchRun.id < run.id, BenchRun.state == RunState.DONE)
    newest = done.order_by(BenchRun.id.desc()).limit(1)
    same = db.scalar(newest.where(BenchRun.file_name == run.file_name))
    return same or db.scalar(newest)
