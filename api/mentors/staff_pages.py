"""The staff's page of mentoring: who waits, what to confirm, which proposals age, the mode."""

from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.access import Permission, allow, may
from api.deps import OpenDatabase
from api.input import RecordId, Storable, Words
from api.ledger.staff import require_district
from api.mentors.matching_work import resolve
from api.mentors.scope import seen_pairing
from api.mentors.telling import lost_causes, mentoring_step
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from matching.assignment.certificate_file import verify
from matching.mentoring.guiding import ENDING_NAMES, Ending, end_pairing
from matching.mentoring.moves import MentoringRefused, Proposer
from matching.mentoring.need import MentoringNeed, NeedState, needs_in
from matching.mentoring.news import calls_to_make
from matching.mentoring.pairing import (
    PAIRING_NAMES,
    RUNNING,
    AssignmentRecord,
    PairingState,
    pairings_in,
)
from matching.mentoring.proposing import withdraw_proposal
from matching.mentoring.ranking import KIND, mutual_choice, stable_faults, store_mutual_run
from matching.mentoring.ruling import choose_mode, rules_now
from matching.mentoring.run import apply_run, last_run
from matching.mentors.mentor import Mentor, MentorNotFound
from matching.mentors.search import IN_OFFICE
from storage.database import Database

router = APIRouter(include_in_schema=False)
Codes = list[Annotated[str, Field(max_length=32), Storable]]
HANDLER = allow(Permission.HANDLING)
HOME = "/staff/mentoring"


