"""Guidance sessions: who asked what, what was answered, and what it counts as.

A message and its reply are one turn. Turns of one person with less than 30 minutes
between them make one session, whichever conversations they belong to; a session is
what may later count as one 人次.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, storable

IDLE_LIMIT = timedelta(minutes=30)
# A message may still be on its way through the assistant when its session is swept.
ANSWERING_LIMIT = timedelta(minutes=1)
# China has kept one offset, without summer time, since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
MESSAGE_ID_LENGTH = 128
# Each retry follows a commit of someone else; so many in a row do not happen.
ATTEMPTS = 10


class MessageIdReused(ValueError):
    """A message id came again with another text."""


class MessageIdInvalid(ValueError):
    """A message id is empty or too long."""


class ConversationNotFound(LookupError):
    """No conversation has the given id."""


class Channel(StrEnum):
    """Where a message came from."""

    WEB = "web"
    API = "api"


class SessionState(StrEnum):
    """Where a session stands."""

    OPEN = "open"  # the next message may still belong to it
    RECORDED = "recorded"  # closed; nothing is added any more


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message as it arrived.

    `message_id` is chosen by the sender at random and proves who sent it: the same
    id again is the same message. `person` is the signed visitor reference. `text` is
    what may be stored, personal data already masked. Without `conversation_id` the
    message opens a conversation.
    """

    channel: Channel
    person: str
    message_id: str
    text: str
    received_at: datetime
    conversation_id: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.message_id) <= MESSAGE_ID_LENGTH:
            raise MessageIdInvalid(f"消息编号须为 1 至 {MESSAGE_ID_LENGTH} 个字符。")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back, as it will be sent again whenever the message is repeated.

    `payload` is the whole reply with its frozen citations, without the ids of turn,
    session and conversation, which the turn carries. `versions` names what the answer
    was made with: corpus, encoder, application.
    """

    text: str
    status: str
    intent: str
    payload: Mapping[str, Any]
    completed_question: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    latency_ms: int = 0


class Conversation(Base):
    """A thread of turns on one screen. Who knows its id may read and continue it."""

    __tablename__ = "conversations"

    id: Mapped[str] = mapped_column(primary_key=True)  # 128 random bits, URL-safe
    person: Mapped[str]
    channel: Mapped[Channel]
    opened_at: Mapped[datetime]


class GuidanceSession(Base):
    """One consultation of one person; the database allows one open at a time."""

    __tablename__ = "guidance_sessions"
    __table_args__ = (
        Index(
            "uq_guidance_sessions_open_person",
            "person",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]
    channel: Mapped[Channel]  # of the first message
    opened_at: Mapped[datetime]
    last_turn_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    turn_count: Mapped[int] = mapped_column(default=0)  # a missing last turn would show

    @property
    def state(self) -> SessionState:
        """Open until it is closed, then recorded."""
        return SessionState.OPEN if self.closed_at is None else SessionState.RECORDED

    @property
    def counts_on(self) -> date:
        """The day it counts on: that of its first message, also past midnight."""
        return self.opened_at.astimezone(SHANGHAI).date()

    def is_idle(self, at: datetime) -> bool:
        """Whether a message received at this time begins a new session."""
        return at - self.last_turn_at >= IDLE_LIMIT

    def close(self) -> None:
        """End it at the moment its idle time ran out, whenever that is noticed."""
        self.closed_at = max(self.opened_at, self.last_turn_at + IDLE_LIMIT)

    def add_turn(self, at: datetime) -> int:
        """Count one more turn received at this time; return its number, from 1."""
        self.turn_count += 1
        # A late message changes nothing. One far too late shows that the clock was set
        # back: it is followed, or the session would stay open until the wrong time comes.
        if at > self.last_turn_at or self.last_turn_at - at >= IDLE_LIMIT:
            self.last_turn_at = at
        return self.turn_count


class Turn(Base):
    """One message and its reply. Never changed; a repeated message never adds one."""

    __tablename__ = "turns"
    __table_args__ = (
        UniqueConstraint("channel", "message_id"),
        UniqueConstraint("session_id", "sequence"),
        Index("ix_turns_conversation_id_id", "conversation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("guidance_sessions.id"))
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    sequence: Mapped[int]  # in the session, from 1 without gaps
    channel: Mapped[Channel]
    message_id: Mapped[str]
    question: Mapped[str]
    completed_question: Mapped[str]
    status: Mapped[str]
    intent: Mapped[str]
    answer_text: Mapped[str]
    reply: Mapped[dict[str, Any]]
    versions: Mapped[dict[str, Any]]
    asked_at: Mapped[datetime]
    answered_at: Mapped[datetime]
    latency_ms: Mapped[int]


def find_turn(db: Session, message: InboundMessage) -> Turn | None:
    """Return the turn that answered this message, if it came before.

    Raises MessageIdReused when the id came before with another text.
    """
    turn = db.scalar(
        select(Turn).where(Turn.channel == message.channel, Turn.message_id == message.message_id)
    )
    if turn is not None and turn.question != storable(message.text):
        raise MessageIdReused("这个消息编号已用于另一条消息,请换一个新的编号再发送。")
    return turn


def find_conversation(db: Session, conversation_id: str) -> Conversation | None:
    """Return the conversation with this id, if there is one."""
    return db.get(Conversation, conversation_id)


def recent_turns(db: Session, conversation_id: str, limit: int) -> Sequence[Turn]:
    """Return the last turns of a conversation, newest last."""
    newest_first = (
        select(Turn)
        .where(Turn.conversation_id == conversation_id)
        .order_by(Turn.id.desc())
        .limit(limit)
    )
    return db.scalars(newest_first).all()[::-1]


def open_conversation(
    db: Session, person: str, channel: Channel, opened_at: datetime
) -> Conversation:
    """Begin a conversation under an id that nobody can guess."""
    conversation = Conversation(
        id=secrets.token_urlsafe(16), person=person, channel=channel, opened_at=opened_at
    )
    db.add(conversation)
    return conversation


def record_turn(db: Session, message: InboundMessage, reply: Reply, answered_at: datetime) -> Turn:
    """Record a message with its reply, opening a conversation and a session where needed.

    A message that came before returns its stored turn and records nothing, also when
    both deliveries are recorded at the same moment. Raises MessageIdReused, and
    ConversationNotFound for an unknown conversation id.
    """
    for _ in range(ATTEMPTS):
        if (stored := find_turn(db, message)) is not None:
            return stored
        try:
            with db.begin_nested():
                return _add_turn(db, message, reply, answered_at)
        except IntegrityError as error:
            # Another delivery of the message, or another message of the person, was faster.
            conflict = error
    raise conflict


def close_idle_sessions(db: Session, now: datetime) -> int:
    """Close the sessions whose idle time ran out; return how many.

    The answer to a message that came in time may still be in the making, so a session
    is left alone a minute longer.
    """
    idle = (
        select(GuidanceSession)
        .where(
            GuidanceSession.closed_at.is_(None),
            GuidanceSession.last_turn_at <= now - IDLE_LIMIT - ANSWERING_LIMIT,
        )
        .with_for_update(skip_locked=True)
    )
    sessions = db.scalars(idle).all()
    for session in sessions:
        session.close()
    return len(sessions)


def _add_turn(db: Session, message: InboundMessage, reply: Reply, answered_at: datetime) -> Turn:
    conversation = _conversation_of(db, message)
    session = _session_of(db, message)
    turn = Turn(
        session_id=session.id,
        conversation_id=conversation.id,
        sequence=session.add_turn(message.received_at),
        channel=message.channel,
        message_id=message.message_id,
        question=storable(message.text),
        completed_question=storable(reply.completed_question),
        status=reply.status,
        intent=reply.intent,
        answer_text=storable(reply.text),
        reply=storable(reply.payload),
        versions=storable(reply.versions),
        asked_at=message.received_at,
        answered_at=answered_at,
        latency_ms=reply.latency_ms,
    )
    db.add(turn)
    db.flush()
    return turn


def _conversation_of(db: Session, message: InboundMessage) -> Conversation:
    if message.conversation_id is None:
        return open_conversation(db, message.person, message.channel, message.received_at)
    conversation = find_conversation(db, message.conversation_id)
    if conversation is None:
        raise ConversationNotFound("没有找到这段对话,请重新开始提问。")
    return conversation


def _session_of(db: Session, message: InboundMessage) -> GuidanceSession:
    """Return the person's open session, locked for this transaction, or begin one."""
    session = db.scalar(
        select(GuidanceSession)
        .where(GuidanceSession.person == message.person, GuidanceSession.closed_at.is_(None))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if session is not None and not session.is_idle(message.received_at):
        return session
    if session is not None:
        session.close()
        db.flush()
    session = GuidanceSession(
        person=message.person,
        channel=message.channel,
        opened_at=message.received_at,
        last_turn_at=message.received_at,
        turn_count=0,
    )
    db.add(session)
    db.flush()
    return session
