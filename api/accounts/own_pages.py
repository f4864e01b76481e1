"""My account: password, one-time codes, and the browsers that are signed in."""

from datetime import UTC, datetime
from http import HTTPStatus

import segno
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from accounts.account import Account, get_account
from accounts.login_attempt import TooManyLogins
from accounts.one_time_code import CodeRefused, enrol, enrolment_uri, new_secret, remove_code
from accounts.password import PasswordRefused, PasswordsBusy
from accounts.set_password import PasswordWrong, change_own_password, check_present_password
from accounts.web_session import (
    Stage,
    end_session,
    end_sessions,
    open_session,
    sessions_of,
)
from api.access import Permission, allow
from api.accounts.device import describe_device
from api.accounts.login_pages import NewPasswordForm
from api.deps import CurrentSettings, OpenDatabase
from api.forms import PostedForm, StaffForm, say
from api.signed_in import CurrentAccount, SignedIn, drop_token, keep_token, presence_of
from api.staff_page import render_staff
from audit.log import append_event
from storage.database import Database

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.ACCOUNT))


def _present_password(why: str) -> PasswordField:
    return PasswordField(
        "现在的密码",
        [InputRequired("请填写现在的密码。")],
        description=why,
        render_kw={"autocomplete": "current-password"},
    )


class ChangePasswordForm(NewPasswordForm):
    """The present password and a new one, twice."""

    present = _present_password("")


class EnrolForm(StaffForm):
    """The first code of an authenticator."""

    secret = HiddenField(validators=[InputRequired(), Length(min=32, max=32)])
    code = StringField(
        "身份验证器上的 6 位数字",
        [InputRequired("请填写 6 位数字。"), Length(max=20)],
        render_kw={"autocomplete": "one-time-code", "inputmode": "numeric"},
    )
    present = _present_password("确认是您本人在设置。")


class RemoveCodeForm(StaffForm):
    """The password, before one-time codes are turned off."""

    present = _present_password("确认是您本人在停用。")


