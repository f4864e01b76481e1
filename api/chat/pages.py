"""The chat page and what belongs to it; every action is a plain form."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from fastapi.templating import Jinja2Templates
from pydantic import BaseModel
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.chat.exchange import Received, receive
from api.chat.routes import (
    LOOKING_UP,
    MAX_TEXT_LENGTH,
    STREAM_HEADERS,
    answer_message,
    check_message_id,
    check_text,
    server_sent_event,
    stream_problem,
)
from api.chat.thread import (
    Rated,
    TurnView,
    current_conversation,
    list_conversations,
    own_conversation,
    show_thread,
    show_turn,
)
from api.deps import CurrentSnapshot, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.handover.view import HandoverView, box_context, latest_of, open_elsewhere
from api.input import Text
from api.limiter import count_message
from api.refusals import UnusableMessage
from api.snapshot import Snapshot
from api.visitor import Visitor, remember
from assistant.answer import AnswerStatus
from assistant.wording import SUGGESTIONS
from guidance.session import MessageIdReused, Turn
from storage.database import Database, storable

router = APIRouter(include_in_schema=False)

PROJECT_STARTER = "我有五万块，会做饭，想开个小店"
NOT_SENT = "刚才这条没有发送：页面可能是旧的。文字还在下面，请再点一次“发送”。"


class AskForm(BaseModel):
    """The fields of the input and of the suggested questions; checked where the page can say so."""

    text: Text = ""
    message_id: Text = ""
    conversation_id: Text = ""


@dataclass(frozen=True, slots=True)
class ChatPage:
    """What the chat page shows besides its frame."""

    conversation_id: str = ""
    turns: list[TurnView] = field(default_factory=list)
    draft: str = ""
    error: str = ""
    handed: HandoverView | None = None  # where people answer this conversation
    elsewhere: Sequence[HandoverView] = ()  # ... and others of the same person


def render(request: Request, name: str, status: int = 200, **context: Any) -> Response:
    """Render a page."""
    templates: Jinja2Templates = request.app.state.templates
    return templates.TemplateResponse(request, name, context, status_code=status)


def _chat_page(request: Request, visitor: Visitor, page: ChatPage, status: int = 200) -> Response:
    response = render(
        request,
        "chat/chat.html",
        status,
        page=page,
        starters=(PROJECT_STARTER, *SUGGESTIONS[:5]),
        max_length=MAX_TEXT_LENGTH,
        new_message_id=new_message_id,
        **box_context(page.handed),
    )
    remember(request, response, visitor)
    return response


def new_message_id() -> str:
    """Make the id of the message that a form will send; sent twice, it counts once."""
    return secrets.token_urlsafe(16)


@router.get("/", dependencies=allow(Permission.PUBLIC))
def show_chat(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    new: Annotated[str, Query()] = "",
) -> Response:
    """Show the running conversation of the visitor, or a fresh one."""
    page = ChatPage()
    if visitor.returning:
        with database.reading() as db:
            person = visitor.reference
            current = None if new else current_conversation(db, person, datetime.now(UTC))
            elsewhere = open_elsewhere(db, person, current or "")
            page = ChatPage(elsewhere=elsewhere)
            if current is not None:
                page = replace(_conversation_page(db, current), elsewhere=elsewhere)
    return _chat_page(request, visitor, page)


@router.post(
    "/messages", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms, count_message)
)
def post_form(
    request: Request,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    visitor: CurrentVisitor,
    form: Annotated[AskForm, Form()],
) -> Response:
    """Answer one message: as a page for a plain form, as events for our script."""
    streaming = "text/event-stream" in request.headers.get("accept", "")
    try:
        received = _receive(database, visitor, form)
    except (UnusableMessage, MessageIdReused) as error:
        if streaming:
            raise
        return _form_again(request, database, visitor, error, form)
    response: Response
    if streaming:
        events = _events(request, database, snapshot, received)
        response = StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)
    else:
        answer_message(request, database, snapshot, received)
        response = RedirectResponse("/#latest", HTTPStatus.SEE_OTHER)
    remember(request, response, visitor)
    return response


def _receive(database: Database, visitor: Visitor, form: AskForm) -> Received:
    try:
        text = check_text(form.text)
        message_id = check_message_id(form.message_id)
    except ValueError as error:
        raise UnusableMessage(str(error)) from error
    return receive(database, visitor.reference, message_id, text, form.conversation_id or None)


def _form_again(
    request: Request,
    database: Database,
    visitor: Visitor,
    error: Exception,
    form: AskForm,
) -> Response:
    """Show the page with the typed text still there, and what to do about it."""
    reused = isinstance(error, MessageIdReused)
    page = ChatPage(draft=form.text, error=NOT_SENT if reused else str(error))
    with database.reading() as db:
        current = current_conversation(db, visitor.reference, datetime.now(UTC))
        if current is not None and current == form.conversation_id:
            page = replace(_conversation_page(db, current), draft=page.draft, error=page.error)
    status = HTTPStatus.CONFLICT if reused else HTTPStatus.UNPROCESSABLE_ENTITY
    return _chat_page(request, visitor, page, status)


def _events(
    request: Request, database: Database, snapshot: Snapshot, received: Received
) -> Iterator[str]:
    yield server_sent_event("status", {"text": LOOKING_UP})
    try:
        turn = answer_message(request, database, snapshot, received)
        done = _rendered(request, database, turn)
    except Exception as error:
        yield stream_problem(request, error)
        return
    yield server_sent_event("done", done)


def _conversation_page(db: Session, conversation_id: str) -> ChatPage:
    thread = show_thread(db, conversation_id)
    return ChatPage(conversation_id, thread, handed=latest_of(db, conversation_id))


def _rendered(request: Request, database: Database, turn: Turn) -> dict[str, Any]:
    templates: Jinja2Templates = request.app.state.templates
    view = show_turn(turn, Rated())
    suggestions = templates.get_template("chat/suggestions.html").render(
        suggestions=view.suggestions,
        message_id=new_message_id(),
        conversation_id=turn.conversation_id,
    )
    return {
        "html": templates.get_template("chat/turn.html").render(turn=view, latest=True),
        "suggestions": suggestions,
        "conversation_id": turn.conversation_id,
        "sources": len(view.sources),
        "handed": _box(request, database, turn),
    }


def _box(request: Request, database: Database, turn: Turn) -> str:
    """Return the box of the hand-over that a turn caused, "" for every other turn."""
    if turn.status != AnswerStatus.HANDED_OVER:
        return ""
    with database.reading() as db:
        view = latest_of(db, turn.conversation_id)
    templates: Jinja2Templates = request.app.state.templates
    template = templates.get_template("handover/box.html")
    return template.render(**box_context(view)) if view is not None else ""


@router.get("/conversations", dependencies=allow(Permission.PUBLIC))
def show_conversations(
    request: Request, database: OpenDatabase, visitor: CurrentVisitor
) -> Response:
    """List the conversations of this browser."""
    with database.reading() as db:
        conversations = list_conversations(db, visitor.reference)
    return render(request, "chat/conversations.html", conversations=conversations)


@router.get("/conversations/{conversation_id}", dependencies=allow(Permission.PUBLIC))
def show_conversation(
    request: Request, conversation_id: str, database: OpenDatabase, visitor: CurrentVisitor
) -> Response:
    """Show one of the visitor's own conversations, to read and to continue."""
    with database.reading() as db:
        conversation = own_conversation(db, visitor.reference, storable(conversation_id))
        page = _conversation_page(db, conversation.id)
    return _chat_page(request, visitor, page)
