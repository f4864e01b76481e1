"""Administration of accounts: list, add, roles and scope, switch off, a link for a password."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from wtforms import StringField
from wtforms.validators import InputRequired, Length, Optional

from accounts.account import (
    LOGIN_LENGTH,
    NAME_LENGTH,
    UNIT_LENGTH,
    Account,
    AccountDetails,
    AccountInvalid,
    add_account,
    get_account,
    list_accounts,
)
from accounts.administration import (
    disable_account,
    edit_account,
    enable_account,
    link_external,
    note_added,
)
from accounts.one_time_code import remove_code
from accounts.role import Role, RolesConflict
from accounts.set_password import issue_link
from api.access import Permission, allow
from api.accounts.history import account_history
from api.deps import OpenDatabase
from api.forms import CheckboxesField, PostedForm, StaffForm, say
from api.input import Storable, Words
from api.signed_in import CurrentAccount
from api.staff_page import render_staff
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.ADMINISTRATION))

PAGE = 50
ROLE_TEXTS = {
    Role.MENTOR: "导师：只看分给自己的创业者",
    Role.HANDLER: "经办：登记、提交、分派",
    Role.REVIEWER: "复核：决定哪些咨询计数",
    Role.SIGNER: "签发：关账、签发报表",
    Role.ADMINISTRATOR: "管理员：账号、项目库、导师、政策",
    Role.PRIVACY_OFFICER: "隐私专员：查看原文、导出、删除个人信息",
    Role.AUDITOR: "审计：只读，查看全部记录和日志",
}


class AccountForm(StaffForm):
    """What an administrator decides about an account."""

    name = StringField("姓名", [InputRequired("请填写姓名。"), Length(max=NAME_LENGTH)])
    roles = CheckboxesField(
        "角色",
        [InputRequired("请至少选择一个角色。")],
        choices={role.value: text for role, text in ROLE_TEXTS.items()},
        description="审计不能兼任其他角色；管理员不能兼任复核或签发。",
    )
    org_unit = StringField(
        "所在街道或部门",
        [Optional(), Length(max=UNIT_LENGTH)],
        description="写全称；只能看到本街道、本部门的内容。不填表示全区。",
    )
    mentor_code = StringField(
        "导师编号", [Optional(), Length(max=32)], description="只有导师填写，与导师库里的编号一致。"
    )
    external_id = StringField(
        "统一身份编号",
        [Optional(), Length(max=200)],
        description="单点登录系统里此人的编号（sub 或工号）；没有单点登录就不填。",
    )

    def details(self) -> AccountDetails:
        """Return what was filled in."""
        return AccountDetails(
            self.name.data,
            frozenset(Role(value) for value in self.roles.data),
            self.org_unit.data or "",
            (self.mentor_code.data or "").strip() or None,
        )


class NewAccountForm(AccountForm):
    """A new account with its login."""

    login = StringField(
        "登录名",
        [InputRequired("请填写登录名。"), Length(max=LOGIN_LENGTH)],
        description="字母、数字或汉字，如 zhangwei 或工号；以后不能改。",
        render_kw={"autocapitalize": "none", "autocomplete": "off", "spellcheck": "false"},
    )


@router.get("/staff/accounts")
def show_accounts(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    q: Annotated[str, Query(max_length=100), Storable] = "",
    page: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """List the accounts, narrowed down by the words."""
    with database.reading() as db:
        found = list_accounts(db, q)
    pages = max(1, -(-len(found) // PAGE))
    page = min(page, pages)
    return render_staff(
        request,
        account,
        "accounts/accounts.html",
        accounts=found[(page - 1) * PAGE : page * PAGE],
        total=len(found),
        q=q,
        page=page,
        pages=pages,
    )


@router.get("/staff/accounts/new")
def show_new(request: Request, account: CurrentAccount) -> Response:
    """Show the form for a new account."""
    return render_staff(request, account, "accounts/new.html", form=NewAccountForm())


@router.post("/staff/accounts/new")
def post_new(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Add an account; show the link with which its owner sets a password, once."""
    form = NewAccountForm(posted)
    if form.validate():
        now = datetime.now(UTC)
        try:
            with database.writing() as db:
                added = add_account(db, form.login.data, form.details(), now)
                note_added(db, added, account.actor)
                link_external(db, added, form.external_id.data or "", account.actor)
                link = issue_link(db, added, account.actor, now)
        except (AccountInvalid, RolesConflict) as error:
            _say_where(form, error)
        else:
            return _link_page(request, account, added, link)
    return render_staff(request, account, "accounts/new.html", 422, form=form)


