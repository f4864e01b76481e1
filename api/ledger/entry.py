"""Consultations with a person: entered by staff, confirmed by the client with a code."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Any

import segno
from fastapi import APIRouter, Request, Response
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from accounts.account import LOGIN_LENGTH, UNIT_LENGTH, find_account
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.staff import CurrentStaff, unit_name, units
from api.problems import problem_of
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from api.visitor import load_secret
from guidance.human_session import EntryHeld, EntryInvalid, HumanEntry, record_human_session
from guidance.lifecycle import LINE_NAMES, ServiceLine
from guidance.people.identity import (
    IdentityKind,
    bind_identity,
    identity_digest,
    new_person,
    owner_of,
)
from guidance.people.merging import SamePersonAlready, propose_merge
from guidance.periods.period import SHANGHAI
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from matching.mentors.mentor import Mentor
from storage.database import Database

router = APIRouter(include_in_schema=False)

LINES = {
    line: LINE_NAMES[line]
    for line in (ServiceLine.WINDOW, ServiceLine.TELEPHONE, ServiceLine.EVENT, ServiceLine.MENTOR)
}
SHORTEST_NUMBER = 6
WHY = 200  # characters of a reason at most
LONGEST = {
    "place": 100, "topic": 60, "summary": 1000, "phone": 30, "papers": 40, "mentor": 32,
    "colleague": LOGIN_LENGTH,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """One consultation as it was typed, in a form or a row of a sign-in sheet."""

    line: str
    phone: str
    papers: str
    day: str
    begin: str
    end: str
    place: str
    topic: str
    summary: str
    mentor: str
    unit: str
    colleague: str = ""  # login of who gave the guidance, where it was not who enters it


@dataclass(frozen=True, slots=True)
class Desk:
    """Who enters, when, and the key that keeps phone and document numbers unreadable."""

    by: Staff
    at: datetime
    key: bytes


def identity_key(request: Request) -> bytes:
    """Return the installation's key for digests of phone and document numbers."""
    secret = load_secret(request.app.state.settings.data_dir)
    return hashlib.sha256(f"identity\n{secret}".encode()).digest()


def site_of(request: Request) -> str:
    """Return where people open this site: under its public name, else as it was asked for."""
    name: str = request.app.state.settings.public_url or str(request.base_url)
    return name.rstrip("/")


