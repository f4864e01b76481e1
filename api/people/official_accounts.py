"""The official accounts of this installation, as pages name them."""

from fastapi import Request

from api.wechat.account import AccountBook, OfficialAccount
from api.wechat.account_file import AccountsInvalid
from api.wechat.web_login import can_log_in

# How the browser inside WeChat names itself.
INSIDE_WECHAT = "MicroMessenger"


def account_names(request: Request) -> list[str]:
    """Return the names of the official accounts, none where the file cannot be used."""
    return sorted(_accounts(request))


def login_account(request: Request) -> str:
    """Return the account through which a page opened inside WeChat can log in, "" for none."""
    if INSIDE_WECHAT not in request.headers.get("user-agent", ""):
        return ""
    able = [one.name for one in _accounts(request).values() if can_log_in(one)]
    return min(able, default="")


def _accounts(request: Request) -> dict[str, OfficialAccount]:
    book: AccountBook = request.app.state.wechat.book
    try:
        return book.accounts()
    except AccountsInvalid:
        return {}
