"""The indicators of the plan: where each stands, and what was reported for it."""

from datetime import date
from functools import lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from sqlalchemy.orm import Session

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
from guidance.indicators.agreed import without_owner
from guidance.indicators.definition import signed_choices
from guidance.indicators.formulas import formula_text
from guidance.indicators.indicator import (
    SOURCE_NAMES,
    Indicator,
    IndicatorKind,
    Span,
    load_register,
)
from guidance.indicators.progress import STATUS_NAMES, Status
from guidance.indicators.target import targets_signed
from guidance.indicators.value import ValueStatus, values_of
from guidance.review.proposal import Proposal
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
        undecided=[row for row in rows if row.status is Status.UNDECIDED],
        unowned=without_owner(load_register(), signed),
        rows_of=lambda row: rows_of(row, day, account),
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
    day, roles = last_day(year), account.roles
    with request.app.state.database.reading() as db:
        rows = {one.indicator.id: one for one in standing(db, day, parts=True)}
        row = rows[indicator.id]
        context = {
            **_reported(db, indicator),
            "splits": splits_of(db, row, day, account),
            "signed": signed_choices(db),
            "quarters": quarter_rows_of(db, row, day),
        }
        trend = trend_of(db, row, day)
    agreed = row.indicator
    target = float(agreed.target) if agreed.target and shows_targets(account) else None
    proposers = {Role.HANDLER, Role.SIGNER, Role.ADMINISTRATOR}
    return render_staff(
        request,
        account,
        "ledger/indicator.html",
        told[1],
        told=told[0],
        one=indicator,
        row=row,
        day=day,
        formula=formula_text(register, agreed),
        formulas={one.indicator.id: formula_text(register, one.indicator) for one in row.beside},
        link=lambda one: rows_of(one, day, account),
        inputs=[rows[name] for name in agreed.inputs],
        ambiguity=register.ambiguities.get(indicator.ambiguity or 0),
        clause_id=plan_clauses(request.app.state.live.current.corpus).get(indicator.clause),
        trend=trend,
        trend_rows=trend_rows_of(indicator, trend, account),
        chart=chart_of(trend, target),
        may_report=Role.HANDLER in roles and indicator.kind is IndicatorKind.ENTERED,
        may_propose=bool(roles & (proposers | {Role.REVIEWER})),
        may_target=not account.org_unit and bool(roles & proposers),
        rows_link=rows_of(row, day, account),
        value_states=VALUE_STATES,
        unit_name=unit_name,
        **context,
        **_names(account),
    )


def _reported(db: Session, indicator: Indicator) -> dict[str, Any]:
    """Return what was reported for a row, the targets that were signed, and who did it."""
    reported, signed = values_of(db, indicator.id), targets_signed(db, indicator.id)
    targets = [(one, db.get_one(Proposal, one.proposal_id)) for one in signed]
    people = {who for one in reported for who in (one.uploaded_by, one.reviewed_by)}
    people |= {who for _, two in targets for who in (two.proposed_by, two.decided_by)}
    return {
        "reported": reported,
        "signed_targets": targets,
        "people": names_of(db, people),
    }


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
        "source_names": SOURCE_NAMES,
        "first_year": FIRST_YEAR,
    }
