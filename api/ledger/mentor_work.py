"""What mentors did by the ledger: counted or not, persons, minutes, by quarter and month."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.attachment import attached_as
from api.deps import OpenDatabase
from api.input import Word
from api.ledger.chart import line_chart
from api.ledger.persons import persons_address
from api.ledger.sessions import NOBODY
from api.ledger.staff import names_of, unit_name, units
from api.policies.validity import today
from api.refusals import PageNotFound
from api.reports.table_file import TableRow, write_csv, write_xlsx
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event
from guidance.counting.mentor_work import MENTOR, MentorWork, work_by_mentor, work_by_month
from guidance.counting.persons import PersonsOf
from guidance.periods.period import Quarter
from guidance.review.queue import PAGE, quarters_of
from guidance.session import GuidanceSession
from matching.mentors.mentor import Mentor
from matching.mentors.search import IN_OFFICE

router = APIRouter(include_in_schema=False)

PAGE_PATH = "/staff/mentor-work"
QUARTERS_LISTED = 12
COLUMNS = ("导师编号", "导师", "季度", "计数人次", "修订后人次", "人数", "分钟", "待处理", "未计数")
MEDIA = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class WorkQuery(BaseModel):
    """Whose work and of when, as it stands in the address."""

    period: Word = ""  # a quarter (2026Q3) or a year (2026); the running quarter by default
    unit: Word = ""
    mentor: Word = ""  # a mentor's code
    page: Annotated[int, Field(ge=1, le=1000)] = 1

    @property
    def when(self) -> str:
        """The quarter or year that is looked at."""
        return self.period.strip().upper() or str(Quarter.of(today()))

    def wanted(self, account: SignedIn, period: str = "") -> PersonsOf:
        """Return which sessions are looked at, within the account's scope. Raises PeriodInvalid."""
        unit = account.org_unit or ("" if self.unit == NOBODY else self.unit or None)
        quarters = quarters_of(period or self.when)
        return PersonsOf(quarters[0], quarters[-1], unit=unit, provider=MENTOR + self.mentor)

    def address(self, path: str = PAGE_PATH, **changed: object) -> str:
        """Return the address of the same work with something changed."""
        chosen = {**self.model_dump(exclude={"page"}, exclude_defaults=True), **changed}
        return f"{path}?{urlencode({name: one for name, one in chosen.items() if one})}"


@dataclass(frozen=True, slots=True)
class Links:
    """Where the rows behind the numbers of one mentor's work are, or of one month of it."""

    query: WorkQuery

    def sessions(self, one: MentorWork, state: str = "") -> str:
        """Return the list of sessions: all of them, or those of a state."""
        found = {"state": state, "unit": self.query.unit, "period": self.query.when}
        if one.name.startswith(MENTOR):
            found["provider"] = one.name
        else:  # a month of the year that the period lies in
            found |= {"provider": MENTOR + self.query.mentor, "month": one.name}
            found["period"] = self.query.when[:4]
        return "/staff/sessions?" + urlencode({name: one for name, one in found.items() if one})

    def persons(self, one: MentorWork) -> str:
        """Return the list of the persons behind a mentor's number."""
        unit = {"unit": self.query.unit} if self.query.unit else {}
        return persons_address(period=self.query.when, provider=one.name, **unit)


