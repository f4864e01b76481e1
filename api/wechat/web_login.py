"""Logging in to a page that is opened inside WeChat (网页授权, snsapi_base): the openid, no more.

The state is random, serves once, and only for the browser that set out with it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.account import OfficialAccount
from storage.database import Base

LOGIN_LIFE = timedelta(minutes=10)
CODE_LENGTH = 512
OWN_PAGES = ("/mentoring", "/conversations", "/me")


class WeChatLoginFailed(RuntimeError):
    """The login did not come to an end; the text says what to do."""


class WeChatLoginUnavailable(LookupError):
    """The official account cannot log anybody in."""


class WeChatSnapshot(RuntimeError):
    """WeChat shows the page to an account that it made up."""

    def __init__(self) -> None:
        super().__init__(
            "微信正在用快照页打开，不知道您是谁。请点页面右下角的“使用完整服务”，再重新进入。"
        )


class WeChatLogin(Base):
    """One login that set out; only a digest of its state is kept."""

    __tablename__ = "wechat_logins"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    visitor: Mapped[str] = mapped_column(index=True)
    account: Mapped[str]
    next_path: Mapped[str]
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Departure:
    """Who sets out to log in, through which account, and where to come back to."""

    visitor: str
    account: str
    next_path: str


def set_out(db: Session, departure: Departure, at: datetime) -> str:
    """Note a login; return its state."""
    state = secrets.token_hex(16)  # Tencent allows letters and digits
    db.add(
        WeChatLogin(
            digest=_digest(state),
            visitor=departure.visitor,
            account=departure.account,
            next_path=departure.next_path,
            expires_at=at + LOGIN_LIFE,
        )
    )
    db.flush()
    return state


def come_back(db: Session, state: str, visitor: str, account: str, at: datetime) -> str | None:
    """Use a state up; return where to go on, None when it is not this browser's, or too old."""
    used = delete(WeChatLogin).where(WeChatLogin.digest == _digest(state))
    row = db.execute(
        used.returning(
            WeChatLogin.visitor,
            WeChatLogin.account,
            WeChatLogin.next_path,
            WeChatLogin.expires_at,
        )
    ).first()
    if row is None or row.expires_at <= at or (row.visitor, row.account) != (visitor, account):
        return None
    return str(row.next_path)


def forget_logins(db: Session, at: datetime) -> None:
    """Delete the logins that did not come back in time."""
    db.execute(delete(WeChatLogin).where(WeChatLogin.expires_at <= at))


def authorize_address(base: str, account: OfficialAccount, back_to: str, state: str) -> str:
    """Return Tencent's address that sends the browser back with a code."""
    # Tencent reads the parameters in this order.
    query = {
        "appid": account.appid,
        "redirect_uri": back_to,
        "response_type": "code",
        "scope": "snsapi_base",
        "state": state,
    }
    return f"{base.rstrip('/')}/connect/oauth2/authorize?{urlencode(query)}#wechat_redirect"


def can_log_in(account: OfficialAccount) -> bool:
    """Whether Tencent gives an account web logins: verified, and not played by a simulator."""
    return account.can_push and not account.trial


def entry_path(account: OfficialAccount, path: str) -> str:
    """Return where a link in WeChat leads to a page: to a person's own page by the login.

    The browser inside WeChat does not know them yet; what is theirs would not be shown.
    """
    own = any(path == page or path.startswith((f"{page}/", f"{page}?")) for page in OWN_PAGES)
    if not (own and can_log_in(account)):
        return path
    return f"/wechat/{account.name}/login?next={quote(path)}"


def _digest(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()
