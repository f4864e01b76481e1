"""Quarters: closed, checked a second time, locked by two, and what was restated since."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.staff import (
    CurrentStaff,
    deciding,
    names_of,
    require_district,
    unit_name,
    units,
)
from api.policies.validity import today
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.counting.tally import Tally
from guidance.lifecycle import TransitionRefused
from guidance.periods.adjustment import (
    ADJUSTMENT_NAMES,
    Adjustment,
    AdjustmentStatus,
)
from guidance.periods.closing import close_quarter
from guidance.periods.exceptions import propose_exception
from guidance.periods.locking import SESSIONS, locked_values, prepare_lock, restated, units_restated
from guidance.periods.period import Quarter
from guidance.periods.record import (
    WHOLE,
    PeriodRecord,
    PeriodState,
    SampleItem,
    SampleOutcome,
    state_of,
)
from guidance.periods.sample import sample_left, stands, unconfirmed, verification_factors
from guidance.periods.seed import commit_seed, late_seeds, propose_late_seed
from guidance.review.proposal import ProposalKind, ReasonMissing, open_proposals
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.session import GuidanceSession
from storage.database import Database

router = APIRouter(include_in_schema=False)

PERIOD_NAMES = {
    PeriodState.OPEN: "进行中",
    PeriodState.CLOSED: "已结算，抽查中",
    PeriodState.LOCKED: "已锁定",
}
CHECKS_LISTED = 200
ABOUT_QUARTERS = {ProposalKind.LOCK, ProposalKind.LOCK_EXCEPTION, ProposalKind.LATE_SEED}
REFUSALS = (TransitionRefused, DutiesNotSeparate, NotYourDuty, ReasonMissing)


def _commit(db: Session, quarter: Quarter, by: Staff, at: datetime, _posted: FormData) -> None:
    commit_seed(db, quarter, by, at)


def _commit_late(db: Session, quarter: Quarter, by: Staff, at: datetime, posted: FormData) -> None:
    propose_late_seed(db, quarter, by, at, typed(posted, "reason"))


def _close(db: Session, quarter: Quarter, by: Staff, at: datetime, _posted: FormData) -> None:
    close_quarter(db, quarter, by, at)


def _prepare(db: Session, quarter: Quarter, by: Staff, at: datetime, _posted: FormData) -> None:
    prepare_lock(db, quarter, by, at)


def _except(db: Session, quarter: Quarter, by: Staff, at: datetime, posted: FormData) -> None:
    by.require(Role.HANDLER, Role.REVIEWER, Role.SIGNER)
    unit = by.org_unit or typed(posted, "unit", 60)
    propose_exception(db, quarter, unit, by, at, typed(posted, "reason"))


STEPS: dict[str, Callable[[Session, Quarter, Staff, datetime, Any], None]] = {
    "commit": _commit,
    "commit_late": _commit_late,
    "close": _close,
    "prepare": _prepare,
    "except": _except,
}


@router.get("/staff/periods", dependencies=allow(Permission.STAFF))
def show_periods(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """List the quarters with what was published and what it was restated to."""
    with database.reading() as db:
        rows = [
            (quarter, state_of(db, quarter), restated(db, quarter)) for quarter in _quarters(db)
        ]
    return render_staff(
        request, account, "ledger/periods.html", rows=rows, period_names=PERIOD_NAMES
    )


@router.get("/staff/periods/{period}", dependencies=allow(Permission.STAFF))
def show_period(
    request: Request,
    period: str,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
) -> Response:
    """Show one quarter: the steps to its lock, the second check, the restatement."""
    return period_page(request, database, account, staff, Quarter.parse(period))


@router.post("/staff/periods/{period}", dependencies=allow(Permission.STAFF))
def take_step(
    request: Request,
    period: str,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Take one step of a quarter, or ask for an exception."""
    quarter = Quarter.parse(period)
    database: Database = request.app.state.database
    step = STEPS.get(typed(posted, "action"))
    try:
        if step is None:
            raise TransitionRefused("请选择要做的事。")
        with deciding(database, account, f"period:{quarter}") as db:
            if step is not _except:
                require_district(account)
            step(db, quarter, staff, datetime.now(UTC), posted)
    except REFUSALS as error:
        told = (str(error), int(problem_of(error).status))
        return period_page(request, database, account, staff, quarter, told)
    return RedirectResponse(f"/staff/periods/{quarter}?saved=1", HTTPStatus.SEE_OTHER)


