"""Guidance sessions: who asked what, what was answered, and what it counts as.

A message and its reply are one turn. Turns of one person with less than 30 minutes
between them make one session, whichever conversations they belong to; a session is
what may later count as one 人次.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import SYSTEM, append_event
from guidance.conversation import (
    Conversation,
    ConversationNotFound,
    find_conversation,
    join_conversation,
)
from guidance.ledger_indexes import list_indexes
from guidance.lifecycle import HOLDS_DAY_SQL, ServiceLine, SessionState
from guidance.message import (
    MESSAGE_ID_LENGTH,
    Channel,
    InboundMessage,
    MessageIdInvalid,
    Reply,
)
from guidance.people.level import IdentityLevel
from guidance.periods.period import SHANGHAI, Quarter, shanghai_day
from storage.database import Base, storable, take_turns

__all__ = [
    "IDLE_LIMIT",
    "MESSAGE_ID_LENGTH",
    "SHANGHAI",
    "Channel",
    "Conversation",
    "ConversationNotFound",
    "GuidanceSession",
    "InboundMessage",
    "MessageIdInvalid",
    "MessageIdReused",
    "Reply",
    "SessionState",
    "Turn",
    "close_idle_sessions",
    "find_conversation",
    "find_turn",
    "recent_turns",
    "record_turn",
]

IDLE_LIMIT = timedelta(minutes=30)
# A message may still be on its way through the assistant when its session is swept.
ANSWERING_LIMIT = timedelta(minutes=1)
SWEPT_AT_ONCE = 500  # a sweep after a long pause must not keep the writers waiting


class MessageIdReused(ValueError):
    """A message id came again with another text."""


def _day(context: Any) -> date:
    return shanghai_day(context.get_current_parameters()["opened_at"])


def _period(context: Any) -> str:
    return str(Quarter.of(_day(context)))


def _person(context: Any) -> str:
    return str(context.get_current_parameters()["person"])


def _unique(name: str, where: str, *columns: str) -> Index:
    condition = text(where)
    return Index(
        name, *columns, unique=True, sqlite_where=condition, postgresql_where=condition
    )  # fmt: skip


class GuidanceSession(Base):
    """One consultation of one person.

    The database allows one open at a time for a person and service line, and one of a
    person and day that counts or is on its way there. What follows `turn_count` is
    written by the ledger: `guidance/transition.py` and its callers.
    """

    __tablename__ = "guidance_sessions"
    __table_args__ = (
        _unique("uq_guidance_sessions_open", "closed_at IS NULL", "person", "service_line"),
        _unique("uq_guidance_sessions_day", HOLDS_DAY_SQL, "counts_for", "count_on"),
        *list_indexes(),
        Index("ix_guidance_sessions_person", "counts_for", "opened_at"),
        Index("ix_guidance_sessions_provider", "provider", "count_on"),
        Index("ix_guidance_sessions_wording", "wording", "counts_for"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]
    channel: Mapped[Channel]  # of the first message
    opened_at: Mapped[datetime]
    last_turn_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    turn_count: Mapped[int]  # a missing last turn would show
    service_line: Mapped[ServiceLine] = mapped_column(server_default="assistant")
    state: Mapped[SessionState] = mapped_column(server_default="open")
    count_on: Mapped[date] = mapped_column(default=_day)  # of the first message, past midnight too
    period: Mapped[str] = mapped_column(String(8), default=_period)  # the quarter it counts in
    counts_for: Mapped[str] = mapped_column(default=_person)  # the person, identities merged
    identity_level: Mapped[IdentityLevel] = mapped_column(server_default="visitor")
    org_unit: Mapped[str] = mapped_column(server_default="")  # exactly one; "" the district itself
    provider: Mapped[str] = mapped_column(server_default="")  # "mentor:M0003", "account:7"
    recorder: Mapped[str] = mapped_column(server_default="")
    submitter: Mapped[str] = mapped_column(server_default="")
    approver: Mapped[str] = mapped_column(server_default="")
    minutes: Mapped[int] = mapped_column(server_default="0")  # declared, of a human session
    place: Mapped[str] = mapped_column(server_default="")
    topic: Mapped[str] = mapped_column(server_default="")
    summary: Mapped[str] = mapped_column(server_default="")
    supplement: Mapped[str] = mapped_column(server_default="")  # added after it was returned
    confirm_digest: Mapped[str] = mapped_column(String(64), server_default="")
    confirmed_at: Mapped[datetime | None]
    seal: Mapped[str] = mapped_column(String(64), server_default="")  # Merkle root, see seal.py
    seal_salt: Mapped[str] = mapped_column(String(64), server_default="")
    recorded_at: Mapped[datetime | None]
    wording: Mapped[str] = mapped_column(String(64), server_default="")  # digest, to find copies
    continues_id: Mapped[int | None]
    merged_into_id: Mapped[int | None]
    rule_version: Mapped[str] = mapped_column(server_default="")
    codes: Mapped[str] = mapped_column(server_default="")  # why not: "Q3 Q5"
    flags: Mapped[str] = mapped_column(server_default="")  # what to look at: "G3 G7"
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    appealed: Mapped[bool] = mapped_column(server_default="0")
    erased_at: Mapped[datetime | None]  # the words are gone, the count stays

    @property
    def subject(self) -> str:
        """How the audit log names it."""
        return f"session:{self.id}"


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


# Built once: putting a statement together takes longer than running it.
_TURN_OF_MESSAGE = select(Turn).where(
    Turn.channel == bindparam("channel"), Turn.message_id == bindparam("message_id")
)
_OPEN_SESSION = (
    select(
        GuidanceSession.id,
        GuidanceSession.opened_at,
        GuidanceSession.last_turn_at,
        GuidanceSession.turn_count,
    )
    .where(
        GuidanceSession.person == bindparam("person"),
        GuidanceSession.service_line == ServiceLine.ASSISTANT,
        GuidanceSession.closed_at.is_(None),
    )
    .with_for_update()
)
_IDLE_SESSIONS = (
    select(GuidanceSession)
    .where(GuidanceSession.closed_at.is_(None), GuidanceSession.last_turn_at <= bindparam("before"))
    .limit(SWEPT_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_CLOSE_SESSION = (
    update(GuidanceSession)
    .where(GuidanceSession.id == bindparam("session_id"))
    .values(closed_at=bindparam("at"), state=SessionState.RECORDED)
)
_COUNT_TURN = (
    update(GuidanceSession)
    .where(GuidanceSession.id == bindparam("session_id"))
    .values(turn_count=bindparam("count"), last_turn_at=bindparam("at"))
)
_ADD_SESSION = insert(GuidanceSession).returning(GuidanceSession.id)
_ADD_TURN = insert(Turn).returning(Turn.id)


def find_turn(db: Session, message: InboundMessage) -> Turn | None:
    """Return the turn that answered this message, if it came before.

    Raises MessageIdReused when the id came before with another text.
    """
    turn = db.scalar(
        _TURN_OF_MESSAGE, {"channel": message.channel, "message_id": message.message_id}
    )
    if turn is not None and turn.question != storable(message.text):
        raise MessageIdReused("这个消息编号已用于另一条消息,请换一个新的编号再发送。")
    return turn


def recent_turns(db: Session, conversation_id: str, limit: int) -> Sequence[Turn]:
    """Return the last turns of a conversation, newest last."""
    newest_first = (
        select(Turn)
        .where(Turn.conversation_id == conversation_id)
        .order_by(Turn.id.desc())
        .limit(limit)
    )
    return db.scalars(newest_first).all()[::-1]


def record_turn(db: Session, message: InboundMessage, reply: Reply, answered_at: datetime) -> Turn:
    """Record a message with its reply, opening a conversation and a session where needed.

    A message that came before returns its stored turn and records nothing, also when
    both deliveries are recorded at the same moment. Raises MessageIdReused, and
    ConversationNotFound for an unknown conversation id.
    """
    take_turns(db, f"message {message.channel} {message.message_id}", f"person {message.person}")
    if (stored := find_turn(db, message)) is not None:
        return stored
    conversation_id = join_conversation(db.connection(), message)
    session_id, sequence = _count_in_session(db.connection(), message)
    values = {
        "session_id": session_id,
        "conversation_id": conversation_id,
        "sequence": sequence,
        "channel": message.channel,
        "message_id": message.message_id,
        "question": storable(message.text),
        "completed_question": storable(reply.completed_question),
        "status": str(reply.status),
        "intent": str(reply.intent),
        "answer_text": storable(reply.text),
        "reply": storable(reply.payload),
        "versions": storable(reply.versions),
        "asked_at": message.received_at,
        "answered_at": answered_at,
        "latency_ms": reply.latency_ms,
    }
    turn_id = db.connection().execute(_ADD_TURN, values).scalar_one()
    if sequence == 1:  # last: whoever else appends an event waits for this transaction
        append_event(db, "session.opened", f"session:{session_id}", SYSTEM)
    return Turn(id=turn_id, **values)


def close_idle_sessions(db: Session, now: datetime) -> int:
    """Close the sessions whose idle time ran out, some hundreds at a time; return how many.

    The answer to a message that came in time may still be in the making, so a session
    is left alone a minute longer.
    """
    before = now - IDLE_LIMIT - ANSWERING_LIMIT
    sessions = db.scalars(_IDLE_SESSIONS, {"before": before}).all()
    for session in sessions:
        session.closed_at = _idle_since(session.opened_at, session.last_turn_at)
        session.state = SessionState.RECORDED
    return len(sessions)


def _count_in_session(connection: Connection, message: InboundMessage) -> tuple[int, int]:
    """Add one turn to the person's open session, or to a new one; return id and number."""
    at = message.received_at
    session = connection.execute(_OPEN_SESSION, {"person": message.person}).first()
    if session is not None and not _is_idle(session.last_turn_at, at):
        counted = {
            "session_id": session.id,
            "count": session.turn_count + 1,
            "at": _last_turn_at(session.last_turn_at, at),
        }
        connection.execute(_COUNT_TURN, counted)
        return session.id, session.turn_count + 1
    if session is not None:
        ended_at = _idle_since(session.opened_at, session.last_turn_at)
        connection.execute(_CLOSE_SESSION, {"session_id": session.id, "at": ended_at})
    opened = {
        "person": message.person,
        "channel": message.channel,
        "opened_at": at,
        "last_turn_at": at,
        "turn_count": 1,
    }
    return connection.execute(_ADD_SESSION, opened).scalar_one(), 1


def _is_idle(last_turn_at: datetime, at: datetime) -> bool:
    return at - last_turn_at >= IDLE_LIMIT


def _last_turn_at(previous: datetime, at: datetime) -> datetime:
    """Return when a session's last turn was, after one more that was received at `at`."""
    # A late message changes nothing. One far too late shows that the clock was set
    # back: it is followed, or the session would stay open until the wrong time comes.
    return at if at > previous or previous - at >= IDLE_LIMIT else previous


def _idle_since(opened_at: datetime, last_turn_at: datetime) -> datetime:
    """Return when a session's idle time ran out, whenever that is noticed."""
    return max(opened_at, last_turn_at + IDLE_LIMIT)
