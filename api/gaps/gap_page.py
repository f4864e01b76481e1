"""The page of one open question, and who may see it."""

from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from accounts.account import Account
from accounts.role import Role
from api.chat.thread import STATUS_LABELS
from api.gaps.draft_form import DraftForm
from api.gaps.telling import told_of
from api.policies.validity import today
from api.signed_in import SignedIn
from api.staff_page import render_staff
from audit.foreign import OfAnother
from audit.log import append_event
from guidance.gaps.contact import contacts_of
from guidance.gaps.gap import STATE_NAMES, Gap, GapNotFound, get_gap
from guidance.gaps.open_question import examples_of, turns_of
from guidance.periods.working_days import working_days
from knowledge.department import load_departments
from storage.database import Database

EXAMPLES = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What a page says again after a refusal: why, and what had been typed."""

    refused: str
    draft: DraftForm | None = None


def gap_seen_by(db: Session, gap_id: int, account: SignedIn, *, lock: bool = True) -> Gap:
    """Return a gap within the account's scope; another department's is as unknown as none."""
    gap = get_gap(db, gap_id, lock=lock)
    if Role.ADMINISTRATOR not in account.roles and not account.sees(gap.org_unit):
        raise GapNotFound(gap_id) from OfAnother(gap.subject)
    return gap


def gap_page(
    request: Request,
    database: Database,
    account: SignedIn,
    gap_id: int,
    told: Told | None = None,
    phones: dict[int, str] | None = None,
) -> Response:
    """Show a gap and what may be done now; who reads people's questions is on record."""
    with database.writing() as db:
        gap = gap_seen_by(db, gap_id, account, lock=False)
        contacts = contacts_of(db, turns_of(db, gap_id))
        examples = examples_of(db, gap_id, EXAMPLES)
        names = {i: _name(db, i) for i in (gap.drafter_id, gap.approver_id) if i}
        told_by_wechat = told_of(db, gap)
        append_event(db, "gap.read", gap.subject, account.actor)
        known_days = working_days(db)
    return render_staff(
        request,
        account,
        "gaps/gap.html",
        HTTPStatus.CONFLICT if told else HTTPStatus.OK,
        gap=gap,
        days=gap.days_left(today(), known_days),
        examples=examples,
        contacts=contacts,
        phones=phones or {},
        names=names,
        told_by_wechat=told_by_wechat,
        typed=(told.draft if told and told.draft else DraftForm.of(gap)),
        refused=told.refused if told else "",
        administrator=Role.ADMINISTRATOR in account.roles,
        states=STATE_NAMES,
        labels=STATUS_LABELS | {"answered": "已答复"},
        units=[department.name for department in load_departments()],
    )


def _name(db: Session, account_id: int) -> str:
    account = db.get(Account, account_id)
    return account.name if account else "（已删除的账号）"


def to_gap(gap_id: int) -> Response:
    """Lead to the page of a gap after a change."""
    return RedirectResponse(f"/staff/gaps/{gap_id}?saved=1", HTTPStatus.SEE_OTHER)
