"""What came of a list or a proposal: the events that weights are learnt from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Index, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.learning.fit import Event
from matching.learning.weight_version import LearningSubject
from matching.recommending.feedback import ProjectFeedback
from matching.recommending.impression import Impression, RecommendationList
from storage.database import Base

ADOPTED = "adopted"  # the kind that a person may take back


class MatchOutcome(Base):
    """One answer to something that was proposed, with the terms as they were then.

    `kind` says which: accepted, met, second_meeting, useful, adopted; declined, expired,
    not_useful. Only added to, but for what a person takes back; `person` is "" once the
    person had it erased.
    """

    __tablename__ = "match_outcomes"
    __table_args__ = (Index("ix_match_outcomes_subject_happened_at", "subject", "happened_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[LearningSubject]
    person: Mapped[str] = mapped_column(index=True)
    code: Mapped[str]  # of the project or the mentor
    kind: Mapped[str]
    good: Mapped[bool]
    rank: Mapped[int]  # place in the list, from 1
    propensity: Mapped[float]
    terms: Mapped[dict[str, Any]]
    weight_version: Mapped[str]
    happened_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Proposed:
    """What was shown or proposed: the item, its place and chance, and its terms then."""

    person: str
    code: str
    terms: Mapping[str, float]
    weight_version: str
    rank: int = 1
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of it, and when."""

    kind: str
    good: bool
    at: datetime


def record_outcome(
    db: Session, subject: LearningSubject, proposed: Proposed, answered: Answered
) -> None:
    """Keep one outcome, in the transaction of the change it belongs to."""
    db.add(
        MatchOutcome(
            subject=subject,
            person=proposed.person,
            code=proposed.code,
            kind=answered.kind,
            good=answered.good,
            rank=proposed.rank,
            propensity=proposed.propensity,
            terms=dict(proposed.terms),
            weight_version=proposed.weight_version,
            happened_at=answered.at,
        )
    )
    db.flush()


def events_of(
    db: Session, subject: LearningSubject, terms: Mapping[str, float], since: datetime
) -> list[Event]:
    """Return what may be learnt from since a time; events with other terms are left out.

    Projects that a person turned down count as well: the list holds their terms.
    """
    rows = select(MatchOutcome).where(
        MatchOutcome.subject == subject, MatchOutcome.happened_at >= since
    )
    events = [
        Event(row.person or f"erased {row.id}", row.terms, row.good, row.rank)
        for row in db.scalars(rows.order_by(MatchOutcome.id))
    ]
    if subject is LearningSubject.PROJECTS:
        events += _turned_down(db, since)
    return [event for event in events if set(event.terms) == set(terms)]


def lists_shown(db: Session, since: datetime, most: int = 500) -> list[list[dict[str, Any]]]:
    """Return the terms of the projects of recent lists, in the order they were shown."""
    ids = (
        select(RecommendationList.id)
        .where(RecommendationList.shown_at >= since)
        .order_by(RecommendationList.id.desc())
        .limit(most)
    )
    rows = db.scalars(
        select(Impression)
        .where(Impression.list_id.in_(ids))
        .order_by(Impression.list_id, Impression.position)
    )
    shown: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        shown.setdefault(row.list_id, []).append({"code": row.project_code, "terms": row.terms})
    return list(shown.values())


def forget_outcomes(db: Session, person: str) -> None:
    """Take a person out of the outcomes; what happened stays for the statistics."""
    db.execute(update(MatchOutcome).where(MatchOutcome.person == person).values(person=""))


def _turned_down(db: Session, since: datetime) -> Sequence[Event]:
    rows = db.execute(
        select(ProjectFeedback.person, Impression.terms, Impression.position)
        .join(
            Impression,
            (Impression.list_id == ProjectFeedback.list_id)
            & (Impression.project_code == ProjectFeedback.project_code),
        )
        .where(ProjectFeedback.given_at >= since)
        .order_by(ProjectFeedback.id)
    )
    return [Event(person, terms, False, position) for person, terms, position in rows]
