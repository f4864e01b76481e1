"""Staff pages of service offices: where people go, by version, in use without a restart."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from wtforms import DateField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm, StaffForm, typed
from api.input import RecordId
from api.policies.validity import today
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event
from knowledge.office import (
    OfficeDetail,
    OfficeInvalid,
    Offices,
    ServiceOffice,
    next_number,
    unit_name,
    units_listed,
    versions_of,
)

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.CATALOGUE))

CHANGED = "有人在您打开页面之后改过，没有保存。请看最新的内容，再改一次。"
_PHONES = re.compile(r"[0-9 转,，、;；/()（）\-—~～至]*[0-9][0-9 转,，、;；/()（）\-—~～至]*")
_ONE_PHONE = re.compile(r"\d[\d\-—]{3,}\d")


class OfficeForm(StaffForm):
    """One office as typed."""

    unit = StringField(
        "部门或街道",
        [InputRequired("请选择或填写部门、街道。"), Length(max=60)],
        description="从列表中选部门；街道请写全称，如“小寨路街道”",
    )
    name = StringField(
        "窗口或办公点名称",
        [InputRequired("请填写名称。"), Length(min=3, max=60, message="名称写3到60个字。")],
        description="写门牌上的名称，如“区政务服务大厅就业窗口”",
    )
    address = StringField("地址", [Length(max=200)], description="写到楼层和窗口号")
    phone = StringField("电话", [Length(max=100)], description="对外公布的办公电话，不写个人手机")
    hours = StringField(
        "办公时间", [Length(max=200)], description="如“工作日9:00–12:00，13:30–17:00”"
    )
    bring = TextAreaField("要带的东西", [Length(max=300)])
    directions = TextAreaField("怎么走", [Length(max=300)], description="公交、地铁或附近标志")
    valid_from = DateField("从哪一天起", [InputRequired("请填写日期。")])
    valid_until = DateField(
        "到哪一天（可不填）",
        [Optional()],
        description="临时调整填最后一天，过后自动恢复原来的内容",
    )

    def read(self) -> dict[str, Any]:
        """Return the values by their columns. Raises OfficeInvalid."""
        typed = ("unit", "name", *OfficeDetail)
        values = {str(name): " ".join((self.data[name] or "").split()) for name in typed}
        since, until = self.valid_from.data, self.valid_until.data
        if not values["address"] and not values["phone"]:
            raise OfficeInvalid("地址和电话至少填一项。")
        if values["phone"] and not _PHONES.fullmatch(values["phone"]):
            raise OfficeInvalid("电话只写号码，几个号码用“、”分开。")
        if until is not None and until < since:
            raise OfficeInvalid("最后一天不能早于第一天。")
        return {
            **values,
            "unit": unit_name(values["unit"]),
            "valid_from": since,
            "valid_until": until,
        }


@router.get("/staff/offices")
def show_offices(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """List the offices of today, and those to come or gone."""
    with database.reading() as db:
        rows = db.scalars(select(ServiceOffice).order_by(ServiceOffice.id.desc())).all()
    open_now = {office.id for office in Offices(rows).on(today())}
    newest = {row.number: row for row in reversed(rows)}
    told = [row for row in rows if row.id in open_now]
    numbers = {row.number for row in told}
    told.sort(key=lambda row: (row.unit, row.number))
    return render_staff(
        request,
        account,
        "policies/offices.html",
        offices=told,
        others=[row for number, row in sorted(newest.items()) if number not in numbers],
        newest=newest,
    )


@router.get("/staff/offices/new")
def show_new(request: Request, account: CurrentAccount) -> Response:
    """Show the form of a new office."""
    return _form_page(request, account, OfficeForm(data={"valid_from": today()}))


@router.post("/staff/offices/new")
def post_new(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Add an office."""
    return _save(request, database, account, posted, None)


@router.get("/staff/offices/{number}")
def show_office(
    request: Request, number: RecordId, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show an office to be changed, with its versions."""
    with database.reading() as db:
        versions = versions_of(db, number)
    form = OfficeForm(obj=versions[0], data={"valid_from": today(), "valid_until": None})
    return _form_page(request, account, form, versions=versions)


@router.post("/staff/offices/{number}")
def post_office(
    request: Request,
    number: RecordId,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Enter the next version of an office."""
    return _save(request, database, account, posted, number)


@router.post("/staff/offices/{number}/close")
def post_closing(
    number: RecordId,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Take an office out from today on; its versions stay."""
    reason = typed(posted, "reason", 200)
    with database.writing() as db:
        last = versions_of(db, number)[0]
        if not last.closed and reason:
            values = {d.value: getattr(last, d) for d in OfficeDetail}
            values |= {"unit": last.unit, "name": last.name, "closed": True}
            values |= {"valid_from": today(), "valid_until": None}
            _enter(db, account, number, last.version + 1, values)
            append_event(db, "office.closed", f"office:{number}", account.actor, {}, reason)
    return RedirectResponse("/staff/offices?saved=1", HTTPStatus.SEE_OTHER)


def _save(
    request: Request,
    database: OpenDatabase,
    account: SignedIn,
    posted: FormData,
    number: int | None,
) -> Response:
    form, told = OfficeForm(posted), ""
    if form.validate():
        try:
            values = form.read()
            with database.writing() as db:
                seen = typed(posted, "version")
                _enter_changed(db, account, number, seen, values)
            return RedirectResponse("/staff/offices?saved=1", HTTPStatus.SEE_OTHER)
        except OfficeInvalid as error:
            told = str(error)
        except IntegrityError:  # two entered the same number at the same moment
            told = CHANGED
    with database.reading() as db:
        versions = versions_of(db, number) if number else ()
    return _form_page(request, account, form, versions=versions, told=told)


def _enter_changed(
    db: Session, account: SignedIn, number: int | None, seen: str, values: dict[str, Any]
) -> None:
    """Enter a version with its event. Raises OfficeNotFound, OfficeInvalid."""
    if number is None:
        number = next_number(db)
        _enter(db, account, number, 1, values)
        entered = {name: str(value) for name, value in values.items() if value}
        append_event(db, "office.added", f"office:{number}", account.actor, entered)
        return
    last = versions_of(db, number)[0]
    if seen != str(last.version):
        raise OfficeInvalid(CHANGED)
    _enter(db, account, number, last.version + 1, values)
    before = {name: getattr(last, name) for name in values}
    changed = {n: [str(before[n] or ""), str(v or "")] for n, v in values.items() if v != before[n]}
    append_event(db, "office.changed", f"office:{number}", account.actor, changed)


def _enter(
    db: Session, account: SignedIn, number: int, version: int, values: Mapping[str, Any]
) -> None:
    db.add(
        ServiceOffice(
            number=number,
            version=version,
            entered_on=today(),
            account_id=account.account_id,
            **values,
        )
    )
    db.flush()


def _form_page(request: Request, account: SignedIn, form: OfficeForm, **shown: Any) -> Response:
    wrong = bool(form.errors or shown.get("told"))
    return render_staff(
        request,
        account,
        "policies/office.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if wrong else HTTPStatus.OK,
        form=form,
        units=units_listed(),
        **{"versions": (), "told": ""} | shown,
    )


def phone_parts(text: str) -> list[tuple[str, str]]:
    """Cut a text into (piece, number to call), "" for what is between the numbers."""
    parts, at = [], 0
    for found in _ONE_PHONE.finditer(text):
        parts += [(text[at : found.start()], ""), (found[0], found[0].replace("—", "-"))]
        at = found.end()
    return [part for part in (*parts, (text[at:], "")) if part[0]]
