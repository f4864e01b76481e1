"""The library as a whole: what counts, what nobody is shown, what nobody finds."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter, Request, Response

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.policies.validity import today
from api.signed_in import CurrentAccount
from api.staff_page import render_staff
from matching.projects.library_count import PLAN_TARGET, count_library, reviewed_here
from matching.projects.library_gaps import gap_map, latest_demands, never_shown, times_shown
from matching.projects.project import library_facts

router = APIRouter(
    prefix="/staff/library", include_in_schema=False, dependencies=allow(Permission.STAFF)
)
LOOK_BACK = timedelta(days=365)


@router.get("")
def show_count(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show how many projects count toward the plan's target, and each one's reason."""
    with database.reading() as db:
        count = count_library(library_facts(db), reviewed_here(db), today())
    return render_staff(request, account, "projects/count.html", count=count, target=PLAN_TARGET)


@router.get("/never")
def show_never(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show the projects that were never recommended, and why."""
    with database.reading() as db:
        projects, shown = library_facts(db), times_shown(db)
        demands = latest_demands(db, datetime.now(UTC) - LOOK_BACK)
    hidden = never_shown(projects, shown, demands, today())
    return render_staff(request, account, "projects/never.html", hidden=hidden, asked=len(demands))


@router.get("/gaps")
def show_gaps(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show what people wanted and the library does not have."""
    with database.reading() as db:
        demands = latest_demands(db, datetime.now(UTC) - LOOK_BACK)
    return render_staff(
        request,
        account,
        "projects/gaps.html",
        gaps=gap_map(demands),
        asked=len(demands),
        unmet=sum(demand.fitting == 0 for demand in demands),
    )