@router.get("/account")
def show_account(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show what this account is, and where it is signed in."""
    with database.reading() as db:
        owner = get_account(db, account.account_id)
        sessions = sessions_of(db, account.account_id, datetime.now(UTC))
    presence = presence_of(request)
    return render_staff(
        request,
        account,
        "accounts/account.html",
        owner=owner,
        sessions=sessions,
        current_session=presence.session_id if presence else 0,
    )


@router.get("/account/password")
def show_password(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show the form to change the password."""
    return _password_page(request, database, account, ChangePasswordForm())


@router.post("/account/password")
def post_password(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Change the password; every other browser is signed out, this one gets a new session."""
    form = ChangePasswordForm(posted)
    now = datetime.now(UTC)
    if not _has_password(database, account):
        del form.present  # signed in by single sign-on: there is none to know
    if form.agrees():
        present = form.present.data if "present" in form else ""
        try:
            change_own_password(database, account.account_id, present, form.password.data, now)
        except PasswordWrong as error:
            say(form.present, str(error))
        except (PasswordRefused, TooManyLogins, PasswordsBusy) as error:
            say(form.password, str(error))
        else:
            return _signed_in_anew(request, database, account, "/account?saved=1")
    return _password_page(request, database, account, form, 422)


@router.get("/account/code")
def show_code(
    request: Request, database: OpenDatabase, account: CurrentAccount, settings: CurrentSettings
) -> Response:
    """Show how to enrol for one-time codes, or how to turn them off."""
    with database.reading() as db:
        owner = get_account(db, account.account_id)
    if owner.wants_code:
        may_remove = not owner.needs_code(settings.require_totp)
        return render_staff(
            request, account, "accounts/code_on.html", form=RemoveCodeForm(),
            owner=owner, may_remove=may_remove,
        )  # fmt: skip
    return _enrol_page(request, account, owner, EnrolForm(data={"secret": new_secret()}))


@router.post("/account/code")
def post_code(
    request: Request, database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> Response:
    """Turn one-time codes on; show the recovery codes once."""
    form = EnrolForm(posted)
    now = datetime.now(UTC)
    with database.reading() as db:
        owner = get_account(db, account.account_id)
    if owner.wants_code:
        return _to("/account/code")
    if owner.password_hash is None:
        del form.present
    if form.validate() and _password_is_right(database, account, form, now):
        try:
            with database.writing() as db:
                current = get_account(db, account.account_id)
                recovery = enrol(db, current, form.secret.data, form.code.data, now)
        except CodeRefused as error:
            say(form.code, str(error))
        else:
            return render_staff(request, account, "accounts/recovery.html", recovery=recovery)
    return _enrol_page(request, account, owner, form, 422)


@router.post("/account/code/remove")
def post_remove_code(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    settings: CurrentSettings,
    posted: PostedForm,
) -> Response:
    """Turn one-time codes off, where the installation leaves the choice."""
    form = RemoveCodeForm(posted)
    with database.reading() as db:
        owner = get_account(db, account.account_id)
    may_remove = not owner.needs_code(settings.require_totp)
    if owner.password_hash is None:
        del form.present
    now = datetime.now(UTC)
    if may_remove and form.validate() and _password_is_right(database, account, form, now):
        with database.writing() as db:
            remove_code(db, get_account(db, account.account_id), account.actor)
        return _to("/account?saved=1")
    return render_staff(
        request, account, "accounts/code_on.html", 422, form=form, owner=owner,
        may_remove=may_remove,
    )  # fmt: skip


@router.post("/account/sessions/{session_id}/end")
def post_end_session(session_id: int, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Sign one of my browsers out; another's session is not there."""
    with database.writing() as db:
        if end_session(db, account.account_id, session_id):
            subject = f"account:{account.account_id}"
            append_event(db, "session.ended", subject, account.actor)
    return _to("/account?saved=1")


@router.post("/account/sessions/end")
def post_end_sessions(
    request: Request, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Sign every browser out, this one too."""
    with database.writing() as db:
        count = end_sessions(db, account.account_id)
        subject = f"account:{account.account_id}"
        append_event(db, "session.all_ended", subject, account.actor, {"sessions": count})
    response = _to("/login")
    drop_token(request, response)
    return response


def _password_page(
    request: Request,
    database: Database,
    account: SignedIn,
    form: ChangePasswordForm,
    status: int = 200,
) -> Response:
    if "present" in form and not _has_password(database, account):
        del form.present
    presence = presence_of(request)
    first = bool(presence and presence.duty)
    return render_staff(request, account, "accounts/password.html", status, form=form, first=first)


def _enrol_page(
    request: Request, account: SignedIn, owner: Account, form: EnrolForm, status: int = 200
) -> Response:
    if "present" in form and owner.password_hash is None:
        del form.present
    secret = form.secret.data or new_secret()
    form.secret.data = secret
    image = segno.make(enrolment_uri(secret, owner.login), error="m")
    presence = presence_of(request)
    return render_staff(
        request,
        account,
        "accounts/code.html",
        status,
        form=form,
        image=image.svg_inline(omitsize=True, title="身份验证器扫描的二维码"),
        secret=" ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
        first=bool(presence and presence.duty),
    )


def _has_password(database: Database, account: SignedIn) -> bool:
    with database.reading() as db:
        return get_account(db, account.account_id).password_hash is not None


def _password_is_right(
    database: Database, account: SignedIn, form: StaffForm, now: datetime
) -> bool:
    if "present" not in form:
        return True
    try:
        check_present_password(database, account.account_id, form.present.data, now)
    except (PasswordRefused, TooManyLogins, PasswordsBusy) as error:
        say(form.present, str(error))
        return False
    return True


def _signed_in_anew(request: Request, database: Database, account: SignedIn, path: str) -> Response:
    with database.writing() as db:
        owner = get_account(db, account.account_id)
        _, token = open_session(db, owner, Stage.OPEN, describe_device(request), datetime.now(UTC))
    response = _to(path)
    keep_token(request, response, owner, token)
    return response


def _to(path: str) -> Response:
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)
