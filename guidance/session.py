"""Guidance sessions: who asked what, what was answered, and what it counts as.

A message and its reply are one turn. Turns of one person with less than 30 minutes
between them make one session, whichever conversations they belong to; a session is
what may later count as one 人次.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    bindparam,
    select,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.conversation import Conversation
from guidance.ledger_indexes import list_indexes
from guidance.lifecycle import HOLDS_DAY_SQL, ServiceLine, SessionState
from guidance.message import (
    Channel,
    InboundMessage,
)
from guidance.people.level import IdentityLevel
from guidance.periods.period import Quarter, shanghai_day
from storage.database import Base, storable, unique_where


class MessageIdReused(ValueError):
    """A message id came again with another text."""


def _day(context: Any) -> date:
    return shanghai_day(context.get_current_parameters()["opened_at"])


def _period(context: Any) -> str:
    return str(Quarter.of(_day(context)))


def _person(context: Any) -> str:
    return str(context.get_current_parameters()["person"])


class GuidanceSession(Base):
    """One consultation of one person.

    The database allows one open at a time for a person and service line, and one of a
    person and day that counts or is on its way there. What follows `turn_count` is
    written by the ledger: `guidance/transition.py` and its callers.
    """

    __tablename__ = "guidance_sessions"
    __table_args__ = (
        unique_where("uq_guidance_sessions_open", "closed_at IS NULL", "person", "service_line"),
        unique_where("uq_guidance_sessions_day", HOLDS_DAY_SQL, "counts_for", "count_on"),
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
    conversation_id: Mapped[str] = mapped_column(ForeignKey(Conversation.id))
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
