"""Asking mentors and pairing: each step a conditional change, each seat taken and freed once.

All steps run inside the caller's transaction and name the same turn, so that PostgreSQL
takes them one after another as SQLite does. Even without that the conditional update of
the mentor's row and the unique index on pairings keep the limits.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from audit.log import SYSTEM, Actor, append_event
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
from matching.mentoring.need import (
    OPEN_STATES,
    MentoringContact,
    MentoringNeed,
    NeedNotFound,
    NeedState,
    Wish,
    new_need,
    open_need_of,
)
from matching.mentoring.pairing import (
    ANSWER_WITHIN,
    REMIND_AFTER,
    RUNNING,
    DeclineReason,
    Pairing,
    PairingNotFound,
    PairingState,
    find_pairing,
    pairings_in,
    seated_pairing,
)
from matching.mentors.mentor import Mentor, find_mentor
from storage.database import take_turns


def request_mentor(db: Session, person: str, wish: Wish, at: datetime) -> MentoringNeed:
    """Open a person's need; a phone in the wish was consented to. Raises MentoringRefused."""
    take_turns(db, TURN)
    if open_need_of(db, person) is not None:
        raise MentoringRefused("您已经有一份申请在办理。想换一位导师，请先撤回原来的申请。")
    need = new_need(person, wish, at)
    db.add(need)
    db.flush()
    if wish.phone:
        db.add(MentoringContact(need_id=need.id, phone=wish.phone, consented_at=at))
    append_event(db, "mentoring.requested", need.subject, SYSTEM)
    return need


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
    details = {"mentor": mentor_code, "need": need_id, "run": proposer.run_id}
    append_event(
        db, "mentoring.proposed", pairing.subject, proposer.actor, details, proposer.reason
    )
    return pairing


def accept(db: Session, pairing_id: int, mentor_code: str, actor: Actor, at: datetime) -> None:
    """Let the mentor say yes. Raises PairingNotFound, MentoringRefused when it is too late."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    if pairing.deadline_at <= at:
        raise MentoringRefused("这份邀请已经过了答复期限，系统会另行安排。")
    move(db, pairing, (PairingState.PROPOSED,), PairingState.ACCEPTED, answered_at=at)
    move_need(db, pairing.need_id, NeedState.PROPOSED, NeedState.PAIRED)
    count_answer(db, mentor_code, accepted=True)
    append_event(db, "mentoring.accepted", pairing.subject, actor)


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
    changes = {"answered_at": at, "reason": code.value, "words": short(words)}
    move(db, pairing, (PairingState.PROPOSED,), PairingState.DECLINED, **changes)
    give_back(db, pairing)
    wait_again(db, pairing.need_id)
    count_answer(db, mentor_code, accepted=False)
    append_event(db, "mentoring.declined", pairing.subject, actor, {"code": code.value})


def suggest_time(db: Session, pairing_id: int, mentor_code: str, words: str, actor: Actor) -> None:
    """Let the mentor propose another time; the deadline stays."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    states = (PairingState.PROPOSED, *RUNNING)
    move(db, pairing, states, pairing.state, other_time=short(words))
    append_event(db, "mentoring.time_suggested", pairing.subject, actor)


def withdraw_proposal(db: Session, pairing: Pairing, proposer: Proposer, at: datetime) -> None:
    """Take an open proposal back; the need waits again."""
    take_turns(db, TURN)
    changes = {"ended_at": at, "words": short(proposer.reason)}
    move(db, pairing, (PairingState.PROPOSED,), PairingState.WITHDRAWN, **changes)
    give_back(db, pairing)
    move_need(db, pairing.need_id, NeedState.PROPOSED, NeedState.WAITING)
    append_event(db, "mentoring.withdrawn", pairing.subject, proposer.actor, reason=proposer.reason)


