"""One session of the ledger: its thread, why it counts or not, its history, what may be done."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from accounts.role import Role
from api.access import Permission, allow
from api.chat.thread import show_turn
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.corrections import corrections_of
from api.ledger.duplicates import of_one
from api.ledger.event_details import details_in_words, proposers, told_against
from api.ledger.event_words import event_name
from api.ledger.evidence import keep_upload
from api.ledger.session_decisions import (
    DECISIONS,
    Decision,
    possible_adjustments,
    possible_decisions,
)
from api.ledger.sessions import list_behind, neighbours
from api.ledger.staff import (
    CurrentStaff,
    Number,
    deciding,
    masked_person,
    names_of,
    reads_transcripts,
    reviewers_now,
    unit_name,
    units,
)
from api.ledger.words import NAMES, awaited_words
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event, events_of
from guidance.awaited import awaited_of
from guidance.indicators.evidence import EvidenceUnusable, add_evidence, evidence_of
from guidance.ledger_filter import LedgerFilter
from guidance.ledger_list import list_sessions, session_within
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.periods.left_out import left_out
from guidance.periods.period import Quarter
from guidance.periods.record import state_of, takes_decisions
from guidance.privacy.restricted import RestrictedSession
from guidance.review.decisions import CHECKLIST, REJECT_REASONS, RETURN_REASONS
from guidance.review.proposal import AlreadyDecided, ReasonMissing
from guidance.review.queue import drawn_reviewer, may_review
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.seal import seal_holds, turns_of
from guidance.session import GuidanceSession, Turn
from storage.database import Database

router = APIRouter(include_in_schema=False)

REFUSALS = (
    TransitionRefused, DutiesNotSeparate, NotYourDuty, ReasonMissing, AlreadyDecided,
    EvidenceUnusable,
)  # fmt: skip


@router.get("/staff/sessions/next", dependencies=allow(Permission.REVIEWING))
def show_next(database: OpenDatabase, account: CurrentAccount, staff: CurrentStaff) -> Response:
    """Lead to the oldest session that the lot gives this reviewer, else that they may decide on."""
    wanted = LedgerFilter(
        states=frozenset({SessionState.PENDING}), org_unit=account.org_unit or None
    )
    with database.reading() as db:
        waiting = [one for one in list_sessions(db, wanted).sessions if may_review(one, staff)]
        reviewers = reviewers_now(db)
    drawn = [one for one in waiting if drawn_reviewer(one, reviewers) == staff.reference]
    mine = next((one.id for one in (*drawn, *waiting)), None)
    queue = "?state=pending_review"
    address = f"/staff/sessions/{mine}{queue}" if mine else f"/staff/sessions{queue}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


@router.get("/staff/sessions/{number}", dependencies=allow(Permission.STAFF))
def show_session(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
) -> Response:
    """Show a session; whoever reads its words is noted in the audit log."""
    return _session_page(request, database, account, staff, number)


@router.post("/staff/sessions/{number}", dependencies=allow(Permission.STAFF))
def decide_one(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Take a decision on a session."""
    action = typed(posted, "action")
    checklist = tuple(str(one) for one in posted.getlist("check"))
    what = Decision(
        number, staff, datetime.now(UTC), typed(posted, "code"), typed(posted, "reason"), checklist
    )
    try:
        with deciding(database, account, f"session:{number}") as db:
            session_within(db, number, account.org_unit)
            if action not in DECISIONS:
                raise TransitionRefused("请选择要做的事。")
            DECISIONS[action](db, what)
    except REFUSALS as error:
        status = problem_of(error).status
        return _session_page(request, database, account, staff, number, (str(error), status))
    return _saved(request, number)


