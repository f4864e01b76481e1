"""A person's rights as pages: their own at /me/privacy, the privacy officer's at /staff/privacy."""

import json
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.templating import Jinja2Templates
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.background import BackgroundTask

from api.access import Permission, allow
from api.attachment import attached_as
from api.chat.pages import render
from api.deps import CurrentSettings, CurrentVisitor, OpenDatabase
from api.forms import PostedForm, typed
from api.guards import refuse_foreign_forms
from api.ledger.entry import identity_key
from api.privacy.work import Keeping, erase_everywhere, export_person, purge_when_due
from api.settings import Settings
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from api.visitor import COOKIE, load_secret
from audit.log import Actor, ActorKind, append_event
from guidance.gaps.contact import GapContact
from guidance.lifecycle import LINE_NAMES
from guidance.people.identity import (
    IdentityKind,
    digest_of,
    identity_digest,
    owner_of,
    references_of,
)
from guidance.privacy.retention import read_schedule
from guidance.privacy.rights import Erased, Erasure
from guidance.session import GuidanceSession
from matching.profile.profile import KEY_NAMES, fact_in_words
from matching.recommending.feedback import REASON_NAMES
from storage.database import Database

router = APIRouter(include_in_schema=False)
own = APIRouter(prefix="/me/privacy", dependencies=allow(Permission.PUBLIC))
desk = APIRouter(prefix="/staff/privacy", dependencies=allow(Permission.PRIVACY))

LISTED = 20
LONGEST_NUMBER = 9  # digits of a session; longer ones are telephone numbers
NOT_SURE = "没有删除：请先勾选“我知道删除后找不回来”。"
NOBODY = "没有找到。请填咨询记录的编号，或本人留下的电话号码。"


@own.get("")
def show_own(request: Request, settings: CurrentSettings) -> Response:
    """Show how to take one's data away, and how to have it erased."""
    return _own_page(request, settings)


