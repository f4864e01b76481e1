"""Asking mentors: each step a conditional change, each seat taken and freed once.

All steps run inside the caller's transaction and name the same turn, so that PostgreSQL
takes them one after another as SQLite does. Even without that the conditional update of
the mentor's row and the unique index on pairings keep the limits.
"""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from audit.foreign import OfAnother
from audit.log import SYSTEM, Actor, append_event
from matching.mentoring.lessons import learn_from_answer
from matching.mentoring.moves import (
    TURN,
    MentoringRefused,
    Proposer,
    count_answer,
    give_back,
    move,
    move_need,
    short,
    take_seat,
    wait_again,
)
from matching.mentoring.need import NeedState
from matching.mentoring.news import NewsKind, note_news
from matching.mentoring.pairing import (
    ANSWER_WITHIN,
    REMIND_AFTER,
    DeclineReason,
    Pairing,
    PairingNotFound,
    PairingState,
    find_pairing,
    pairings_in,
)
from matching.mentors.mentor import find_mentor
from storage.database import take_turns

OPEN = (PairingState.PROPOSED,)


def propose(
    db: Session,
    need_id: int,
    mentor_code: str,
    proposer: Proposer,
    at: datetime,
    reasons: dict[str, Any] | None = None,
) -> Pairing:
    """Ask a mentor for a waiting need; the seat is taken with it.

    Raises NeedTaken, SeatTaken, MentorNotFound; whoever goes on after one of these rolls
    back to a savepoint.
    """
    take_turns(db, TURN)
    move_need(db, need_id, NeedState.WAITING, NeedState.PROPOSED)
    take_seat(db, find_mentor(db, mentor_code), at)
    pairing = Pairing(
        need_id=need_id,
        mentor_code=mentor_code,
        state=PairingState.PROPOSED,
        run_id=proposer.run_id,
        proposed_by=proposer.reference,
        reasons=reasons or {},
        proposed_at=at,
        deadline_at=at + ANSWER_WITHIN,
    )
    db.add(pairing)
    db.flush()
    details: dict[str, Any] = {"mentor": mentor_code, "need": need_id, "run": proposer.run_id}
    if broken := pairing.reasons.get("broken_rules"):
        details["broken_rules"] = broken  # set aside by hand, with the reason
    append_event(
        db, "mentoring.proposed", pairing.subject, proposer.actor, details, proposer.reason
    )
    note_news(db, NewsKind.PROPOSAL, pairing, at)
    return pairing


def accept(db: Session, pairing_id: int, mentor_code: str, actor: Actor, at: datetime) -> None:
    """Let the mentor say yes. Raises PairingNotFound, MentoringRefused when it is too late."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    if pairing.deadline_at <= at:
        raise MentoringRefused("这份邀请已经过了答复期限，系统会另行安排。")
    move(db, pairing, OPEN, PairingState.ACCEPTED, answered_at=at)
    move_need(db, pairing.need_id, NeedState.PROPOSED, NeedState.PAIRED)
    count_answer(db, mentor_code, accepted=True)
    learn_from_answer(db, pairing, "accepted", True, at)
    append_event(db, "mentoring.accepted", pairing.subject, actor)
    note_news(db, NewsKind.ACCEPTED, pairing, at)


def decline(
    db: Session,
    pairing_id: int,
    mentor_code: str,
    why: tuple[DeclineReason, str],
    actor: Actor,
    at: datetime,
) -> None:
    """Let the mentor say no: the seat is free, the need waits again, the pair is barred."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    code, words = why
    changes = {"answered_at": at, "reason": code.value, "words": short(words), "barred": True}
    move(db, pairing, OPEN, PairingState.DECLINED, **changes)
    give_back(db, pairing)
    wait_again(db, pairing.need_id)
    count_answer(db, mentor_code, accepted=False)
    learn_from_answer(db, pairing, "declined", False, at)
    append_event(db, "mentoring.declined", pairing.subject, actor, {"chip": code.value})
    note_news(db, NewsKind.DECLINED, pairing, at)


def withdraw_proposal(db: Session, pairing: Pairing, proposer: Proposer, at: datetime) -> None:
    """Take an open proposal back; the need waits again, and the pair may be matched again."""
    take_turns(db, TURN)
    changes = {"ended_at": at, "words": short(proposer.reason)}
    move(db, pairing, OPEN, PairingState.WITHDRAWN, **changes)
    give_back(db, pairing)
    move_need(db, pairing.need_id, NeedState.PROPOSED, NeedState.WAITING)
    append_event(db, "mentoring.withdrawn", pairing.subject, proposer.actor, reason=proposer.reason)
    note_news(db, NewsKind.PROPOSAL_OVER, pairing, at)


def keep_deadlines(db: Session, at: datetime) -> int:
    """Remind of proposals that age, expire those past the deadline; return how many expired."""
    take_turns(db, TURN)
    expired = 0
    for pairing in pairings_in(db, OPEN):
        if pairing.deadline_at <= at:
            move(db, pairing, OPEN, PairingState.EXPIRED, ended_at=at, barred=True)
            give_back(db, pairing)
            wait_again(db, pairing.need_id)
            count_answer(db, pairing.mentor_code, accepted=False)
            learn_from_answer(db, pairing, "expired", False, at)
            append_event(db, "mentoring.expired", pairing.subject, SYSTEM)
            note_news(db, NewsKind.PROPOSAL_OVER, pairing, at)
            note_news(db, NewsKind.DECLINED, pairing, at)
            expired += 1
        elif pairing.reminded_at is None and pairing.proposed_at + REMIND_AFTER <= at:
            pairing.reminded_at = at
            append_event(db, "mentoring.reminded", pairing.subject, SYSTEM)
            note_news(db, NewsKind.REMINDER, pairing, at)
    db.flush()
    return expired


def own_pairing(db: Session, pairing_id: int, mentor_code: str) -> Pairing:
    """Return a mentor's own pairing, in turn. Raises PairingNotFound for another's."""
    take_turns(db, TURN)
    return find_own_pairing(db, pairing_id, mentor_code)


def find_own_pairing(db: Session, pairing_id: int, mentor_code: str) -> Pairing:
    """Return a mentor's own pairing to be shown. Raises PairingNotFound for another's."""
    pairing = find_pairing(db, pairing_id)
    if pairing.mentor_code != mentor_code:
        missing = PairingNotFound("没有这条邀请或结对，请从列表重新选择。")
        raise missing from OfAnother(pairing.subject)
    return pairing
