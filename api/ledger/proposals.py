"""What waits for a second person: proposals of every kind, confirmed or refused."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from accounts.role import Role
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.confirming import CONFIRMED, DECIDERS, DISTRICT_MATTERS, Confirming
from api.ledger.staff import (
    CurrentStaff,
    Number,
    deciding,
    names_of,
    require_district,
    shows_targets,
    unit_name,
)
from api.ledger.words import NAMES
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.counting.rules import RulesInvalid
from guidance.indicators.agreed import UNDATED
from guidance.indicators.indicator import Span, load_register
from guidance.ledger_list import session_within
from guidance.lifecycle import TransitionRefused
from guidance.people.merging import SamePersonAlready
from guidance.review.proposal import (
    AlreadyDecided,
    Proposal,
    ProposalKind,
    ProposalNotFound,
    ReasonMissing,
    decide,
    open_proposals,
)
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.transition import SessionNotFound
from storage.database import Database

router = APIRouter(include_in_schema=False)

REFUSALS = (
    TransitionRefused, DutiesNotSeparate, NotYourDuty, ReasonMissing, AlreadyDecided,
    SamePersonAlready, RulesInvalid,
)  # fmt: skip

# What is proposed, with what the proposal is of and its details.
SUBJECTS = {
    ProposalKind.LOCK: "{of}，{sessions} 人次",
    ProposalKind.LATE_SEED: "{of}，最迟应在 {due} 公布；确认后立即公布，并注明逾期",
    ProposalKind.MERGE_SESSIONS: "编号 {of} 并入编号 {into}，是同一次咨询",
    ProposalKind.PART_SESSIONS: "编号 {of} 是另一次咨询，分开后重新判定和复核",
    ProposalKind.MERGE_PEOPLE: "两个身份是同一人",
}


@router.get("/staff/proposals", dependencies=allow(Permission.STAFF))
def show_proposals(
    request: Request, database: OpenDatabase, account: CurrentAccount, staff: CurrentStaff
) -> Response:
    """List what waits for a second person."""
    return _page(request, database, account, staff)


@router.post("/staff/proposals/{number}", dependencies=allow(Permission.STAFF))
def decide_proposal(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Confirm or refuse a proposal of somebody else."""
    what = Confirming(number, staff, datetime.now(UTC), typed(posted, "approval_number", 100))
    said = None
    try:
        with deciding(database, account, f"proposal:{number}") as db:
            proposal = proposal_within(db, number, account)
            if proposal.kind in DISTRICT_MATTERS:
                require_district(account)
            if typed(posted, "action") == "confirm":
                said = CONFIRMED[proposal.kind](db, what)
            else:
                staff.require(*DECIDERS.get(proposal.kind, (Role.SIGNER,)))
                reason = typed(posted, "reason")
                decide(db, number, staff, what.at, confirm=False, reason=reason)
    except REFUSALS as error:
        status = problem_of(error).status
        return _page(request, database, account, staff, (str(error), status))
    if said is not None:
        return _page(request, database, account, staff, done=said)
    return RedirectResponse("/staff/proposals?saved=1", HTTPStatus.SEE_OTHER)


def proposal_within(db: Session, number: int, account: SignedIn) -> Proposal:
    """Return a proposal whose sessions are all within the account's scope.

    Raises ProposalNotFound.
    """
    proposal = db.get(Proposal, number)
    try:
        if proposal is None:
            raise ProposalNotFound("没有找到这项提议，请从列表重新选择。")
        for session_id in sessions_of(proposal):
            session_within(db, session_id, account.org_unit)
    except SessionNotFound as error:
        raise ProposalNotFound("没有找到这项提议，请从列表重新选择。") from error
    return proposal


def sessions_of(proposal: Proposal) -> list[int]:
    """Return the sessions that a proposal is about."""
    if proposal.kind is ProposalKind.APPROVE_MANY:
        return list(proposal.details["sessions"])
    if proposal.kind is ProposalKind.MERGE_SESSIONS:
        return [int(proposal.subject.split(":")[1]), int(proposal.details["into"])]
    kind, _, name = proposal.subject.partition(":")
    return [int(name)] if kind == "session" else []


def _page(
    request: Request,
    database: Database,
    account: SignedIn,
    staff: Staff,
    told: tuple[str, int] = ("", 200),
    done: str = "",
) -> Response:
    with database.reading() as db:
        waiting = visible_proposals(db, account)
        names = names_of(db, {one.proposed_by for one in waiting})
    return render_staff(
        request,
        account,
        "ledger/proposals.html",
        told[1],
        told=told[0],
        done=done,
        waiting=[(one, _subject(one), sessions_of(one)) for one in waiting],
        own={one.id for one in waiting if staff.is_one_of(one.proposed_by)},
        may=lambda one: bool(staff.roles & set(DECIDERS.get(one.kind, (Role.SIGNER,)))),
        people=names,
        with_number={ProposalKind.RULES, ProposalKind.DEFINITION},
        **NAMES,
    )


def visible_proposals(db: Session, account: SignedIn) -> list[Proposal]:
    """Return what waits for a second person within the account's scope, as the page lists it."""
    return [one for one in open_proposals(db) if _visible(db, one, account)]


def _visible(db: Session, proposal: Proposal, account: SignedIn) -> bool:
    if proposal.subject.startswith("definition:target:") and not shows_targets(account):
        return False
    if not account.org_unit:
        return True
    if proposal.kind is ProposalKind.LOCK_EXCEPTION:
        return bool(proposal.details["org_unit"] == account.org_unit)
    if proposal.kind in DISTRICT_MATTERS:
        return False
    try:
        proposal_within(db, proposal.id, account)
    except ProposalNotFound:
        return False
    return True


def _subject(proposal: Proposal) -> str:
    details: dict[str, Any] = proposal.details
    of = proposal.subject.partition(":")[2]
    match proposal.kind:
        case ProposalKind.LOCK_EXCEPTION:
            return f"{of}，{unit_name(details['org_unit'])}，七天内有效"
        case ProposalKind.RULES:
            return f"“{details['rules']['name']}”从 {details['effective_from']} 起用"
        case ProposalKind.DEFINITION:
            return f"{definition_subject(details['subject'])}：{details['choice']}"
    return SUBJECTS.get(proposal.kind, "").format(of=of, **details)


def definition_subject(subject: str) -> str:
    """Return what a signed definition is about, in words."""
    kind, _, name = subject.partition(":")
    register = load_register()
    if kind == "ambiguity" and name.isdigit() and int(name) in register.ambiguities:
        return f"口径第 {name} 条（{register.ambiguities[int(name)].problem}）"
    if kind == "frame" and name in UNDATED:
        return f"{UNDATED[Span(name)]}的起止年份"
    if kind == "target":
        indicator, _, year = name.rpartition(":")
        return f"{register.get(indicator).name}从 {year} 年起的目标"
    if name in register.indicators:
        return f"{register.indicators[name].name}的责任单位"
    return subject
