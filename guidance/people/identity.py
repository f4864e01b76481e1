"""People, what is known to be theirs, and that two references are one person."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import String, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import SYSTEM, Actor, append_event
from guidance.people.level import IdentityLevel
from storage.database import Base, take_turns

DIGEST_LENGTH = 16
NEW_PERSON = "person:"
# Begins the reference of who writes over WeChat: Tencent has signed for their openid.
WECHAT_PERSON = "wechat:"


class IdentityKind(StrEnum):
    """What a person was recognised by."""

    WECHAT = "wechat"  # openid
    PHONE = "phone"  # a number that a code was sent to, or that staff were told
    PAPERS = "papers"  # a document that staff saw


class Person(Base):
    """A person who is known by more than a cookie; the reference itself is random."""

    __tablename__ = "people"

    reference: Mapped[str] = mapped_column(primary_key=True)
    merged_into: Mapped[str | None] = mapped_column(index=True)  # never itself merged
    internal: Mapped[bool]  # staff, mentor or test: never counted
    # An account that WeChat made up to show a page: nobody, so never counted.
    virtual: Mapped[bool] = mapped_column(server_default="0")
    created_at: Mapped[datetime]


class Identity(Base):
    """One proof of who a person is; only a keyed digest of the number is kept."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("kind", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(index=True)
    kind: Mapped[IdentityKind]
    digest: Mapped[str] = mapped_column(String(64))
    verified_by: Mapped[str]
    verified_at: Mapped[datetime]

    @property
    def by_staff(self) -> bool:
        """Whether an account entered it; else it is the person's own proof."""
        return is_account(self.verified_by)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the ledger has to know of a person."""

    reference: str  # after merging
    level: IdentityLevel
    internal: bool  # one of us, or nobody at all: never counted


def identity_digest(key: bytes, kind: IdentityKind, number: str) -> str:
    """Return the keyed digest (HMAC-SHA256) of an openid, phone or document number.

    `key` is the installation's secret: numbers are few enough to be tried one by one.
    """
    plain = "".join(number.split()).upper()
    return hmac.new(key, f"{kind}\n{plain}".encode(), hashlib.sha256).hexdigest()


def new_person(db: Session, at: datetime, *, internal: bool = False) -> str:
    """Make a person who never had a cookie, for a session entered by staff; return who."""
    reference = NEW_PERSON + secrets.token_urlsafe(16)
    _ensure(db, reference, at).internal = internal
    return reference


def owner_of(db: Session, kind: IdentityKind, digest: str) -> str | None:
    """Return the person that an identity belongs to, merged references resolved."""
    found = db.scalar(
        select(Identity.person).where(Identity.kind == kind, Identity.digest == digest)
    )
    return found and holder_of(db, found)


def bind_identity(
    db: Session, person: str, kind: IdentityKind, digest: str, *, by: Actor, at: datetime
) -> str:
    """Note that an identity was verified as this person's; return whose it is now.

    An identity that belongs to somebody else already stays there: the reference returned
    differs from `person`, and both should be proposed for merging (`guidance.people.merging`).
    """
    take_turns(db, f"identity {kind} {digest}")
    owner = owner_of(db, kind, digest)
    if owner is not None:
        return owner
    reference = holder_of(db, person)
    _ensure(db, reference, at)
    known = Identity(person=reference, kind=kind, digest=digest, verified_by=by.id, verified_at=at)
    db.add(known)
    db.flush()
    append_event(db, "identity.bound", f"person:{digest_of(reference)}", by, {"kind": kind})
    return reference


def mark_internal(db: Session, person: str, at: datetime, by: Actor = SYSTEM) -> None:
    """Note that a reference is staff, a mentor or a test: it is never counted (Q2)."""
    _ensure(db, holder_of(db, person), at).internal = True
    db.flush()
    append_event(db, "person.internal", f"person:{digest_of(person)}", by)


def mark_virtual(db: Session, person: str, at: datetime) -> None:
    """Note that WeChat made an account up to show somebody a page: it is never counted (Q2)."""
    _ensure(db, person, at).virtual = True
    db.flush()
    append_event(db, "person.virtual", f"person:{digest_of(person)}", SYSTEM)


def is_virtual(db: Session, person: str) -> bool:
    """Whether a reference stands for an account that WeChat made up."""
    return bool(db.scalar(select(Person.virtual).where(Person.reference == person)))


def identities_of(db: Session, person: str) -> list[Identity]:
    """Return what a person is known by, in the order in which it was verified."""
    mine = select(Identity).where(Identity.person == holder_of(db, person))
    return list(db.scalars(mine.order_by(Identity.verified_at, Identity.id)))


def unbind_identities(db: Session, person: str, kind: IdentityKind, by: Actor) -> int:
    """Forget what a person is known by, as they asked; return how many. Counts stay."""
    mine = [one for one in identities_of(db, person) if one.kind is kind]
    for one in mine:
        db.delete(one)
    db.flush()
    if mine:
        subject = f"person:{digest_of(holder_of(db, person))}"
        append_event(db, "identity.unbound", subject, by, {"kind": kind})
    return len(mine)


def holder_of(db: Session, person: str) -> str:
    """Return the reference that a person's sessions count for."""
    merged = db.scalar(select(Person.merged_into).where(Person.reference == person))
    return merged or person


