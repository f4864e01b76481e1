"""Customer messages: written with what causes them, sent until Tencent has them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.client import ErrorKind, SendFailed
from api.wechat.contact import find_contact
from storage.database import Base, storable

# Waits before the second and later attempts. An answer is of no use after two days.
BACK_OFF = tuple(timedelta(seconds=s) for s in (2, 10, 60, 300, 1800, 7200))
LEASE = timedelta(seconds=60)
SENT_AT_ONCE = 20
_TRIED_AGAIN = (ErrorKind.PASSING, ErrorKind.TOKEN)


class OutboxState(StrEnum):
    """Where a message to a person stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"  # never sent; staff see it with the reason


class OutboxMessage(Base):
    """One customer message. `cause` makes it unique: one cause is told once."""

    __tablename__ = "wechat_outbox"
    __table_args__ = (
        Index(
            "ix_wechat_outbox_waiting",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    openid: Mapped[str]
    cause: Mapped[str] = mapped_column(unique=True)  # message:17
    body: Mapped[dict[str, Any]]  # as Tencent gets it, without touser
    fallback: Mapped[str]  # sent as text where the body's kind is refused
    state: Mapped[OutboxState]
    attempts: Mapped[int]
    due_at: Mapped[datetime]  # while it is being sent: when another process may try
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    problem: Mapped[str]  # of the last attempt: Tencent's error code and what it means

    def note_sent(self, at: datetime) -> None:
        """Tencent took it."""
        self.state, self.finished_at, self.problem = OutboxState.SENT, at, ""

    def note_failure(self, failure: SendFailed, at: datetime) -> None:
        """Try again later, in another form, or never, as the failure says."""
        self.problem = str(failure)
        if failure.kind is ErrorKind.FORM_REFUSED and self.body["msgtype"] != "text":
            self.body = text_body(self.fallback)
            self.due_at = at
        elif failure.kind in _TRIED_AGAIN and self.attempts <= len(BACK_OFF):
            self.due_at = at + BACK_OFF[self.attempts - 1]
        else:
            self.give_up(self.problem, at)

    def give_up(self, problem: str, at: datetime) -> None:
        """Send it never."""
        self.state, self.finished_at, self.problem = OutboxState.DEAD, at, problem


def text_body(content: str) -> dict[str, Any]:
    """Return the body of a text message."""
    return {"msgtype": "text", "text": {"content": content}}


def menu_body(head: str, choices: Sequence[str]) -> dict[str, Any]:
    """Return the body of a 菜单消息: a text with choices to tap."""
    listed = [{"id": str(n), "content": choice} for n, choice in enumerate(choices, start=1)]
    menu = {"head_content": head, "list": listed, "tail_content": ""}
    return {"msgtype": "msgmenu", "msgmenu": menu}


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent: a body, and the text to send where its kind is refused."""

    body: dict[str, Any]
    fallback: str


def put_in(db: Session, reader: tuple[str, str], cause: str, letter: Letter, at: datetime) -> bool:
    """Write a message to (account, openid), in the transaction of its cause.

    Returns False when it was written before.
    """
    if db.scalar(select(OutboxMessage.id).where(OutboxMessage.cause == cause)) is not None:
        return False
    message = OutboxMessage(
        account=reader[0],
        openid=reader[1],
        cause=cause,
        body=storable(letter.body),
        fallback=storable(letter.fallback),
        state=OutboxState.WAITING,
        attempts=0,
        due_at=at,
        created_at=at,
        problem="",
    )
    db.add(message)
    return True


def take_due(db: Session, now: datetime, limit: int = SENT_AT_ONCE) -> list[OutboxMessage]:
    """Lease the messages to send now, and use up one push of each reader's quota.

    One that may not be sent any more is given up. The messages of one person leave in
    the order in which they were written, so a later one waits for an earlier one.
    """
    due = (
        select(OutboxMessage)
        .where(OutboxMessage.state == OutboxState.WAITING, OutboxMessage.due_at <= now)
        .order_by(OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken: list[OutboxMessage] = []
    # Contacts are locked in one order everywhere: callbacks lock several at a time, too.
    for message in sorted(db.scalars(due), key=lambda one: (one.account, one.openid, one.id)):
        if _waits_for_earlier(db, message):
            continue
        contact = find_contact(db, message.account, message.openid)
        if contact is None or not contact.may_push(now):
            message.give_up("超出微信允许的条数或时间，或对方已取消关注", now)
            continue
        contact.pushes_left -= 1
        message.attempts += 1
        message.due_at = now + LEASE
        taken.append(message)
    return taken


def _waits_for_earlier(db: Session, message: OutboxMessage) -> bool:
    earlier = select(OutboxMessage.id).where(
        OutboxMessage.state == OutboxState.WAITING,
        OutboxMessage.account == message.account,
        OutboxMessage.openid == message.openid,
        OutboxMessage.id < message.id,
    )
    return db.scalar(earlier.limit(1)) is not None


def settle(db: Session, message_id: int, failure: SendFailed | None, at: datetime) -> None:
    """Note how an attempt went; one that Tencent did not take gives its push back."""
    message = db.get_one(OutboxMessage, message_id, with_for_update=True)
    if failure is None:
        message.note_sent(at)
        return
    contact = find_contact(db, message.account, message.openid)
    if contact is not None:
        if failure.kind is ErrorKind.OVER_QUOTA:
            contact.pushes_left = 0
        elif failure.kind is ErrorKind.GONE:
            contact.left_at = at
        elif not failure.maybe_sent:
            contact.pushes_left += 1
    message.note_failure(failure, at)


def dead_letters(db: Session, limit: int = 100) -> Sequence[OutboxMessage]:
    """Return the messages that were never sent, newest first."""
    dead = select(OutboxMessage).where(OutboxMessage.state == OutboxState.DEAD)
    return db.scalars(dead.order_by(OutboxMessage.id.desc()).limit(limit)).all()


def count_outbox(db: Session) -> dict[OutboxState, int]:
    """Return how many messages stand where."""
    rows = db.execute(select(OutboxMessage.state, func.count()).group_by(OutboxMessage.state))
    return {row[0]: row[1] for row in rows}