def period_page(
    request: Request,
    database: Database,
    account: SignedIn,
    staff: Staff,
    quarter: Quarter,
    told: tuple[str, int] = ("", 200),
) -> Response:
    """Render the page of a quarter; `told` is what went wrong, with its status."""
    period = str(quarter)
    with database.reading() as db:
        record = db.get(PeriodRecord, period)
        state = record.state if record else PeriodState.OPEN
        context = _figures(db, period, account) | _sample(db, period, account)
        waiting = [
            one
            for one in open_proposals(db)
            if one.kind in ABOUT_QUARTERS and one.subject == f"period:{period}"
        ]
        late = late_seeds(db).get(period)
        parts = {record.closed_by, record.prepared_by, record.signed_by} if record else set()
        parts |= {late.proposed_by, late.decided_by} if late else set()
        people = names_of(db, parts | {one.proposed_by for one in waiting} | context["decided"])
        known_units = units(db)
    return render_staff(
        request,
        account,
        "ledger/period.html",
        told[1],
        told=told[0],
        quarter=quarter,
        record=record,
        state=state,
        over=today() > quarter.entry_closes_on,
        seed_late=today() > quarter.last_day,
        late=late,
        waiting=waiting,
        people=people,
        units=known_units,
        unit_name=unit_name,
        reviewing=Role.REVIEWER in staff.roles,
        period_names=PERIOD_NAMES,
        adjustment_kinds=ADJUSTMENT_NAMES,
        **context,
    )


def _figures(db: Session, period: str, account: SignedIn) -> dict[str, Any]:
    figures = restated(db, period)
    locked = locked_values(db, period, SESSIONS)
    by_unit = units_restated(db, period)
    proposed = db.scalars(
        select(Adjustment).where(
            Adjustment.period == period, Adjustment.status == AdjustmentStatus.PROPOSED
        )
    ).all()
    decided = {one.decided_by for one in figures["basis"]}
    decided |= {one.proposed_by for one in [*figures["basis"], *proposed]}
    return {
        "figures": figures,
        "by_unit": [
            (unit, locked.get(unit, 0) if locked else value, value)
            for unit, value in sorted(by_unit.items())
            if unit != WHOLE and account.sees(unit)
        ],
        "proposed": [one for one in proposed if account.sees(one.org_unit)],
        "decided": decided,
    }


def _sample(db: Session, period: str, account: SignedIn) -> dict[str, Any]:
    items = db.scalars(
        select(SampleItem)
        .join(GuidanceSession, GuidanceSession.id == SampleItem.session_id)
        .where(SampleItem.period == period, SampleItem.outcome == SampleOutcome.WAITING, stands())
        .order_by(SampleItem.session_id)
        .limit(CHECKS_LISTED)
    ).all()
    return {
        "waiting_checks": waiting_checks(db, account).get(period, 0),
        "left": sample_left(db, period),
        "failed": unconfirmed(db, period),
        "factors": [one for one in verification_factors(db, period) if account.sees(one.org_unit)],
        "items": items if not account.org_unit else [],
    }


def waiting_checks(db: Session, account: SignedIn) -> dict[str, int]:
    """Return by quarter how many second checks wait; those of streets are done by the district."""
    if account.org_unit:
        return {}
    by_period = select(SampleItem.period, func.count()).group_by(SampleItem.period)
    sessions = by_period.join(GuidanceSession, GuidanceSession.id == SampleItem.session_id)
    waiting = sessions.where(SampleItem.outcome == SampleOutcome.WAITING, stands())
    return {str(period): count for period, count in db.execute(waiting.order_by(SampleItem.period))}


def waiting_adjustments(db: Session, account: SignedIn) -> dict[str, int]:
    """Return by quarter how many adjustments wait within the account's scope."""
    by_period = select(Adjustment.period, func.count()).group_by(Adjustment.period)
    waiting = by_period.where(
        Adjustment.status == AdjustmentStatus.PROPOSED, account.within(Adjustment.org_unit)
    )
    return {str(period): count for period, count in db.execute(waiting.order_by(Adjustment.period))}


def _quarters(db: Session) -> list[str]:
    """Return the quarters with anything in them and the current one, newest first."""
    found = set(db.scalars(select(Tally.period).distinct()))
    found |= set(db.scalars(select(PeriodRecord.period)))
    return sorted(found | {str(Quarter.of(today()))}, reverse=True)
