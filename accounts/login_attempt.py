"""Login attempts that failed: they slow guessing down and lock nobody out.

Counted per login and per address, as the Python Package Index does (10 in 5 minutes,
warehouse/config.py), in the database, so that several processes share the count. A
browser that has signed in to an account before has a count of its own: whoever guesses
at someone's password elsewhere cannot keep the owner out.
"""

import hashlib
import math
from datetime import datetime, timedelta

from sqlalchemy import Index, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, take_turns

WINDOW = timedelta(minutes=5)
ATTEMPTS = 10
ATTEMPTS_OF_ALL = 1000
EVERYONE = "everyone"


class TooManyLogins(RuntimeError):
    """Too many attempts; `retry_after_s` says how long to wait."""

    def __init__(self, retry_after_s: int) -> None:
        minutes = math.ceil(retry_after_s / 60)
        super().__init__(
            f"登录尝试太多，请在 {minutes} 分钟后再试。账号没有被锁；忘记密码请联系管理员。"
        )
        self.retry_after_s = retry_after_s


class LoginAttempt(Base):
    """One attempt that is running or failed, under one of its keys; kept for the window only."""

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))  # hash of a login, an address, a browser
    at: Mapped[datetime]


def begin_attempt(db: Session, keys: tuple[str, ...], at: datetime) -> None:
    """Count an attempt before it is checked, so that parallel ones count too.

    Raises TooManyLogins; an attempt that is refused is not counted.
    """
    take_turns(db, "login attempts")
    for key, most in (*((key, ATTEMPTS) for key in keys), (EVERYONE, ATTEMPTS_OF_ALL)):
        found = select(func.count(), func.min(LoginAttempt.at)).where(
            LoginAttempt.key == _kept(key), LoginAttempt.at > at - WINDOW
        )
        count, oldest = db.execute(found).one()
        if count >= most:
            raise TooManyLogins(max(1, math.ceil((oldest + WINDOW - at).total_seconds())))
    db.add_all(LoginAttempt(key=_kept(key), at=at) for key in (*keys, EVERYONE))


def forget_attempts(db: Session, keys: tuple[str, ...], at: datetime) -> None:
    """After the attempt of `at` succeeded: forget all of its first key, and itself elsewhere.

    The other keys keep their failures: whoever signs in to one account has not earned
    another ten guesses at the next.
    """
    kept = [_kept(key) for key in (*keys, EVERYONE)]
    db.execute(delete(LoginAttempt).where(LoginAttempt.key == kept[0]))
    db.execute(delete(LoginAttempt).where(LoginAttempt.key.in_(kept[1:]), LoginAttempt.at == at))


def sweep_attempts(db: Session, at: datetime) -> None:
    """Remove the attempts that count no more."""
    db.execute(delete(LoginAttempt).where(LoginAttempt.at <= at - WINDOW))


def _kept(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
