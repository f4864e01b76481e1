"""What pairings teach: each answer with the terms as they were when it was proposed."""

from datetime import datetime

from sqlalchemy.orm import Session

from matching.assignment.terms import MENTEE_TERMS, MENTOR_TERMS
from matching.learning.outcome import Answered, Proposed, record_outcome
from matching.learning.weight_version import LearningSubject
from matching.mentoring.need import MentoringNeed
from matching.mentoring.pairing import DeclineReason, Pairing

USEFUL_FROM = 4  # stars of five
NOT_USEFUL_TO = 2


def learn_from_answer(db: Session, pairing: Pairing, kind: str, good: bool, at: datetime) -> None:
    """Keep whether the mentor accepted, declined or let the proposal expire.

    Who had to decline because of a conflict of interest says nothing about the fit.
    """
    if pairing.reason != DeclineReason.CONFLICT:
        mentor = f"mentor:{pairing.mentor_code}"
        _record(db, LearningSubject.MENTOR, mentor, pairing, Answered(kind, good, at))


def learn_from_meeting(db: Session, pairing: Pairing, at: datetime) -> None:
    """Keep that they met, and that they met again; further meetings teach nothing new."""
    kind = {1: "met", 2: "second_meeting"}.get(pairing.meetings)
    if kind is not None:
        _record_for_person(db, pairing, Answered(kind, True, at))


def learn_from_rating(db: Session, pairing: Pairing, at: datetime) -> None:
    """Keep whether the person found it useful; three stars say neither."""
    stars = pairing.rating or 0
    if stars >= USEFUL_FROM:
        _record_for_person(db, pairing, Answered("useful", True, at))
    elif stars <= NOT_USEFUL_TO:
        _record_for_person(db, pairing, Answered("not_useful", False, at))


def learn_from_withdrawal(db: Session, pairing: Pairing, at: datetime) -> None:
    """Keep that the person gave the mentor up before they met."""
    if pairing.meetings == 0:
        _record_for_person(db, pairing, Answered("declined", False, at))


def _record_for_person(db: Session, pairing: Pairing, answered: Answered) -> None:
    person = db.get_one(MentoringNeed, pairing.need_id).person
    _record(db, LearningSubject.MENTEE, person, pairing, answered)


def _record(
    db: Session, subject: LearningSubject, person: str, pairing: Pairing, answered: Answered
) -> None:
    shown = pairing.reasons.get("terms")
    if not shown:  # its reasons were erased, or it was proposed without any
        return
    side = MENTEE_TERMS if subject is LearningSubject.MENTEE else MENTOR_TERMS
    terms = {name: float(shown[name]) for name in side if name in shown}
    weights = str(pairing.reasons.get("weights", ""))
    record_outcome(db, subject, Proposed(person, pairing.mentor_code, terms, weights), answered)
