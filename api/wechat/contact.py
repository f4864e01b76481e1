"""Whom we may write to: what Tencent allows after each thing a person does."""

import hashlib
import hmac
from datetime import datetime, timedelta

from sqlalchemy import UniqueConstraint, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.arrival import ArrivalKind
from guidance.people.identity import WECHAT_PERSON
from storage.database import Base

# What a person does -> how many customer messages may follow, and for how long.
AFTER_MESSAGE = (5, timedelta(hours=48))
AFTER_EVENT = (3, timedelta(minutes=1))
_EVENTS = {ArrivalKind.FOLLOWED, ArrivalKind.SCANNED, ArrivalKind.CLICKED}
# Says nothing of whether the person follows the account: a permission needs no following.
_ASIDE = {ArrivalKind.SILENT, ArrivalKind.REPORTED, ArrivalKind.GRANTED}
_NOTHING = _ASIDE | {ArrivalKind.LEFT}


class WeChatContact(Base):
    """One follower of one account, with the messages that may still be pushed."""

    __tablename__ = "wechat_contacts"
    __table_args__ = (UniqueConstraint("account", "openid"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    openid: Mapped[str]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    window_until: Mapped[datetime]
    pushes_left: Mapped[int]
    # How records name them; "" until they write for the first time since this is kept.
    person: Mapped[str] = mapped_column(server_default="", index=True)

    def may_push(self, at: datetime) -> bool:
        """Whether Tencent lets us write to this person now."""
        return self.left_at is None and self.pushes_left > 0 and at < self.window_until


def person_reference(secret: str, account: str, openid: str) -> str:
    """Return how records name a WeChat user: a keyed digest, from which no openid comes back."""
    digest = hmac.new(secret.encode(), f"wechat\n{account}\n{openid}".encode(), hashlib.sha256)
    return f"{WECHAT_PERSON}{account}:{digest.hexdigest()[:32]}"


# Built once: putting a statement together takes longer than running it.
_CONTACT = (
    select(WeChatContact)
    .where(
        WeChatContact.account == bindparam("account"), WeChatContact.openid == bindparam("openid")
    )
    .with_for_update()
)


def find_contact(db: Session, account: str, openid: str) -> WeChatContact | None:
    """Return a follower, locked until the transaction ends."""
    return db.scalar(_CONTACT, {"account": account, "openid": openid})


def note_contact(
    db: Session, reader: tuple[str, str], person: str, kind: ArrivalKind, at: datetime
) -> None:
    """Note what (account, openid) did, and what may be sent to them for it. Once an arrival.

    `person` is how records name them. The transaction holds the turn of this contact
    (`Entry.turns`).
    """
    account, openid = reader
    contact = find_contact(db, account, openid)
    if contact is None:
        contact = WeChatContact(
            account=account,
            openid=openid,
            first_seen_at=at,
            last_seen_at=at,
            window_until=at,
            pushes_left=0,
        )
        db.add(contact)
    contact.person = person
    contact.last_seen_at = max(contact.last_seen_at, at)
    if kind not in _ASIDE:
        contact.left_at = at if kind is ArrivalKind.LEFT else None
    if kind in _NOTHING:
        return
    pushes, window = AFTER_EVENT if kind in _EVENTS else AFTER_MESSAGE
    # A short permission never takes away a longer one that is still open.
    if at + window >= contact.window_until or contact.pushes_left == 0:
        contact.window_until, contact.pushes_left = at + window, pushes
