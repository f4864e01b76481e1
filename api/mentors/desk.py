"""The mentor's own page: invitations, own mentees, meetings, pause and capacity."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, Field
from sqlalchemy.orm import Session

from accounts.account import LARGEST_ID
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.ledger.staff import CurrentStaff
from api.mentors.matching_work import resolve
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.human_session import HumanEntry, record_human_session
from guidance.lifecycle import ServiceLine
from guidance.session import SHANGHAI
from matching.mentoring.mentorship import accept, decline, note_meeting, own_pairing, suggest_time
from matching.mentoring.moves import MentoringRefused
from matching.mentoring.need import MentoringContact, MentoringNeed
from matching.mentoring.pairing import (
    DECLINE_NAMES,
    RUNNING,
    SEATED,
    DeclineReason,
    PairingNotFound,
    PairingState,
    pairings_of_mentor,
)
from matching.mentors.mentor import find_mentor
from storage.database import Database, storable

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.MENTORING))
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Text = BeforeValidator(storable)
Short = Annotated[str, Field(max_length=200), Text]


class MeetingForm(BaseModel):
    """A meeting that took place: when, how long, how, about what, with what result."""

    started: datetime
    minutes: Annotated[int, Field(ge=1, le=720)]
    place: Annotated[str, Field(max_length=100), Text] = "线上"
    topic: Annotated[str, Field(min_length=1, max_length=200), Text]
    outcome: Annotated[str, Field(min_length=1, max_length=1000), Text]
    next_step: Short = ""


@router.get("/mentor")
def show_desk(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Show a mentor's own invitations and mentees, and nothing else."""
    return _desk(request, account, database)


@router.post("/mentor/pairings/{pairing_id}/accept")
def post_accept(
    request: Request, pairing_id: Number, account: CurrentAccount, database: OpenDatabase
) -> Response:
    """Say yes."""
    now = datetime.now(UTC)
    return _do(
        request,
        account,
        database,
        lambda db: accept(db, pairing_id, _code(account), account.actor, now),
    )


@router.post("/mentor/pairings/{pairing_id}/decline")
def post_decline(
    request: Request,
    pairing_id: Number,
    account: CurrentAccount,
    database: OpenDatabase,
    reason: Annotated[DeclineReason, Form()],
    words: Annotated[Short, Form()] = "",
) -> Response:
    """Say no, with a chip; the rest is matched again at once."""
    now = datetime.now(UTC)
    code = _code(account)
    reply = _do(
        request,
        account,
        database,
        lambda db: decline(db, pairing_id, code, (reason, words), account.actor, now),
    )
    resolve(database, now)
    return reply


@router.post("/mentor/pairings/{pairing_id}/time")
def post_time(
    request: Request,
    pairing_id: Number,
    account: CurrentAccount,
    database: OpenDatabase,
    words: Annotated[Short, Form()],
) -> Response:
    """Propose another time."""
    code = _code(account)
    return _do(
        request,
        account,
        database,
        lambda db: suggest_time(db, pairing_id, code, words, account.actor),
    )


@router.post("/mentor/pairings/{pairing_id}/meetings")
def post_meeting(
    request: Request,
    pairing_id: Number,
    account: CurrentAccount,
    staff: CurrentStaff,
    database: OpenDatabase,
    form: Annotated[MeetingForm, Form()],
) -> Response:
    """Record a meeting and show the code with which the mentee confirms it."""
    code, started = _code(account), form.started
    started = started if started.tzinfo else started.replace(tzinfo=SHANGHAI)
    summary = form.outcome + (f"\n下一步：{form.next_step}" if form.next_step else "")
    with database.writing() as db:
        pairing = own_pairing(db, pairing_id, code)
        note_meeting(db, pairing_id, code)
        entry = HumanEntry(
            service_line=ServiceLine.MENTOR,
            person=db.get_one(MentoringNeed, pairing.need_id).person,
            provider=f"mentor:{code}",
            started_at=started,
            ended_at=started + timedelta(minutes=form.minutes),
            place=form.place,
            topic=form.topic,
            summary=summary,
        )
        session, secret = record_human_session(db, entry, staff, datetime.now(UTC))
    return render_staff(request, account, "mentors/met.html", number=session.id, code=secret)


def _code(account: SignedIn) -> str:
    if not account.mentor_code:
        raise PairingNotFound("您的账号还没有关联导师资料，请联系管理员。")
    return account.mentor_code


def _do(
    request: Request, account: SignedIn, database: Database, step: Callable[[Session], None]
) -> Response:
    try:
        with database.writing() as db:
            step(db)
    except MentoringRefused as error:
        return _desk(request, account, database, str(error))
    return RedirectResponse("/mentor?saved=1", HTTPStatus.SEE_OTHER)


def _desk(request: Request, account: SignedIn, database: Database, error: str = "") -> Response:
    code = _code(account)
    with database.reading() as db:
        mentor = find_mentor(db, code)
        shown = []
        for pairing in pairings_of_mentor(db, code, SEATED):
            need = db.get_one(MentoringNeed, pairing.need_id)
            contact = db.get(MentoringContact, need.id) if pairing.state in RUNNING else None
            shown.append((pairing, need, contact.phone if contact else ""))
    invited = [one for one in shown if one[0].state is PairingState.PROPOSED]
    mentees = [one for one in shown if one[0].state in RUNNING]
    status = HTTPStatus.CONFLICT if error else HTTPStatus.OK
    return render_staff(
        request, account, "mentors/desk.html", status, mentor=mentor, invited=invited,
        mentees=mentees, chips=DECLINE_NAMES, error=error,
    )  # fmt: skip