@router.get("/staff/entries", dependencies=allow(Permission.HANDLING))
def show_form(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show the form for one consultation."""
    return _form_page(request, database, account, {})


@router.post("/staff/entries", dependencies=allow(Permission.HANDLING))
def enter(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Record the consultation; the code for the client is shown once."""
    given = typed_in_form(posted, account)
    desk = Desk(staff, datetime.now(UTC), identity_key(request))
    try:
        with database.writing() as db:
            session, code = take_entry(db, given, desk, typed(posted, "despite", WHY))
    except EntryHeld as error:
        told = (str(error), int(problem_of(error).status), error.session_id)
        return _form_page(request, database, account, dict(posted), told)
    except EntryInvalid as error:
        told = (str(error), int(problem_of(error).status), 0)
        return _form_page(request, database, account, dict(posted), told)
    site = site_of(request)
    address = f"{site}/confirm/{session.id}?code={code}"
    return render_staff(
        request,
        account,
        "ledger/entered.html",
        HTTPStatus.CREATED,
        one=session,
        code=code,
        image=segno.make(address, error="m").svg_inline(
            omitsize=True, title="咨询人确认用的二维码"
        ),
        site=site,
    )


def typed_in_form(posted: FormData, account: SignedIn) -> Typed:
    """Return what the form holds; an account of one unit enters for that unit."""
    return Typed(
        line=typed(posted, "line", 20),
        day=typed(posted, "day", 20),
        begin=typed(posted, "begin", 10),
        end=typed(posted, "end", 10),
        unit=account.org_unit or typed(posted, "unit", UNIT_LENGTH),
        **{name: typed(posted, name, most) for name, most in LONGEST.items()},
    )


def take_entry(
    db: Session, given: Typed, desk: Desk, despite: str = ""
) -> tuple[GuidanceSession, str]:
    """Record one consultation; return it with the client's code.

    `despite` is why it is recorded though it looks like another one.
    Raises EntryInvalid, EntryHeld; the transaction is then to be rolled back.
    """
    line = next((one for one in LINES if given.line in {one.value, LINES[one]}), None)
    if line is None:
        raise EntryInvalid(f"请选择服务方式：{'、'.join(LINES.values())}。")
    started, ended = _moments(given)
    provider = _provider(db, given, line, desk.by)
    entry = HumanEntry(
        service_line=line,
        person=_client(db, given, desk),
        provider=provider,
        started_at=started,
        ended_at=ended,
        place=given.place,
        topic=given.topic,
        summary=given.summary,
        org_unit=given.unit,
    )
    return record_human_session(db, entry, desk.by, desk.at, despite)


def _moments(given: Typed) -> tuple[datetime, datetime]:
    try:
        day = date.fromisoformat(given.day)
        begin, end = time.fromisoformat(given.begin), time.fromisoformat(given.end)
    except ValueError:
        raise EntryInvalid("日期请写成 2026-07-01，时间请写成 09:30。") from None
    if day.year < 2000 or begin.tzinfo or end.tzinfo:
        raise EntryInvalid("日期请写成 2026-07-01，时间请写成 09:30。")
    return (
        datetime.combine(day, begin, SHANGHAI).astimezone(UTC),
        datetime.combine(day, end, SHANGHAI).astimezone(UTC),
    )


def _provider(db: Session, given: Typed, line: ServiceLine, by: Staff) -> str:
    if given.mentor and given.colleague:
        raise EntryInvalid("导师编号和服务人员只填一项，写实际接待的人。")
    if not given.mentor:
        if line is ServiceLine.MENTOR:
            raise EntryInvalid("导师指导请填写导师编号。")
        return _colleague(db, given.colleague, by) if given.colleague else by.reference
    if db.scalar(select(Mentor.id).where(Mentor.code == given.mentor)) is None:
        raise EntryInvalid(f"没有编号为“{given.mentor}”的导师，请检查。")
    return f"mentor:{given.mentor}"


def _colleague(db: Session, login: str, by: Staff) -> str:
    """Return the account that gave the guidance: one of the unit's or of the district's own."""
    found = find_account(db, login)
    near = found is not None and (not by.org_unit or found.org_unit in {"", by.org_unit})
    if found is None or not near or not found.active:
        raise EntryInvalid(f"没有登录名为“{login}”的服务人员，请检查；由本人接待的不用填。")
    if found.mentor_code:
        raise EntryInvalid("由导师接待的，请填写导师编号。")
    return f"account:{found.id}"


def _client(db: Session, given: Typed, desk: Desk) -> str:
    """Return the person behind the numbers; two known persons are proposed for merging."""
    numbers = {IdentityKind.PAPERS: given.papers, IdentityKind.PHONE: given.phone}
    digests = {}
    for kind, number in numbers.items():
        plain = "".join(one for one in number if one.isalnum())
        if number and len(plain) < SHORTEST_NUMBER:
            raise EntryInvalid("手机号或证件号太短，请检查。")
        if plain:
            digests[kind] = identity_digest(desk.key, kind, plain)
    if not digests:
        raise EntryInvalid("请填写咨询人的手机号或证件号，只保存加密后的摘要。")
    owners = [owner for kind, one in digests.items() if (owner := owner_of(db, kind, one))]
    person = owners[0] if owners else new_person(db, desk.at)
    for kind, digest in digests.items():
        owner = bind_identity(db, person, kind, digest, by=desk.by.actor, at=desk.at)
        if owner != person:
            _propose_one(db, person, owner, desk)
    return person


def _propose_one(db: Session, person: str, owner: str, desk: Desk) -> None:
    reason = "录入时，手机号和证件号分别属于两个已有的身份。"
    with suppress(SamePersonAlready):
        propose_merge(db, person, owner, desk.by, desk.at, reason)


def _form_page(
    request: Request,
    database: Database,
    account: SignedIn,
    given: dict[str, Any],
    told: tuple[str, int, int] = ("", 200, 0),
) -> Response:
    with database.reading() as db:
        known_units = units(db)
    return render_staff(
        request,
        account,
        "ledger/entry.html",
        told[1],
        told=told[0],
        twin=told[2],
        given=given,
        entry_lines=LINES,
        units=known_units,
        unit_name=unit_name,
        longest=LONGEST,
    )
