"""The page of a hand-over for the person who asked, behind a link that only they have."""

import secrets
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy.orm import Session

from api.access import Permission, allow
from api.chat.pages import render
from api.deps import OpenDatabase
from api.guards import refuse_foreign_forms
from api.handover.promise import promise_anew
from api.handover.view import box_context, human_turns, view_of
from api.input import Storable
from api.limiter import count_message
from assistant.guardrails import mask_personal_data
from guidance.handover.answering import MOST_WORDS, say
from guidance.handover.handover import Handover, find_handover, get_handover
from guidance.handover.lifecycle import HandoverNotFound, HandoverRefused
from storage.database import Database, storable

router = APIRouter(include_in_schema=False)

TOKEN_LENGTH = 64
KEY_LENGTH = 64
LARGEST = 2**31 - 1
Words = Annotated[str, Form(max_length=4 * MOST_WORDS), Storable]
Key = Annotated[str, Form(max_length=KEY_LENGTH), Storable]


@router.get("/handed/{token}", dependencies=allow(Permission.PUBLIC))
def show_handed(request: Request, database: OpenDatabase, token: str) -> Response:
    """Show where a hand-over stands and what was answered, to whoever has its link."""
    return _page(request, database, token)


@router.post(
    "/handed/{token}", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms, count_message)
)
def post_words(
    request: Request, database: OpenDatabase, token: str, key: Key = "", text: Words = ""
) -> Response:
    """Keep what the person adds for whoever answers."""
    now = datetime.now(UTC)
    try:
        with database.writing() as db:
            handover = get_handover(db, _known(db, token).id)
            due_on = promise_anew(db, handover.org_unit, now)
            say(db, handover, key or secrets.token_hex(8), mask_personal_data(text), due_on, now)
    except HandoverRefused as refused:
        return _page(request, database, token, str(refused), text)
    return RedirectResponse(f"/handed/{token}?said=1#state", HTTPStatus.SEE_OTHER)


@router.get("/handed/{token}/news", dependencies=allow(Permission.PUBLIC))
def show_news(
    request: Request,
    database: OpenDatabase,
    token: str,
    after: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> Response:
    """Return what is new since an answer, for the script of the chat page."""
    with database.reading() as db:
        handover = _known(db, token)
        view = view_of(db, handover)
        turns = human_turns(db, handover, after)
    templates: Jinja2Templates = request.app.state.templates
    turn = templates.get_template("chat/turn.html")
    return JSONResponse(
        {
            "turns": [turn.render(turn=one, latest=False) for one in turns],
            "box": templates.get_template("handover/box.html").render(**box_context(view)),
        }
    )


def _known(db: Session, token: str) -> Handover:
    """Return a hand-over by its link; one whose person was erased is as unknown as none."""
    handover = find_handover(db, storable(token[:TOKEN_LENGTH]))
    if not handover.person:
        raise HandoverNotFound(token)
    return handover


def _page(
    request: Request, database: Database, token: str, error: str = "", draft: str = ""
) -> Response:
    with database.reading() as db:
        handover = _known(db, token)
        view, turns = view_of(db, handover), human_turns(db, handover)
    page = render(
        request,
        "handover/handed.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
        turns=turns,
        **(box_context(view) | {"error": error, "draft": draft}),
    )
    page.headers["X-Robots-Tag"] = "noindex"
    return page
