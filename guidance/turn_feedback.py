"""Whether an answer helped, as the person who asked it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, Integer, cast, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.periods.period import SHANGHAI
from storage.database import Base, storable

MOST_CHARACTERS = 300


class Complaint(StrEnum):
    """Why an answer did not help: the chips a person may tap."""

    NOT_MY_QUESTION = "not_my_question"
    NOT_SPECIFIC = "not_specific"
    WRONG = "wrong"
    OUTDATED = "outdated"
    UNCLEAR = "unclear"


COMPLAINT_NAMES = {
    Complaint.NOT_MY_QUESTION: "答非所问",
    Complaint.NOT_SPECIFIC: "不够具体",
    Complaint.WRONG: "说得不对",
    Complaint.OUTDATED: "内容过时",
    Complaint.UNCLEAR: "看不懂",
}


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a person says of one answer; `words` are masked before they come here."""

    helpful: bool
    complaints: tuple[Complaint, ...] = ()
    words: str = ""


class TurnFeedback(Base):
    """One person's opinion of one answer; said again, it replaces the earlier one."""

    __tablename__ = "turn_feedback"
    __table_args__ = (
        Index("ix_turn_feedback_helpful", "helpful", "turn_id"),
        Index("ix_turn_feedback_given", "given_at", "helpful"),
    )

    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id"), primary_key=True)
    helpful: Mapped[bool]
    complaints: Mapped[str]  # values of Complaint, a blank between
    words: Mapped[str]
    given_at: Mapped[datetime]

    @property
    def complaint_names(self) -> list[str]:
        """The chips that were tapped, in Chinese."""
        return [COMPLAINT_NAMES[Complaint(value)] for value in self.complaints.split()]


def give_feedback(db: Session, turn_id: int, opinion: Opinion, at: datetime) -> TurnFeedback:
    """Store what the person who asked thinks of the answer. The caller checked that it is they."""
    feedback = TurnFeedback(
        turn_id=turn_id,
        helpful=opinion.helpful,
        complaints="" if opinion.helpful else " ".join(opinion.complaints),
        words=storable(opinion.words.strip())[:MOST_CHARACTERS],
        given_at=at,
    )
    return db.merge(feedback)


def opinions_of(db: Session, turn_ids: Iterable[int]) -> dict[int, bool]:
    """Return which of these answers were said to help or not to help: turn id -> helpful."""
    wanted = list(turn_ids)
    if not wanted:
        return {}
    rows: Sequence[TurnFeedback] = db.scalars(
        select(TurnFeedback).where(TurnFeedback.turn_id.in_(wanted))
    ).all()
    return {feedback.turn_id: feedback.helpful for feedback in rows}


def opinions_between(db: Session, first: date, last: date) -> tuple[int, int]:
    """Return how many answers were said to help, and of how many, on days of the span."""
    helped = func.coalesce(func.sum(cast(TurnFeedback.helpful, Integer)), 0)
    count, of = db.execute(select(helped, func.count()).where(*_given(first, last))).one()
    return int(count), int(of)


def opinions_listed(
    db: Session, first: date, last: date, limit: int, offset: int = 0
) -> list[TurnFeedback]:
    """Return a page of the opinions given on days of the span, newest first."""
    newest = select(TurnFeedback).where(*_given(first, last))
    ordered = newest.order_by(TurnFeedback.given_at.desc(), TurnFeedback.turn_id.desc())
    return list(db.scalars(ordered.limit(limit).offset(offset)))


def _given(first: date, last: date) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    since = datetime.combine(first, time(), SHANGHAI)
    until = datetime.combine(last + timedelta(days=1), time(), SHANGHAI)
    return TurnFeedback.given_at >= since, TurnFeedback.given_at < until
