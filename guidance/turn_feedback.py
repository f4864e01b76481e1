"""Whether an answer helped, as the person who asked it says."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

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
