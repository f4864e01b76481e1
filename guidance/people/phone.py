"""A telephone number, proven by a code that was sent to it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import Actor, append_event
from guidance.people.attempt import Limit, count_attempt
from guidance.people.identity import (
    Identity,
    IdentityKind,
    bind_identity,
    digest_of,
    holder_of,
)
from guidance.people.merging import join_people, propose_by_system
from storage.database import Base, take_turns

CODE_LIFE = timedelta(minutes=10)
DIGITS = 6
TRIES = 5
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# Numbers that were given up go to somebody else after 90 days at the earliest
# (电信网码号资源管理办法): until then a number proves that two people are one.
PROVES_FOR = timedelta(days=90)


class CodeCheck(StrEnum):
    """What came of a code that was typed."""

    RIGHT = "right"
    WRONG = "wrong"
    GONE = "gone"  # too old, tried too often, or for another number


class PhoneCode(Base):
    """The code that waits for one person; number and code only as keyed digests."""

    __tablename__ = "phone_codes"

    person: Mapped[str] = mapped_column(primary_key=True)
    number_digest: Mapped[str] = mapped_column(String(64))
    code_digest: Mapped[str] = mapped_column(String(64))
    tries_left: Mapped[int]
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class PhoneClaim:
    """Somebody says that a number is theirs; `number_digest` as `identity_digest` makes it."""

    person: str
    number_digest: str
    key: bytes  # of this installation


def make_phone_code(db: Session, claim: PhoneClaim, address: str, at: datetime) -> str:
    """Return the code to send; an earlier one of the person is void.

    Counted per number, person, address and in all: a message costs money, and whoever
    owns the number may not have asked for it. Raises TooManyAttempts.
    """
    number, person = f"sms to {claim.number_digest}", f"sms by {claim.person}"
    limits = [
        (number, Limit(1, MINUTE)),
        (number, Limit(5, DAY)),
        (person, Limit(1, MINUTE)),
        (person, Limit(5, HOUR)),
        (f"sms from {address}", Limit(30, HOUR)),
        ("sms", Limit(300, HOUR)),
    ]
    count_attempt(db, claim.key, limits, at)
    drop_phone_code(db, claim.person)
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
    db.add(
        PhoneCode(
            person=claim.person,
            number_digest=claim.number_digest,
            code_digest=_digest(claim, code),
            tries_left=TRIES,
            expires_at=at + CODE_LIFE,
        )
    )
    db.flush()
    return code


def check_phone_code(db: Session, claim: PhoneClaim, code: str, at: datetime) -> CodeCheck:
    """Compare what was typed with the code that was sent; a right one is used up."""
    take_turns(db, f"phone code {claim.person}")
    waiting = db.get(PhoneCode, claim.person, populate_existing=True)
    if waiting is None or waiting.expires_at <= at or waiting.tries_left <= 0:
        return CodeCheck.GONE
    if not hmac.compare_digest(waiting.number_digest, claim.number_digest):
        return CodeCheck.GONE
    if not hmac.compare_digest(waiting.code_digest, _digest(claim, code)):
        waiting.tries_left -= 1
        return CodeCheck.WRONG if waiting.tries_left else CodeCheck.GONE
    db.delete(waiting)
    db.flush()
    return CodeCheck.RIGHT


def drop_phone_code(db: Session, person: str) -> None:
    """Delete the code of a person."""
    db.execute(delete(PhoneCode).where(PhoneCode.person == person))


def forget_phone_codes(db: Session, at: datetime) -> None:
    """Delete the codes that are too old."""
    db.execute(delete(PhoneCode).where(PhoneCode.expires_at <= at))


def settle_phone(db: Session, claim: PhoneClaim, by: Actor, at: datetime) -> str:
    """Note that a number was proven to be this person's; return whom their sessions count for.

    Whoever was known by the number lately is the same person. Where that is long ago the
    number may have changed hands: it moves to who proved it now, and staff are asked
    whether the two are one.
    """
    take_turns(db, f"identity {IdentityKind.PHONE} {claim.number_digest}")
    known = db.scalar(
        select(Identity).where(
            Identity.kind == IdentityKind.PHONE, Identity.digest == claim.number_digest
        )
    )
    if known is None:
        kind = IdentityKind.PHONE
        return bind_identity(db, claim.person, kind, claim.number_digest, by=by, at=at)
    owner, holder = holder_of(db, known.person), holder_of(db, claim.person)
    if owner != holder and at - known.verified_at <= PROVES_FOR:
        holder = join_people(db, owner, holder, at, "phone")
    elif owner != holder:
        reason = "同一手机号由这两人先后使用，相隔超过 90 天，号码可能换过人。"
        propose_by_system(db, holder, owner, at, reason)
        said = {"kind": known.kind, "from": digest_of(owner)}
        append_event(db, "identity.moved", f"person:{digest_of(holder)}", by, said)
        known.person = holder
    known.verified_by, known.verified_at = by.id, at
    db.flush()
    return holder


def _digest(claim: PhoneClaim, code: str) -> str:
    told = f"phone code\n{claim.person}\n{claim.number_digest}\n{code}"
    return hmac.new(claim.key, told.encode(), hashlib.sha256).hexdigest()
