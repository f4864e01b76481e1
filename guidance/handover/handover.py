"""A conversation handed over to people: whose it is, until when, and every step it may take."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, ForeignKey, Index, exists, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import SYSTEM, Actor, append_event
from guidance.handover.lifecycle import (
    STATE_NAMES,
    STEPS,
    UNANSWERED,
    HandoverNotFound,
    HandoverReason,
    HandoverRefused,
    HandoverState,
)
from guidance.message import Channel
from guidance.session import Turn
from storage.database import LARGEST_ID, Base, storable

MOST_REASON = 200
# After an answer to which the person says nothing more, it is over.
QUIET_FOR = timedelta(hours=48)
TENDED_AT_ONCE = 200


class Handover(Base):
    """One conversation that people answer. Of a conversation one is open at a time.

    Its words are turns of the conversation; only what the person added since the last
    answer lies apart (`HandoverWords`).
    """

    __tablename__ = "handovers"
    __table_args__ = (
        Index(
            "uq_handovers_open",
            "conversation_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_handovers_state", "state", "due_on"),
        Index("ix_handovers_conversation", "conversation_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)  # of the person's page
    person: Mapped[str] = mapped_column(index=True)
    channel: Mapped[Channel]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    turn_id: Mapped[int] = mapped_column(ForeignKey("turns.id"))  # that asked for people
    session_id: Mapped[int | None] = mapped_column(ForeignKey("guidance_sessions.id"), index=True)
    org_unit: Mapped[str] = mapped_column(index=True)  # "" the district's desk
    reason: Mapped[HandoverReason]
    state: Mapped[HandoverState]
    opened_at: Mapped[datetime]
    due_on: Mapped[date]  # promised to the person
    taken_by: Mapped[int | None]  # account
    taken_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]  # last time
    changed_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closing: Mapped[str]  # why it was closed
    # Why the last answer did not go out to the person by itself, "" when it did.
    undelivered: Mapped[str]

    @property
    def subject(self) -> str:
        """How the audit log names it."""
        return f"handover:{self.id}"

    @property
    def is_open(self) -> bool:
        """Whether it goes on."""
        return self.closed_at is None

    @property
    def waits(self) -> bool:
        """Whether the person waits for an answer."""
        return self.state in UNANSWERED

    def is_overdue(self, day: date) -> bool:
        """Whether the day that was promised is over."""
        return self.waits and day > self.due_on


class HandoverWords(Base):
    """What a person added and nobody has answered yet; personal numbers masked."""

    __tablename__ = "handover_words"

    id: Mapped[int] = mapped_column(primary_key=True)
    handover_id: Mapped[int] = mapped_column(ForeignKey("handovers.id"), index=True)
    key: Mapped[str] = mapped_column(unique=True)  # sent twice, it is kept once
    text: Mapped[str]
    said_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person is promised when a turn hands their question over."""

    org_unit: str
    reason: HandoverReason
    due_on: date


def open_handover(db: Session, turn: Turn, person: str, asked: Asked, at: datetime) -> Handover:
    """Hand the conversation of a turn over, in the transaction of the turn.

    One that waits already stays as it is; to one that was answered the person comes back.
    """
    known = open_of(db, turn.conversation_id)
    if known is not None:
        if known.state is HandoverState.ANSWERED:
            ask_again(db, known, asked.due_on, at)
        return known
    handover = Handover(
        token=secrets.token_urlsafe(16),
        person=person,
        channel=turn.channel,
        conversation_id=turn.conversation_id,
        turn_id=turn.id,
        org_unit=asked.org_unit,
        reason=asked.reason,
        state=HandoverState.WAITING,
        opened_at=at,
        due_on=asked.due_on,
        changed_at=at,
        closing="",
        undelivered="",
    )
    db.add(handover)
    db.flush()
    details = {"unit": asked.org_unit, "why": asked.reason, "due": asked.due_on}
    append_event(db, "handover.opened", handover.subject, SYSTEM, details)
    return handover


def answered_of(db: Session, person: str) -> Handover | None:
    """Return the newest hand-over of a person that was answered and is still open."""
    mine = (Handover.person == person, Handover.state == HandoverState.ANSWERED)
    return db.scalar(select(Handover).where(*mine).order_by(Handover.id.desc()).limit(1))


def open_of(db: Session, conversation_id: str) -> Handover | None:
    """Return the open hand-over of a conversation."""
    found = select(Handover).where(
        Handover.conversation_id == conversation_id, Handover.closed_at.is_(None)
    )
    return db.scalar(found)


