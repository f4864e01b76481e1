"""The staff's page: who waits, which proposals age, the last run and its proof, pairing by hand."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BeforeValidator
from sqlalchemy.orm import Session

from accounts.account import LARGEST_ID
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.mentors.matching_work import resolve
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.assignment.certificate_file import verify
from matching.assignment.rules import broken_rules
from matching.mentoring.mentorship import end_pairing, propose
from matching.mentoring.moves import MentoringRefused, Proposer
from matching.mentoring.need import MentoringNeed, NeedState, needs_in
from matching.mentoring.pairing import RUNNING, PairingState, pairings_in
from matching.mentoring.run import apply_run, last_run, mentors_now, pair_of, reasons_for
from matching.mentors.mentor import MentorNotFound
from storage.database import Database, storable

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Words = Annotated[str, Form(min_length=1, max_length=200), BeforeValidator(storable)]
HANDLER = allow(Permission.HANDLING)


@router.get("/staff/mentoring", dependencies=allow(Permission.STAFF))
def show_mentoring(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Show the whole of mentoring at one glance."""
    return _page(request, account, database)


@router.post("/staff/mentoring/runs", dependencies=HANDLER)
def make_run(account: CurrentAccount, database: OpenDatabase) -> Response:
    """Match all who wait; nothing is proposed yet."""
    resolve(database, datetime.now(UTC), Proposer(account.actor))
    return RedirectResponse("/staff/mentoring", HTTPStatus.SEE_OTHER)


@router.post("/staff/mentoring/runs/{run_id}", dependencies=HANDLER)
def propose_run(
    request: Request, run_id: Number, account: CurrentAccount, database: OpenDatabase
) -> Response:
    """Confirm the whole run: the mentors are asked."""
    now, by = datetime.now(UTC), Proposer(account.actor)
    return _do(request, account, database, lambda db: apply_run(db, run_id, by, now, today()))


@router.post("/staff/mentoring/needs/{need_id}", dependencies=HANDLER)
def assign_by_hand(
    request: Request, need_id: Number, account: CurrentAccount, database: OpenDatabase,
    mentor: Annotated[str, Form(max_length=32), BeforeValidator(storable)], reason: Words,
) -> Response:  # fmt: skip
    """Ask one mentor by hand, with a reason; the hard rules hold here too."""
    now, by = datetime.now(UTC), Proposer(account.actor, reason)

    def step(db: Session) -> None:
        if db.get(MentoringNeed, need_id) is None:
            raise MentoringRefused("没有这份申请，请从列表重新选择。")
        if broken := broken_rules(pair_of(db, need_id, mentor, now, today())):
            raise MentoringRefused("".join(finding.message for finding in broken))
        propose(db, need_id, mentor, by, now, reasons_for(db, need_id, mentor, now, today()))

    return _do(request, account, database, step)


@router.post("/staff/mentoring/pairings/{pairing_id}/end", dependencies=HANDLER)
def end(
    request: Request, pairing_id: Number, account: CurrentAccount, database: OpenDatabase,
    reason: Words,
) -> Response:  # fmt: skip
    """End a pairing with a reason."""
    now, by = datetime.now(UTC), Proposer(account.actor, reason)
    return _do(request, account, database, lambda db: end_pairing(db, pairing_id, by, now))


def _do(
    request: Request, account: SignedIn, database: Database, step: Callable[[Session], object]
) -> Response:
    try:
        with database.writing() as db:
            step(db)
    except (MentoringRefused, MentorNotFound) as error:
        return _page(request, account, database, str(error))
    return RedirectResponse("/staff/mentoring", HTTPStatus.SEE_OTHER)


def _page(request: Request, account: SignedIn, database: Database, error: str = "") -> Response:
    now = datetime.now(UTC)
    with database.reading() as db:
        run = last_run(db)
        context = {
            "waiting": needs_in(db, NeedState.WAITING),
            "open": pairings_in(db, (PairingState.PROPOSED,)),
            "running": pairings_in(db, RUNNING),
            "mentors": mentors_now(db, now, today()),
        }
    proven = run is not None and verify(run.certificate).valid
    status = HTTPStatus.CONFLICT if error else HTTPStatus.OK
    return render_staff(
        request, account, "mentors/mentoring_staff.html", status, **context, run=run, proven=proven,
        now=now, error=error, may_act=bool({"handler"} & account.roles),
    )  # fmt: skip
