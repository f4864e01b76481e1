"""Which turns left a question open and belong to no gap yet."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from guidance.gaps.gap import GapQuestion
from guidance.recording import IDLE_LIMIT
from guidance.session import Turn
from guidance.turn_feedback import TurnFeedback

# Statuses of an answer that leave a question open by themselves.
UNANSWERED = ("not_in_policy", "partly_answered", "expired_only", "failed", "blocked_answer")
ASKED_BACK = "clarify"
BLANKS = " \t\r\n\f\v\u00a0\u3000"
MOST_AT_ONCE = 2_000  # at 10 ms to encode each; the next call takes the next ones


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question as it was understood; personal data is masked when a turn is stored."""

    turn_id: int
    text: str


def open_questions(db: Session, now: datetime, limit: int = MOST_AT_ONCE) -> Sequence[OpenQuestion]:
    """Return open questions that are in no gap, in the order of asking.

    Open is what was not answered, what the person said did not help, and what was asked
    back and led nowhere: no further turn of the conversation within half an hour.
    """
    later = aliased(Turn)
    went_on = exists().where(later.conversation_id == Turn.conversation_id, later.id > Turn.id)
    led_nowhere = and_(Turn.status == ASKED_BACK, Turn.asked_at <= now - IDLE_LIMIT, ~went_on)
    # Without words there is nothing to answer: a picture, or words erased since.
    asked = func.trim(Turn.question, BLANKS) != ""
    disliked = exists().where(TurnFeedback.turn_id == Turn.id, TurnFeedback.helpful.is_(False))
    taken = exists().where(GapQuestion.turn_id == Turn.id)
    rows = db.execute(
        select(Turn.id, Turn.completed_question, Turn.question)
        .where(or_(Turn.status.in_(UNANSWERED), led_nowhere, disliked), ~taken, asked)
        .order_by(Turn.id)
        .limit(limit)
    )
    return [OpenQuestion(row[0], wording(row[2], row[1])) for row in rows]


def wording(asked: str, completed: str) -> str:
    """Return a question as it was asked, or as it was understood where that says more."""
    same = _bare(asked) == _bare(completed)
    return (asked if same or not completed else completed).strip()


def _bare(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def examples_of(db: Session, gap_id: int, limit: int) -> Sequence[tuple[Turn, TurnFeedback | None]]:
    """Return the newest turns of a gap with what the people said of the answers."""
    rows = db.execute(
        select(Turn, TurnFeedback)
        .join(GapQuestion, GapQuestion.turn_id == Turn.id)
        .outerjoin(TurnFeedback, TurnFeedback.turn_id == Turn.id)
        .where(GapQuestion.gap_id == gap_id)
        .order_by(Turn.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def turns_of(db: Session, gap_id: int) -> Sequence[int]:
    """Return the ids of the turns of a gap."""
    return db.scalars(select(GapQuestion.turn_id).where(GapQuestion.gap_id == gap_id)).all()
