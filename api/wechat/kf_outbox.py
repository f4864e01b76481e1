"""What goes out over 微信客服: texts and transfers, written with what causes them.

Every message carries an id of ours that WeCom takes once: one that was sent and not
settled because the process died is refused the second time, and nobody reads it twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.client import ErrorKind, SendFailed
from api.wechat.kf_message import KfContact
from api.wechat.outbox import BACK_OFF, text_body
from storage.database import Base, storable

LEASE = timedelta(seconds=60)
AT_ONCE = 20
WINDOW_CLOSED = (
    "对方最近48小时内没有发言，或5条消息已经用完，微信不允许再发；请打电话或等对方再来。"
)
NO_CONTACT = "没有找到这个人的微信客服聊天。"


class KfTask(StrEnum):
    """What is to be done."""

    TEXT = "text"
    ON_EVENT = "on_event"  # a text that an event allows, for twenty seconds
    TRANSFER = "transfer"  # put the conversation into the queue of colleagues, then say so


class KfState(StrEnum):
    """Where it stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


class KfOutboxMessage(Base):
    """One thing to do for one customer."""

    __tablename__ = "kf_outbox"
    __table_args__ = (
        Index("ix_kf_outbox_person", "account", "external_userid"),
        Index(
            "ix_kf_outbox_waiting",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    open_kfid: Mapped[str]
    external_userid: Mapped[str]
    send_id: Mapped[str] = mapped_column(unique=True)  # at most 32 bytes
    task: Mapped[KfTask]
    body: Mapped[dict[str, Any]]
    code: Mapped[str]  # of the event that allows it
    handover_id: Mapped[int | None]
    state: Mapped[KfState]
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    problem: Mapped[str]

    @property
    def reader(self) -> tuple[str, str]:
        """Desk and customer."""
        return self.open_kfid, self.external_userid

    def finish(self, at: datetime, problem: str = "") -> None:
        """Nothing more is to be done: it is sent, or dead for a reason."""
        self.state = KfState.DEAD if problem else KfState.SENT
        self.finished_at, self.problem = at, problem

    def note_failure(self, failure: SendFailed, at: datetime) -> None:
        """Try again later, or never."""
        passing = failure.kind in (ErrorKind.PASSING, ErrorKind.TOKEN)
        if passing and self.attempts <= len(BACK_OFF):
            self.problem, self.due_at = str(failure), at + BACK_OFF[self.attempts - 1]
        else:
            self.finish(at, str(failure))


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be done: `send_id` is ours and taken once, `code` that of an event."""

    send_id: str
    body: dict[str, Any]
    task: KfTask = KfTask.TEXT
    code: str = ""
    handover_id: int | None = None


def put(db: Session, contact: KfContact, outgoing: Outgoing, at: datetime) -> bool:
    """Write what is to be done, in the transaction of its cause; False when it was there."""
    known = select(KfOutboxMessage.id).where(KfOutboxMessage.send_id == outgoing.send_id)
    if db.scalar(known) is not None:
        return False
    db.add(
        KfOutboxMessage(
            account=contact.account,
            open_kfid=contact.open_kfid,
            external_userid=contact.external_userid,
            send_id=outgoing.send_id,
            task=outgoing.task,
            body=storable(outgoing.body),
            code=outgoing.code,
            handover_id=outgoing.handover_id,
            state=KfState.WAITING,
            attempts=0,
            due_at=at,
            created_at=at,
            problem="",
        )
    )
    db.flush()
    return True


def put_answer(db: Session, person: str, send_id: str, words: str, at: datetime) -> str:
    """Write a member of staff's answer; return why it cannot go out, "" when it can."""
    newest = select(KfContact).where(KfContact.person == person)
    contact = db.scalar(newest.order_by(KfContact.last_seen_at.desc()).limit(1).with_for_update())
    if contact is None:
        return NO_CONTACT
    if not contact.may_send(at):
        return WINDOW_CLOSED
    put(db, contact, Outgoing(send_id, text_body(words)), at)
    return ""


def take_due(db: Session, at: datetime) -> Sequence[KfOutboxMessage]:
    """Lease what is due, what was written first before others; what may not be sent is dead."""
    due = (
        select(KfOutboxMessage)
        .where(KfOutboxMessage.state == KfState.WAITING, KfOutboxMessage.due_at <= at)
        .order_by(KfOutboxMessage.id)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    taken, readers = [], set()
    for message in db.scalars(due).all():
        if message.reader in readers:  # one after the other: they may arrive out of order
            continue
        readers.add(message.reader)
        if message.task is KfTask.TEXT and message.attempts == 0 and not _use(db, message, at):
            message.finish(at, WINDOW_CLOSED)
            continue
        message.attempts += 1
        message.due_at = at + LEASE
        taken.append(message)
    return taken


def contact_of(db: Session, message: KfOutboxMessage) -> KfContact | None:
    """Return the customer of a message, locked."""
    found = select(KfContact).where(
        KfContact.account == message.account,
        KfContact.open_kfid == message.open_kfid,
        KfContact.external_userid == message.external_userid,
    )
    return db.scalar(found.with_for_update())


def _use(db: Session, message: KfOutboxMessage, at: datetime) -> bool:
    """Take one of the messages that WeCom allows; False when there is none."""
    contact = contact_of(db, message)
    if contact is None or not contact.may_send(at):
        return False
    contact.sends_left -= 1
    return True
