"""Staff pages of open questions: who is to answer them, the draft, a second person's approval."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from accounts.role import Role
from api.access import Permission, allow
from api.deps import CurrentSnapshot, OpenDatabase
from api.gaps.draft_form import DraftForm
from api.gaps.gap_page import Told, gap_page, gap_seen_by, to_gap
from api.gaps.work import collect_gaps, publish_clause
from api.input import RecordId, Storable, Words
from api.policies.validity import today
from api.refusals import RoleMissing
from api.settings import Settings
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event
from guidance.gaps.gap import (
    OPEN_STATES,
    STATE_NAMES,
    GapNotFound,
    GapRefused,
    GapState,
    count_gaps,
    gaps_in,
)
from guidance.gaps.steps import approve, assign, reject, reopen, save_draft, send_back
from guidance.periods.working_days import working_days

router = APIRouter(prefix="/staff/gaps", include_in_schema=False)

PAGE_SIZE = 50
DRAFTING = allow(Permission.DRAFTING)
CATALOGUE = allow(Permission.CATALOGUE)


def _scope(account: SignedIn) -> str:
    return "" if Role.ADMINISTRATOR in account.roles else account.org_unit


@router.get("", dependencies=DRAFTING)
def show_gaps(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    state: Annotated[GapState | None, Query()] = None,
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List what people asked and no document answers; who reads it is on record."""
    states = sorted(OPEN_STATES) if state is None else [state]
    with database.writing() as db:
        counts = count_gaps(db, _scope(account))
        gaps = gaps_in(db, states, _scope(account), page, PAGE_SIZE)
        if gaps:
            append_event(
                db, "gaps.listed", "gaps", account.actor, {"gaps": [one.id for one in gaps]}
            )
        known_days = working_days(db)
    total = sum(counts[one] for one in states)
    return render_staff(
        request,
        account,
        "gaps/gaps.html",
        gaps=[(gap, gap.days_left(today(), known_days)) for gap in gaps],
        counts=counts,
        state=state,
        states=STATE_NAMES,
        open_count=sum(counts[one] for one in OPEN_STATES),
        page=page,
        pages=max(1, -(-total // PAGE_SIZE)),
        may_collect=Role.ADMINISTRATOR in account.roles,
    )


@router.post("/collect", dependencies=CATALOGUE)
def post_collect(database: OpenDatabase, snapshot: CurrentSnapshot) -> Response:
    """Gather the newest open questions now; the service does so every minute by itself."""
    collect_gaps(database, snapshot, datetime.now(UTC))
    return RedirectResponse("/staff/gaps?saved=1", HTTPStatus.SEE_OTHER)


@router.get("/{gap_id}", dependencies=DRAFTING)
def show_gap(
    request: Request, gap_id: RecordId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show a gap: its questions, its department, its draft, and what may be done now."""
    return gap_page(request, database, account, gap_id)


@router.post("/{gap_id}/draft", dependencies=DRAFTING)
def post_draft(
    request: Request,
    gap_id: RecordId,
    database: OpenDatabase,
    account: CurrentAccount,
    form: Annotated[DraftForm, Form()],
) -> Response:
    """Keep a draft for a second person to approve."""
    try:
        draft = form.read()
        with database.writing() as db:
            gap = gap_seen_by(db, gap_id, account)
            save_draft(db, gap, draft, (account.account_id, account.actor), datetime.now(UTC))
    except GapRefused as refused:
        return gap_page(request, database, account, gap_id, Told(str(refused), form))
    return to_gap(gap_id)


@router.post("/{gap_id}/assign", dependencies=CATALOGUE)
def post_assign(
    request: Request,
    gap_id: RecordId,
    database: OpenDatabase,
    account: CurrentAccount,
    org_unit: Annotated[str, Form(max_length=60), Storable] = "",
) -> Response:
    """Give a gap to another department."""
    try:
        with database.writing() as db:
            gap = gap_seen_by(db, gap_id, account)
            assign(db, gap, org_unit.strip(), account.actor, datetime.now(UTC))
    except GapRefused as refused:
        return gap_page(request, database, account, gap_id, Told(str(refused)))
    return to_gap(gap_id)


@router.post("/{gap_id}/{step}", dependencies=DRAFTING)
def post_step(
    request: Request,
    gap_id: RecordId,
    step: str,
    database: OpenDatabase,
    account: CurrentAccount,
    reason: Words = "",
) -> Response:
    """Approve, return, publish, turn down or take up again: what administrators decide."""
    if step not in _STEPS:
        raise GapNotFound(gap_id)
    if Role.ADMINISTRATOR not in account.roles:
        raise RoleMissing
    settings: Settings = request.app.state.settings
    try:
        with database.writing() as db:
            gap = gap_seen_by(db, gap_id, account)
            now = datetime.now(UTC)
            if step == "approve":
                approve(db, gap, (account.account_id, account.actor), now)
            elif step == "publish":
                publish_clause(db, gap.id, settings.district, account.actor, now)
            else:
                _DECISIONS[step](db, gap, account.actor, reason, now)
    except GapRefused as refused:
        return gap_page(request, database, account, gap_id, Told(str(refused)))
    return to_gap(gap_id)


_DECISIONS = {"return": send_back, "reject": reject, "reopen": reopen}
_STEPS = frozenset({"approve", "publish", *_DECISIONS})
