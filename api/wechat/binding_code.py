"""Codes of six digits that a page shows: to be sent to the official account, or read out."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.people.attempt import Limit, count_attempt
from storage.database import Base, take_turns

SHOWN = "shown:"  # begins the receiver of a code that is read out at a counter
CODE_LIFE = timedelta(minutes=10)
DIGITS = 6
DRAWS = 20
MADE = Limit(10, timedelta(hours=1))  # codes of one receiver


class BindingCode(Base):
    """A code that waits to be sent; only a keyed digest of it is kept."""

    __tablename__ = "binding_codes"

    receiver: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]


def make_code(db: Session, receiver: str, secret: str, at: datetime) -> str:
    """Return a new code for a receiver, good for ten minutes; an earlier one is void.

    One for SHOWN and a person binds nothing: it tells staff at a counter who it is.
    Raises TooManyAttempts.
    """
    count_attempt(db, secret.encode(), [(f"code for {receiver}", MADE)], at)
    take_turns(db, "binding codes")
    drop_code(db, receiver)
    forget_codes(db, at)
    for _ in range(DRAWS):
        code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
        digest = _digest(secret, code, shown=receiver.startswith(SHOWN))
        if db.scalar(select(BindingCode.digest).where(BindingCode.digest == digest)) is None:
            break
    db.add(BindingCode(receiver=receiver, digest=digest, expires_at=at + CODE_LIFE))
    db.flush()
    return code


def use_code(db: Session, code: str, secret: str, at: datetime) -> str | None:
    """Use a code up; return whose it was, None for a wrong, old or used one."""
    used = delete(BindingCode).where(
        BindingCode.digest == _digest(secret, code), BindingCode.expires_at > at
    )
    return db.scalar(used.returning(BindingCode.receiver))


def drop_code(db: Session, receiver: str) -> None:
    """Delete the code of a receiver."""
    db.execute(delete(BindingCode).where(BindingCode.receiver == receiver))


def person_showing(db: Session, code: str, secret: str, at: datetime) -> str | None:
    """Return who reads a code out at a counter; None for a wrong or old one."""
    waiting = select(BindingCode.receiver).where(
        BindingCode.digest == _digest(secret, code, shown=True), BindingCode.expires_at > at
    )
    receiver = db.scalar(waiting)
    return receiver.removeprefix(SHOWN) if receiver is not None else None


def forget_codes(db: Session, at: datetime) -> None:
    """Delete the codes that are too old."""
    db.execute(delete(BindingCode).where(BindingCode.expires_at <= at))


def _digest(secret: str, code: str, *, shown: bool = False) -> str:
    told = f"{'shown' if shown else 'binding'}\n{code}"
    return hmac.new(secret.encode(), told.encode(), hashlib.sha256).hexdigest()
