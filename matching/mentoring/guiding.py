"""What happens in a pairing: a time is agreed, they meet, it is rated, it ends."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from audit.log import SYSTEM, Actor, append_event
from matching.mentoring.lessons import learn_from_meeting, learn_from_rating
from matching.mentoring.moves import (
    TURN,
    MentoringRefused,
    Proposer,
    give_back,
    move,
    move_need,
    short,
)
from matching.mentoring.need import MentoringContact, MentoringNeed, NeedState
from matching.mentoring.news import NewsKind, note_news
from matching.mentoring.pairing import (
    RUNNING,
    SEATED,
    Pairing,
    PairingNotFound,
    PairingState,
    find_pairing,
    pairings_of_mentor,
)
from matching.mentoring.proposing import own_pairing, withdraw_proposal
from matching.mentors.mentor import Mentor
from storage.database import take_turns

MENTOR, PERSON = "mentor", "person"


class Ending(StrEnum):
    """How a pairing ends, and what becomes of the need."""

    COMPLETED = "completed"  # what was asked for is done; the need is closed
    ENDED = "ended"  # before its time, the need is closed
    AGAIN = "again"  # before its time, another mentor is looked for


ENDING_NAMES = {
    Ending.COMPLETED: "圆满结束",
    Ending.ENDED: "提前结束",
    Ending.AGAIN: "结束，另找导师",
}


def suggest_time(
    db: Session, pairing_id: int, mentor_code: str, words: str, actor: Actor, at: datetime
) -> None:
    """Let the mentor propose when to meet; the deadline of an open proposal stays."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    _take_time(db, pairing, MENTOR, words)
    append_event(db, "mentoring.time_suggested", pairing.subject, actor)
    note_news(db, NewsKind.TIME_TO_PERSON, pairing, at)


def suggest_other_time(db: Session, pairing_id: int, person: str, words: str, at: datetime) -> None:
    """Let the person propose another time. Raises PairingNotFound for another's pairing."""
    pairing = pairing_of_person(db, pairing_id, person)
    _take_time(db, pairing, PERSON, words)
    append_event(db, "mentoring.time_suggested", pairing.subject, SYSTEM)
    note_news(db, NewsKind.TIME_TO_MENTOR, pairing, at)


def agree_time_as_person(db: Session, pairing_id: int, person: str, at: datetime) -> None:
    """Let the person agree to the time that the mentor proposed."""
    pairing = pairing_of_person(db, pairing_id, person)
    _agree(db, pairing, MENTOR, SYSTEM, at)
    note_news(db, NewsKind.TIME_TO_MENTOR, pairing, at)