@router.get(PAGE_PATH, dependencies=allow(Permission.STAFF))
def show_work(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[WorkQuery, Query()],
) -> Response:
    """Show what every mentor did in a quarter or year, the busiest first, and month by month."""
    year = query.when[:4]
    with database.reading() as db:
        rows = work_by_mentor(db, query.wanted(account))
        months = _every_month(year, work_by_month(db, query.wanted(account, year)))
        shown = rows[PAGE * (query.page - 1) : PAGE * query.page]
        names = names_of(db, {one.name for one in shown} | {MENTOR + query.mentor})
        idle = _without_sessions(db, rows) if not query.mentor else 0
        listed, known_units = _periods(db), units(db)
    pages = -(-len(rows) // PAGE)
    trend = [(one.name, float(one.counted)) for one in months]
    return render_staff(
        request,
        account,
        "ledger/mentor_work.html",
        rows=shown,
        total=_total(rows),
        count=len(rows),
        months=months,
        chart=line_chart(trend) if len(trend) > 1 else None,
        chosen=query,
        links=Links(query),
        names=names,
        mentor=names[MENTOR + query.mentor] if query.mentor else "",
        idle=idle,
        year=year,
        periods=listed,
        units=known_units,
        unit_name=unit_name,
        nobody=NOBODY,
        before=query.address(page=query.page - 1) if query.page > 1 else "",
        after=query.address(page=query.page + 1) if query.page < pages else "",
        exports=[(form, query.address(f"{PAGE_PATH}/export", form=form)) for form in MEDIA],
    )


@router.get(PAGE_PATH + "/export", dependencies=allow(Permission.STAFF))
def export_work(
    database: OpenDatabase,
    account: CurrentAccount,
    query: Annotated[WorkQuery, Query()],
    form: Annotated[str, Query(max_length=4)] = "csv",
) -> StreamingResponse:
    """Return the work by mentor and quarter as csv or xlsx; the log says who took it."""
    if form not in MEDIA:
        raise PageNotFound
    quarters_of(query.when)  # refuses what is none before the log says anything
    with database.writing() as db:
        said = {"form": form, "unit": account.org_unit or query.unit, "mentor": query.mentor}
        append_event(db, "mentor_work.exported", f"mentor_work:{query.when}", account.actor, said)
    with database.reading() as db:
        rows = list(work_rows(db, query, account))
    if form == "csv":
        data = write_csv(COLUMNS, rows)
    else:
        data = iter([write_xlsx("导师服务量", COLUMNS, rows)])
    attached = attached_as(f"导师服务量{query.when}.{form}")
    return StreamingResponse(data, media_type=MEDIA[form], headers=attached)


def work_rows(db: Session, query: WorkQuery, account: SignedIn) -> Iterator[TableRow]:
    """Yield a row for every mentor and quarter. Raises PeriodInvalid."""
    for quarter in quarters_of(query.when):
        rows = work_by_mentor(db, query.wanted(account, quarter))
        names = names_of(db, {one.name for one in rows})
        for one in rows:
            yield (
                one.name.removeprefix(MENTOR), names[one.name].removesuffix("（导师）"), quarter,
                one.counted, one.revised, one.persons, one.minutes, one.undecided, one.uncounted,
            )  # fmt: skip


def _every_month(year: str, found: list[MentorWork]) -> list[MentorWork]:
    """Put in the months that are over and had no session, or a trend would jump over them."""
    if not found:
        return []
    known = {one.name: one for one in found}
    last = max(found[-1].name, min(f"{today():%Y-%m}", f"{year}-12"))
    every = (f"{year}-{month:02}" for month in range(1, 13))
    return [known.get(one, MentorWork(one)) for one in every if one <= last]


def _total(rows: list[MentorWork]) -> dict[str, Any]:
    """Return the sums; persons are left out, who went to two mentors is one person."""
    names = ("counted", "revised", "minutes", "undecided", "uncounted")
    return {name: sum(getattr(one, name) for one in rows) for name in names}


def _without_sessions(db: Session, rows: list[MentorWork]) -> int:
    """Return how many mentors in office have no session in that time."""
    in_office = set(db.scalars(select(Mentor.code).where(Mentor.state.in_(IN_OFFICE))))
    return len(in_office - {one.name.removeprefix(MENTOR) for one in rows})


def _periods(db: Session) -> list[str]:
    """Return the years and quarters to choose from, the newest first."""
    oldest = db.scalar(select(func.min(GuidanceSession.period))) or str(Quarter.of(today()))
    quarter, found = Quarter.of(today()), list[str]()
    while len(found) < QUARTERS_LISTED and (not found or str(quarter) >= oldest):
        found.append(str(quarter))
        quarter = quarter.preceding
    return found + sorted({one[:4] for one in found}, reverse=True)
