"""What every page of the ledger needs: who decides, whose names are shown, what was refused."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account, accounts_with
from accounts.role import Role
from api.deps import CurrentVisitor
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount, SignedIn
from audit.log import append_event
from guidance.counting.tally import Tally
from guidance.people.identity import digest_of
from guidance.people.level import LEVEL_NAMES, IdentityLevel
from guidance.periods.record import DISTRICT
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.session import GuidanceSession
from matching.mentors.mentor import Mentor
from storage.database import LARGEST_ID, Database

SYSTEM_NAMES = {"": "系统", "qichuang": "系统"}


async def current_staff(account: CurrentAccount, visitor: CurrentVisitor) -> Staff:
    """Return the signed-in account as the ledger sees it.

    Whoever asked the assistant in this very browser is the same person: their own
    questions are not theirs to decide on.
    """
    also = frozenset({visitor.reference}) if visitor.returning else frozenset()
    return Staff(account.account_id, account.roles, account.org_unit, account.mentor_code, also)


CurrentStaff = Annotated[Staff, Depends(current_staff)]


def reviewers_now(db: Session) -> list[Staff]:
    """Return everybody who may be drawn to review."""
    return [
        Staff(one.id, frozenset(one.roles), one.org_unit, one.mentor_code)
        for one in accounts_with(db, Role.REVIEWER)
    ]


async def stored_number(request: Request) -> int:
    """Return the number in the address. Raises PageNotFound for what no row can have."""
    return row_number(request.path_params["number"])


Number = Annotated[int, Depends(stored_number)]


def row_number(text: object) -> int:
    """Read a row's number. Raises PageNotFound for what no row can have."""
    plain = str(text)
    if plain.isascii() and plain.isdigit() and len(plain) <= len(str(LARGEST_ID)):
        number = int(plain)
        if 0 < number <= LARGEST_ID:
            return number
    raise PageNotFound


@contextmanager
def deciding(database: Database, account: SignedIn, subject: str) -> Iterator[Session]:
    """Open the transaction of a decision; one that was not theirs to take is put on record."""
    try:
        with database.writing() as db:
            yield db
    except (DutiesNotSeparate, NotYourDuty) as error:
        with database.writing() as db:
            why = {"why": type(error).__name__}
            append_event(db, "decision.refused", subject, account.actor, why)
        raise


def require_district(account: SignedIn) -> None:
    """Raise NotYourDuty for an account of one unit: the matter is the whole district's."""
    if account.org_unit:
        raise NotYourDuty("这一步关系全区，须由区级账号办理，请联系区里的同事。")


def names_of(db: Session, references: Iterable[str]) -> dict[str, str]:
    """Return the names of accounts ("account:7"), mentors ("mentor:M0003") and the system."""
    wanted = {one for one in references if one not in SYSTEM_NAMES}
    names = dict(SYSTEM_NAMES)
    accounts = _numbers(wanted, "account:")
    if accounts:
        rows = db.execute(select(Account.id, Account.name).where(Account.id.in_(accounts)))
        names |= {f"account:{number}": name for number, name in rows}
    codes = [one.removeprefix("mentor:") for one in wanted if one.startswith("mentor:")]
    if codes:
        found = db.execute(select(Mentor.code, Mentor.name).where(Mentor.code.in_(codes)))
        names |= {f"mentor:{code}": f"{name}（导师）" for code, name in found}
    return names | {one: one for one in wanted if one not in names}


def units(db: Session) -> list[str]:
    """Return the streets and departments of counted sessions and of accounts, without ""."""
    counted = set(db.scalars(select(Tally.org_unit).distinct()))
    return sorted((counted | set(db.scalars(select(Account.org_unit).distinct()))) - {""})


def unit_name(org_unit: str) -> str:
    """Return how a unit is called on a page."""
    return org_unit or DISTRICT


def masked_person(session: GuidanceSession) -> str:
    """Return who asked, as far as a list may say: how surely known, and a short sign."""
    level = LEVEL_NAMES[IdentityLevel(session.identity_level)]
    return f"{level} {digest_of(session.counts_for)[:6]}"


def shows_targets(account: SignedIn) -> bool:
    """Whether targets and progress may be shown: never to who only decides what counts (G8)."""
    return bool(account.roles - {Role.REVIEWER, Role.MENTOR})


def reads_transcripts(account: SignedIn) -> bool:
    """Whether an account's work needs the words of a consultation."""
    return bool(account.roles - {Role.ADMINISTRATOR, Role.MENTOR})


def _numbers(references: Iterable[str], prefix: str) -> list[int]:
    found = (one.removeprefix(prefix) for one in references if one.startswith(prefix))
    return [int(one) for one in found if one.isdigit() and int(one) <= LARGEST_ID]
