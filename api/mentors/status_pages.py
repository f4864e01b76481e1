"""How a person's request stands: wishes, times, meetings to confirm, rating, what was before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.chat.pages import render
from api.deps import CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.input import RecordId, Storable, Words
from api.mentors.matching_work import resolve
from api.mentors.telling import mentoring_step
from api.policies.validity import today
from api.visitor import Visitor
from guidance.human_session import confirm_own, sessions_to_confirm
from guidance.people.identity import references_of
from guidance.session import GuidanceSession
from matching.mentoring.asking import order_wishes, withdraw_need
from matching.mentoring.guiding import agree_time_as_person, rate, suggest_other_time
from matching.mentoring.moves import MentoringRefused
from matching.mentoring.need import (
    MOST_WISHES,
    NEED_NAMES,
    MentoringNeed,
    NeedState,
    closed_needs_of,
    open_need_of,
    waiting_place,
)
from matching.mentoring.pairing import (
    PAIRING_NAMES,
    RUNNING,
    Pairing,
    PairingState,
    find_pairing,
    pairings_of_needs,
)
from matching.mentors.mentor import Mentor, MentorNotFound, mentors_serving
from storage.database import Database

router = APIRouter(include_in_schema=False)
FORM = allow(Permission.PUBLIC, refuse_foreign_forms)
Code = Annotated[str, Field(max_length=32), Storable]
MET = (PairingState.ACTIVE, PairingState.COMPLETED)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request with everything that came of it."""

    need: MentoringNeed
    pairings: list[Pairing]
    unconfirmed: list[GuidanceSession]

    @property
    def current(self) -> Pairing | None:
        """The open or running pairing."""
        seated = [one for one in self.pairings if one.state in (PairingState.PROPOSED, *RUNNING)]
        return seated[-1] if seated else None

    @property
    def to_rate(self) -> list[Pairing]:
        """The pairings that may be rated."""
        return [one for one in self.pairings if one.state in MET and one.rating is None]

    @property
    def before(self) -> list[Pairing]:
        """What came to its end, newest first."""
        return [one for one in reversed(self.pairings) if one is not self.current]


@router.get("/mentoring", dependencies=allow(Permission.PUBLIC))
def show_status(request: Request, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Say how the person's request stands, and what became of earlier ones."""
    return _status(request, database, visitor.reference)


@router.post("/mentoring/{need_id}/withdraw", dependencies=FORM)
def withdraw(
    request: Request, need_id: RecordId, database: OpenDatabase, visitor: CurrentVisitor
) -> Response:
    """Withdraw the request; the number is deleted, the seat goes to who waits."""
    now = datetime.now(UTC)
    return _do(
        request,
        database,
        visitor.reference,
        lambda db: withdraw_need(db, need_id, _asker(db, visitor, need_id), now),
    )


@router.post("/mentoring/{need_id}/wishes", dependencies=FORM)
def post_wishes(
    request: Request,
    need_id: RecordId,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    mentor: Annotated[list[Code], Form()] = [],  # noqa: B006 - FastAPI copies it
) -> Response:
    """Take the mentors in the order in which the person would like them."""
    return _do(
        request,
        database,
        visitor.reference,
        lambda db: order_wishes(db, need_id, _asker(db, visitor, need_id), mentor),
    )


@router.post("/mentoring/pairings/{pairing_id}/time", dependencies=FORM)
def post_time(
    request: Request,
    pairing_id: RecordId,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    words: Words = "",
) -> Response:
    """Agree to the proposed time, or with words propose another one."""
    now = datetime.now(UTC)

    def step(db: Session) -> None:
        person = _asker(db, visitor, find_pairing(db, pairing_id).need_id)
        if words.strip():
            suggest_other_time(db, pairing_id, person, words, now)
        else:
            agree_time_as_person(db, pairing_id, person, now)

    return _do(request, database, visitor.reference, step)


@router.post("/mentoring/pairings/{pairing_id}/rating", dependencies=FORM)
def give_rating(
    request: Request,
    pairing_id: RecordId,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    stars: Annotated[int, Form(ge=1, le=5)],
) -> Response:
    """Rate the mentor."""
    now = datetime.now(UTC)

    def step(db: Session) -> None:
        person = _asker(db, visitor, find_pairing(db, pairing_id).need_id)
        rate(db, pairing_id, person, stars, now)

    return _do(request, database, visitor.reference, step)


@router.post("/mentoring/meetings/{session_id}/confirm", dependencies=FORM)
def confirm_meeting(
    request: Request, session_id: RecordId, database: OpenDatabase, visitor: CurrentVisitor
) -> Response:
    """Confirm with one tap that a meeting took place."""
    now = datetime.now(UTC)

    def step(db: Session) -> None:
        recorded = db.get(GuidanceSession, session_id)
        own = references_of(db, visitor.reference)
        person = recorded.person if recorded and recorded.person in own else visitor.reference
        confirm_own(db, session_id, person, now)

    return _do(request, database, visitor.reference, step)


def _do(
    request: Request, database: Database, person: str, step: Callable[[Session], None]
) -> Response:
    try:
        with mentoring_step(database) as db:
            step(db)
    except (MentoringRefused, MentorNotFound) as error:
        return _status(request, database, person, str(error))
    resolve(database, datetime.now(UTC))
    return RedirectResponse("/mentoring?saved=1", HTTPStatus.SEE_OTHER)


def _status(request: Request, database: Database, person: str, error: str = "") -> Response:
    with database.reading() as db:
        own = references_of(db, person)
        need = open_need_of(db, *own)
        needs = ([need] if need else []) + list(closed_needs_of(db, *own))
        found = pairings_of_needs(db, [one.id for one in needs])
        asked = [_asked(db, one, found[one.id]) for one in needs]
        codes = {one.mentor_code for row in found.values() for one in row}
        codes |= {code for one in needs for code in one.wishes}
        rows = db.execute(select(Mentor.code, Mentor.name).where(Mentor.code.in_(codes)))
        names = {row[0]: row[1] for row in rows}
        waits = need is not None and need.state is NeedState.WAITING
        place = waiting_place(db, need) if need and waits else 0
        choices = [(one.code, one.name) for one in mentors_serving(db, today())] if waits else []
    return render(
        request,
        "mentors/status.html",
        HTTPStatus.CONFLICT if error else HTTPStatus.OK,
        now=asked[0] if need else None,
        earlier=asked[1:] if need else asked,
        names=names,
        place=place,
        choices=choices,
        most_wishes=MOST_WISHES,
        need_names=NEED_NAMES,
        pairing_names=PAIRING_NAMES,
        error=error,
    )


def _asker(db: Session, visitor: Visitor, need_id: int) -> str:
    """Return the reference under which the visitor asked: of theirs, maybe on another device."""
    need = db.get(MentoringNeed, need_id)
    own = references_of(db, visitor.reference)
    return need.person if need is not None and need.person in own else visitor.reference


def _asked(db: Session, need: MentoringNeed, pairings: list[Pairing]) -> Asked:
    providers = dict.fromkeys(f"mentor:{one.mentor_code}" for one in pairings if one.meetings)
    unconfirmed = [
        one for provider in providers for one in sessions_to_confirm(db, need.person, provider)
    ]
    return Asked(need, pairings, unconfirmed if need.person else [])
