"""Staff pages of open questions: who is to answer them, the draft, a second person's approval."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.orm import Session

from accounts.account import Account
from accounts.role import Role
from api.access import Permission, allow
from api.chat.thread import STATUS_LABELS
from api.deps import CurrentSnapshot, OpenDatabase
from api.errors import RoleMissing
from api.gaps.telling import told_of
from api.gaps.work import collect_gaps, publish_clause
from api.policies.validity import today
from api.settings import Settings
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event
from guidance.gaps.contact import GapContact, contacts_of
from guidance.gaps.gap import (
    LARGEST_ID,
    MOST_TEXT,
    OPEN_STATES,
    STATE_NAMES,
    ClauseDraftText,
    Gap,
    GapNotFound,
    GapRefused,
    GapState,
    approve,
    assign,
    count_gaps,
    gaps_in,
    get_gap,
    reject,
    reopen,
    save_draft,
    send_back,
)
from guidance.gaps.open_question import examples_of, turns_of
from knowledge.department import load_departments
from storage.database import Database, storable

router = APIRouter(prefix="/staff/gaps", include_in_schema=False)

PAGE_SIZE = 50
EXAMPLES = 20
GapId = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Line = Annotated[str, BeforeValidator(storable)]
Reason = Annotated[str, Form(max_length=200), BeforeValidator(storable)]
DRAFTING = allow(Permission.DRAFTING)
CATALOGUE = allow(Permission.CATALOGUE)


class DraftForm(BaseModel):
    """A local clause as it is typed; checked where the page can say what to change."""

    title: Annotated[Line, Field(max_length=100)] = ""
    text: Annotated[Line, Field(max_length=2 * MOST_TEXT)] = ""
    source: Annotated[Line, Field(max_length=300)] = ""
    effective_on: Annotated[Line, Field(max_length=20)] = ""
    expires_on: Annotated[Line, Field(max_length=20)] = ""

    def read(self) -> ClauseDraftText:
        """Return the draft. Raises GapRefused."""
        if not (self.title.strip() and self.text.strip() and self.source.strip()):
            raise GapRefused("标题、正文和依据都要填写。")
        if len(self.text) > MOST_TEXT:
            raise GapRefused(f"正文最多{MOST_TEXT}字，请精简。")
        begins = _day(self.effective_on, "施行日期")
        if begins is None:
            raise GapRefused("请填写施行日期。")
        ends = _day(self.expires_on, "失效日期")
        return ClauseDraftText(self.title, self.text, self.source, begins, ends)


@dataclass(frozen=True, slots=True)
class _Told:
    """What a page says again after a refusal: why, and what had been typed."""

    refused: str
    draft: DraftForm | None = None


def _day(text: str, what: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()) if text.strip() else None
    except ValueError as error:
        raise GapRefused(f"{what}请写成2026-01-31的样子。") from error


def _seen(db: Session, gap_id: int, account: SignedIn) -> Gap:
    """Return a gap within the account's scope; another department's is as unknown as none."""
    gap = get_gap(db, gap_id)
    if Role.ADMINISTRATOR not in account.roles and not account.sees(gap.org_unit):
        raise GapNotFound(gap_id)
    return gap


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
    """List what people asked and no document answers."""
    states = sorted(OPEN_STATES) if state is None else [state]
    with database.reading() as db:
        counts = count_gaps(db, _scope(account))
        gaps = gaps_in(db, states, _scope(account), page, PAGE_SIZE)
    total = sum(counts[one] for one in states)
    return render_staff(
        request,
        account,
        "gaps/gaps.html",
        gaps=[(gap, gap.days_left(today())) for gap in gaps],
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
    request: Request, gap_id: GapId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show a gap: its questions, its department, its draft, and what may be done now."""
    return _gap_page(request, database, account, gap_id)


@router.post("/{gap_id}/draft", dependencies=DRAFTING)
def post_draft(
    request: Request,
    gap_id: GapId,
    database: OpenDatabase,
    account: CurrentAccount,
    form: Annotated[DraftForm, Form()],
) -> Response:
    """Keep a draft for a second person to approve."""
    try:
        draft = form.read()
        with database.writing() as db:
            gap = _seen(db, gap_id, account)
            save_draft(db, gap, draft, (account.account_id, account.actor), datetime.now(UTC))
    except GapRefused as refused:
        return _gap_page(request, database, account, gap_id, _Told(str(refused), form))
    return _to(gap_id)


@router.post("/{gap_id}/assign", dependencies=CATALOGUE)
def post_assign(
    request: Request,
    gap_id: GapId,
    database: OpenDatabase,
    account: CurrentAccount,
    org_unit: Annotated[str, Form(max_length=60), BeforeValidator(storable)] = "",
) -> Response:
    """Give a gap to another department."""
    try:
        with database.writing() as db:
            gap = _seen(db, gap_id, account)
            assign(db, gap, org_unit.strip(), account.actor, datetime.now(UTC))
    except GapRefused as refused:
        return _gap_page(request, database, account, gap_id, _Told(str(refused)))
    return _to(gap_id)


