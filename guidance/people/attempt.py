"""How often something may be tried that proves who a person is: counted for all processes."""

import hashlib
import hmac
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Index, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, take_turns

KEPT = timedelta(days=1)  # no limit looks further back


class TooManyAttempts(RuntimeError):
    """Tried too often; `retry_after_s` says how long to wait."""

    def __init__(self, retry_after_s: int) -> None:
        minutes = math.ceil(retry_after_s / 60)
        hours = math.ceil(minutes / 60)
        wait = f"{minutes} 分钟" if minutes < 120 else f"{hours} 小时"
        super().__init__(f"次数太多了，请过 {wait}再试。")
        self.retry_after_s = retry_after_s


class IdentityAttempt(Base):
    """One attempt under one of its keys; who or which number it was cannot be read from it."""

    __tablename__ = "identity_attempts"
    __table_args__ = (Index("ix_identity_attempts_key_at", "key", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many attempts within a time (at most a day)."""

    most: int
    within: timedelta


def check_attempts(
    db: Session, secret: bytes, limits: Sequence[tuple[str, Limit]], at: datetime
) -> None:
    """Raise TooManyAttempts when one of the named things was tried too often.

    Until the transaction ends, nobody else may count the same.
    """
    take_turns(db, *sorted({f"attempt {_kept(secret, name)}" for name, _ in limits}))
    waits = []
    for name, limit in limits:
        tried = select(IdentityAttempt.at).where(
            IdentityAttempt.key == _kept(secret, name), IdentityAttempt.at > at - limit.within
        )
        newest = db.scalars(tried.order_by(IdentityAttempt.at.desc()).limit(limit.most)).all()
        if len(newest) >= limit.most:
            waits.append(newest[-1] + limit.within - at)
    if waits:
        raise TooManyAttempts(max(1, math.ceil(max(waits).total_seconds())))


def count_attempt(
    db: Session, secret: bytes, limits: Sequence[tuple[str, Limit]], at: datetime
) -> None:
    """Count one attempt under each name. Raises TooManyAttempts, and counts nothing then."""
    check_attempts(db, secret, limits, at)
    names = sorted({name for name, _ in limits})
    db.add_all(IdentityAttempt(key=_kept(secret, name), at=at) for name in names)
    db.flush()


def forget_attempts(db: Session, at: datetime) -> None:
    """Delete the attempts that no limit looks at any more."""
    db.execute(delete(IdentityAttempt).where(IdentityAttempt.at <= at - KEPT))


def _kept(secret: bytes, name: str) -> str:
    return hmac.new(secret, name.encode(), hashlib.sha256).hexdigest()
