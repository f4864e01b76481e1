"""Telling people over WeChat that what they asked has an answer now."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import String, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from api.notices import Notice, NoticeKind, tell
from api.wechat.binding import WeChatLink
from api.wechat.outbox import OutboxMessage, OutboxState
from guidance.gaps.gap import Gap, GapQuestion, GapState
from guidance.people.identity import Person
from guidance.session import GuidanceSession, Turn
from knowledge.ingest import local_date
from storage.database import Database

TOLD_WITHIN = timedelta(days=7)  # of publishing: later nobody waits for it
AT_ONCE = 50  # in one transaction
MOST_WORDS = 200  # of the answer; the page has the rest
_WECHAT = "wechat:%"


def tell_askers(database: Database, now: datetime) -> int:
    """Tell everybody who can be reached that their question was answered; return how many.

    Each person once for each published clause, and not before the clause is in force.
    Called again and again: what is written already is not written twice.
    """
    told = 0
    with database.reading() as db:
        gaps = _published(db, now)
        waiting = {gap.id: _askers(db, gap) for gap in gaps}
    for gap in gaps:
        askers = waiting[gap.id]
        for start in range(0, len(askers), AT_ONCE):
            with database.writing() as db:
                part = askers[start : start + AT_ONCE]
                told += sum(tell(db, person, _notice(gap, turn), now) for person, turn in part)
    return told


def _published(db: Session, now: datetime) -> Sequence[Gap]:
    in_force = (
        Gap.state == GapState.PUBLISHED,
        Gap.effective_on <= local_date(now),
        Gap.changed_at >= now - TOLD_WITHIN,
    )
    return db.scalars(select(Gap).where(*in_force).order_by(Gap.id)).all()


def _askers(db: Session, gap: Gap) -> list[tuple[str, Turn]]:
    """Return who asked and may be reached over WeChat, with their first turn; told ones not."""
    links, people = select(WeChatLink.receiver), select(Person.reference)
    person = GuidanceSession.person
    perhaps = or_(
        person.like(_WECHAT),
        person.in_(links),
        person.in_(people.where(Person.merged_into.is_not(None))),
    )
    first = (
        select(person, func.min(GapQuestion.turn_id).label("turn_id"))
        .join(Turn, Turn.id == GapQuestion.turn_id)
        .join(GuidanceSession, GuidanceSession.id == Turn.session_id)
        .where(GapQuestion.gap_id == gap.id, perhaps)
        .group_by(person)
        .subquery()
    )
    cause = literal(f"notice:{_cause(gap)}:") + cast(first.c.turn_id, String)
    untold = select(OutboxMessage.id).where(OutboxMessage.cause == cause).exists()
    rows = db.execute(
        select(first.c.person, Turn).join(Turn, Turn.id == first.c.turn_id).where(~untold)
    )
    return [(row[0], row[1]) for row in rows]


def _cause(gap: Gap) -> str:
    return f"gap:{gap.id}:{gap.document_id}"


def _notice(gap: Gap, turn: Turn) -> Notice:
    facts = {
        "question": turn.question,
        "answer": gap.draft_text[:MOST_WORDS],
        "department": gap.org_unit,
    }
    cause = f"{_cause(gap)}:{turn.id}"
    return Notice(NoticeKind.QUESTION_ANSWERED, facts, f"/documents/{gap.document_id}", cause)


def told_of(db: Session, gap: Gap) -> dict[OutboxState, int]:
    """Return how the notices about a gap's clause stand: how many sent, waiting, not sent."""
    of_gap = OutboxMessage.cause.like(f"notice:{_cause(gap)}:%")
    counted = select(OutboxMessage.state, func.count()).where(of_gap)
    return {row[0]: row[1] for row in db.execute(counted.group_by(OutboxMessage.state))}
