"""Forgetting a WeChat user: openid, links and permissions go; sessions keep what was said."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from api.wechat.binding import WeChatLink, WeChatUser, drop_links, note_unlinked
from api.wechat.contact import WeChatContact, person_reference
from api.wechat.grant import WeChatGrant
from api.wechat.outbox import OutboxMessage, OutboxState
from api.wechat.received import WeChatMessage
from api.wechat.union import WeChatUnion
from audit.log import SYSTEM
from storage.database import take_turns

GONE = "对方已取消关注"
AT_ONCE = 200
_TO_SEND = (OutboxState.WAITING, OutboxState.HELD)


def forget_follower(db: Session, user: WeChatUser, at: datetime) -> list[str]:
    """Forget who left: whatever waits for them is given up, and nothing names their openid.

    Returns the receivers that were bound to them. Locks the outbox before the contact, as
    sending does.
    """
    letters = update(OutboxMessage).where(*_theirs(OutboxMessage, user))
    given_up = {"state": OutboxState.DEAD, "problem": GONE, "finished_at": at}
    db.execute(letters.where(OutboxMessage.state.in_(_TO_SEND)).values(**given_up))
    db.execute(letters.values(openid=""))
    db.execute(delete(WeChatContact).where(*_theirs(WeChatContact, user)))
    db.execute(delete(WeChatGrant).where(*_theirs(WeChatGrant, user)))
    db.execute(delete(WeChatUnion).where(WeChatUnion.person == user.person))
    messages = update(WeChatMessage).where(*_theirs(WeChatMessage, user))
    db.execute(messages.where(WeChatMessage.settled_at.is_not(None)).values(openid=""))
    db.expire_all()
    return drop_links(db, user.account, user.openid)


def find_gone(db: Session) -> list[WeChatUser]:
    """Return some of those who have left."""
    gone = select(WeChatContact).where(WeChatContact.left_at.is_not(None))
    contacts = db.scalars(gone.order_by(WeChatContact.id).limit(AT_ONCE))
    return [WeChatUser(one.account, one.openid, one.person) for one in contacts]


def forget_if_gone(db: Session, user: WeChatUser, at: datetime) -> bool:
    """Forget a follower, unless they came back in this moment or a message is in work."""
    take_turns(db, f"wechat contact {user.account} {user.openid}")
    left = select(WeChatContact.id).where(
        *_theirs(WeChatContact, user), WeChatContact.left_at.is_not(None)
    )
    in_work = select(WeChatMessage.id).where(
        *_theirs(WeChatMessage, user), WeChatMessage.settled_at.is_(None)
    )
    if db.scalar(left) is None or db.scalar(in_work.limit(1)) is not None:
        return False
    note_unlinked(db, forget_follower(db, user, at), user.account, SYSTEM)
    return True


def erase_wechat_user(db: Session, person: str, secret: str, at: datetime) -> None:
    """Erase everything of the channel that is about the WeChat user of a reference."""
    for user in _users(db, person, secret):
        for table in (OutboxMessage, WeChatMessage):
            db.execute(delete(table).where(*_theirs(table, user)))
        forget_follower(db, user, at)


def _users(db: Session, person: str, secret: str) -> Sequence[WeChatUser]:
    found = {
        (row.account, row.openid)
        for table in (WeChatContact, WeChatLink)
        for row in db.execute(select(table.account, table.openid).where(table.person == person))
    }
    # Followers who have not written since their reference is kept have to be tried.
    unnamed = select(WeChatContact.account, WeChatContact.openid).where(WeChatContact.person == "")
    for row in db.execute(unnamed):
        if person_reference(secret, row.account, row.openid) == person:
            found.add((row.account, row.openid))
    return [WeChatUser(account, openid, person) for account, openid in sorted(found)]


def _theirs(table: Any, user: WeChatUser) -> tuple[Any, Any]:
    return table.account == user.account, table.openid == user.openid
