"""My account: the WeChat user to whom reminders of work go."""

from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.deps import CurrentSettings, OpenDatabase
from api.people.official_accounts import account_names
from api.problems import problem_of
from api.signed_in import CurrentAccount
from api.staff_page import render_staff
from api.visitor import load_secret
from api.wechat.binding import ACCOUNT, link_of, unlink
from api.wechat.binding_code import CODE_LIFE, make_code
from guidance.people.attempt import TooManyAttempts

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.ACCOUNT))


@router.get("/account/wechat")
def show_binding(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show whether a WeChat user is bound, and how to bind one."""
    return _page(request, database, account)


@router.post("/account/wechat")
def new_code(
    request: Request, database: OpenDatabase, account: CurrentAccount, settings: CurrentSettings
) -> Response:
    """Show a new code, once."""
    try:
        with database.writing() as db:
            secret = load_secret(settings.data_dir)
            code = make_code(db, _receiver(account), secret, datetime.now(UTC))
    except TooManyAttempts as error:
        return _page(request, database, account, told=(str(error), problem_of(error).status))
    return _page(request, database, account, code=code)


@router.post("/account/wechat/remove")
def remove(database: OpenDatabase, account: CurrentAccount) -> Response:
    """Take the WeChat user off the account."""
    with database.writing() as db:
        unlink(db, _receiver(account), account.actor)
    return RedirectResponse("/account/wechat?saved=1", HTTPStatus.SEE_OTHER)


def _receiver(account: CurrentAccount) -> str:
    return f"{ACCOUNT}{account.account_id}"


def _page(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    code: str = "",
    told: tuple[str, int] = ("", 200),
) -> Response:
    with database.reading() as db:
        link = link_of(db, _receiver(account))
    return render_staff(
        request,
        account,
        "people/account_wechat.html",
        told[1],
        told=told[0],
        link=link,
        code=code,
        minutes=CODE_LIFE.seconds // 60,
        channels=account_names(request),
    )