def get_handover(db: Session, handover_id: int, *, lock: bool = True) -> Handover:
    """Return a hand-over, locked for its next step unless it is only shown.

    Raises HandoverNotFound.
    """
    found = None
    if 0 < handover_id <= LARGEST_ID:
        found = db.get(Handover, handover_id, with_for_update=lock, populate_existing=True)
    if found is None:
        raise HandoverNotFound(handover_id)
    return found


def find_handover(db: Session, token: str) -> Handover:
    """Return the hand-over whose page has this token. Raises HandoverNotFound."""
    found = db.scalar(select(Handover).where(Handover.token == token))
    if found is None:
        raise HandoverNotFound(token)
    return found


def handovers_of(db: Session, conversation_id: str) -> Sequence[Handover]:
    """Return every hand-over of a conversation, oldest first."""
    found = select(Handover).where(Handover.conversation_id == conversation_id)
    return db.scalars(found.order_by(Handover.id)).all()


def handovers_in(
    db: Session, scope: ColumnElement[bool], states: Sequence[HandoverState], page: int, size: int
) -> tuple[Sequence[Handover], int]:
    """Return a page of hand-overs, those due first before others, and how many there are."""
    wanted = (scope, Handover.state.in_(states))
    total = db.scalar(select(func.count()).select_from(Handover).where(*wanted)) or 0
    closed = HandoverState.CLOSED in states
    order = (Handover.id.desc(),) if closed else (Handover.due_on, Handover.id)
    found = select(Handover).where(*wanted).order_by(*order)
    return db.scalars(found.limit(size).offset((page - 1) * size)).all(), total


def take(db: Session, handover: Handover, account_id: int | None, by: Actor, at: datetime) -> None:
    """Make it one's own, also from a colleague; without an account: taken in WeCom.

    Raises HandoverRefused.
    """
    before = handover.taken_by
    _step(db, handover, ("handover.taken", by, at), {"from": before})
    handover.taken_by, handover.taken_at = account_id, at


def pass_on(db: Session, handover: Handover, org_unit: str, by: Actor, at: datetime) -> None:
    """Give it to another unit; what was promised to the person stays. Raises HandoverRefused."""
    before = handover.org_unit
    if org_unit == before:
        raise HandoverRefused("已经在这个单位了，请选别的单位。")
    _step(db, handover, ("handover.passed_on", by, at), {"before": before, "after": org_unit})
    handover.org_unit, handover.taken_by, handover.taken_at = org_unit, None, None


def ask_again(db: Session, handover: Handover, due_on: date, at: datetime) -> None:
    """Note that the person wants to know more, with a new day for the answer."""
    _step(db, handover, ("handover.asked_again", SYSTEM, at), {"due": due_on})
    handover.due_on = due_on


def note_answered(db: Session, handover: Handover, by: Actor, at: datetime) -> None:
    """Note that the person was answered. Raises HandoverRefused."""
    _step(db, handover, ("handover.answered", by, at), {"session": handover.session_id})
    handover.answered_at = at


def note_closed(db: Session, handover: Handover, reason: str, by: Actor, at: datetime) -> None:
    """Note that it is over; its session goes on by itself. Raises HandoverRefused."""
    reason = str(storable(reason.strip()))[:MOST_REASON]
    if not reason:
        raise HandoverRefused("请写明结束的理由。")
    _step(db, handover, ("handover.closed", by, at), {"session": handover.session_id}, reason)
    handover.closed_at, handover.closing = at, reason


def anything_quiet(db: Session, at: datetime) -> bool:
    """Whether `quiet_handovers` would find one."""
    return bool(db.scalar(select(exists().where(*_quiet(at)))))


def quiet_handovers(db: Session, at: datetime) -> Sequence[Handover]:
    """Return answered hand-overs to which nothing was said for two days, locked."""
    quiet = (
        select(Handover)
        .where(*_quiet(at))
        .order_by(Handover.id)
        .limit(TENDED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return db.scalars(quiet).all()


def _quiet(at: datetime) -> tuple[ColumnElement[bool], ...]:
    answered = Handover.state == HandoverState.ANSWERED
    return answered, Handover.changed_at <= at - QUIET_FOR


def _step(
    db: Session,
    handover: Handover,
    step: tuple[str, Actor, datetime],
    details: Mapping[str, Any],
    reason: str = "",
) -> None:
    """Take a step of the table: its action, who takes it and when. Raises HandoverRefused."""
    action, by, at = step
    sources, target = STEPS[action]
    if handover.state not in sources:
        name = STATE_NAMES[handover.state]
        raise HandoverRefused(f"这条转交现在是“{name}”，不能这样办理。请刷新页面再看。")
    handover.state, handover.changed_at = target, at
    append_event(db, action, handover.subject, by, details, reason)
