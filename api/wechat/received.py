"""What arrived over WeChat: each message once, however often and wherever it is delivered.

The row is the whole state of a delivery: several processes may take the calls of one
message, and what a process leaves undone when it dies another one takes up.
"""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import (
    Connection,
    Index,
    UniqueConstraint,
    bindparam,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.arrival import Arrival, ArrivalKind
from api.wechat.channel import is_stopped
from api.wechat.crypt import CallbackRefused
from guidance.message import Channel
from guidance.session import Turn
from storage.database import Base, storable

LEASE = timedelta(seconds=60)
COUNTED_CALLS = 3  # Tencent calls three times at most
MAX_TRIES = 5
NONCES_KEPT = timedelta(minutes=20)  # longer than any accepted time stamp lives


class Delivery(StrEnum):
    """How the reply goes to the reader; decided once."""

    PASSIVE = "passive"  # in the reply to the callback
    PUSH = "push"  # as a customer message
    LINK = "link"  # the reply to the callback led to the answer's page
    NOTICE = "notice"  # a fixed text; nothing was asked
    STOPPED = "stopped"  # a fixed text: the channel is switched off
    UNDELIVERED = "undelivered"  # answered and recorded, but WeChat gave no way left


_SETTLED = {Delivery.NOTICE, Delivery.STOPPED}  # at once: there is nothing to find out


class AnswerNotFound(LookupError):
    """No answer has this link."""


class WeChatMessage(Base):
    """One message or event of one person, with how it is answered."""

    __tablename__ = "wechat_messages"
    __table_args__ = (
        UniqueConstraint("account", "message_key"),
        Index(
            "ix_wechat_messages_unsettled",
            "leased_until",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("ix_wechat_messages_openid", "account", "openid"),
        Index("ix_wechat_messages_received_at", "received_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    message_key: Mapped[str]
    openid: Mapped[str]
    account_id: Mapped[str]  # gh_..., the sender of replies
    kind: Mapped[ArrivalKind]
    text: Mapped[str]  # personal numbers masked
    token: Mapped[str] = mapped_column(unique=True)  # of the answer's page
    received_at: Mapped[datetime]
    calls: Mapped[int]
    tries: Mapped[int]
    leased_until: Mapped[datetime]  # until then one process works on it
    delivery: Mapped[Delivery | None]
    settled_at: Mapped[datetime | None]  # nothing more is to be done

    @property
    def turn_key(self) -> str:
        """The id under which the turn is recorded, without the person in it."""
        return f"{self.account}:{self.message_key}"


class WeChatNonce(Base):
    """One nonce of one account, bound to the signature it came with."""

    __tablename__ = "wechat_nonces"

    digest: Mapped[str] = mapped_column(primary_key=True)  # of account, time stamp and nonce
    signature: Mapped[str]
    seen_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Call:
    """One delivery of a callback: what makes it this one, and when it came."""

    account: str
    timestamp: str
    nonce: str
    signature: str
    at: datetime

    @property
    def digest(self) -> str:
        """Name of the nonce in the store, of fixed length whatever was sent."""
        told = "\n".join((self.account, self.timestamp, self.nonce))
        return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A message as it stands after a delivery; `first` when it is new."""

    message: WeChatMessage
    first: bool


def find_message(db: Session, token: str) -> WeChatMessage | None:
    """Return the message whose answer's page has this token."""
    return db.scalar(select(WeChatMessage).where(WeChatMessage.token == token))


# Built once: putting a statement together takes longer than running it.
_NONCE = select(WeChatNonce.signature).where(WeChatNonce.digest == bindparam("digest"))
_ADD_NONCE = insert(WeChatNonce)
_MESSAGE = select(WeChatMessage).where(
    WeChatMessage.account == bindparam("account"),
    WeChatMessage.message_key == bindparam("message_key"),
)
_TURN = select(Turn).where(
    Turn.channel == Channel.WECHAT, Turn.message_id == bindparam("message_id")
)
_LOCKED = select(WeChatMessage).where(WeChatMessage.id == bindparam("id")).with_for_update()
_ADD_MESSAGE = insert(WeChatMessage).returning(WeChatMessage.id)


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery with what is decided about it before it is recorded."""

    arrival: Arrival
    call: Call
    masked: str  # the text without personal numbers
    delivery: Delivery | None  # None: it waits for its answer
    admit: Callable[[], None]  # raises when a new message is not to be recorded

    @property
    def reader(self) -> tuple[str, str]:
        """Account and openid."""
        return self.call.account, self.arrival.openid

    @property
    def turns(self) -> tuple[str, str, str]:
        """What no other transaction may work on at the same time."""
        account, arrival = self.call.account, self.arrival
        return (
            f"wechat nonce {self.call.digest}",
            f"wechat {account} {arrival.key}",
            f"wechat contact {account} {arrival.openid}",
        )


def accept(db: Session, entry: Entry) -> Accepted:
    """Record a delivery: a new message, or one more call of a known one.

    The transaction holds `entry.turns`. A call that was seen often enough writes nothing.
    Raises CallbackRefused for a nonce that came with another signature, and what
    `admit` raises; nothing of the message is written then.
    """
    arrival, call = entry.arrival, entry.call
    _note_nonce(db.connection(), call)
    known = {"account": call.account, "message_key": arrival.key}
    message = db.scalar(_MESSAGE, known)
    if message is not None:
        message.calls = min(message.calls + 1, COUNTED_CALLS)
        return Accepted(message, first=False)
    entry.admit()
    values = known | {
        "openid": arrival.openid,
        "account_id": arrival.account_id,
        "kind": arrival.kind,
        "text": storable(entry.masked),
        "token": secrets.token_urlsafe(16),
        "received_at": call.at,
        "calls": 1,
        "tries": 1,
        "leased_until": call.at + LEASE,
        "delivery": entry.delivery,
        "settled_at": call.at if entry.delivery in _SETTLED else None,
    }
    message_id = db.connection().execute(_ADD_MESSAGE, values).scalar_one()
    return Accepted(WeChatMessage(id=message_id, **values), first=True)


def note_outcome(db: Session, accepted: Accepted, outcome: str) -> None:
    """Keep what became of a command where a question keeps its text."""
    message = accepted.message
    message.text = outcome
    db.execute(update(WeChatMessage).where(WeChatMessage.id == message.id).values(text=outcome))


def _note_nonce(connection: Connection, call: Call) -> None:
    seen = connection.execute(_NONCE, {"digest": call.digest}).scalar()
    if seen is None:
        new = {"digest": call.digest, "signature": call.signature, "seen_at": call.at}
        connection.execute(_ADD_NONCE, new)
    elif seen != call.signature:
        raise CallbackRefused("nonce reused")


def find_turn_of(db: Session, message: WeChatMessage) -> Turn | None:
    """Return the recorded answer of a message."""
    return db.scalar(_TURN, {"message_id": message.turn_key})


def lock(db: Session, message_id: int) -> WeChatMessage:
    """Return a message that no other transaction can change until this one ends."""
    return db.scalars(_LOCKED, {"id": message_id}).one()


def choose_delivery(db: Session, message_id: int, wanted: Delivery, at: datetime) -> Delivery:
    """Decide how a message is delivered, unless that was decided before; return what holds.

    An answer that is there by now goes out passively instead of by another way.
    """
    message = lock(db, message_id)
    if message.delivery is None:
        turn = find_turn_of(db, message)
        message.delivery = wanted if turn is None else Delivery.PASSIVE
        if message.delivery is Delivery.PASSIVE:
            message.settled_at = at  # the others still wait for their answer
    return message.delivery


def take_up(db: Session, now: datetime, limit: int) -> Sequence[WeChatMessage]:
    """Lease messages that a process left unanswered; those tried too often are given up."""
    due = (
        select(WeChatMessage)
        .where(
            WeChatMessage.settled_at.is_(None),
            WeChatMessage.leased_until <= now,
            ~is_stopped(WeChatMessage.account),
        )
        .order_by(WeChatMessage.leased_until)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = []
    for message in db.scalars(due).all():
        if message.tries >= MAX_TRIES:
            message.delivery, message.settled_at = Delivery.UNDELIVERED, now
            continue
        message.tries += 1
        message.leased_until = now + LEASE
        taken.append(message)
    return taken


def forget_nonces(db: Session, now: datetime) -> None:
    """Delete the nonces whose time stamps are refused by now anyway."""
    db.execute(delete(WeChatNonce).where(WeChatNonce.seen_at < now - NONCES_KEPT))
