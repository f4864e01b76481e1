"""The administrator's page of duty hours, answer deadlines and public holidays."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.handover.promise import unit_said
from api.ledger.staff import units
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.handover.duty import (
    ANSWER_DAYS,
    DAY_NAMES,
    MOST_ANSWER_DAYS,
    DutyHours,
    DutyInvalid,
    drop_duty,
    duty_hours,
    enter_duty,
)
from guidance.periods.working_days import (
    HolidaysInvalid,
    HolidayYear,
    enter_holidays,
    holiday_years,
    working_days,
)
from knowledge.department import load_departments
from storage.database import Database

router = APIRouter(prefix="/staff/duty", include_in_schema=False)

ADMINISTRATION = allow(Permission.ADMINISTRATION)
HERE = "/staff/duty?saved=1"


@router.get("", dependencies=ADMINISTRATION)
def show_duty(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show who is on duty when, and the years whose holidays are known."""
    return _page(request, database, account)


@router.post("", dependencies=ADMINISTRATION)
def post_duty(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Keep the duty hours of a unit."""
    try:
        with database.writing() as db:
            enter_duty(db, _typed_duty(db, posted), account.actor)
    except DutyInvalid as error:
        return _page(request, database, account, str(error), posted)
    return RedirectResponse(HERE, HTTPStatus.SEE_OTHER)


@router.post("/drop", dependencies=ADMINISTRATION)
def post_drop(database: OpenDatabase, account: CurrentAccount, posted: PostedForm) -> Response:
    """Forget the duty hours of a unit."""
    with database.writing() as db:
        drop_duty(db, typed(posted, "org_unit", 60), account.actor)
    return RedirectResponse(HERE, HTTPStatus.SEE_OTHER)


@router.post("/holidays", dependencies=ADMINISTRATION)
def post_holidays(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Keep the public holidays of a year."""
    year = typed(posted, "year", 4)
    row = HolidayYear(
        year=int(year) if year.isascii() and year.isdigit() else 0,
        off=typed(posted, "off", 500),
        worked=typed(posted, "worked", 500),
        source=typed(posted, "source", 100),
        entered_at=datetime.now(UTC),
    )
    try:
        with database.writing() as db:
            enter_holidays(db, row, account.actor)
    except HolidaysInvalid as error:
        return _page(request, database, account, str(error), posted)
    return RedirectResponse(HERE, HTTPStatus.SEE_OTHER)


def _typed_duty(db: Session, posted: FormData) -> DutyHours:
    """Read the form. Raises DutyInvalid."""
    unit, days = typed(posted, "org_unit", 60), typed(posted, "answer_days", 3)
    if unit and unit not in _units(db):
        raise DutyInvalid("没有这个单位，请从列表里选。")
    if not (days.isascii() and days.isdigit()):
        raise DutyInvalid("答复期限请填整数。")
    spans = []
    for part in ("morning", "afternoon"):
        start, end = typed(posted, f"{part}_from", 5), typed(posted, f"{part}_to", 5)
        if start or end:
            spans.append(f"{start}-{end}")
    return DutyHours(
        org_unit=unit,
        weekdays="".join(day for day in "1234567" if day in posted.getlist("weekdays")),
        spans=" ".join(spans),
        answer_days=int(days),
        entered_at=datetime.now(UTC),
    )


def _page(
    request: Request,
    database: Database,
    account: SignedIn,
    wrong: str = "",
    posted: FormData | None = None,
) -> Response:
    with database.reading() as db:
        days = working_days(db)
        context: dict[str, Any] = {
            "duties": [(one, str(one.hours)) for one in duty_hours(db)],
            "units": _units(db),
            "entered": holiday_years(db),
        }
    year = today().year
    return render_staff(
        request,
        account,
        "handover/duty.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        wrong=wrong,
        typed=posted or FormData(),
        known=sorted(days.years),
        unknown=[one for one in (year, year + 1) if one not in days.years],
        next_year=year + 1,
        day_names=list(enumerate(DAY_NAMES, 1)),
        answer_days=ANSWER_DAYS,
        most_days=MOST_ANSWER_DAYS,
        unit_said=unit_said,
        **context,
    )


def _units(db: Session) -> list[str]:
    return sorted({*(one.name for one in load_departments()), *units(db)})
