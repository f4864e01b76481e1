"""“我选这个”: a person takes up a project, and may take that back."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from matching.learning.outcome import ADOPTED, Answered, MatchOutcome, Proposed, record_outcome
from matching.learning.weight_version import LearningSubject
from matching.recommending.feedback import take_back
from matching.recommending.impression import Impression, RecommendationList
from storage.database import take_turns


def take_up(db: Session, person: str, code: str, at: datetime) -> None:
    """Keep that a person takes up a project; a second time adds nothing.

    What was shown of it last tells the terms to learn from. A project that was found by
    browsing has none: it counts, and nothing is learnt from it.
    """
    take_turns(db, f"entrepreneur {person}")
    take_back(db, person, code)
    if has_taken_up(db, person, code):
        return
    record_outcome(
        db, LearningSubject.PROJECTS, _as_shown(db, person, code), Answered(ADOPTED, True, at)
    )


def put_down(db: Session, person: str, code: str) -> None:
    """Forget that a person took up a project: what was taken back teaches nothing."""
    take_turns(db, f"entrepreneur {person}")
    db.execute(delete(MatchOutcome).where(*_of_project(code), MatchOutcome.person == person))


def has_taken_up(db: Session, person: str, code: str) -> bool:
    """Whether a person takes up a project now."""
    row = select(MatchOutcome.id).where(*_of_project(code), MatchOutcome.person == person)
    return db.scalar(row.limit(1)) is not None


def times_taken_up(db: Session, code: str) -> int:
    """Return how many people took up a project, those included who had themselves erased."""
    return db.scalar(select(func.count(MatchOutcome.id)).where(*_of_project(code))) or 0


def _of_project(code: str) -> tuple[ColumnElement[bool], ...]:
    return (
        MatchOutcome.subject == LearningSubject.PROJECTS,
        MatchOutcome.code == code,
        MatchOutcome.kind == ADOPTED,
    )


def _as_shown(db: Session, person: str, code: str) -> Proposed:
    shown = db.execute(
        select(Impression, RecommendationList.weight_version)
        .join(RecommendationList, Impression.list_id == RecommendationList.id)
        .where(RecommendationList.person == person, Impression.project_code == code)
        .order_by(RecommendationList.id.desc())
        .limit(1)
    ).first()
    if shown is None:
        return Proposed(person, code, {}, "")
    item, weights = shown
    return Proposed(person, code, item.terms, weights, item.position, item.propensity)
