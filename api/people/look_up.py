"""Finding a person for staff: by what they hold or say, and what may be shown of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.wechat.binding import wechat_of
from api.wechat.binding_code import person_showing
from guidance.lifecycle import COUNTED
from guidance.people.identity import (
    Identity,
    IdentityKind,
    digest_of,
    holder_of,
    identities_of,
    identity_digest,
    owner_of,
    references_of,
    standing_of,
)
from guidance.people.level import LEVEL_NAMES
from guidance.session import GuidanceSession
from matching.mentoring.need import open_need_of

LONGEST_SESSION_NUMBER = 9  # digits
SIGN_LENGTH = 6  # as lists show a person
KINDS = {
    IdentityKind.WECHAT: "微信",
    IdentityKind.PHONE: "手机号",
    IdentityKind.PAPERS: "证件",
}


class Clue(StrEnum):
    """By what a person is found."""

    SESSION = "session"
    PHONE = "phone"
    PAPERS = "papers"
    SHOWN = "shown"


CLUE_NAMES = {
    Clue.SESSION: "咨询记录编号",
    Clue.PHONE: "手机号",
    Clue.PAPERS: "证件号",
    Clue.SHOWN: "本人念的六位数字",
}


@dataclass(frozen=True, slots=True)
class Sought:
    """What was typed to find a person."""

    clue: Clue
    value: str


@dataclass(frozen=True, slots=True)
class Secrets:
    """What digests are keyed with."""

    key: bytes  # of numbers, see `identity_key`
    secret: str  # of the installation


@dataclass(frozen=True, slots=True)
class Found:
    """A person as staff may see them: no number, no word of what they said."""

    reference: str
    level: str
    known_by: tuple[tuple[str, str, datetime], ...]  # what, verified how, when
    devices: int  # references that are this person
    sessions: int
    counted: int
    last_on: date | None
    on_wechat: bool
    wants_mentor: bool
    internal: bool

    @property
    def sign(self) -> str:
        """How lists name the person."""
        return digest_of(self.reference)[:SIGN_LENGTH]


def find_person(db: Session, sought: Sought, keyed: Secrets, at: datetime) -> str | None:
    """Return the person behind a clue, None for nobody."""
    plain = "".join(one for one in sought.value if one.isalnum())
    if not plain:
        return None
    match sought.clue:
        case Clue.SESSION:
            return _of_session(db, plain)
        case Clue.SHOWN:
            shown = person_showing(db, plain, keyed.secret, at)
            return holder_of(db, shown) if shown else None
    kind = IdentityKind.PHONE if sought.clue is Clue.PHONE else IdentityKind.PAPERS
    if kind is IdentityKind.PHONE and len(plain) > 11:
        plain = plain.removeprefix("86")
    return owner_of(db, kind, identity_digest(keyed.key, kind, plain))


def describe(db: Session, person: str) -> Found:
    """Return what staff may see of a person."""
    standing = standing_of(db, person)
    references = references_of(db, standing.reference)
    mine = GuidanceSession.counts_for == standing.reference
    total, last_on = db.execute(
        select(func.count(), func.max(GuidanceSession.count_on)).where(mine)
    ).one()
    counted = select(func.count()).where(mine, GuidanceSession.state.in_(COUNTED))
    return Found(
        reference=standing.reference,
        level=LEVEL_NAMES[standing.level],
        known_by=tuple(_known_by(one) for one in identities_of(db, standing.reference)),
        devices=len(references),
        sessions=total,
        counted=db.scalar(counted) or 0,
        last_on=last_on,
        on_wechat=wechat_of(db, standing.reference) is not None,
        wants_mentor=any(open_need_of(db, one) is not None for one in references),
        internal=standing.internal,
    )


def _of_session(db: Session, plain: str) -> str | None:
    if not (plain.isascii() and plain.isdigit()) or len(plain) > LONGEST_SESSION_NUMBER:
        return None
    return db.scalar(select(GuidanceSession.counts_for).where(GuidanceSession.id == int(plain)))


def _known_by(one: Identity) -> tuple[str, str, datetime]:
    return KINDS[one.kind], "工作人员登记" if one.by_staff else "本人验证", one.verified_at
