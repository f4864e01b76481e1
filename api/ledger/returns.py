"""季度报送: which streets and departments owe a quarter's report, and which of them sent it."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.staff import CurrentStaff, deciding, names_of, require_district, units
from api.policies.validity import today
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.indicators.returns import (
    ReturnRefused,
    drop_unit,
    list_units,
    receive,
    returns_of,
    take_back,
)
from guidance.indicators.standing import reported_quarter
from guidance.periods.period import PeriodInvalid, Quarter
from guidance.review.proposal import ReasonMissing
from guidance.review.staff import NotYourDuty
from knowledge.department import load_departments
from storage.database import Database

router = APIRouter(include_in_schema=False)

LONGEST_LIST = 10_000


@router.get("/staff/returns", dependencies=allow(Permission.STAFF))
def show_returns(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    quarter: Annotated[str, Query(max_length=10)] = "",
) -> Response:
    """Show a quarter's list: the last one that is over, unless another is asked for."""
    wanted = Quarter.parse(quarter) if quarter else reported_quarter(today())
    return _page(request, database, account, wanted)


@router.post("/staff/returns", dependencies=allow(Permission.STAFF))
def change_returns(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """List units, take down a report that came, or undo what was taken down by mistake."""
    quarter, now = Quarter.parse(typed(posted, "quarter", 10)), datetime.now(UTC)
    unit, reason = typed(posted, "unit", 100), typed(posted, "reason", 500)
    try:
        with deciding(database, account, f"returns:{quarter}") as db:
            require_district(account)
            match typed(posted, "action", 20):
                case "list":
                    names = typed(posted, "units", LONGEST_LIST).splitlines()
                    list_units(db, quarter, names, staff, now)
                case "receive":
                    receive(db, quarter, unit, staff, now)
                case "take_back":
                    take_back(db, quarter, unit, staff, reason)
                case "drop":
                    drop_unit(db, quarter, unit, staff, now, reason=reason)
                case _:
                    raise ReturnRefused("请从页面上选择要办的事。")
    except (ReturnRefused, NotYourDuty, ReasonMissing, PeriodInvalid) as error:
        told = (str(error), int(problem_of(error).status))
        return _page(request, database, account, quarter, told)
    address = f"/staff/returns?quarter={quote(str(quarter))}&saved=1"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


def _page(
    request: Request,
    database: Database,
    account: SignedIn,
    quarter: Quarter,
    told: tuple[str, int] = ("", 200),
) -> Response:
    with database.reading() as db:
        rows = returns_of(db, quarter)
        proposed = [one.org_unit for one in returns_of(db, quarter.preceding)]
        if not proposed:  # the first list: the plan's departments, and the units that work here
            proposed = list(dict.fromkeys([*_departments(), *units(db)]))
        people = names_of(db, {one.received_by for one in rows})
    listed = {one.org_unit for one in rows}
    left = (quarter.entry_closes_on - today()).days
    return render_staff(
        request,
        account,
        "ledger/returns.html",
        told[1],
        told=told[0],
        current_entry="/staff/indicators",
        quarter=quarter,
        rows=rows,
        on_time=sum(one.on_time for one in rows),
        left=left,
        proposed=[one for one in proposed if one not in listed],
        people=people,
        may_list=not account.org_unit and bool(account.roles & {Role.HANDLER, Role.ADMINISTRATOR}),
        may_receive=not account.org_unit and Role.HANDLER in account.roles,
    )


def _departments() -> list[str]:
    return [one.name for one in load_departments()]
