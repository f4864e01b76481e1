"""Access tokens: one for each account, shared by all processes through the database."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.account import OfficialAccount
from api.wechat.client import TencentApi
from storage.database import Base, Database, take_turns

# Tencent gives the same token until five minutes before its end, then a new one beside it.
RENEWED_BEFORE = timedelta(minutes=5)


class WeChatToken(Base):
    """The access token of one account as Tencent gave it last."""

    __tablename__ = "wechat_tokens"

    appid: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    expires_at: Mapped[datetime]


def access_token(
    database: Database, api: TencentApi, account: OfficialAccount, clock: Callable[[], datetime]
) -> str:
    """Return a token that is good for some minutes, asking Tencent when there is none.

    stable_token gives every caller the same token, so two processes that ask at once do
    no harm; the later end is kept. Raises SendFailed.
    """
    with database.reading() as db:
        known = db.get(WeChatToken, account.appid)
    if known is not None and clock() < known.expires_at - RENEWED_BEFORE:
        return known.token
    token, seconds = api.fetch_token(account.appid, account.app_secret)
    with database.writing() as db:
        keep_token(db, account.appid, token, clock() + timedelta(seconds=seconds))
    return token


def keep_token(db: Session, appid: str, token: str, expires_at: datetime) -> None:
    """Store a token unless one that lasts longer is there."""
    take_turns(db, f"wechat token {appid}")
    known = db.get(WeChatToken, appid)
    if known is None:
        db.add(WeChatToken(appid=appid, token=token, expires_at=expires_at))
    elif known.expires_at <= expires_at:
        known.token, known.expires_at = token, expires_at


def drop_token(db: Session, appid: str, token: str) -> None:
    """Forget a token that Tencent refused, unless another took its place meanwhile."""
    take_turns(db, f"wechat token {appid}")
    known = db.get(WeChatToken, appid)
    if known is not None and known.token == token:
        db.delete(known)
