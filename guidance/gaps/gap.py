"""Gaps: what people asked and no document answers, until a local clause does.

A gap gathers questions of one meaning. It is assigned to a department, drafted, approved
by another person, and published as a local clause; or turned down with a reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, LargeBinary, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.periods.period import shanghai_day
from guidance.periods.working_days import WorkingDays
from storage.database import LARGEST_ID, Base

DUE_WORKING_DAYS = 3  # 国办秘函〔2019〕19号 inspects what stays unanswered
MOST_TEXT = 5_000


class GapState(StrEnum):
    """Where a gap stands."""

    NEW = "new"  # no department is known
    ASSIGNED = "assigned"
    DRAFTED = "drafted"
    APPROVED = "approved"
    PUBLISHED = "published"
    REJECTED = "rejected"


STATE_NAMES = {
    GapState.NEW: "待分派",
    GapState.ASSIGNED: "待起草",
    GapState.DRAFTED: "待审核",
    GapState.APPROVED: "待发布",
    GapState.PUBLISHED: "已发布",
    GapState.REJECTED: "不处理",
}
OPEN_STATES = frozenset({GapState.NEW, GapState.ASSIGNED, GapState.DRAFTED, GapState.APPROVED})


class GapNotFound(LookupError):
    """No gap has the given id, or not for this account."""


class GapRefused(ValueError):
    """A step may not be taken now, or not by this person; the message says why."""


@dataclass(frozen=True, slots=True)
class ClauseDraftText:
    """A local clause as it was drafted."""

    title: str
    text: str
    source: str  # where the statement comes from: a document, a decision, an office
    effective_on: date
    expires_on: date | None = None


class Gap(Base):
    """One open question of many people, and the clause that is to answer it."""

    __tablename__ = "gaps"
    __table_args__ = (Index("ix_gaps_state", "state", "due_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    question: Mapped[str]  # the first of its questions; the others are near it
    leader: Mapped[bytes] = mapped_column(LargeBinary)  # its unit vector, float32
    encoder: Mapped[str]  # fingerprint of what made the vector
    state: Mapped[GapState]
    org_unit: Mapped[str] = mapped_column(index=True)  # department, "" while none is known
    duty: Mapped[str]  # the sentence of a clause for which it was assigned
    question_count: Mapped[int]
    opened_at: Mapped[datetime]
    due_on: Mapped[date]
    draft_title: Mapped[str]
    draft_text: Mapped[str]
    draft_source: Mapped[str]
    effective_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    drafter_id: Mapped[int | None]  # account
    approver_id: Mapped[int | None]
    document_id: Mapped[int | None]  # the newest version published
    reason: Mapped[str]  # of the last decision
    changed_at: Mapped[datetime]

    @property
    def subject(self) -> str:
        """How the audit log names it."""
        return f"gap:{self.id}"

    @property
    def is_open(self) -> bool:
        """Whether somebody still has to act."""
        return self.state in OPEN_STATES

    def days_left(self, day: date, days: WorkingDays) -> int:
        """Return the working days left until it is due, negative when it is late."""
        return days.between(day, self.due_on)

    def draft(self) -> ClauseDraftText | None:
        """Return the clause as drafted, or None."""
        if self.effective_on is None or not self.draft_text:
            return None
        return ClauseDraftText(
            self.draft_title, self.draft_text, self.draft_source, self.effective_on, self.expires_on
        )


class GapQuestion(Base):
    """A turn that belongs to a gap; a turn belongs to one at most."""

    __tablename__ = "gap_questions"

    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id"), primary_key=True)
    gap_id: Mapped[int] = mapped_column(ForeignKey("gaps.id"), index=True)


def due_day(days: WorkingDays, at: datetime) -> date:
    """Return the day by which a gap that is opened now has to be dealt with."""
    return days.after(shanghai_day(at), DUE_WORKING_DAYS)


def open_gap(
    question: str,
    leader: tuple[bytes, str],
    duty: tuple[str, str],
    at: datetime,
    days: WorkingDays,
) -> Gap:
    """Return a new gap. `leader`: vector and encoder; `duty`: department and its sentence."""
    department, sentence = duty
    return Gap(
        question=question,
        leader=leader[0],
        encoder=leader[1],
        state=GapState.ASSIGNED if department else GapState.NEW,
        org_unit=department,
        duty=sentence,
        question_count=0,
        opened_at=at,
        due_on=due_day(days, at),
        draft_title="",
        draft_text="",
        draft_source="",
        reason="",
        changed_at=at,
    )


def get_gap(db: Session, gap_id: int, *, lock: bool = True) -> Gap:
    """Return a gap, locked for its next step unless it is only shown, or raise GapNotFound."""
    gap = db.get(Gap, gap_id, with_for_update=lock) if 0 < gap_id <= LARGEST_ID else None
    if gap is None:
        raise GapNotFound(gap_id)
    return gap


def gaps_in(
    db: Session, states: Sequence[GapState], org_unit: str, page: int, size: int
) -> Sequence[Gap]:
    """Return a page of gaps, the most asked first among those due first; "" is every unit."""
    found = select(Gap).where(Gap.state.in_(states))
    if org_unit:
        found = found.where(Gap.org_unit == org_unit)
    order = found.order_by(Gap.due_on, Gap.question_count.desc(), Gap.id)
    return db.scalars(order.limit(size).offset((page - 1) * size)).all()


def count_gaps(db: Session, org_unit: str) -> dict[GapState, int]:
    """Return how many gaps stand where; "" is every unit."""
    rows = select(Gap.state, func.count()).group_by(Gap.state)
    if org_unit:
        rows = rows.where(Gap.org_unit == org_unit)
    counts = {row[0]: row[1] for row in db.execute(rows)}
    return {state: counts.get(state, 0) for state in GapState}
