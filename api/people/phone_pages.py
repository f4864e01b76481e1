"""“验证手机号”: a number, a code, and what follows from it."""

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from api.access import Permission, allow
from api.chat.pages import render
from api.deps import CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.input import Storable
from api.ledger.entry import identity_key
from api.people.sms import SmsNotSent, SmsSender
from api.problems import problem_of
from api.visitor import Visitor, remember
from audit.log import Actor, ActorKind
from guidance.gaps.contact import PhoneInvalid, check_phone, mask_phone
from guidance.people.attempt import TooManyAttempts
from guidance.people.identity import (
    Identity,
    IdentityKind,
    digest_of,
    identities_of,
    identity_digest,
    standing_of,
    unbind_identities,
)
from guidance.people.level import LEVEL_NAMES, IdentityLevel
from guidance.people.phone import (
    CODE_LIFE,
    CodeCheck,
    PhoneClaim,
    check_phone_code,
    drop_phone_code,
    make_phone_code,
    settle_phone,
)
from storage.database import Database

router = APIRouter(include_in_schema=False)
FORM = allow(Permission.PUBLIC, refuse_foreign_forms)
MOBILE_LENGTH = 11
NO_CONSENT = "请先勾选同意，再获取验证码。"
CHECKS = {
    CodeCheck.WRONG: "验证码不对，请检查后再填一次。",
    CodeCheck.GONE: "验证码已经失效，请重新获取。",
}


class NumberForm(BaseModel):
    """The number, and the consent to check it."""

    number: Annotated[str, Field(max_length=40), Storable] = ""
    consent: bool = False


class CodeForm(BaseModel):
    """The number again, because it is stored nowhere, and the code that was sent to it."""

    number: Annotated[str, Field(max_length=40), Storable] = ""
    code: Annotated[str, Field(max_length=20), Storable] = ""


@dataclass(frozen=True, slots=True)
class PhonePage:
    """What the page shows besides what is known."""

    number: str = ""
    consent: bool = False
    sent: bool = False  # ask for the code
    told: str = ""
    status: int = HTTPStatus.OK


@router.get("/me/phone", dependencies=allow(Permission.PUBLIC))
def show_phone(request: Request, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Show whether a number is verified, and the form."""
    return _page(request, database, visitor, PhonePage())


@router.post("/me/phone", dependencies=FORM)
def send_code(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    form: Annotated[NumberForm, Form()],
) -> Response:
    """Send a code to the number; nothing is kept of it but a digest, for ten minutes."""
    try:
        number = check_mobile(form.number)
    except PhoneInvalid as error:
        return _wrong(request, database, visitor, form, str(error))
    if not form.consent:
        return _wrong(request, database, visitor, form, NO_CONSENT)
    sender: SmsSender = request.app.state.sms
    claim = _claim(request, visitor, number)
    try:
        with database.writing() as db:
            code = make_phone_code(db, claim, address_of(request), datetime.now(UTC))
        sender.send(number, code)
    except TooManyAttempts as error:
        return _wrong(request, database, visitor, form, str(error), problem_of(error).status)
    except SmsNotSent as error:
        with database.writing() as db:
            drop_phone_code(db, visitor.reference)
        return _wrong(request, database, visitor, form, str(error), problem_of(error).status)
    return _page(request, database, visitor, PhonePage(number, sent=True))


@router.post("/me/phone/code", dependencies=FORM)
def take_code(
    request: Request,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    form: Annotated[CodeForm, Form()],
) -> Response:
    """Take the code: the number is theirs, and so is what was recorded under it before."""
    try:
        number = check_mobile(form.number)
    except PhoneInvalid as error:
        return _wrong(request, database, visitor, NumberForm(number=form.number), str(error))
    claim, now = _claim(request, visitor, number), datetime.now(UTC)
    code = "".join(one for one in form.code if one.isdecimal())
    with database.writing() as db:
        check = check_phone_code(db, claim, code, now)
        if check is CodeCheck.RIGHT:
            settle_phone(db, claim, _actor(visitor), now)
    if check is CodeCheck.RIGHT:
        return _done(request, visitor, "saved")
    page = PhonePage(
        number,
        sent=check is CodeCheck.WRONG,
        told=CHECKS[check],
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )
    return _page(request, database, visitor, page)


@router.post("/me/phone/remove", dependencies=FORM)
def remove(request: Request, database: OpenDatabase, visitor: CurrentVisitor) -> Response:
    """Forget the number; consultations that were counted stay counted."""
    with database.writing() as db:
        drop_phone_code(db, visitor.reference)
        unbind_identities(db, visitor.reference, IdentityKind.PHONE, _actor(visitor))
    return _done(request, visitor, "removed")


def check_mobile(text: str) -> str:
    """Return a mobile number in digits. Raises PhoneInvalid."""
    try:
        number = check_phone(text)
    except PhoneInvalid as error:
        raise PhoneInvalid("这不像手机号，请检查，填写11位手机号。") from error
    if len(number) != MOBILE_LENGTH or not number.startswith("1"):
        raise PhoneInvalid("固定电话收不到短信，请填写11位手机号。")
    return number


def address_of(request: Request) -> str:
    """Return where a request comes from; of IPv6 the network, which one household has."""
    host = request.client.host if request.client else "unknown"
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(ipaddress.ip_network(f"{host.partition('%')[0]}/64", strict=False))


def _claim(request: Request, visitor: Visitor, number: str) -> PhoneClaim:
    key = identity_key(request)
    return PhoneClaim(visitor.reference, identity_digest(key, IdentityKind.PHONE, number), key)


def _actor(visitor: Visitor) -> Actor:
    return Actor(ActorKind.PERSON, digest_of(visitor.reference))


def _done(request: Request, visitor: Visitor, what: str) -> Response:
    reply = RedirectResponse(f"/me/phone?{what}=1", HTTPStatus.SEE_OTHER)
    remember(request, reply, visitor)
    return reply


def _wrong(
    request: Request,
    database: Database,
    visitor: Visitor,
    typed: NumberForm,
    told: str,
    status: int = 422,
) -> Response:
    return _page(
        request, database, visitor, PhonePage(typed.number, typed.consent, told=told, status=status)
    )


def _page(request: Request, database: Database, visitor: Visitor, page: PhonePage) -> Response:
    with database.reading() as db:
        level = standing_of(db, visitor.reference).level
        phones = phones_of(identities_of(db, visitor.reference))
    sender: SmsSender = request.app.state.sms
    reply = render(
        request,
        "people/phone.html",
        page.status,
        page=page,
        masked=mask_phone(page.number) if page.sent else "",
        level="" if level is IdentityLevel.VISITOR else LEVEL_NAMES[level],
        phones=phones,
        by_sms=sender.reaches_phones,
        minutes=CODE_LIFE.seconds // 60,
    )
    remember(request, reply, visitor)
    return reply


def phones_of(identities: list[Identity]) -> list[Identity]:
    """Return the numbers among what a person is known by."""
    return [one for one in identities if one.kind is IdentityKind.PHONE]