def agree_time_as_mentor(
    db: Session, pairing_id: int, mentor_code: str, actor: Actor, at: datetime
) -> None:
    """Let the mentor agree to the time that the person proposed."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    _agree(db, pairing, PERSON, actor, at)
    note_news(db, NewsKind.TIME_TO_PERSON, pairing, at)


def note_meeting(db: Session, pairing_id: int, mentor_code: str, at: datetime) -> None:
    """Note that they met; the record itself is a guidance session."""
    pairing = own_pairing(db, pairing_id, mentor_code)
    met = pairing.meetings + 1
    agreed = {"other_time": "", "time_from": "", "time_agreed_at": None}
    move(db, pairing, RUNNING, PairingState.ACTIVE, meetings=met, **agreed)
    learn_from_meeting(db, pairing, at)
    note_news(db, NewsKind.MET, pairing, at)


def end_pairing(
    db: Session, pairing_id: int, proposer: Proposer, at: datetime, ending: Ending = Ending.ENDED
) -> None:
    """End a running pairing; the seat is free. Anything but completion needs a reason.

    Where another mentor is looked for the need waits again with its number, and the two
    are not brought together again.
    """
    take_turns(db, TURN)
    if ending is not Ending.COMPLETED and not proposer.reason.strip():
        raise MentoringRefused("请写明提前结束的原因。")
    pairing = find_pairing(db, pairing_id)
    completed, again = ending is Ending.COMPLETED, ending is Ending.AGAIN
    target = PairingState.COMPLETED if completed else PairingState.ENDED
    changes = {"ended_at": at, "words": short(proposer.reason), "barred": again}
    move(db, pairing, RUNNING, target, **changes)
    give_back(db, pairing)
    if again:
        move_need(db, pairing.need_id, NeedState.PAIRED, NeedState.WAITING)
        note_news(db, NewsKind.MENTOR_LEFT, pairing, at)
    else:
        _close_need(db, pairing.need_id, at)
    action = "mentoring.completed" if completed else "mentoring.ended"
    append_event(db, action, pairing.subject, proposer.actor, reason=proposer.reason)
    if proposer.actor.role != MENTOR:
        note_news(db, NewsKind.ENDED, pairing, at)


def release_mentor(db: Session, mentor_code: str, proposer: Proposer, at: datetime) -> int:
    """Move everybody on whom a mentor leaves; return how many. They wait for another one.

    Nobody is barred: should the mentor come back, the two may meet again.
    """
    take_turns(db, TURN)
    seated = pairings_of_mentor(db, mentor_code, SEATED)
    for pairing in seated:
        if pairing.state is PairingState.PROPOSED:
            withdraw_proposal(db, pairing, proposer, at)
            continue
        move(db, pairing, RUNNING, PairingState.ENDED, ended_at=at, words=short(proposer.reason))
        give_back(db, pairing)
        move_need(db, pairing.need_id, NeedState.PAIRED, NeedState.WAITING)
        actor, reason = proposer.actor, proposer.reason
        append_event(db, "mentoring.ended", pairing.subject, actor, reason=reason)
        note_news(db, NewsKind.MENTOR_LEFT, pairing, at)
    return len(seated)


def rate(db: Session, pairing_id: int, person: str, stars: int, at: datetime) -> None:
    """Let the person rate a mentor they have met, once, with 1 to 5 stars."""
    pairing = pairing_of_person(db, pairing_id, person)
    met = (PairingState.ACTIVE, PairingState.COMPLETED)
    if pairing.state not in met or pairing.rating is not None or not 1 <= stars <= 5:
        raise MentoringRefused("见过面以后可以评价一次，请选 1 到 5 分。")
    move(db, pairing, met, pairing.state, rating=stars)
    mentor = update(Mentor).where(Mentor.code == pairing.mentor_code)
    added = (stars - 1) / 4
    db.execute(mentor.values(ratings=Mentor.ratings + 1, rating_sum=Mentor.rating_sum + added))
    learn_from_rating(db, pairing, at)
    append_event(db, "mentoring.rated", pairing.subject, SYSTEM)


def pairing_of_person(db: Session, pairing_id: int, person: str) -> Pairing:
    """Return a pairing of a person, in turn. Raises PairingNotFound for another's."""
    take_turns(db, TURN)
    pairing = find_pairing(db, pairing_id)
    if db.get_one(MentoringNeed, pairing.need_id).person != person:
        raise PairingNotFound("没有这条邀请或结对，请从列表重新选择。")
    return pairing


def _take_time(db: Session, pairing: Pairing, whose: str, words: str) -> None:
    if not words.strip():
        raise MentoringRefused("请写明什么时间，例如“周三下午三点”。")
    states = (PairingState.PROPOSED, *RUNNING)
    changes = {"other_time": short(words), "time_from": whose, "time_agreed_at": None}
    move(db, pairing, states, pairing.state, **changes)


def _agree(db: Session, pairing: Pairing, whose: str, actor: Actor, at: datetime) -> None:
    if not pairing.other_time or pairing.time_from != whose or pairing.time_agreed_at:
        raise MentoringRefused("现在没有等您答复的见面时间，请刷新页面再看。")
    move(db, pairing, (PairingState.PROPOSED, *RUNNING), pairing.state, time_agreed_at=at)
    append_event(db, "mentoring.time_agreed", pairing.subject, actor)


def _close_need(db: Session, need_id: int, at: datetime) -> None:
    move_need(db, need_id, NeedState.PAIRED, NeedState.CLOSED)
    need = update(MentoringNeed).where(MentoringNeed.id == need_id)
    db.execute(need.values(closed_at=at))
    db.execute(delete(MentoringContact).where(MentoringContact.need_id == need_id))