@own.post("/export", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def export_own(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    form: Annotated[str, Form()] = "html",
) -> Response:
    """Return everything that is held of this visitor, to read or for a program."""
    actor = _person(visitor.reference)
    return _export(request, database, visitor.reference, actor, form)


@own.post("/erase", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def erase_own(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    settings: CurrentSettings,
    sure: Annotated[str, Form()] = "",
) -> Response:
    """Erase everything that is held of this visitor, and their cookie."""
    if sure != "1":
        return _own_page(request, settings, NOT_SURE, status=422)
    actor = _person(visitor.reference)
    done, purging = _erase(database, settings, visitor.reference, actor)
    response = _own_page(request, settings, done=done)
    response.background = purging
    response.delete_cookie(COOKIE)
    return response


@desk.get("")
def show_desk(
    request: Request, database: OpenDatabase, account: CurrentAccount, settings: CurrentSettings
) -> Response:
    """Show the search for a person, the last erasures, and how long what is kept."""
    return _desk_page(request, database, account, settings)


@desk.post("/find")
def find(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    settings: CurrentSettings,
    posted: PostedForm,
) -> Response:
    """Show what is held of the person behind a session's number or a telephone number."""
    what = typed(posted, "what", 30)
    with database.writing() as db:
        person = _person_behind(request, db, what)
        if person:
            append_event(db, "privacy.looked_up", f"person:{digest_of(person)}", account.actor)
    if not person:
        return _desk_page(request, database, account, settings, NOBODY, 404)
    with database.reading() as db:
        held = export_person(db, person)
    return _desk_page(request, database, account, settings, found=(what, _summary(held)))


@desk.post("/export")
def export(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Return a person's data as a file to hand over."""
    with database.reading() as db:
        person = _person_behind(request, db, typed(posted, "what", 30))
    if not person:
        return RedirectResponse("/staff/privacy", HTTPStatus.SEE_OTHER)
    return _export(request, database, person, account.actor, typed(posted, "form"))


@desk.post("/erase")
def erase(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    settings: CurrentSettings,
    posted: PostedForm,
) -> Response:
    """Erase a person at their request."""
    what, reason = typed(posted, "what", 30), typed(posted, "reason", 200)
    with database.reading() as db:
        person = _person_behind(request, db, what)
    if not person or not reason:
        told = "没有删除：请写明理由。" if person else NOBODY
        return _desk_page(request, database, account, settings, told, 422)
    done, purging = _erase(database, settings, person, account.actor)
    response = _desk_page(request, database, account, settings, done=done)
    response.background = purging
    return response


router.include_router(own)
router.include_router(desk)


def _person(reference: str) -> Actor:
    return Actor(ActorKind.PERSON, digest_of(reference))


def _person_behind(request: Request, db: Session, what: str) -> str:
    """Return the person of a session's number, or of a number that was left or verified.

    "" for nobody.
    """
    digits = "".join(character for character in what if character.isascii() and character.isdigit())
    if not digits:
        return ""
    if len(digits) <= LONGEST_NUMBER:
        query = select(GuidanceSession.counts_for).where(GuidanceSession.id == int(digits))
    else:
        verified = identity_digest(identity_key(request), IdentityKind.PHONE, digits)
        if owner := owner_of(db, IdentityKind.PHONE, verified):
            return owner
        query = select(GapContact.person).where(GapContact.phone == digits).limit(1)
    return db.scalar(query) or ""


def _erase(
    database: Database, settings: Settings, person: str, actor: Actor
) -> tuple[Erased, BackgroundTask]:
    now, schedule = datetime.now(UTC), read_schedule(settings.data_dir)
    keeping = Keeping(load_secret(settings.data_dir), schedule)
    done = erase_everywhere(database, person, actor, now, keeping)
    return done, BackgroundTask(purge_when_due, database, schedule, now)


def _export(request: Request, database: Database, person: str, actor: Actor, form: str) -> Response:
    now = datetime.now(UTC)
    with database.writing() as db:
        held = export_person(db, person)
        name = digest_of(references_of(db, person)[0])
        append_event(db, "privacy.exported", f"person:{name}", actor, {"form": form})
    if form == "json":
        body = json.dumps(held, ensure_ascii=False, indent=1, default=_plain)
        return Response(body, media_type="application/json", headers=attached_as("我的数据.json"))
    templates: Jinja2Templates = request.app.state.templates
    page = templates.TemplateResponse(
        request, "privacy/person_export.html", {"held": _readable(held), "made_at": now}
    )
    page.headers.update(attached_as("我的数据.html"))
    return page


def _readable(held: dict[str, Any]) -> dict[str, Any]:
    """Return an export with the names that people know."""
    profile = [
        (KEY_NAMES[one["key"]], fact_in_words(one["key"], one["value"]))
        if one["key"] in KEY_NAMES
        else (one["key"], json.dumps(one["value"], ensure_ascii=False))
        for one in held["profile"]
    ]
    declined = [(one["project"], REASON_NAMES[one["reason"]]) for one in held["declined_projects"]]
    return {**held, "profile": profile, "declined_projects": declined}


def _summary(held: dict[str, Any]) -> dict[str, int]:
    return {
        "consultations": len(held["consultations"]),
        "counted": sum(one["counted"] for one in held["consultations"]),
        "messages": sum(len(one["messages"]) for one in held["consultations"]),
        "facts": len(held["profile"]),
        "contacts": len(held["contacts"]) + len(held["identities"]),
    }


def _plain(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _own_page(
    request: Request,
    settings: Settings,
    told: str = "",
    done: Erased | None = None,
    status: int = 200,
) -> Response:
    schedule = read_schedule(settings.data_dir)
    return render(
        request, "privacy/own_privacy.html", status, told=told, done=done, schedule=schedule
    )


def _desk_page(
    request: Request,
    database: Database,
    account: SignedIn,
    settings: Settings,
    told: str = "",
    status: int = 200,
    **more: Any,
) -> Response:
    with database.reading() as db:
        last = list(db.scalars(select(Erasure).order_by(Erasure.id.desc()).limit(LISTED)))
    context = {"found": None, "done": None, "lines": LINE_NAMES} | more
    return render_staff(
        request, account, "privacy/desk.html", status, told=told, last=last,
        schedule=read_schedule(settings.data_dir), **context,
    )  # fmt: skip
