"""Sending the news of mentoring: to whom it matters, over what reaches them, else by telephone."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account
from api.notices import Notice, NoticeKind, tell
from api.staff_page import chinese_time
from api.wechat.outbox import OutboxMessage, OutboxState
from matching.mentoring.moves import TURN
from matching.mentoring.need import MentoringNeed
from matching.mentoring.news import MentoringNews, NewsKind, NewsState, untold_news
from matching.mentoring.pairing import Pairing
from matching.mentors.mentor import Mentor
from storage.database import Database, take_turns

KINDS = {
    NewsKind.PROPOSAL: NoticeKind.MENTOR_PROPOSAL,
    NewsKind.REMINDER: NoticeKind.PROPOSAL_REMINDER,
    NewsKind.PROPOSAL_OVER: NoticeKind.PROPOSAL_ENDED,
    NewsKind.ENDED: NoticeKind.PROPOSAL_ENDED,
    NewsKind.TIME_TO_MENTOR: NoticeKind.MEETING_PROPOSED,
    NewsKind.ACCEPTED: NoticeKind.MENTOR_ACCEPTED,
    NewsKind.DECLINED: NoticeKind.MENTOR_DECLINED,
    NewsKind.MENTOR_LEFT: NoticeKind.MENTOR_DECLINED,
    NewsKind.TIME_TO_PERSON: NoticeKind.MEETING_PROPOSED,
    NewsKind.MET: NoticeKind.MEETING_TO_CONFIRM,
}
LOST = (OutboxState.DEAD, OutboxState.HELD)
PREFIX = "notice:"  # how the outbox names what was told here


@contextmanager
def mentoring_step(database: Database) -> Iterator[Session]:
    """Open the transaction of a step; what it has to tell leaves with it."""
    with database.writing() as db:
        yield db
        tell_news(db, datetime.now(UTC))


def tell_news(db: Session, at: datetime) -> None:
    """Tell what nobody was told yet; who has no channel is left for a telephone call."""
    take_turns(db, TURN)
    for news in untold_news(db):
        pairing = db.get_one(Pairing, news.pairing_id)
        notice = _notice(db, news, pairing)
        told = [tell(db, receiver, notice, at) for receiver in _receivers(db, news, pairing)]
        news.state = NewsState.SENT if any(told) else NewsState.UNREACHED
    db.flush()


def lost_causes(db: Session) -> list[str]:
    """Return the causes of what a channel took and could not deliver."""
    mine = OutboxMessage.cause.startswith(f"{PREFIX}mentoring:")
    lost = select(OutboxMessage.cause).where(OutboxMessage.state.in_(LOST), mine)
    return [cause.removeprefix(PREFIX) for cause in db.scalars(lost)]


def _receivers(db: Session, news: MentoringNews, pairing: Pairing) -> list[str]:
    if news.to_mentor:
        own = select(Account.id).where(
            Account.mentor_code == pairing.mentor_code, Account.active.is_(True)
        )
        return [f"account:{number}" for number in db.scalars(own)]
    person = db.get_one(MentoringNeed, pairing.need_id).person
    return [person] if person else []


def _notice(db: Session, news: MentoringNews, pairing: Pairing) -> Notice:
    need = db.get_one(MentoringNeed, pairing.need_id)
    facts = {"topic": "、".join(need.topics)}
    if not news.to_mentor:
        mentor = select(Mentor.name).where(Mentor.code == pairing.mentor_code)
        facts["mentor"] = db.scalar(mentor) or ""
    waits = news.kind in {NewsKind.PROPOSAL, NewsKind.REMINDER}
    if waits:
        facts["deadline"] = chinese_time(pairing.deadline_at)
    if news.kind in {NewsKind.TIME_TO_MENTOR, NewsKind.TIME_TO_PERSON}:
        facts["time"] = pairing.other_time
    path = "/mentor" if news.to_mentor else "/mentoring"
    until = pairing.deadline_at if waits else None
    return Notice(KINDS[news.kind], facts, path, news.cause, until)
