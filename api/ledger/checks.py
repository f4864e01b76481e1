"""The second, blind check of a quarter's sample, and adjustments of what is locked."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from accounts.role import Role
from api.access import Permission, allow
from api.chat.thread import show_turn
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.input import member
from api.ledger.periods import period_page
from api.ledger.staff import CurrentStaff, Number, deciding, masked_person, unit_name
from api.ledger.words import NAMES
from api.problems import problem_of
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.foreign import OfAnother
from audit.log import append_event
from guidance.indicators.evidence import evidence_of
from guidance.ledger_list import session_within
from guidance.lifecycle import TransitionRefused
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment, refuse_adjustment
from guidance.periods.adjustment import ADJUSTMENT_NAMES, Adjustment, AdjustmentKind
from guidance.periods.period import Quarter
from guidance.periods.record import SampleItem, SampleOutcome
from guidance.periods.sample import check_sample
from guidance.review.proposal import AlreadyDecided, ReasonMissing
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.seal import turns_of
from storage.database import Database

router = APIRouter(include_in_schema=False)

REFUSALS = (TransitionRefused, DutiesNotSeparate, NotYourDuty, ReasonMissing, AlreadyDecided)


@router.get("/staff/samples/{number}", dependencies=allow(Permission.REVIEWING))
def show_sample(
    request: Request, number: Number, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show a drawn session without its first decision: the record and nothing else."""
    return _sample_page(request, database, account, number)


@router.post("/staff/samples/{number}", dependencies=allow(Permission.REVIEWING))
def check(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Note what the second check found."""
    action, note = typed(posted, "action"), typed(posted, "reason")
    try:
        with deciding(database, account, f"session:{number}") as db:
            period = session_within(db, number, account.org_unit).period
            if action not in {"confirmed", "not_confirmed"}:
                raise TransitionRefused("请选择抽查结果。")
            if action == "not_confirmed" and not note:
                raise ReasonMissing("请写明为什么不能证实。")
            confirmed = action == "confirmed"
            check_sample(db, number, staff, datetime.now(UTC), confirmed=confirmed, note=note)
    except REFUSALS as error:
        told = (str(error), int(problem_of(error).status))
        return _sample_page(request, database, account, number, told)
    return RedirectResponse(f"/staff/periods/{period}?saved=1#sample", HTTPStatus.SEE_OTHER)


@router.post("/staff/sessions/{number}/adjust", dependencies=allow(Permission.STAFF))
def propose(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Propose to correct a locked quarter by one session."""
    with database.reading() as db:
        period = session_within(db, number, account.org_unit).period
    kind = member(AdjustmentKind, typed(posted, "kind"))
    try:
        with deciding(database, account, f"session:{number}") as db:
            if kind is None:
                raise TransitionRefused("请选择调整的方式。")
            to_unit = typed(posted, "unit", 60)
            words = Words(typed(posted, "reason"), typed(posted, "reference", 100), "", to_unit)
            propose_adjustment(db, kind, number, staff, datetime.now(UTC), words)
    except REFUSALS as error:
        return _told(request, account, staff, period, error)
    return RedirectResponse(f"/staff/periods/{period}?saved=1#restated", HTTPStatus.SEE_OTHER)


@router.post("/staff/adjustments/{number}", dependencies=allow(Permission.STAFF))
def decide_adjustment(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Put somebody else's adjustment in force, or refuse it."""
    with database.reading() as db:
        adjustment = db.get(Adjustment, number)
        if adjustment is None:
            raise PageNotFound
        if not account.sees(adjustment.org_unit):
            raise PageNotFound from OfAnother(f"adjustment:{number}")
        period = adjustment.period
    now = datetime.now(UTC)
    try:
        with deciding(database, account, f"adjustment:{number}") as db:
            if typed(posted, "action") == "confirm":
                post_adjustment(db, number, staff, now)
            else:
                refuse_adjustment(db, number, staff, now, typed(posted, "reason"))
    except REFUSALS as error:
        return _told(request, account, staff, period, error)
    return RedirectResponse(f"/staff/periods/{period}?saved=1#restated", HTTPStatus.SEE_OTHER)


def _told(
    request: Request, account: SignedIn, staff: Staff, period: str, error: Exception
) -> Response:
    told = (str(error), int(problem_of(error).status))
    database: Database = request.app.state.database
    return period_page(request, database, account, staff, Quarter.parse(period), told)


def _sample_page(
    request: Request,
    database: Database,
    account: SignedIn,
    number: int,
    told: tuple[str, int] = ("", 200),
) -> Response:
    with database.reading() as db:
        session = session_within(db, number, account.org_unit)
        item = db.get(SampleItem, (session.period, number))
        if item is None:
            raise PageNotFound
        turns = turns_of(db, number)
        files = evidence_of(db, number)
    with database.writing() as db:
        append_event(db, "transcript.read", session.subject, account.actor, {"for": "sample"})
    return render_staff(
        request,
        account,
        "ledger/sample.html",
        told[1],
        told=told[0],
        one=session,
        waiting=item.outcome is SampleOutcome.WAITING,
        person=masked_person(session),
        thread=[show_turn(turn) for turn in turns if "sentences" in turn.reply],
        files=files,
        unit_name=unit_name,
        may_check=Role.REVIEWER in account.roles,
        adjustment_kinds=ADJUSTMENT_NAMES,
        **NAMES,
    )