def withdraw_need(db: Session, need_id: int, person: str, at: datetime) -> None:
    """Let a person withdraw: an open proposal or a running pairing ends with it."""
    take_turns(db, TURN)
    need = db.get(MentoringNeed, need_id, populate_existing=True)
    if need is None or need.person != person:
        raise NeedNotFound("没有找到这份申请。")
    if need.state not in OPEN_STATES:
        return
    pairing = seated_pairing(db, need_id)
    if pairing is not None:
        open_only = pairing.state is PairingState.PROPOSED
        target = PairingState.WITHDRAWN if open_only else PairingState.ENDED
        move(db, pairing, (pairing.state,), target, ended_at=at, words="申请人撤回")
        give_back(db, pairing)
    need.state, need.closed_at = NeedState.WITHDRAWN, at
    db.execute(delete(MentoringContact).where(MentoringContact.need_id == need_id))
    db.flush()
    append_event(db, "mentoring.need_withdrawn", need.subject, SYSTEM)


def note_meeting(db: Session, pairing_id: int, mentor_code: str) -> None:
    """Note that they met; the record itself is a guidance session."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    move(db, pairing, RUNNING, PairingState.ACTIVE)


def end_pairing(
    db: Session, pairing_id: int, proposer: Proposer, at: datetime, *, completed: bool = False
) -> None:
    """End a running pairing, completed or before its time with a reason; the seat is free."""
    take_turns(db, TURN)
    if not completed and not proposer.reason.strip():
        raise MentoringRefused("请写明提前结束的原因。")
    pairing = find_pairing(db, pairing_id)
    target = PairingState.COMPLETED if completed else PairingState.ENDED
    move(db, pairing, RUNNING, target, ended_at=at, words=short(proposer.reason))
    give_back(db, pairing)
    move_need(db, pairing.need_id, NeedState.PAIRED, NeedState.CLOSED)
    need = update(MentoringNeed).where(MentoringNeed.id == pairing.need_id)
    db.execute(need.values(closed_at=at))
    db.execute(delete(MentoringContact).where(MentoringContact.need_id == pairing.need_id))
    action = "mentoring.completed" if completed else "mentoring.ended"
    append_event(db, action, pairing.subject, proposer.actor, reason=proposer.reason)


def rate(db: Session, pairing_id: int, person: str, stars: int) -> None:
    """Let the person rate a mentor they have met, once, with 1 to 5 stars."""
    take_turns(db, TURN)
    pairing = find_pairing(db, pairing_id)
    if db.get_one(MentoringNeed, pairing.need_id).person != person:
        raise PairingNotFound("没有这条邀请或结对，请从列表重新选择。")
    met = (PairingState.ACTIVE, PairingState.COMPLETED)
    if pairing.state not in met or pairing.rating is not None or not 1 <= stars <= 5:
        raise MentoringRefused("见过面以后可以评价一次，请选 1 到 5 分。")
    move(db, pairing, met, pairing.state, rating=stars)
    mentor = update(Mentor).where(Mentor.code == pairing.mentor_code)
    added = (stars - 1) / 4
    db.execute(mentor.values(ratings=Mentor.ratings + 1, rating_sum=Mentor.rating_sum + added))
    append_event(db, "mentoring.rated", pairing.subject, SYSTEM)


def keep_deadlines(db: Session, at: datetime) -> int:
    """Remind of proposals that age, expire those past the deadline; return how many expired."""
    take_turns(db, TURN)
    expired = 0
    for pairing in pairings_in(db, (PairingState.PROPOSED,)):
        if pairing.deadline_at <= at:
            move(db, pairing, (PairingState.PROPOSED,), PairingState.EXPIRED, ended_at=at)
            give_back(db, pairing)
            wait_again(db, pairing.need_id)
            count_answer(db, pairing.mentor_code, accepted=False)
            append_event(db, "mentoring.expired", pairing.subject, SYSTEM)
            expired += 1
        elif pairing.reminded_at is None and pairing.proposed_at + REMIND_AFTER <= at:
            pairing.reminded_at = at
            append_event(db, "mentoring.reminded", pairing.subject, SYSTEM)
    db.flush()
    return expired


def own_pairing(db: Session, pairing_id: int, mentor_code: str) -> Pairing:
    """Return a mentor's own pairing, in turn. Raises PairingNotFound for another's."""
    take_turns(db, TURN)
    pairing = find_pairing(db, pairing_id)
    if pairing.mentor_code != mentor_code:
        raise PairingNotFound("没有这条邀请或结对，请从列表重新选择。")
    return pairing
