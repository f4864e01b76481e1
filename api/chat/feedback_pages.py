"""What a person thinks of an answer, and a number to be told a better one."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.chat.pages import render
from api.chat.thread import Rated
from api.deps import CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.input import RecordId, Storable
from api.people.own import own_references
from assistant.guardrails import mask_personal_data
from guidance.conversation import Conversation, ConversationNotFound
from guidance.gaps.contact import (
    ConsentMissing,
    GapContact,
    PhoneInvalid,
    leave_contact,
    withdraw_contact,
)
from guidance.session import Turn
from guidance.turn_feedback import (
    COMPLAINT_NAMES,
    MOST_CHARACTERS,
    Complaint,
    Opinion,
    TurnFeedback,
    give_feedback,
)
from storage.database import Database

router = APIRouter(include_in_schema=False)

FORM = allow(Permission.PUBLIC, refuse_foreign_forms)


class OpinionForm(BaseModel):
    """The two buttons, the chips and the free words."""

    helpful: bool
    complaints: list[Complaint] = []
    words: Annotated[str, Field(max_length=MOST_CHARACTERS), Storable] = ""


def own_turn(db: Session, turn_id: int, person: str) -> Turn:
    """Return a turn that this person asked; another's is as unknown as none at all.

    Raises ConversationNotFound.
    """
    turn = db.get(Turn, turn_id)
    conversation = db.get(Conversation, turn.conversation_id) if turn else None
    if (
        turn is None
        or conversation is None
        or conversation.person not in own_references(db, person)
    ):
        raise ConversationNotFound("没有找到这次问答。它可能是在别的手机或浏览器上问的。")
    return turn


@router.get("/turns/{turn_id}/feedback", dependencies=allow(Permission.PUBLIC))
def show_feedback(
    request: Request, turn_id: RecordId, database: OpenDatabase, visitor: CurrentVisitor
) -> Response:
    """Ask what was missing, and offer to tell the answer later."""
    return _page(request, database, visitor.reference, turn_id)


@router.post("/turns/{turn_id}/feedback", dependencies=FORM)
def post_feedback(
    request: Request,
    turn_id: RecordId,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    form: Annotated[OpinionForm, Form()],
) -> Response:
    """Store an opinion; our script gets the part of the page that changes."""
    tapped = tuple(dict.fromkeys(form.complaints))
    with database.writing() as db:
        turn = own_turn(db, turn_id, visitor.reference)
        opinion = Opinion(form.helpful, tapped, mask_personal_data(form.words))
        give_feedback(db, turn.id, opinion, datetime.now(UTC))
        rated = Rated(form.helpful, db.get(GapContact, turn.id) is not None)
    if "application/json" in request.headers.get("accept", ""):
        templates: Jinja2Templates = request.app.state.templates
        part = templates.get_template("chat/feedback.html").render(number=turn_id, rated=rated)
        return JSONResponse({"html": part})
    return _to(turn_id, "saved=1")


@router.post("/turns/{turn_id}/contact", dependencies=FORM)
def post_contact(
    request: Request,
    turn_id: RecordId,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    phone: Annotated[str, Form(max_length=40), Storable] = "",
    consent: Annotated[bool, Form()] = False,
) -> Response:
    """Keep a number for this one question."""
    try:
        with database.writing() as db:
            turn = own_turn(db, turn_id, visitor.reference)
            now = datetime.now(UTC)
            leave_contact(db, turn.id, visitor.reference, phone, consent=consent, at=now)
    except (PhoneInvalid, ConsentMissing) as error:
        told = {"error": str(error), "phone": phone, "consent": consent}
        return _page(request, database, visitor.reference, turn_id, told)
    return _to(turn_id, "left=1")


@router.post("/turns/{turn_id}/contact/withdraw", dependencies=FORM)
def post_withdraw(turn_id: RecordId, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Delete the number."""
    with database.writing() as db:
        turn = own_turn(db, turn_id, visitor.reference)
        withdraw_contact(db, turn.id)
    return _to(turn_id, "withdrawn=1")


def _page(
    request: Request,
    database: Database,
    person: str,
    turn_id: int,
    told: dict[str, Any] | None = None,
) -> Response:
    with database.reading() as db:
        turn = own_turn(db, turn_id, person)
        feedback = db.get(TurnFeedback, turn.id)
        contact = db.get(GapContact, turn.id)
    shown = {
        "turn": turn,
        "complaints": COMPLAINT_NAMES,
        "chosen": feedback.complaints.split() if feedback else [],
        "words": feedback.words if feedback else "",
        "most": MOST_CHARACTERS,
        "contact": contact.masked if contact else "",
        "error": "",
        "phone": "",
        "consent": False,
    }
    status = HTTPStatus.UNPROCESSABLE_ENTITY if told else HTTPStatus.OK
    return render(request, "chat/feedback_page.html", status, **shown | (told or {}))


def _to(turn_id: int, done: str) -> Response:
    return RedirectResponse(f"/turns/{turn_id}/feedback?{done}", HTTPStatus.SEE_OTHER)