@router.post("/{gap_id}/{step}", dependencies=DRAFTING)
def post_step(
    request: Request,
    gap_id: GapId,
    step: str,
    database: OpenDatabase,
    account: CurrentAccount,
    reason: Reason = "",
) -> Response:
    """Approve, return, publish, turn down or take up again: what administrators decide."""
    if step not in _STEPS:
        raise GapNotFound(gap_id)
    if Role.ADMINISTRATOR not in account.roles:
        raise RoleMissing
    settings: Settings = request.app.state.settings
    try:
        with database.writing() as db:
            gap = _seen(db, gap_id, account)
            now = datetime.now(UTC)
            if step == "approve":
                approve(db, gap, (account.account_id, account.actor), now)
            elif step == "publish":
                publish_clause(db, gap.id, settings.district, account.actor, now)
            else:
                _DECISIONS[step](db, gap, account.actor, reason, now)
    except GapRefused as refused:
        return _gap_page(request, database, account, gap_id, _Told(str(refused)))
    return _to(gap_id)


_DECISIONS = {"return": send_back, "reject": reject, "reopen": reopen}
_STEPS = frozenset({"approve", "publish", *_DECISIONS})


@router.post("/{gap_id}/contacts/{turn_id}/show", dependencies=DRAFTING)
def post_show_contact(
    request: Request,
    gap_id: GapId,
    turn_id: GapId,
    database: OpenDatabase,
    account: CurrentAccount,
) -> Response:
    """Show a whole number to whoever is going to call it; that they looked is on record."""
    with database.writing() as db:
        gap = _seen(db, gap_id, account)
        contact = _contact(db, gap, turn_id)
        phone = contact.phone
        details = {"turn": turn_id}
        append_event(db, "gap.contact_shown", gap.subject, account.actor, details)
    shown = {turn_id: phone}
    return _gap_page(request, database, account, gap_id, phones=shown)


@router.post("/{gap_id}/contacts/{turn_id}/told", dependencies=DRAFTING)
def post_told(
    gap_id: GapId, turn_id: GapId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Note that somebody was told the answer; the number is deleted with it."""
    with database.writing() as db:
        gap = _seen(db, gap_id, account)
        contact = _contact(db, gap, turn_id)
        if contact.told_at is None:
            contact.told_at, contact.told_by = datetime.now(UTC), f"account:{account.account_id}"
            contact.phone = ""
            append_event(db, "gap.contact_told", gap.subject, account.actor, {"turn": turn_id})
    return _to(gap_id)


def _contact(db: Session, gap: Gap, turn_id: int) -> GapContact:
    contact = db.get(GapContact, turn_id, with_for_update=True)
    if contact is None or turn_id not in turns_of(db, gap.id):
        raise GapNotFound(gap.id)
    return contact


def _gap_page(
    request: Request,
    database: Database,
    account: SignedIn,
    gap_id: int,
    told: _Told | None = None,
    phones: dict[int, str] | None = None,
) -> Response:
    with database.reading() as db:
        gap = _seen(db, gap_id, account)
        contacts = contacts_of(db, turns_of(db, gap_id))
        examples = examples_of(db, gap_id, EXAMPLES)
        names = {i: _name(db, i) for i in (gap.drafter_id, gap.approver_id) if i}
        told_by_wechat = told_of(db, gap)
    return render_staff(
        request,
        account,
        "gaps/gap.html",
        HTTPStatus.CONFLICT if told else HTTPStatus.OK,
        gap=gap,
        days=gap.days_left(today()),
        examples=examples,
        contacts=contacts,
        phones=phones or {},
        names=names,
        told_by_wechat=told_by_wechat,
        typed=(told.draft if told and told.draft else _typed(gap)),
        refused=told.refused if told else "",
        administrator=Role.ADMINISTRATOR in account.roles,
        states=STATE_NAMES,
        labels=STATUS_LABELS | {"answered": "已答复"},
        units=[department.name for department in load_departments()],
    )


def _typed(gap: Gap) -> DraftForm:
    begins = gap.effective_on or today()
    ends = gap.expires_on.isoformat() if gap.expires_on else ""
    title = gap.draft_title or f"关于“{gap.question[:40]}”的答复"
    values: dict[str, Any] = {"text": gap.draft_text, "source": gap.draft_source}
    return DraftForm(title=title, effective_on=begins.isoformat(), expires_on=ends, **values)


def _name(db: Session, account_id: int) -> str:
    account = db.get(Account, account_id)
    return account.name if account else "（已删除的账号）"


def _to(gap_id: int) -> Response:
    return RedirectResponse(f"/staff/gaps/{gap_id}?saved=1", HTTPStatus.SEE_OTHER)
