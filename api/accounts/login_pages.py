"""Signing in and out: password, one-time code, a link to set a password."""

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from wtforms import PasswordField, StringField
from wtforms.validators import InputRequired, Length

from accounts.account import Account
from accounts.login import Credentials, LoginRefused, log_in
from accounts.login_attempt import TooManyLogins
from accounts.one_time_code import CodeRefused, log_in_with_code
from accounts.password import MAX_LENGTH, PasswordRefused, PasswordsBusy
from accounts.set_password import owner_of_link, set_password_by_link
from accounts.web_session import Stage, end_session
from api.access import Permission, allow
from api.accounts.device import describe_device, keep_device, known_device
from api.chat.pages import render
from api.deps import CurrentSettings, OpenDatabase
from api.forms import PostedForm, StaffForm, say
from api.guards import refuse_foreign_forms
from api.policies.reading_pages import local_path
from api.problems import problem_of
from api.settings import Settings
from api.signed_in import (
    CurrentAccount,
    drop_token,
    find_by_cookie,
    keep_token,
    presence_of,
    session_token,
    signed_in,
)
from api.staff_page import home_path
from audit.log import append_event
from storage.database import Database

router = APIRouter(include_in_schema=False)

NextPath = Annotated[str, Query(alias="next")]


class LoginForm(StaffForm):
    """Login and password."""

    login = StringField(
        "登录名",
        [InputRequired("请填写登录名。"), Length(max=200)],
        render_kw={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"},
    )
    password = PasswordField(
        "密码",
        [InputRequired("请填写密码。"), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(StaffForm):
    """A one-time code, or one of the recovery codes."""

    code = StringField(
        "动态口令",
        [InputRequired("请填写动态口令。"), Length(max=40)],
        description="打开手机上的身份验证器，填 6 位数字；手机不在身边时，填一个恢复码。",
        render_kw={"autocomplete": "one-time-code", "inputmode": "text"},
    )


class NewPasswordForm(StaffForm):
    """A new password, twice."""

    password = PasswordField(
        "新密码",
        [InputRequired("请填写新密码。")],
        description="至少 12 个字符。用几个不相干的词连成一句，好记也难猜；不必混用大小写和符号。",
        render_kw={"autocomplete": "new-password", "maxlength": MAX_LENGTH},
    )
    again = PasswordField(
        "再填一次",
        [InputRequired("请再填一次新密码。")],
        render_kw={"autocomplete": "new-password", "maxlength": MAX_LENGTH},
    )

    def agrees(self) -> bool:
        """Check the form, and that both fields are the same."""
        if not self.validate():
            return False
        if self.password.data != self.again.data:
            say(self.again, "两次填的不一样，请重新填写。")
            return False
        return True


@router.get("/login", dependencies=allow(Permission.PUBLIC))
def show_login(request: Request, settings: CurrentSettings, next_path: NextPath = "") -> Response:
    """Show the login page; whoever is signed in goes on."""
    presence = presence_of(request)
    if presence is not None:
        target = local_path(next_path) if next_path else home_path(presence.account)
        return RedirectResponse(target, HTTPStatus.SEE_OTHER)
    return _login_page(request, LoginForm(), next_path, sso=_sso_name(settings))


@router.post("/login", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def post_login(
    request: Request,
    database: OpenDatabase,
    settings: CurrentSettings,
    posted: PostedForm,
    next_path: NextPath = "",
) -> Response:
    """Sign in with a password; a second step follows where a one-time code is used."""
    form = LoginForm(posted)
    sso = _sso_name(settings)
    if not form.validate():
        return _login_page(request, form, next_path, 422, sso=sso)
    credentials = Credentials(
        form.login.data,
        form.password.data,
        address=request.client.host if request.client else "unknown",
        device=describe_device(request),
        known_device=known_device(request, form.login.data),
    )
    try:
        account, session, token = log_in(database, credentials, datetime.now(UTC))
    except (LoginRefused, TooManyLogins, PasswordsBusy) as error:
        problem = problem_of(error)
        page = _login_page(request, form, next_path, problem.status, str(error), sso)
        if isinstance(error, TooManyLogins):
            page.headers["Retry-After"] = str(error.retry_after_s)
        return page
    replace_session(request, database)
    if session.stage is Stage.CODE:
        response = _to(f"/login/code?next={local_path(next_path)}" if next_path else "/login/code")
        keep_token(request, response, account, token)
        return response
    return welcome(request, account, token, next_path)


@router.get("/login/code", dependencies=allow(Permission.PUBLIC))
def show_code(request: Request, next_path: NextPath = "") -> Response:
    """Ask for the one-time code."""
    if find_by_cookie(request, Stage.CODE, datetime.now(UTC)) is None:
        return _to("/login")
    return render(
        request, "accounts/login_code.html", form=CodeForm(), next_path=next_path, error=""
    )


@router.post("/login/code", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def post_code(
    request: Request, database: OpenDatabase, posted: PostedForm, next_path: NextPath = ""
) -> Response:
    """Sign in with a one-time code after the password."""
    form = CodeForm(posted)
    error, status = "", 422
    if form.validate():
        try:
            account, token = log_in_with_code(
                database, session_token(request), form.code.data, datetime.now(UTC)
            )
        except (CodeRefused, TooManyLogins) as refusal:
            error, status = str(refusal), problem_of(refusal).status
        except LoginRefused:
            return _to("/login")
        else:
            return welcome(request, account, token, next_path)
    return render(
        request, "accounts/login_code.html", status, form=form, next_path=next_path, error=error
    )


@router.get("/login/link/{link}", dependencies=allow(Permission.PUBLIC))
def show_link(request: Request, link: str, database: OpenDatabase) -> Response:
    """Show the form to set a password with a link from the administrator."""
    with database.reading() as db:
        account = owner_of_link(db, link, datetime.now(UTC))
    return render(request, "accounts/login_link.html", form=NewPasswordForm(), account=account)


@router.post("/login/link/{link}", dependencies=allow(Permission.PUBLIC, refuse_foreign_forms))
def post_link(request: Request, link: str, database: OpenDatabase, posted: PostedForm) -> Response:
    """Set a password with a link, which is used up by it."""
    form = NewPasswordForm(posted)
    now = datetime.now(UTC)
    with database.reading() as db:
        account = owner_of_link(db, link, now)
    if form.agrees():
        try:
            set_password_by_link(database, link, form.password.data, now)
        except PasswordRefused as error:
            say(form.password, str(error))
        else:
            return _to("/login?set=1")
    return render(request, "accounts/login_link.html", 422, form=form, account=account)


@router.post("/logout", dependencies=allow(Permission.ACCOUNT))
def post_logout(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Sign this browser out."""
    presence = presence_of(request)
    with database.writing() as db:
        if presence and end_session(db, account.account_id, presence.session_id):
            append_event(db, "logout", f"account:{account.account_id}", account.actor)
    response = _to("/login")
    drop_token(request, response)
    return response


def welcome(request: Request, account: Account, token: str, next_path: str = "") -> Response:
    """Send someone who is signed in now to where they wanted to go."""
    response = _to(local_path(next_path) if next_path else home_path(signed_in(account)))
    keep_token(request, response, account, token)
    keep_device(request, response, account)
    return response


def replace_session(request: Request, database: Database) -> None:
    """End the session that this browser had: a new sign-in takes its place."""
    presence = presence_of(request)
    if presence is not None:
        with database.writing() as db:
            end_session(db, presence.account.account_id, presence.session_id)


def login_again(request: Request, settings: Settings, status: int, error: str) -> Response:
    """Show the login page with what went wrong elsewhere."""
    return _login_page(request, LoginForm(), "", status, error, _sso_name(settings))


def _login_page(
    request: Request,
    form: LoginForm,
    next_path: str,
    status: int = 200,
    error: str = "",
    sso: str = "",
) -> Response:
    just_set = bool(request.query_params.get("set"))
    return render(
        request,
        "accounts/login.html",
        status,
        form=form,
        next_path=next_path,
        error=error,
        sso=sso,
        just_set=just_set,
    )


def _sso_name(settings: Settings) -> str:
    return settings.oidc_name if settings.oidc_issuer else ""


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
