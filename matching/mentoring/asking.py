"""A person asks for a mentor, says whom they would like best, and may withdraw."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from matching.mentoring.lessons import learn_from_withdrawal
from matching.mentoring.moves import TURN, MentoringRefused, give_back, move
from matching.mentoring.need import (
    MOST_WISHES,
    OPEN_STATES,
    MentoringContact,
    MentoringNeed,
    NeedNotFound,
    NeedState,
    Wish,
    new_need,
    open_need_of,
)
from matching.mentoring.news import NewsKind, note_news
from matching.mentoring.pairing import PairingState, seated_pairing
from matching.mentors.mentor import find_mentor
from storage.database import take_turns


def request_mentor(
    db: Session, person: str, wish: Wish, at: datetime, also: Collection[str] = ()
) -> MentoringNeed:
    """Open a person's need; a phone in the wish was consented to.

    `also` are other references of the same person. Raises MentoringRefused where there is
    an open need already.
    """
    take_turns(db, TURN)
    if open_need_of(db, person, *also) is not None:
        raise MentoringRefused("您已经有一份申请在办理。想换一位导师，请先撤回原来的申请。")
    need = new_need(person, wish, at)
    db.add(need)
    db.flush()
    if wish.phone:
        db.add(MentoringContact(need_id=need.id, phone=wish.phone, consented_at=at))
    append_event(db, "mentoring.requested", need.subject, SYSTEM)
    return need


def own_need(db: Session, need_id: int, person: str) -> MentoringNeed:
    """Return a person's own need, in turn. Raises NeedNotFound for another's."""
    take_turns(db, TURN)
    need = db.get(MentoringNeed, need_id, populate_existing=True)
    if need is None or need.person != person:
        raise NeedNotFound("没有找到这份申请。")
    return need


def order_wishes(db: Session, need_id: int, person: str, codes: Sequence[str]) -> None:
    """Take the mentors whom a waiting person would like, dearest first.

    Raises NeedNotFound, MentorNotFound, and MentoringRefused once a mentor was asked.
    """
    need = own_need(db, need_id, person)
    if need.state is not NeedState.WAITING:
        raise MentoringRefused("已经在请导师答复，现在不能改志愿。等答复以后再来。")
    wishes = list(dict.fromkeys(code for code in codes if code))
    if len(wishes) > MOST_WISHES:
        raise MentoringRefused(f"最多选 {MOST_WISHES} 位导师，请去掉几位。")
    for code in wishes:
        find_mentor(db, code)
    need.wishes = wishes
    db.flush()
    append_event(db, "mentoring.wishes_changed", need.subject, SYSTEM)


def withdraw_need(db: Session, need_id: int, person: str, at: datetime) -> None:
    """Let a person withdraw: an open proposal or a running pairing ends with it.

    The two are not brought together again, unless the person asks for this very mentor.
    """
    need = own_need(db, need_id, person)
    if need.state not in OPEN_STATES:
        return
    pairing = seated_pairing(db, need_id)
    if pairing is not None:
        open_only = pairing.state is PairingState.PROPOSED
        target = PairingState.WITHDRAWN if open_only else PairingState.ENDED
        changes = {"ended_at": at, "words": "申请人撤回", "barred": True}
        move(db, pairing, (pairing.state,), target, **changes)
        give_back(db, pairing)
        learn_from_withdrawal(db, pairing, at)
        note_news(db, NewsKind.PROPOSAL_OVER if open_only else NewsKind.ENDED, pairing, at)
    need.state, need.closed_at = NeedState.WITHDRAWN, at
    db.execute(delete(MentoringContact).where(MentoringContact.need_id == need_id))
    db.flush()
    append_event(db, "mentoring.need_withdrawn", need.subject, SYSTEM)
