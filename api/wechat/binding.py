"""WeChat bound to people and accounts: a code from the web page, sent as “绑定 123456”.

A link says where somebody is written to. The receiver is a person reference, or
"account:<id>" for staff and mentors; the openid stands here because a push needs it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Index, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.binding_code import drop_code, use_code
from api.wechat.contact import WeChatContact
from audit.log import Actor, ActorKind, append_event
from guidance.people.attempt import (
    Limit,
    TooManyAttempts,
    check_attempts,
    count_attempt,
)
from guidance.people.identity import digest_of, mark_internal, references_of
from storage.database import Base

ACCOUNT = "account:"
SETTLED_AT_ONCE = 100
GUESSED = Limit(5, timedelta(hours=1))  # wrong codes from one WeChat user


class BindingOutcome(StrEnum):
    """What became of a code that somebody sent."""

    PERSON = "bound_person"
    STAFF = "bound_staff"
    UNKNOWN = "unknown_code"  # or too old, or used
    TOO_OFTEN = "too_many_codes"
    NO_CODE = "no_code"
    RELEASED = "released"
    NOTHING_BOUND = "nothing_bound"


class LinkProof(StrEnum):
    """What showed that both ends are in one hand."""

    CODE = "code"
    LOGIN = "login"


class WeChatLink(Base):
    """The WeChat user whom one receiver is written to."""

    __tablename__ = "wechat_links"
    __table_args__ = (Index("ix_wechat_links_account_openid", "account", "openid"),)

    receiver: Mapped[str] = mapped_column(primary_key=True)
    account: Mapped[str]
    openid: Mapped[str]
    person: Mapped[str] = mapped_column(index=True)  # how records name the WeChat user
    proof: Mapped[LinkProof]
    linked_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]  # both references were made one person


@dataclass(frozen=True, slots=True)
class WeChatUser:
    """One user of one official account."""

    account: str
    openid: str
    person: str

    @property
    def actor(self) -> Actor:
        """How the audit log names who acted."""
        return Actor(ActorKind.PERSON, digest_of(self.person))


def wechat_of(db: Session, receiver: str) -> tuple[str, str] | None:
    """Return (official account, openid) to write to somebody, None when there is none.

    A person who was bound on one device is reached from the records of all of theirs;
    a person who wrote over WeChat is reached there. Who left is not reached.
    """
    staff = receiver.startswith(ACCOUNT)
    names = [receiver] if staff else references_of(db, receiver)
    bound = select(WeChatLink.account, WeChatLink.openid).join(
        WeChatContact,
        (WeChatContact.account == WeChatLink.account) & (WeChatContact.openid == WeChatLink.openid),
    )
    newest = bound.where(WeChatLink.receiver.in_(names), WeChatContact.left_at.is_(None))
    found = db.execute(newest.order_by(WeChatLink.linked_at.desc()).limit(1)).first()
    if found is None and not staff:
        wrote = select(WeChatContact.account, WeChatContact.openid).where(
            WeChatContact.person == receiver, WeChatContact.left_at.is_(None)
        )
        found = db.execute(wrote.limit(1)).first()
    return (found.account, found.openid) if found is not None else None


def link_of(db: Session, receiver: str) -> WeChatLink | None:
    """Return the link of a receiver itself."""
    return db.get(WeChatLink, receiver)


def redeem(db: Session, user: WeChatUser, code: str, secret: str, at: datetime) -> BindingOutcome:
    """Bind the WeChat user to the receiver of a code that they sent; a code serves once.

    Who sends wrong codes too often is not listened to for an hour.
    """
    if not code:
        return BindingOutcome.NO_CODE
    guesses = [(f"guess {user.person}", GUESSED)]
    try:
        check_attempts(db, secret.encode(), guesses, at)
    except TooManyAttempts:
        return BindingOutcome.TOO_OFTEN
    receiver = use_code(db, code, secret, at)
    if receiver is None:
        count_attempt(db, secret.encode(), guesses, at)
        return BindingOutcome.UNKNOWN
    link(db, receiver, user, at, LinkProof.CODE)
    return BindingOutcome.STAFF if receiver.startswith(ACCOUNT) else BindingOutcome.PERSON


def link(db: Session, receiver: str, user: WeChatUser, at: datetime, proof: LinkProof) -> None:
    """Bind a WeChat user to a receiver, in place of whom it was bound to before.

    Who is staff or a mentor is not counted any
    more; that a person's references are one is settled soon after (`settle_links`).
    """
    staff = receiver.startswith(ACCOUNT)
    known = db.get(WeChatLink, receiver)
    if known is not None:
        db.delete(known)
        db.flush()
    db.add(
        WeChatLink(
            receiver=receiver,
            account=user.account,
            openid=user.openid,
            person=user.person,
            proof=proof,
            linked_at=at,
            settled_at=at if staff else None,
        )
    )
    db.flush()
    if staff:
        mark_internal(db, user.person, at)
    said = {"channel": user.account, "how": proof, "person": digest_of(user.person)}
    append_event(db, "wechat.linked", subject_of(receiver), user.actor, said)


def unlink(db: Session, receiver: str, by: Actor) -> bool:
    """Take the WeChat user off a receiver, with any code that waits; False when there was none.

    What was counted as one person stays one person.
    """
    drop_code(db, receiver)
    known = db.get(WeChatLink, receiver)
    if known is None:
        return False
    db.delete(known)
    db.flush()
    note_unlinked(db, [receiver], known.account, by)
    return True


def release(db: Session, user: WeChatUser) -> BindingOutcome:
    """Take a WeChat user off everything they were bound to, as they wrote “解除绑定”."""
    bound = drop_links(db, user.account, user.openid)
    note_unlinked(db, bound, user.account, user.actor)
    return BindingOutcome.RELEASED if bound else BindingOutcome.NOTHING_BOUND


def drop_links(db: Session, account: str, openid: str) -> list[str]:
    """Delete the links to a WeChat user without an event; return the receivers."""
    mine = delete(WeChatLink).where(WeChatLink.account == account, WeChatLink.openid == openid)
    return list(db.scalars(mine.returning(WeChatLink.receiver)))


def note_unlinked(db: Session, receivers: Sequence[str], account: str, by: Actor) -> None:
    """Put it in the audit log that receivers are not written to any more."""
    for receiver in receivers:
        append_event(db, "wechat.unlinked", subject_of(receiver), by, {"channel": account})


def unsettled(db: Session) -> list[WeChatLink]:
    """Return some links whose two references are not known to be one person yet."""
    waiting = select(WeChatLink).where(WeChatLink.settled_at.is_(None))
    return list(db.scalars(waiting.order_by(WeChatLink.linked_at).limit(SETTLED_AT_ONCE)))


def note_settled(db: Session, receiver: str, person: str, at: datetime) -> None:
    """Note that a receiver and the WeChat user bound to it are one person."""
    mine = (WeChatLink.receiver == receiver, WeChatLink.person == person)
    db.execute(update(WeChatLink).where(*mine).values(settled_at=at))


def subject_of(receiver: str) -> str:
    """Return how the audit log names a receiver."""
    return receiver if receiver.startswith(ACCOUNT) else f"person:{digest_of(receiver)}"
