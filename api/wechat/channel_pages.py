"""Staff pages of the official accounts: whether they work, what went through, the switch."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.input import RecordId, Storable
from api.notice import WORDS
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from api.wechat.account import OfficialAccount
from api.wechat.account_file import AccountsInvalid
from api.wechat.channel import (
    MOST_REASON,
    ReasonMissing,
    WeChatChannel,
    channels_of,
    note_checks,
    switch_off,
    switch_on,
)
from api.wechat.checks import Check, live_checks, read_checks, standing_checks
from api.wechat.desk import WeChatDesk
from api.wechat.figures import Figures, figures_of, token_ends
from api.wechat.outbox import LetterNotFound, OutboxMessage, OutboxState, dead_letters
from audit.log import append_event
from storage.database import Database

router = APIRouter(prefix="/staff/channels", include_in_schema=False)

ADMINISTRATION = allow(Permission.ADMINISTRATION)
PERIODS = {"24 小时": timedelta(hours=24), "7 天": timedelta(days=7)}
LETTERS_SHOWN = 100
Words = Annotated[str, Form(max_length=MOST_REASON), Storable]


@dataclass(frozen=True, slots=True)
class View:
    """One account as the page shows it."""

    account: OfficialAccount
    channel: WeChatChannel
    checks: list[Check]
    live: list[Check]
    figures: dict[str, Figures]  # by the name of the period
    token_until: datetime | None


@router.get("", dependencies=ADMINISTRATION)
def show_channels(request: Request, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Show every official account: its checks, its figures, its switch."""
    return _page(request, database, account)


@router.post("/{name}/check", dependencies=ADMINISTRATION)
def post_check(request: Request, name: str, database: OpenDatabase) -> Response:
    """Ask Tencent now whether the account is set up well, and keep what it says."""
    desk: WeChatDesk = request.app.state.wechat
    found = desk.book[name]
    asked = live_checks(database, desk.api_of(found), found, lambda: datetime.now(UTC))
    with database.writing() as db:
        kept = {"checks": [check.as_dict() for check in asked]}
        note_checks(db, found.name, kept, datetime.now(UTC))
    return RedirectResponse(f"/staff/channels#{found.name}", HTTPStatus.SEE_OTHER)


@router.post("/{name}/stop", dependencies=ADMINISTRATION)
def post_stop(
    request: Request,
    name: str,
    database: OpenDatabase,
    account: CurrentAccount,
    reason: Words = "",
) -> Response:
    """Switch an account off: whoever writes is told so, and nothing is sent."""
    found = request.app.state.wechat.book[name]
    try:
        with database.writing() as db:
            switch_off(db, found.name, reason, account.actor, datetime.now(UTC))
    except ReasonMissing as refused:
        return _page(request, database, account, str(refused))
    return _to_account(found.name)


@router.post("/{name}/start", dependencies=ADMINISTRATION)
def post_start(
    request: Request, name: str, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Switch an account on again."""
    found = request.app.state.wechat.book[name]
    with database.writing() as db:
        switch_on(db, found.name, account.actor)
    return _to_account(found.name)


@router.get("/letters", dependencies=ADMINISTRATION)
def show_letters(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    only: Annotated[str, Query(alias="account", max_length=40), Storable] = "",
) -> Response:
    """List the messages that did not reach their readers, and why."""
    with database.reading() as db:
        letters = dead_letters(db, only, LETTERS_SHOWN)
    return render_staff(
        request,
        account,
        "wechat/letters.html",
        letters=[(letter, what_it_is(letter)) for letter in letters],
        most=LETTERS_SHOWN,
    )


@router.post("/letters/{letter_id}/retry", dependencies=ADMINISTRATION)
def post_retry(letter_id: RecordId, database: OpenDatabase, account: CurrentAccount) -> Response:
    """Send a message once more, by whatever way is open now."""
    with database.writing() as db:
        letter = _undelivered(db.get(OutboxMessage, letter_id, with_for_update=True))
        letter.send_again(datetime.now(UTC))
        append_event(db, "wechat.letter_retried", letter.subject, account.actor)
    return _to_letters()


@router.post("/letters/{letter_id}/drop", dependencies=ADMINISTRATION)
def post_drop(
    letter_id: RecordId, database: OpenDatabase, account: CurrentAccount, reason: Words = ""
) -> Response:
    """Take a message off the list, because the person was told otherwise or need not be."""
    with database.writing() as db:
        letter = _undelivered(db.get(OutboxMessage, letter_id, with_for_update=True))
        letter.drop(reason.strip() or "不再发送", datetime.now(UTC))
        append_event(db, "wechat.letter_dropped", letter.subject, account.actor, reason=reason)
    return _to_letters()


def what_it_is(letter: OutboxMessage) -> str:
    """Return in a few words what a message tells; its content is nobody else's business."""
    return WORDS[letter.kind].name if letter.kind else "查得较久的答复"


def _undelivered(letter: OutboxMessage | None) -> OutboxMessage:
    if letter is None or letter.state not in (OutboxState.DEAD, OutboxState.HELD):
        raise LetterNotFound("没有这条待处理的消息，可能别人已经处理过了。请刷新列表。")
    return letter


def _page(request: Request, database: Database, account: SignedIn, refused: str = "") -> Response:
    desk: WeChatDesk = request.app.state.wechat
    try:
        accounts, trouble = desk.book.accounts(), ""
    except AccountsInvalid as error:
        accounts, trouble = {}, str(error)
    views = _views(database, desk.site, accounts, datetime.now(UTC))
    return render_staff(
        request,
        account,
        "wechat/channels.html",
        HTTPStatus.CONFLICT if refused else HTTPStatus.OK,
        views=views,
        periods=list(PERIODS),
        refused=refused,
        trouble=trouble,
        site=desk.site,
    )


def _views(
    database: Database, site: str, accounts: dict[str, OfficialAccount], now: datetime
) -> list[View]:
    names = sorted(accounts)
    with database.reading() as db:
        channels = channels_of(db, names)
        figures = {
            period: figures_of(db, names, now - length, now) for period, length in PERIODS.items()
        }
        ends = {name: token_ends(db, accounts[name].appid) for name in names}
    return [
        View(
            accounts[name],
            channels[name],
            standing_checks(accounts[name], channels[name], site, now),
            read_checks(channels[name].checks),
            {period: counted[name] for period, counted in figures.items()},
            ends[name],
        )
        for name in names
    ]


def _to_account(name: str) -> Response:
    return RedirectResponse(f"/staff/channels?saved=1#{name}", HTTPStatus.SEE_OTHER)


def _to_letters() -> Response:
    return RedirectResponse("/staff/channels/letters?saved=1", HTTPStatus.SEE_OTHER)
