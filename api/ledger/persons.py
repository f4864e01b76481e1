"""The persons behind a number of persons: who counts, masked, and what each counts by."""

from dataclasses import replace
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.input import Word
from api.ledger.sessions import NOBODY
from api.ledger.staff import Number, names_of, unit_name
from api.ledger.words import NAMES
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event
from guidance.counting.persons import (
    PersonsOf,
    PersonsPage,
    count_persons,
    list_persons,
    of_year,
    person_behind,
)
from guidance.ledger_list import session_within
from guidance.people.identity import digest_of
from guidance.periods.adjustment import (
    ADJUSTMENT_NAMES,
    Adjustment,
    AdjustmentKind,
    AdjustmentStatus,
)
from guidance.periods.period import Quarter
from guidance.review.queue import quarters_of
from guidance.session import GuidanceSession
from guidance.transition import SessionNotFound, find_session
from storage.database import LARGEST_ID

router = APIRouter(include_in_schema=False)

PAGE_PATH = "/staff/persons"
SIGN_SHOWN = 6
Year = Annotated[int, Field(ge=0, le=2200)]


class PersonsQuery(BaseModel):
    """Which number of persons is opened, as it stands in the address."""

    period: Word = ""  # a quarter (2026Q3), or the quarters of a year (2026)
    year: Year = 0  # a calendar year, where no period is given
    upto: Word = ""  # with a year: the last quarter that is in
    unit: Word = ""
    provider: Word = ""
    locked: Word = ""  # "1": as it was when the quarter was locked
    after: Annotated[int, Field(ge=0, le=LARGEST_ID)] = 0

    def wanted(self, account: SignedIn) -> PersonsOf:
        """Return what makes the number, within the account's scope. Raises PeriodInvalid."""
        unit = account.org_unit or ("" if self.unit == NOBODY else self.unit or None)
        if self.period:
            quarters = quarters_of(self.period.upper())
            found = PersonsOf(quarters[0], quarters[-1], unit=unit)
        elif self.upto:
            first, last = f"{self.of_year}Q1", str(Quarter.parse(self.upto))
            found = PersonsOf(first, last, date(self.of_year, 1, 1), unit=unit)
        else:
            found = of_year(self.of_year, unit)
        return replace(found, provider=self.provider, original=self.locked == "1")

    @property
    def of_year(self) -> int:
        """The calendar year: the running one, where none is given."""
        return self.year or today().year

    @property
    def name(self) -> str:
        """What the number is of: 2026年第三季度. Raises PeriodInvalid."""
        if not self.period:
            until = f"到{quarter_name(Quarter.parse(self.upto))}" if self.upto else ""
            return f"{self.of_year}年{until}"
        quarters = quarters_of(self.period.upper())
        first = Quarter.parse(quarters[0])
        then = "锁定时" if self.locked == "1" else ""
        return f"{first.year}年" + (quarter_name(first) if len(quarters) == 1 else "") + then

    @property
    def inside(self) -> str:
        """What an address of one person carries along, so that it knows its number."""
        return "?" + urlencode(self.model_dump(exclude={"after"}, exclude_defaults=True))


def persons_address(**chosen: object) -> str:
    """Return where the persons behind a number are listed."""
    return f"{PAGE_PATH}?{urlencode(chosen)}"


def quarter_name(quarter: Quarter) -> str:
    """Return a quarter's name without its year."""
    return f"第{'一二三四'[quarter.number - 1]}季度"


def sign_of(reference: str) -> str:
    """Return the short sign that stands for a person on a page."""
    return digest_of(reference)[:SIGN_SHOWN]


@router.get(PAGE_PATH, dependencies=allow(Permission.STAFF))
def show_persons(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[PersonsQuery, Query()],
) -> Response:
    """List the persons behind a number, masked; that it was read goes into the log."""
    wanted, paused = query.wanted(account), request.app.state.keeper.trouble
    page, count, names = PersonsPage((), None), 0, {"": ""}
    if not paused:
        with database.writing() as db:
            said = {"unit": wanted.unit or "", "provider": wanted.provider, "after": query.after}
            append_event(db, "persons.listed", f"persons:{_said(query)}", account.actor, said)
        with database.reading() as db:
            page = list_persons(db, wanted, query.after)
            all_here = not query.after and page.after is None
            count = len(page.persons) if all_here else count_persons(db, wanted)
            names |= names_of(db, {query.provider}) if query.provider else {}
    return render_staff(
        request,
        account,
        "ledger/persons.html",
        503 if paused else 200,
        page=page,
        count=count,
        paused=paused,
        chosen=query,
        current_entry="/staff/indicators",
        unit=None if wanted.unit is None else unit_name(wanted.unit),
        provider=names.get(query.provider, ""),
        following=f"{PAGE_PATH}{query.inside}&after={page.after}",
        sign_of=sign_of,
        unit_name=unit_name,
        **NAMES,
    )


@router.get(PAGE_PATH + "/{number}", dependencies=allow(Permission.STAFF))
def show_person(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[PersonsQuery, Query()],
) -> Response:
    """Show what a person counts by; the number is that of one of their sessions."""
    wanted, paused = query.wanted(account), request.app.state.keeper.trouble
    with database.reading() as db:
        session = _within(db, number, account.org_unit)
        person = person_behind(db, session, wanted)
    if not paused:
        with database.writing() as db:
            subject = f"person:{digest_of(person.reference)}"
            append_event(db, "person.read", subject, account.actor, {"of": _said(query)})
    return render_staff(
        request,
        account,
        "ledger/person.html",
        503 if paused else 200,
        person=person,
        paused=paused,
        chosen=query,
        current_entry="/staff/indicators",
        unit=None if wanted.unit is None else unit_name(wanted.unit),
        sign_of=sign_of,
        unit_name=unit_name,
        corrections=ADJUSTMENT_NAMES,
        **NAMES,
    )


def _said(query: PersonsQuery) -> str:
    """Return which number was opened, for the log."""
    if query.period:
        return query.period.upper()
    return f"{query.of_year}" + (f"-{query.upto.upper()}" if query.upto else "")


def _within(db: Session, number: int, org_unit: str) -> GuidanceSession:
    """Return a session that is a unit's own, or that was moved to it. Raises SessionNotFound."""
    try:
        return session_within(db, number, org_unit)
    except SessionNotFound:
        moved_here = select(Adjustment.id).where(
            Adjustment.session_id == number,
            Adjustment.kind == AdjustmentKind.RECLASSIFY,
            Adjustment.status == AdjustmentStatus.POSTED,
            Adjustment.to_unit == org_unit,
        )
        if not org_unit or db.scalar(moved_here.limit(1)) is None:
            raise
        return find_session(db, number)
