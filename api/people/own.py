"""Which references a browser may read: its own, and those of the WeChat user behind it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.wechat.binding import ACCOUNT, LinkProof, WeChatLink


def own_references(db: Session, person: str) -> list[str]:
    """Return the references whose conversations the holder of one may read, itself first.

    Only a web login opens others: it proves that this very browser is in the WeChat user's
    hand. A code may have been sent by somebody who was talked into it, and what telephone
    or staff made one person is one for counting.
    """
    mine = db.get(WeChatLink, person)
    if mine is None or mine.proof is not LinkProof.LOGIN:
        return [person]
    others = select(WeChatLink.receiver).where(
        WeChatLink.account == mine.account,
        WeChatLink.openid == mine.openid,
        WeChatLink.receiver.not_like(f"{ACCOUNT}%"),
        WeChatLink.receiver != person,
    )
    return [person, mine.person, *db.scalars(others.order_by(WeChatLink.receiver))]
