"""A person asks for a mentor, sees how it stands, withdraws and rates."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, BeforeValidator, Field

from accounts.account import LARGEST_ID
from api.access import Permission, allow
from api.chat.pages import render
from api.deps import CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.policies.validity import today
from api.visitor import remember
from guidance.gaps.contact import PhoneInvalid, check_phone
from matching.mentoring.mentorship import rate, request_mentor, withdraw_need
from matching.mentoring.moves import MentoringRefused
from matching.mentoring.need import (
    MOST_CHARACTERS,
    MentoringNeed,
    NeedState,
    Wish,
    open_need_of,
    waiting_place,
)
from matching.mentoring.pairing import RUNNING, seated_pairing
from matching.mentors.mentor import MentorNotFound, find_mentor, mentors_serving
from matching.mentors.topics import topic_names
from matching.profile.entrepreneur import known_facts
from storage.database import Database, storable

router = APIRouter(include_in_schema=False)
FORM = allow(Permission.PUBLIC, refuse_foreign_forms)
Number = Annotated[int, Path(ge=1, le=LARGEST_ID)]
Text = BeforeValidator(storable)


class WishForm(BaseModel):
    """What a person fills in; everything but the topics may stay empty."""

    topics: list[Annotated[str, Text]] = []
    words: Annotated[str, Field(max_length=MOST_CHARACTERS), Text] = ""
    street: Annotated[str, Field(max_length=60), Text] = ""
    phone: Annotated[str, Field(max_length=40), Text] = ""
    consent: bool = False
    project: Annotated[str, Field(max_length=32), Text] = ""


@router.get("/mentors", dependencies=allow(Permission.PUBLIC))
def list_mentors(request: Request, database: OpenDatabase) -> Response:
    """List the mentors in office."""
    with database.reading() as db:
        mentors = [mentor.facts() for mentor in mentors_serving(db, today())]
    return render(request, "mentors/list.html", mentors=mentors)


@router.get("/mentors/{code}/request", dependencies=allow(Permission.PUBLIC))
def show_form(
    request: Request, code: str, database: OpenDatabase, visitor: CurrentVisitor, project: str = ""
) -> Response:
    """Show the request, filled in with what is known where the person lets it be used."""
    with database.reading() as db:
        street = known_facts(db, visitor.reference).get("street", "")
    form = WishForm(street=str(street)[:60], project=storable(project)[:32])
    return _form(request, database, code, form)


@router.post("/mentors/{code}/request", dependencies=FORM)
def post_form(
    request: Request,
    code: str,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    form: Annotated[WishForm, Form()],
) -> Response:
    """Open the request; a handler confirms before the mentor is asked."""
    topics = tuple(topic for topic in topic_names() if topic in form.topics)
    if not topics:
        return _form(request, database, code, form, "请至少选一个想请教的主题。")
    if form.phone and not form.consent:
        return _form(request, database, code, form, "请先勾选同意，我们才能保存您的电话。")
    try:
        phone = check_phone(form.phone) if form.phone else ""
        with database.writing() as db:
            wanted = find_mentor(db, storable(code)).code
            wish = Wish(
                topics=topics,
                street=form.street,
                words=form.words,
                wanted_mentor=wanted,
                project_code=form.project,
                phone=phone,
            )
            request_mentor(db, visitor.reference, wish, datetime.now(UTC))
    except (PhoneInvalid, MentoringRefused) as error:
        return _form(request, database, code, form, str(error))
    reply = RedirectResponse("/mentoring?sent=1", HTTPStatus.SEE_OTHER)
    remember(request, reply, visitor)
    return reply


@router.get("/mentoring", dependencies=allow(Permission.PUBLIC))
def show_status(request: Request, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Say how the person's request stands."""
    return _status(request, database, visitor.reference)


@router.post("/mentoring/{need_id}/withdraw", dependencies=FORM)
def withdraw(need_id: Number, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Withdraw the request; the number is deleted."""
    with database.writing() as db:
        withdraw_need(db, need_id, visitor.reference, datetime.now(UTC))
    return RedirectResponse("/mentoring?withdrawn=1", HTTPStatus.SEE_OTHER)


@router.post("/mentoring/pairings/{pairing_id}/rating", dependencies=FORM)
def give_rating(
    pairing_id: Number,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    stars: Annotated[int, Form(ge=1, le=5)],
) -> Response:
    """Rate the mentor."""
    with database.writing() as db:
        rate(db, pairing_id, visitor.reference, stars)
    return RedirectResponse("/mentoring?rated=1", HTTPStatus.SEE_OTHER)


def _form(
    request: Request, database: Database, code: str, form: WishForm, error: str = ""
) -> Response:
    with database.reading() as db:
        mentor = find_mentor(db, storable(code))
        if not mentor.serves_on(today()):
            raise MentorNotFound("这位导师现在不接受申请，请换一位。")
        facts = mentor.facts()
    chosen = form.topics or list(facts.topics[:1])
    status = HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK
    return render(
        request, "mentors/request.html", status, mentor=facts, form=form, chosen=chosen,
        topics=topic_names(), error=error, most=MOST_CHARACTERS,
    )  # fmt: skip


def _status(request: Request, database: Database, person: str) -> Response:
    with database.reading() as db:
        need: MentoringNeed | None = open_need_of(db, person)
        pairing = seated_pairing(db, need.id) if need else None
        mentor = find_mentor(db, pairing.mentor_code) if pairing else None
        waits = need is not None and need.state is NeedState.WAITING
        place = waiting_place(db, need) if need and waits else 0
    return render(
        request, "mentors/status.html", need=need, pairing=pairing, mentor=mentor, place=place,
        running=pairing is not None and pairing.state in RUNNING,
    )  # fmt: skip