def references_of(db: Session, person: str) -> list[str]:
    """Return every reference that is known to be one person."""
    holder = holder_of(db, person)
    merged = select(Person.reference).where(Person.merged_into == holder)
    return sorted({holder, person, *db.scalars(merged)})


def standing_of(db: Session, person: str) -> Standing:
    """Return who a person is, how surely, and whether it is one of us."""
    reference = holder_of(db, person)
    known = db.execute(
        select(Person.reference, Person.internal | Person.virtual).where(
            (Person.reference == reference) | (Person.merged_into == reference)
        )
    ).all()
    proofs = select(Identity.kind, Identity.verified_by).where(Identity.person == reference)
    kinds = {
        kind
        for kind, by in db.execute(proofs)
        # A number that staff were told leads to the person and proves nothing: no code came back.
        if kind is not IdentityKind.PHONE or not is_account(by)
    }
    if any(one.startswith(WECHAT_PERSON) for one in (reference, *(one for one, _ in known))):
        kinds.add(IdentityKind.WECHAT)
    return Standing(reference, level_of(kinds), any(never for _, never in known))


def is_account(reference: str) -> bool:
    """Whether who verified something is an account's number, not the digest of a person."""
    return reference.isdigit() and len(reference) < DIGEST_LENGTH


def level_of(kinds: set[IdentityKind]) -> IdentityLevel:
    """Return the level that a person's verified identities amount to."""
    if IdentityKind.PAPERS in kinds:
        return IdentityLevel.STAFF
    if {IdentityKind.WECHAT, IdentityKind.PHONE} <= kinds:
        return IdentityLevel.WECHAT_PHONE
    if IdentityKind.PHONE in kinds:
        return IdentityLevel.PHONE
    return IdentityLevel.WECHAT if kinds else IdentityLevel.VISITOR


def absorb(db: Session, kept: str, absorbed: str, at: datetime) -> None:
    """Point one person's references and identities at another; sessions are moved elsewhere."""
    _ensure(db, kept, at)
    _ensure(db, absorbed, at)
    db.execute(
        update(Person)
        .where((Person.reference == absorbed) | (Person.merged_into == absorbed))
        .values(merged_into=kept)
    )
    db.execute(update(Identity).where(Identity.person == absorbed).values(person=kept))


def digest_of(reference: str) -> str:
    """Return a short digest that names a person in the audit log without their reference."""
    return hashlib.sha256(reference.encode()).hexdigest()[:DIGEST_LENGTH]


def _ensure(db: Session, reference: str, at: datetime) -> Person:
    person = db.get(Person, reference)
    if person is None:
        person = Person(reference=reference, internal=False, created_at=at)
        db.add(person)
        db.flush()
    return person
