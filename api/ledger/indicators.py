"""The indicators of the plan: where each stands, and what was reported for it."""

from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from accounts.role import Role
from api.access import Permission, allow
from api.deps import CurrentSnapshot, OpenDatabase
from api.ledger.indicator_commands import standing
from api.ledger.indicator_figures import (
    chart_of,
    quarter_rows_of,
    rows_of,
    splits_of,
    trend_of,
    trend_rows_of,
)
from api.ledger.staff import names_of, shows_targets, unit_name
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.indicators.definition import signed_choices
from guidance.indicators.indicator import IndicatorKind, Span, load_register
from guidance.indicators.formulas import formula_text
from guidance.indicators.progress import STATUS_NAMES, Status
from guidance.indicators.value import ValueStatus, values_of
from knowledge.corpus import Corpus
from storage.database import storable

router = APIRouter(include_in_schema=False)

FIRST_YEAR = 2008
# Only what is reached is shown as reached; what cannot be said never looks good.
TONES = {
    Status.MET: "good",
    Status.ON_PACE: "",
    Status.BEHIND: "bad",
    Status.NO_TARGET: "",
    Status.NOT_COMPUTABLE: "warn",
    Status.TO_BE_ENTERED: "warn",
    Status.UNDECIDED: "warn",
}
KIND_NAMES = {
    IndicatorKind.DERIVED: "本系统记录",
    IndicatorKind.ENTERED: "部门填报",
    IndicatorKind.COMPUTED: "按公式计算",
}
SPAN_NAMES = {
    Span.YEAR: "当年",
    Span.TWO_YEARS: "两年内",
    Span.CREATION: "创建期间",
    Span.MOMENT: "截止日",
    Span.QUARTER: "当季",
}
VALUE_STATES = {
    ValueStatus.PENDING: "待审核",
    ValueStatus.ACCEPTED: "已采用",
    ValueStatus.REFUSED: "未采用",
}
Year = Annotated[int | None, Query(ge=FIRST_YEAR, le=2200)]


@router.get("/staff/indicators", dependencies=allow(Permission.STAFF))
def show_indicators(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    snapshot: CurrentSnapshot,
    year: Year = None,
) -> Response:
    """Show every row of the register."""
    day = last_day(year)
    with database.reading() as db:
        rows = standing(db, day)
        signed = signed_choices(db)
    states = [row.status for row in rows]
    return render_staff(
        request,
        account,
        "ledger/indicators.html",
        rows=rows,
        day=day,
        counts={status: states.count(status) for status in Status if status in states},
        clauses=plan_clauses(snapshot.corpus),
        signed=signed,
        unsigned=sum(f"ambiguity:{number}" not in signed for number in load_register().ambiguities),
        rows_of=lambda row: rows_of(row.indicator, day, account),
        **_names(account),
    )


@router.get("/staff/indicators/{indicator_id}", dependencies=allow(Permission.STAFF))
def show_indicator(
    request: Request,
    indicator_id: str,
    account: CurrentAccount,
    year: Year = None,
) -> Response:
    """Show one indicator: definition, value, trend, splits, and what was reported for it."""
    return indicator_page(request, indicator_id, account, year)


def indicator_page(
    request: Request,
    indicator_id: str,
    account: SignedIn,
    year: int | None = None,
    told: tuple[str, int] = ("", 200),
) -> Response:
    """Render the page of one indicator; `told` is what went wrong, with its status."""
    register = load_register()
    indicator = register.get(storable(indicator_id))
    day = last_day(year)
    corpus: Corpus = request.app.state.live.current.corpus
    with request.app.state.database.reading() as db:
        found = [row for row in standing(db, day) if row.indicator.id == indicator.id]
        reported = values_of(db, indicator.id)
        people = {one.uploaded_by for one in reported} | {one.reviewed_by for one in reported}
        context = {
            "reported": reported,
            "people": names_of(db, people),
            "splits": splits_of(db, indicator, day, account),
            "signed": signed_choices(db),
            "quarters": quarter_rows_of(db, indicator, day),
        }
        trend = trend_of(db, indicator, day)
    target = float(indicator.target) if indicator.target and shows_targets(account) else None
    return render_staff(
        request,
        account,
        "ledger/indicator.html",
        told[1],
        told=told[0],
        one=indicator,
        row=found[0] if found else None,
        day=day,
        formula=formula_text(register, indicator),
        inputs=[register.get(name) for name in indicator.inputs],
        ambiguity=register.ambiguities.get(indicator.ambiguity or 0),
        clause_id=plan_clauses(corpus).get(indicator.clause),
        trend=trend,
        trend_rows=trend_rows_of(indicator, trend, account),
        chart=chart_of(trend, target),
        may_report=Role.HANDLER in account.roles and indicator.kind is IndicatorKind.ENTERED,
        may_propose=bool(
            account.roles & {Role.HANDLER, Role.REVIEWER, Role.SIGNER, Role.ADMINISTRATOR}
        ),
        rows_link=rows_of(indicator, day, account),
        value_states=VALUE_STATES,
        unit_name=unit_name,
        **context,
        **_names(account),
    )


def last_day(year: int | None) -> date:
    """Return the day up to which a year is looked at: today, or its end when it is over."""
    now = today()
    return now if year is None or year >= now.year else date(year, 12, 31)


@lru_cache(maxsize=2)
def plan_clauses(corpus: Corpus) -> dict[str, int]:
    """Return clause addresses of the plan with their clauses: of the document that has most."""
    wanted = {indicator.clause for indicator in load_register().indicators.values()}
    found: dict[int, dict[str, int]] = {}
    for clause in corpus.clauses.values():
        if clause.address in wanted:
            found.setdefault(clause.document_id, {}).setdefault(clause.address, clause.id)
    return max(found.values(), key=len, default={})


def _names(account: SignedIn) -> dict[str, Any]:
    return {
        "statuses": STATUS_NAMES,
        "status_tones": TONES,
        "kinds": KIND_NAMES,
        "spans": SPAN_NAMES,
        "targets_shown": shows_targets(account),
        "first_year": FIRST_YEAR,
    }
