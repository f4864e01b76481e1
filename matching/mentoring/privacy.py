"""What mentoring keeps of a person: shown to them, and erased with everything else."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from matching.mentoring.asking import withdraw_need
from matching.mentoring.need import MentoringContact, MentoringNeed
from matching.mentoring.pairing import Pairing


def mentoring_of(db: Session, person: str) -> list[dict[str, Any]]:
    """Return a person's requests for mentors with their pairings, as plain values."""
    return [
        {
            "topics": list(need.topics),
            "street": need.street,
            "words": need.words,
            "industry": need.industry,
            "slots": list(need.slots),
            "wishes": list(need.wishes),
            "groups": list(need.groups),
            "state": str(need.state),
            "opened_at": need.opened_at,
            "phone": db.scalar(
                select(MentoringContact.phone).where(MentoringContact.need_id == need.id)
            ),
            "mentors": [
                {"mentor": pairing.mentor_code, "state": str(pairing.state)}
                for pairing in _pairings(db, need.id)
            ],
        }
        for need in _needs(db, person)
    ]


def erase_mentoring(db: Session, person: str, at: datetime) -> None:
    """Withdraw what is open, which frees its seat, and erase a person's words and numbers.

    The rows stay without anything of the person, so that a mentor's load stays true.
    """
    for need in _needs(db, person):
        withdraw_need(db, need.id, person, at)
        db.execute(delete(MentoringContact).where(MentoringContact.need_id == need.id))
        db.execute(
            update(Pairing)
            .where(Pairing.need_id == need.id)
            .values(words="", other_time="", reasons={})
        )
        need.person, need.words, need.street = "", "", ""
        need.slots, need.wishes, need.groups = [], [], []
    db.flush()


def _needs(db: Session, person: str) -> Sequence[MentoringNeed]:
    found = select(MentoringNeed).where(MentoringNeed.person == person)
    return db.scalars(found.order_by(MentoringNeed.id)).all()


def _pairings(db: Session, need_id: int) -> Sequence[Pairing]:
    return db.scalars(select(Pairing).where(Pairing.need_id == need_id).order_by(Pairing.id)).all()
