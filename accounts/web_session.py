"""Sessions of signed-in browsers: kept on the server, ended at any moment (ASVS 5.0 chapter 7)."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ForeignKey, String, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.account import Account
from accounts.role import Role
from storage.database import LARGEST_ID, Base

TOKEN_BYTES = 32
DEVICE_LENGTH = 64
STAFF_IDLE = timedelta(minutes=30)
STAFF_LIMIT = timedelta(hours=12)
# A mentor answers proposals from a phone and sees their own mentees only.
MENTOR_IDLE = timedelta(days=14)
MENTOR_LIMIT = timedelta(days=60)
CODE_LIMIT = timedelta(minutes=5)
# Noting every request would make a write of every read.
SEEN_EVERY = timedelta(minutes=1)


class Stage(StrEnum):
    """How far a sign-in has come."""

    CODE = "code"  # the password was right, the one-time code is missing
    OPEN = "open"  # signed in


class WebSession(Base):
    """One signed-in browser. The token is in its cookie alone; here is only its hash."""

    __tablename__ = "web_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    stage: Mapped[Stage]
    device: Mapped[str] = mapped_column(String(DEVICE_LENGTH))  # as "手机 · Chrome"
    opened_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    idle_until: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)

    def see(self, account: Account, at: datetime) -> None:
        """Note that it was used, which puts off its idle end."""
        self.last_seen_at = at
        self.idle_until = min(at + _limits(account)[0], self.expires_at)


def open_session(
    db: Session, account: Account, stage: Stage, device: str, at: datetime
) -> tuple[WebSession, str]:
    """Open a session; return it and its token, which nobody can be told again."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    idle, limit = (CODE_LIMIT, CODE_LIMIT) if stage is Stage.CODE else _limits(account)
    session = WebSession(
        token_hash=token_hash(token),
        account_id=account.id,
        stage=stage,
        device=device[:DEVICE_LENGTH],
        opened_at=at,
        last_seen_at=at,
        idle_until=at + idle,
        expires_at=at + limit,
    )
    db.add(session)
    db.flush()
    return session, token


def find_session(
    db: Session, token: str, stage: Stage, at: datetime
) -> tuple[WebSession, Account] | None:
    """Return the running session of a token with its active account."""
    query = (
        select(WebSession, Account)
        .join(Account, Account.id == WebSession.account_id)
        .where(
            WebSession.token_hash == token_hash(token),
            WebSession.stage == stage,
            WebSession.idle_until > at,
            WebSession.expires_at > at,
            Account.active,
        )
    )
    row = db.execute(query).first()
    return (row[0], row[1]) if row else None


def sessions_of(db: Session, account_id: int, at: datetime) -> Sequence[WebSession]:
    """Return the running sessions of an account, the one used last first."""
    query = (
        select(WebSession)
        .where(
            WebSession.account_id == account_id,
            WebSession.stage == Stage.OPEN,
            WebSession.idle_until > at,
            WebSession.expires_at > at,
        )
        .order_by(WebSession.last_seen_at.desc(), WebSession.id.desc())
    )
    return db.scalars(query).all()


def end_session(db: Session, account_id: int, session_id: int) -> bool:
    """End one session of an account; False when the account has no such session."""
    if not 0 < session_id <= LARGEST_ID:
        return False
    ended = db.execute(
        delete(WebSession)
        .where(WebSession.id == session_id, WebSession.account_id == account_id)
        .returning(WebSession.id)
    )
    return ended.first() is not None


def end_sessions(db: Session, account_id: int) -> int:
    """End every session of an account; return how many there were."""
    ended = db.execute(
        delete(WebSession).where(WebSession.account_id == account_id).returning(WebSession.id)
    )
    return len(ended.all())


def sweep_sessions(db: Session, at: datetime) -> None:
    """Remove the sessions that are over."""
    db.execute(
        delete(WebSession).where(or_(WebSession.idle_until <= at, WebSession.expires_at <= at))
    )


def token_hash(token: str) -> str:
    """Return what the database keeps of a random token: 64 hexadecimal digits."""
    return hashlib.sha256(token.encode()).hexdigest()


def form_token(token: str) -> str:
    """Return what every form of a session carries, so that no other page can send one."""
    return hmac.new(token.encode(), b"qichuang form", hashlib.sha256).hexdigest()


def _limits(account: Account) -> tuple[timedelta, timedelta]:
    if account.roles == {Role.MENTOR}:
        return MENTOR_IDLE, MENTOR_LIMIT
    return STAFF_IDLE, STAFF_LIMIT