@router.post("/staff/uploads/sessions/{number}", dependencies=allow(Permission.HANDLING))
def upload_evidence(
    request: Request,
    number: Number,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Keep a file as evidence of a session."""
    try:
        with deciding(database, account, f"session:{number}") as db:
            session = session_within(db, number, account.org_unit)
            now = datetime.now(UTC)
            add_evidence(db, session, keep_upload(db, posted, staff, now), staff, now)
    except REFUSALS as error:
        status = problem_of(error).status
        return _session_page(request, database, account, staff, number, (str(error), status))
    return _saved(request, number)


def _saved(request: Request, number: int) -> Response:
    inside = list_behind(request).inside
    joint = "&" if inside else "?"
    target = f"/staff/sessions/{number}{inside}{joint}saved=1"
    return RedirectResponse(target, HTTPStatus.SEE_OTHER)


def _session_page(
    request: Request,
    database: Database,
    account: SignedIn,
    staff: Staff,
    number: int,
    told: tuple[str, int] = ("", 200),
) -> Response:
    with database.reading() as db:
        session = session_within(db, number, account.org_unit)
    readable = reads_transcripts(account) and not request.app.state.keeper.trouble
    if readable:
        with database.writing() as db:
            append_event(db, "transcript.read", session.subject, account.actor)
    with database.reading() as db:
        turns = turns_of(db, number)
        period = state_of(db, session.period)
        taken = takes_decisions(db, session, datetime.now(UTC))
        context = _context(db, session, turns, readable)
        adjustments = possible_adjustments(db, session, staff)
        others = of_one(db, session, account, taken=taken)
        instead = left_out(db, session)
        listed = list_behind(request)
        before, behind = neighbours(db, listed.wanted(account), account, number)
    return render_staff(
        request,
        account,
        "ledger/session.html",
        told[1],
        told=told[0],
        inside=listed.inside,
        before=before,
        behind=behind,
        one=session,
        readable=readable,
        decisions=possible_decisions(session, staff, period, taken=taken),
        period_state=period,
        checklist=CHECKLIST,
        return_reasons=RETURN_REASONS,
        reject_reasons=REJECT_REASONS,
        unit_name=unit_name,
        is_handler=Role.HANDLER in account.roles,
        adjustments=adjustments,
        instead=instead,
        **others,
        **context,
        **NAMES,
    )


def _context(
    db: Session, session: GuidanceSession, turns: list[Turn], readable: bool
) -> dict[str, Any]:
    events = [one for one in events_of(db, session.subject) if one[0].action != "transcript.read"]
    waits = session.state is SessionState.PENDING
    drawn = drawn_reviewer(session, reviewers_now(db)) if waits else None
    parts = {session.provider, session.recorder, session.submitter, session.approver}
    parts |= {drawn} if drawn else set()
    actors = {_reference(event.actor_kind, event.actor_id) for event, _ in events}
    people = names_of(db, parts | actors | proposers(events))
    awaited = awaited_of(db, session)
    sealed = bool(session.seal) and session.erased_at is None
    return {
        "person": masked_person(session),
        "drawn": drawn,
        "thread": [show_turn(turn) for turn in turns if "sentences" in turn.reply and readable],
        "turns": turns,
        "history": [
            (event, event_name(event.action), details_in_words(details, people))
            for event, details in events
        ],
        "actor_of": lambda event: _reference(event.actor_kind, event.actor_id),
        "people": people,
        "against": told_against(db, [session]),
        "carried": str(Quarter.of(session.count_on)) != session.period,
        "under_lock": db.get(RestrictedSession, session.id) is not None,
        "awaited": awaited_words(awaited, datetime.now(UTC)) if awaited else "",
        "files": evidence_of(db, session.id),
        "corrections": corrections_of(db, [session]),
        "seal_holds": seal_holds(db, session) if sealed else None,
        "units": units(db),
        "codes_of": session.codes.split(),
        "flags_of": session.flags.split(),
    }


def _reference(kind: str, number: str) -> str:
    return {"account": f"account:{number}", "person": "咨询人"}.get(kind, number)
