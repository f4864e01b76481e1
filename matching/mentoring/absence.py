"""Mentors who do not serve any more: whoever is with them is moved on."""

from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.mentoring.guiding import release_mentor
from matching.mentoring.moves import TURN, Proposer
from matching.mentoring.pairing import SEATED, Pairing, PairingState, pairings_of_mentor
from matching.mentoring.proposing import withdraw_proposal
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor
from storage.database import take_turns


def release_absent(db: Session, at: datetime, day: date, proposer: Proposer | None = None) -> int:
    """Release who is with a mentor that left, and take proposals back from who pauses.

    Found by state and dates alone, however they came about: a dismissal, a term that ran
    out, an import. Running pairings of a mentor who only pauses go on. Returns how many
    pairings changed.
    """
    take_turns(db, TURN)
    by = proposer or Proposer()
    seated = select(Pairing.mentor_code).where(Pairing.state.in_(SEATED)).distinct()
    changed = 0
    for mentor in db.scalars(select(Mentor).where(Mentor.code.in_(seated)).order_by(Mentor.code)):
        if mentor.serves_on(day):
            continue
        if mentor.state is MentorState.DISMISSED or day > mentor.term_end_on:
            why = "导师已解聘" if mentor.state is MentorState.DISMISSED else "导师聘期已结束"
            changed += release_mentor(db, mentor.code, Proposer(by.actor, why), at)
            continue
        for pairing in pairings_of_mentor(db, mentor.code, (PairingState.PROPOSED,)):
            withdraw_proposal(db, pairing, Proposer(by.actor, "导师暂停接新学员"), at)
            changed += 1
    return changed
