"""A person's own pages: “绑定微信” by a code or a login, and a code to read out at a counter."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.chat.pages import render
from api.deps import CurrentSettings, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.people.official_accounts import account_names, login_account
from api.problems import problem_of
from api.visitor import Visitor, load_secret, remember
from api.wechat.binding import WeChatLink, unlink, wechat_of
from api.wechat.binding_code import CODE_LIFE, SHOWN, make_code
from audit.log import Actor, ActorKind
from guidance.people.attempt import TooManyAttempts
from guidance.people.identity import digest_of, references_of
from storage.database import Database

router = APIRouter(include_in_schema=False)
FORM = allow(Permission.PUBLIC, refuse_foreign_forms)


@router.get("/me/wechat", dependencies=allow(Permission.PUBLIC))
def show_binding(request: Request, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Show whether WeChat is bound, and how to bind it."""
    return _page(request, database, visitor)


@router.post("/me/wechat", dependencies=FORM)
def new_code(
    request: Request, database: OpenDatabase, visitor: CurrentVisitor, settings: CurrentSettings
) -> Response:
    """Show a new code, once."""
    try:
        with database.writing() as db:
            secret = load_secret(settings.data_dir)
            code = make_code(db, visitor.reference, secret, datetime.now(UTC))
    except TooManyAttempts as error:
        told = (str(error), int(problem_of(error).status))
        return _page(request, database, visitor, told=told)
    return _page(request, database, visitor, code)


@router.post("/me/wechat/remove", dependencies=FORM)
def remove(database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Take the person's WeChat off all of their devices."""
    with database.writing() as db:
        actor = Actor(ActorKind.PERSON, digest_of(visitor.reference))
        for reference in references_of(db, visitor.reference):
            unlink(db, reference, actor)
    return RedirectResponse("/me/wechat?removed=1", HTTPStatus.SEE_OTHER)


@router.get("/me/counter", dependencies=allow(Permission.PUBLIC))
def show_counter(request: Request, visitor: CurrentVisitor) -> Response:
    """Say what the code for the counter is for."""
    return _counter(request, visitor)


@router.post("/me/counter", dependencies=FORM)
def new_counter_code(
    request: Request, database: OpenDatabase, visitor: CurrentVisitor, settings: CurrentSettings
) -> Response:
    """Show a code by which staff at a counter find this person's consultations."""
    try:
        with database.writing() as db:
            secret = load_secret(settings.data_dir)
            code = make_code(db, f"{SHOWN}{visitor.reference}", secret, datetime.now(UTC))
    except TooManyAttempts as error:
        return _counter(request, visitor, told=(str(error), int(problem_of(error).status)))
    return _counter(request, visitor, code)


def _counter(
    request: Request, visitor: Visitor, code: str = "", told: tuple[str, int] = ("", 200)
) -> Response:
    minutes = CODE_LIFE.seconds // 60
    page = render(request, "people/counter.html", told[1], told=told[0], code=code, minutes=minutes)
    remember(request, page, visitor)
    return page


def _page(
    request: Request,
    database: Database,
    visitor: Visitor,
    code: str = "",
    told: tuple[str, int] = ("", 200),
) -> Response:
    with database.reading() as db:
        references = references_of(db, visitor.reference)
        links = [one for name in references if (one := db.get(WeChatLink, name))]
        reached = wechat_of(db, visitor.reference) is not None
    reply = render(
        request,
        "people/wechat.html",
        told[1],
        told=told[0],
        link=links[-1] if links else None,
        reached=reached,
        code=code,
        minutes=CODE_LIFE.seconds // 60,
        channels=account_names(request),
        login=login_account(request),
    )
    remember(request, reply, visitor)
    return reply