@router.get("/staff/mentoring", dependencies=allow(Permission.STAFF))
def show_mentoring(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Show the mentoring of the account's unit at one glance."""
    return _page(request, account, database)


@router.post("/staff/mentoring/runs", dependencies=HANDLER)
def make_run(account: CurrentAccount, database: OpenDatabase) -> Response:
    """Match all who wait."""
    resolve(database, datetime.now(UTC), Proposer(account.actor), asked_for=True)
    return RedirectResponse(HOME, HTTPStatus.SEE_OTHER)


@router.post("/staff/mentoring/mutual", dependencies=HANDLER)
def make_mutual_run(request: Request, account: CurrentAccount, database: OpenDatabase) -> Response:
    """Match those who ordered each other, by both sides' orders."""
    now, by = datetime.now(UTC), Proposer(account.actor)
    return _do(
        request, account, database, lambda db: store_mutual_run(db, by, now, today()), again=False
    )


@router.post("/staff/mentoring/runs/{run_id}", dependencies=HANDLER)
def propose_run(
    request: Request,
    run_id: RecordId,
    account: CurrentAccount,
    database: OpenDatabase,
    need: Annotated[Codes, Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Confirm the ticked pairs of a run: the mentors are asked; the others wait."""
    now, by = datetime.now(UTC), Proposer(account.actor)

    def step(db: Session) -> None:
        ticked = {f"N{one.id}" for one in _waiting(db, account)} & set(need)
        if not ticked:
            raise MentoringRefused("请先勾选要发出的邀请。")
        run = last_run(db)
        freed = set(run.dropped_pairs) - set(run.new_pairs) if run else set()
        apply_run(db, run_id, by, now, today(), ticked | freed)

    return _do(request, account, database, step)


@router.post("/staff/mentoring/mode", dependencies=allow(Permission.CATALOGUE))
def post_mode(
    request: Request,
    account: CurrentAccount,
    database: OpenDatabase,
    automatic: Annotated[bool, Form()],
    reason: Words = "",
) -> Response:
    """Let proposals go out at once, or only after a handler confirmed them."""
    require_district(account)
    return _do(
        request, account, database, lambda db: choose_mode(db, automatic, account.actor, reason)
    )


@router.post("/staff/mentoring/pairings/{pairing_id}/withdraw", dependencies=HANDLER)
def withdraw(
    request: Request,
    pairing_id: RecordId,
    account: CurrentAccount,
    database: OpenDatabase,
    reason: Words = "",
) -> Response:
    """Take one open proposal back, with a reason."""
    now, by = datetime.now(UTC), Proposer(account.actor, reason)

    def step(db: Session) -> None:
        pairing = seen_pairing(db, account, pairing_id)
        if not reason.strip():
            raise MentoringRefused("请写明撤回的原因，原因会告诉同事并记入审计日志。")
        withdraw_proposal(db, pairing, by, now)

    return _do(request, account, database, step)


@router.post("/staff/mentoring/pairings/{pairing_id}/end", dependencies=HANDLER)
def end(
    request: Request,
    pairing_id: RecordId,
    account: CurrentAccount,
    database: OpenDatabase,
    ending: Annotated[Ending, Form()] = Ending.ENDED,
    reason: Words = "",
) -> Response:
    """End a pairing with a reason, or look for another mentor."""
    now, by = datetime.now(UTC), Proposer(account.actor, reason)

    def step(db: Session) -> None:
        seen_pairing(db, account, pairing_id)
        end_pairing(db, pairing_id, by, now, ending)

    return _do(request, account, database, step)


def _do(
    request: Request,
    account: SignedIn,
    database: Database,
    step: Callable[[Session], object],
    *,
    again: bool = True,
) -> Response:
    try:
        with mentoring_step(database) as db:
            step(db)
    except (MentoringRefused, MentorNotFound) as error:
        return _page(request, account, database, str(error))
    if again:
        resolve(database, datetime.now(UTC))
    return RedirectResponse(f"{HOME}?saved=1", HTTPStatus.SEE_OTHER)


def _waiting(db: Session, account: SignedIn) -> list[MentoringNeed]:
    states = (NeedState.WAITING, NeedState.PROPOSED)
    return list(needs_in(db, *states, within=account.within(MentoringNeed.org_unit)))


def _page(request: Request, account: SignedIn, database: Database, error: str = "") -> Response:
    now, day = datetime.now(UTC), today()
    with database.reading() as db:
        open_needs = needs_in(
            db,
            NeedState.WAITING,
            NeedState.PROPOSED,
            NeedState.PAIRED,
            within=account.within(MentoringNeed.org_unit),
        )
        needs = {one.id: one for one in open_needs}
        pairings = [
            one
            for one in pairings_in(db, (PairingState.PROPOSED, *RUNNING))
            if one.need_id in needs
        ]
        run = last_run(db)
        context = {
            "names": {row[0]: row[1] for row in db.execute(select(Mentor.code, Mentor.name))},
            "calls": sum(one.need_id in needs for _, one in calls_to_make(db, lost_causes(db))),
            "serving": db.scalar(select(func.count(Mentor.id)).where(Mentor.state.in_(IN_OFFICE))),
            "choice": mutual_choice(db, now, day),
            "automatic": rules_now(db).automatic,
        }
    return render_staff(
        request,
        account,
        "mentors/mentoring_staff.html",
        HTTPStatus.CONFLICT if error else HTTPStatus.OK,
        needs=needs,
        waiting=[one for one in open_needs if one.state is NeedState.WAITING],
        asked=[one for one in pairings if one.state is PairingState.PROPOSED],
        running=[one for one in pairings if one.state in RUNNING],
        run=_shown_run(run, needs),
        **context,
        now=now,
        error=error,
        pairing_names=PAIRING_NAMES,
        endings=ENDING_NAMES,
        may_act=may(account.roles, Permission.HANDLING, "POST"),
        may_switch=may(account.roles, Permission.CATALOGUE, "POST") and not account.org_unit,
    )


def _shown_run(
    run: AssignmentRecord | None, needs: dict[int, MentoringNeed]
) -> dict[str, Any] | None:
    """Return the last run as the page shows it: the pairs within the scope, and its proof."""
    if run is None:
        return None
    mutual = run.certificate.get("kind") == KIND
    proven = not stable_faults(run.certificate) if mutual else verify(run.certificate).valid
    rows = []
    for need_code, mentor_code in run.new_pairs.items():
        need = needs.get(int(need_code[1:]))
        if need is not None and need.state is not NeedState.PAIRED:
            rows.append((need, mentor_code, run.dropped_pairs.get(need_code, "")))
    given_up = [
        (needs[int(code[1:])], mentor)
        for code, mentor in run.dropped_pairs.items()
        if code not in run.new_pairs and int(code[1:]) in needs
    ]
    return {
        "id": run.id,
        "made_at": run.made_at,
        "applied_at": run.applied_at,
        "pairs": len(run.pairs),
        "mutual": mutual,
        "proven": proven,
        "floor": run.floor,
        "rows": [] if run.applied_at else rows,
        "given_up": [] if run.applied_at else given_up,
    }
