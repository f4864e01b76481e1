"""What came over 微信客服, and from whom: each message once, settled once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.contact import person_reference
from assistant.guardrails import mask_personal_data
from storage.database import Base, storable

LEASE = timedelta(seconds=60)
MAX_TRIES = 5
MAX_TEXT = 2000
SENDS_AFTER_MESSAGE = 5
WINDOW = timedelta(hours=48)
CUSTOMER, SERVICER = 3, 5  # origins of a message
LARGEST_SECONDS = 2**33


class KfKind(StrEnum):
    """What a message is, as far as what follows differs."""

    QUESTION = "question"
    UNREADABLE = "unreadable"  # an image, a voice message, a file ...
    SERVICER = "servicer"  # a colleague wrote in WeCom
    ENTERED = "entered"
    TAKEN = "taken"  # a colleague took the conversation up
    ENDED = "ended"  # ... or ended it
    NOT_DELIVERED = "not_delivered"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Desk:
    """One desk of one account."""

    account: str
    open_kfid: str


class KfMessage(Base):
    """One message or event of one customer."""

    __tablename__ = "kf_messages"
    __table_args__ = (
        UniqueConstraint("account", "message_key"),
        Index("ix_kf_messages_person", "account", "external_userid"),
        Index(
            "ix_kf_messages_unsettled",
            "leased_until",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    open_kfid: Mapped[str]
    message_key: Mapped[str]
    external_userid: Mapped[str]
    kind: Mapped[KfKind]
    text: Mapped[str]  # personal numbers masked; of an undelivered message: its id
    code: Mapped[str]  # for the one message that an event allows
    servicer: Mapped[str]
    sent_at: Mapped[datetime]
    tries: Mapped[int]
    leased_until: Mapped[datetime]
    settled_at: Mapped[datetime | None]

    @property
    def turn_key(self) -> str:
        """The id under which its turn is recorded."""
        return f"{self.account}:{self.message_key}"


class KfContact(Base):
    """One customer of one desk, with what may still be sent and who speaks with them."""

    __tablename__ = "kf_contacts"
    __table_args__ = (UniqueConstraint("account", "open_kfid", "external_userid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    open_kfid: Mapped[str]
    external_userid: Mapped[str]
    person: Mapped[str] = mapped_column(index=True)  # how records name them
    last_seen_at: Mapped[datetime]
    window_until: Mapped[datetime]
    sends_left: Mapped[int]
    with_people: Mapped[bool]  # waits for a colleague in WeCom, or speaks with one
    servicer: Mapped[str]  # userid of that colleague

    def may_send(self, at: datetime) -> bool:
        """Whether WeCom lets us write to this person now."""
        return self.sends_left > 0 and at < self.window_until


def take_up(db: Session, now: datetime, limit: int) -> Sequence[KfMessage]:
    """Lease messages to settle, in the order in which they were written."""
    due = (
        select(KfMessage)
        .where(KfMessage.settled_at.is_(None), KfMessage.leased_until <= now)
        .order_by(KfMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = []
    for message in db.scalars(due).all():
        if message.tries >= MAX_TRIES:
            message.settled_at = now
            continue
        message.tries += 1
        message.leased_until = now + LEASE
        taken.append(message)
    return taken


def find_kf_contact(db: Session, message: KfMessage) -> KfContact:
    """Return the customer of a message, locked until the transaction ends."""
    found = select(KfContact).where(
        KfContact.account == message.account,
        KfContact.open_kfid == message.open_kfid,
        KfContact.external_userid == message.external_userid,
    )
    return db.scalars(found.with_for_update()).one()


def keep_message(
    db: Session, desk: Desk, told: Mapping[str, Any], secret: str, at: datetime
) -> None:
    """Write one message unless it is there."""
    event = _part(told, "event")
    customer = str(told.get("external_userid") or event.get("external_userid") or "")
    key = str(told.get("msgid") or "")
    if not (0 < len(key) <= 128 and 0 < len(customer) <= 128):
        return
    known = select(KfMessage.id).where(
        KfMessage.account == desk.account, KfMessage.message_key == storable(key)
    )
    if db.scalar(known) is not None:
        return
    kind, text_, code, servicer = _read(told, event)
    message = KfMessage(
        account=desk.account,
        open_kfid=desk.open_kfid,
        message_key=storable(key),
        external_userid=storable(customer),
        kind=kind,
        text=storable(mask_personal_data(text_[:MAX_TEXT])),
        code=storable(code[:512]),
        servicer=storable(servicer[:64]),
        sent_at=_moment(told.get("send_time"), at),
        tries=0,
        leased_until=at,
    )
    db.add(message)
    db.flush()
    _note_contact(db, message, secret, at)


def _read(told: Mapping[str, Any], event: Mapping[str, Any]) -> tuple[KfKind, str, str, str]:
    """Return kind, text, code and servicer of a message."""
    kind, origin = told.get("msgtype"), told.get("origin")
    servicer = str(told.get("servicer_userid") or event.get("new_servicer_userid") or "")
    if kind == "event":
        return _read_event(event, servicer)
    words = str(_part(told, "text").get("content") or "") if kind == "text" else ""
    if origin == SERVICER:
        return KfKind.SERVICER, words or "（发了图片或文件，请在企业微信里查看）", "", servicer
    if origin != CUSTOMER:
        return KfKind.OTHER, "", "", ""
    return (KfKind.QUESTION if words.strip() else KfKind.UNREADABLE), words, "", ""


def _read_event(event: Mapping[str, Any], servicer: str) -> tuple[KfKind, str, str, str]:
    name, change = event.get("event_type"), event.get("change_type")
    if name == "enter_session":
        return KfKind.ENTERED, "", str(event.get("welcome_code") or ""), ""
    if name == "msg_send_fail":
        return KfKind.NOT_DELIVERED, str(event.get("fail_msgid") or ""), "", ""
    if name == "session_status_change":
        # 1 taken from the queue, 2 given to a colleague, 3 ended, 4 taken up again
        kind = KfKind.ENDED if change == 3 else KfKind.TAKEN
        return kind, "", str(event.get("msg_code") or ""), servicer
    return KfKind.OTHER, "", "", ""


def _part(told: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = told.get(name)
    return part if isinstance(part, dict) else {}


def _moment(seconds: Any, at: datetime) -> datetime:
    if not isinstance(seconds, int) or not 0 < seconds < LARGEST_SECONDS:
        return at
    return min(datetime.fromtimestamp(seconds, UTC), at)


def _note_contact(db: Session, message: KfMessage, secret: str, at: datetime) -> None:
    """Note what a customer did, and what may be sent to them for it."""
    found = select(KfContact).where(
        KfContact.account == message.account,
        KfContact.open_kfid == message.open_kfid,
        KfContact.external_userid == message.external_userid,
    )
    contact = db.scalar(found.with_for_update())
    if contact is None:
        contact = KfContact(
            account=message.account,
            open_kfid=message.open_kfid,
            external_userid=message.external_userid,
            person=person_reference(secret, message.account, message.external_userid),
            last_seen_at=at,
            window_until=at,
            sends_left=0,
            with_people=False,
            servicer="",
        )
        db.add(contact)
    if message.kind in (KfKind.QUESTION, KfKind.UNREADABLE):
        contact.last_seen_at = max(contact.last_seen_at, message.sent_at)
        if message.sent_at + WINDOW >= contact.window_until:
            contact.window_until = message.sent_at + WINDOW
            contact.sends_left = SENDS_AFTER_MESSAGE
    db.flush()