@router.get("/staff/accounts/{account_id}")
def show_one(
    request: Request,
    account_id: int,
    database: OpenDatabase,
    account: CurrentAccount,
) -> Response:
    """Show an account with its history."""
    with database.reading() as db:
        shown = get_account(db, account_id)
    form = AccountForm(data=_filled(shown))
    return _account_page(request, database, account, shown, form)


@router.post("/staff/accounts/{account_id}")
def post_one(
    request: Request,
    account_id: int,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Change name, roles or scope; changed rights sign the account out everywhere."""
    with database.reading() as db:
        shown = get_account(db, account_id)
    form = AccountForm(posted)
    if form.validate():
        try:
            with database.writing() as db:
                changed = get_account(db, account_id)
                link_external(db, changed, form.external_id.data or "", account.actor)
                edit_account(db, changed, form.details(), account.actor)
        except (AccountInvalid, RolesConflict) as error:
            _say_where(form, error)
        else:
            return _to(f"/staff/accounts/{account_id}?saved=1")
    return _account_page(request, database, account, shown, form, 422)


@router.post("/staff/accounts/{account_id}/disable")
def post_disable(
    account_id: int, database: OpenDatabase, account: CurrentAccount, reason: Words
) -> Response:
    """Switch an account off."""
    with database.writing() as db:
        disable_account(db, get_account(db, account_id), account.actor, reason)
    return _to(f"/staff/accounts/{account_id}?saved=1")


@router.post("/staff/accounts/{account_id}/enable")
def post_enable(
    account_id: int, database: OpenDatabase, account: CurrentAccount, reason: Words
) -> Response:
    """Switch an account on again."""
    with database.writing() as db:
        enable_account(db, get_account(db, account_id), account.actor, reason)
    return _to(f"/staff/accounts/{account_id}?saved=1")


@router.post("/staff/accounts/{account_id}/link")
def post_link(
    request: Request, account_id: int, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Make a link to set a new password; the old one holds no more."""
    with database.writing() as db:
        shown = get_account(db, account_id)
        link = issue_link(db, shown, account.actor, datetime.now(UTC))
    return _link_page(request, account, shown, link)


@router.post("/staff/accounts/{account_id}/code")
def post_remove_code(
    account_id: int, database: OpenDatabase, account: CurrentAccount, reason: Words
) -> Response:
    """Turn the one-time codes of somebody off who lost the phone."""
    with database.writing() as db:
        remove_code(db, get_account(db, account_id), account.actor, reason)
    return _to(f"/staff/accounts/{account_id}?saved=1")


def _account_page(
    request: Request,
    database: Database,
    account: CurrentAccount,
    shown: Account,
    form: AccountForm,
    status: int = 200,
) -> Response:
    with database.reading() as db:
        history = account_history(db, shown)
    return render_staff(
        request,
        account,
        "accounts/edit.html",
        status,
        form=form,
        shown=shown,
        history=history,
    )


def _link_page(request: Request, account: CurrentAccount, shown: Account, link: str) -> Response:
    address = str(request.url.replace(path=f"/login/link/{link}", query=""))
    return render_staff(request, account, "accounts/link.html", shown=shown, address=address)


def _filled(shown: Account) -> dict[str, object]:
    return {
        "name": shown.name,
        "roles": [role.value for role in shown.roles],
        "org_unit": shown.org_unit,
        "mentor_code": shown.mentor_code or "",
        "external_id": shown.external_id or "",
    }


def _say_where(form: AccountForm, error: Exception) -> None:
    """Put the domain's error beside the field it is about."""
    named = {
        "登录名": "login",
        "导师": "mentor_code",
        "统一身份": "external_id",
        "单位": "org_unit",
    }
    for word, field in named.items():
        if isinstance(error, AccountInvalid) and word in str(error) and field in form:
            say(form[field], str(error))
            return
    say(form.roles if isinstance(error, RolesConflict) else form.name, str(error))


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
