"""The rows behind the figures that come from this system's own records, beside the ledger's."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Annotated, TypeVar

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.policies.freshness import published_between
from api.policies.validity import chinese_date, today
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.indicators.agreed import frame_of, year_of
from guidance.indicators.definition import choices_of
from guidance.indicators.formulas import FORMULA_TEXTS, mean
from guidance.indicators.indicator import Indicator, IndicatorKind, Span, load_register
from guidance.indicators.standing import reported_quarter
from guidance.periods.period import shanghai_day
from guidance.session import Turn
from guidance.turn_feedback import TurnFeedback, opinions_between, opinions_listed
from matching.mentors.roster import roster
from storage.database import storable

router = APIRouter(include_in_schema=False)

FIRST_YEAR = 2008
Year = Annotated[int | None, Query(ge=FIRST_YEAR, le=2200)]
Page = Annotated[int, Query(ge=1, le=100_000)]
PAGE_ROWS = 50
T = TypeVar("T")
# (text, address or "") of every cell.
Row = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Behind:
    """What a figure is made of: how it is said, the columns, and the rows of one page."""

    said: str
    columns: tuple[str, ...]
    rows: list[Row]
    count: int


def own_rows(indicator: Indicator, day: date) -> str:
    """Return where the rows of a figure of our own records are; "" for all other figures."""
    if indicator.id in BEHIND:
        return f"/staff/indicators/{indicator.id}/rows?year={day.year}"
    if indicator.id == "R1":
        return f"/staff/returns?quarter={reported_quarter(day)}"
    if indicator.id.startswith("M4a."):
        return "/staff/library"
    if indicator.part and indicator.kind is IndicatorKind.DERIVED:
        return f"/staff/indicators/{indicator.id.split('.')[0]}?year={day.year}"
    return ""


@router.get("/staff/indicators/{indicator_id}/rows", dependencies=allow(Permission.STAFF))
def show_rows(
    request: Request,
    indicator_id: str,
    database: OpenDatabase,
    account: CurrentAccount,
    year: Year = None,
    page: Page = 1,
) -> Response:
    """List the rows that a figure of our own records is counted from."""
    indicator = load_register().get(storable(indicator_id))
    read = BEHIND.get(indicator.id)
    if read is None:
        raise PageNotFound
    now = today()
    day = now if year is None or year >= now.year else date(year, 12, 31)
    with database.reading() as db:
        behind = read(db, day, page, account)
    more = behind.count > page * PAGE_ROWS
    here = f"/staff/indicators/{indicator.id}/rows?year={day.year}&page="
    return render_staff(
        request,
        account,
        "ledger/indicator_rows.html",
        one=indicator,
        day=day,
        behind=behind,
        formula=FORMULA_TEXTS.get(indicator.formula, ""),
        before=f"{here}{page - 1}" if page > 1 else "",
        after=f"{here}{page + 1}" if more else "",
    )


def _mentors(db: Session, day: date, page: int, _: SignedIn) -> Behind:
    mentors = roster(db, day)
    rows: list[Row] = [
        (
            (one.name, f"/staff/mentors/{one.code}"),
            (one.work_unit, ""),
            (f"{chinese_date(one.term_start_on)}至{chinese_date(one.term_end_on)}", ""),
        )
        for one in _on(mentors, page)
    ]
    said = f"{len(mentors)} 位在聘的导师，样例不算。"
    return Behind(said, ("导师", "单位", "聘期"), rows, len(mentors))


def _documents(db: Session, day: date, page: int, _: SignedIn) -> Behind:
    first = frame_of(choices_of(db), Span.CREATION, day).first_on
    found = published_between(db, first, day)
    rows: list[Row] = [
        (
            (one.title, f"/documents/{one.document_id}"),
            (one.doc_number or "—", ""),
            (chinese_date(one.issued_on), ""),
            (chinese_date(one.on_site_on), ""),
            (str(one.days), ""),
        )
        for one in _on(found, page)
    ]
    average = mean([Decimal(one.days) for one in found])
    said = f"{chinese_date(first)}起印发、已在本网公布的 {len(found)} 份政策"
    said += "，没有可以平均的。" if average is None else f"，平均 {average.normalize():f} 天。"
    return Behind(said, ("政策", "文号", "印发", "在本网公布", "相隔天数"), rows, len(found))


def _opinions(db: Session, day: date, page: int, account: SignedIn) -> Behind:
    first = year_of(day).first_on
    helped, of = opinions_between(db, first, day)
    listed = opinions_listed(db, first, day, PAGE_ROWS, (page - 1) * PAGE_ROWS)
    turns = db.execute(
        select(Turn.id, Turn.session_id).where(Turn.id.in_([one.turn_id for one in listed]))
    )
    sessions: dict[int, int] = dict(iter(turns))
    rows: list[Row] = [_opinion(one, sessions[one.turn_id], account) for one in listed]
    said = f"{day.year}年共 {of} 个评价，其中说有帮助的 {helped} 个。和第三方调查并列，不合并。"
    return Behind(said, ("日期", "评价", "没有帮助的原因", "咨询记录"), rows, of)


def _opinion(one: TurnFeedback, session: int, account: SignedIn) -> Row:
    return (
        (chinese_date(shanghai_day(one.given_at)), ""),
        ("有帮助" if one.helpful else "没有帮助", ""),
        ("、".join(one.complaint_names) or "—", ""),
        # Others' records are closed to who works for one unit.
        (str(session), "" if account.org_unit else f"/staff/sessions/{session}"),
    )


def _on(rows: list[T], page: int) -> list[T]:
    return rows[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]


BEHIND = {"M3a.roster": _mentors, "M11": _documents, "D1d.system": _opinions}
