"""The simulator in the browser: an administrator plays a follower of a trial account."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import urlencode

import httpx
from anyio import from_thread
from fastapi import APIRouter, FastAPI, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask

from api.access import Permission, allow
from api.deps import OpenDatabase
from api.input import Storable
from api.signed_in import CurrentAccount
from api.staff_page import render_staff
from api.wechat.account import AccountBook, OfficialAccount
from api.wechat.account_file import OfficialAccountNotFound
from api.wechat.client import Way
from api.wechat.simulated_api import Bubble, Reader
from api.wechat.simulator import Deliver, Mishaps
from api.wechat.trial import LONGEST_S, Deed, begin, deliver_it, end_trial, look_at

router = APIRouter(prefix="/staff/channels/simulator", include_in_schema=False)

ADMINISTRATION = allow(Permission.ADMINISTRATION)
AGAIN_SECONDS = 2
MOST_TEXT = 600  # characters, as many as a phone sends at once
FOLLOWERS = {"oTrialJia": "甲", "oTrialYi": "乙", "oTrialBing": "丙"}
ALLOW_NOTICES = "allow"
ALLOWING = "subscribe_msg_popup_event"
# What a follower does besides writing: the label of its button, the fields of the message.
ACTS = {
    "subscribe": ("关注", {"MsgType": "event", "Event": "subscribe", "EventKey": ""}),
    "unsubscribe": ("取消关注", {"MsgType": "event", "Event": "unsubscribe", "EventKey": ""}),
    "image": ("发图片", {"MsgType": "image", "PicUrl": "http://localhost/0", "MediaId": "0"}),
    "voice": ("发听不清的语音", {"MsgType": "voice", "MediaId": "0", "Format": "amr"}),
    "location": ("发定位", {"MsgType": "location", "Location_X": "0", "Location_Y": "0"}),
}
SHOWN_ACTS = {
    "[subscribe]": "（关注了公众号）",
    "[unsubscribe]": "（取消了关注）",
    "[image]": "（图片）",
    "[voice]": "（语音）",
    "[location]": "（定位）",
    f"[{ALLOWING}]": "（允许了每种通知各发一次）",
}
_LINK = re.compile(r'<a href="([^"]*)">([^<]*)</a>|^\[([^\[\]\n]{1,60})\]$', re.M)
_MENU = "weixin://bizmsgmenu?msgmenucontent="


class DeedForm(BaseModel):
    """What a played follower does, and what is to go wrong on the way."""

    account: Annotated[str, Field(max_length=40), Storable] = ""
    follower: Annotated[str, Field(max_length=40), Storable] = ""
    act: Annotated[str, Field(max_length=20), Storable] = ""
    text: Annotated[str, Field(max_length=MOST_TEXT), Storable] = ""
    lose: Annotated[float, Field(ge=0, le=1)] = 0.0
    repeat: Annotated[float, Field(ge=0, le=1)] = 0.0
    delay_s: Annotated[float, Field(ge=0, le=10)] = 0.0

    @property
    def openid(self) -> str:
        """The openid of the played follower."""
        return self.follower if self.follower in FOLLOWERS else next(iter(FOLLOWERS))

    def fields(self, account: OfficialAccount) -> dict[str, Any] | None:
        """Return the fields of the message; None when nothing was said."""
        if self.act == ALLOW_NOTICES:
            return {"MsgType": "event", "Event": ALLOWING, "List": _allowed(account)}
        if self.act in ACTS:
            return dict(ACTS[self.act][1])
        return {"MsgType": "text", "Content": self.text} if self.text.strip() else None


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a bubble: words, a link, or a choice that a tap sends."""

    words: str
    address: str = ""
    choice: str = ""


@router.get("", dependencies=ADMINISTRATION)
def show_simulator(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    name: Annotated[str, Query(alias="account", max_length=40)] = "",
    follower: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show the chat of one played follower as their phone would."""
    accounts = trial_accounts(request.app.state.wechat.book)
    playing = accounts.get(name) or next(iter(accounts.values()), None)
    openid = follower if follower in FOLLOWERS else next(iter(FOLLOWERS))
    reader = Reader(openid)
    if playing is not None:
        with database.reading() as db:
            reader = look_at(db, playing).reader(openid)
    now_s = time.time()
    waiting = now_s - reader.waiting_since_s < LONGEST_S
    page = render_staff(
        request,
        account,
        "wechat/simulator.html",
        accounts=accounts,
        playing=playing,
        followers=FOLLOWERS,
        openid=openid,
        reader=reader,
        bubbles=[(bubble.side, pieces_of(bubble)) for bubble in reader.thread],
        pushes_left=reader.pushes_left if reader.follows and now_s < reader.window_until else 0,
        hours_left=max(1, round((reader.window_until - now_s) / 3600)),
        waiting=waiting,
        acts=_acts(playing),
        most=MOST_TEXT,
    )
    if playing is not None and waiting:
        # The number makes it another address: to the same one a browser would only scroll.
        again = _back(playing.name, openid, int(now_s))
        page.headers["Refresh"] = f"{AGAIN_SECONDS}; url={again}"
    return page


@router.post("", dependencies=ADMINISTRATION)
def post_deed(
    request: Request, database: OpenDatabase, form: Annotated[DeedForm, Form()]
) -> Response:
    """Let the follower do something; it is delivered after this reply, as Tencent would."""
    account = _trial_account(request.app.state.wechat.book, form.account)
    fields, back = form.fields(account), _back(account.name, form.openid)
    if fields is None:
        return RedirectResponse(back, HTTPStatus.SEE_OTHER)
    mishaps = Mishaps(form.lose, form.repeat, form.delay_s)
    deed = Deed(form.openid, fields, mishaps)
    message = begin(database, account, deed)
    deliver = deliver_into(request.app)
    delivery = BackgroundTask(deliver_it, database, account, deed, message, deliver)
    return RedirectResponse(back, HTTPStatus.SEE_OTHER, background=delivery)


@router.post("/end", dependencies=ADMINISTRATION)
def post_end(
    request: Request,
    database: OpenDatabase,
    name: Annotated[str, Form(alias="account", max_length=40)] = "",
) -> Response:
    """Forget the chats of a trial account."""
    account = _trial_account(request.app.state.wechat.book, name)
    with database.writing() as db:
        end_trial(db, account)
    return RedirectResponse(_back(account.name, ""), HTTPStatus.SEE_OTHER)


def trial_accounts(book: AccountBook) -> dict[str, OfficialAccount]:
    """Return the accounts that may be played, by name."""
    return {name: one for name, one in sorted(book.accounts().items()) if one.trial}


def _trial_account(book: AccountBook, name: str) -> OfficialAccount:
    found = trial_accounts(book).get(name)
    if found is None:
        raise OfficialAccountNotFound("没有这个试用账号，请从模拟器页面重新选择。")
    return found


def _subscriptions(account: OfficialAccount) -> list[str]:
    return sorted(one.id for (way, _), one in account.templates.items() if way is Way.SUBSCRIPTION)


def _allowed(account: OfficialAccount) -> list[dict[str, str]]:
    accepted = {"SubscribeStatusString": "accept", "PopupScene": "1"}
    return [{"TemplateId": template, **accepted} for template in _subscriptions(account)]


def _acts(account: OfficialAccount | None) -> list[tuple[str, str]]:
    acts = [(act, label) for act, (label, _) in ACTS.items()]
    if account is not None and _subscriptions(account):
        acts.append((ALLOW_NOTICES, "允许通知各一次"))
    return acts


def _back(account: str, openid: str, number: int = 0) -> str:
    query = {"account": account, "follower": openid, "seen": str(number)}
    return f"/staff/channels/simulator?{urlencode(query)}#newest"


def deliver_into(app: FastAPI) -> Deliver:
    """Return how a thread of this service delivers a callback to the service itself."""

    async def post(path: str, body: bytes) -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://simulated") as client:
            return await client.post(path, content=body)

    async def within(path: str, body: bytes, timeout_s: float) -> httpx.Response:
        # Hanging up does not stop what was begun, with us as with Tencent.
        calling = asyncio.ensure_future(post(path, body))
        try:
            return await asyncio.wait_for(asyncio.shield(calling), timeout_s)
        except TimeoutError as error:
            raise httpx.ReadTimeout("nobody waits any longer") from error

    def deliver(path: str, body: bytes, timeout_s: float) -> httpx.Response:
        return from_thread.run(within, path, body, timeout_s)

    return deliver


def pieces_of(bubble: Bubble) -> Sequence[Piece]:
    """Return a bubble in parts: only what WeChat makes a link or a choice becomes one."""
    text = SHOWN_ACTS.get(bubble.text, bubble.text)
    if bubble.side != "account":
        return [Piece(text)]
    pieces, end = [], 0
    for found in _LINK.finditer(text):
        pieces.append(Piece(text[end : found.start()]))
        end = found.end()
        address, words, choice = found[1] or "", found[2] or "", found[3] or ""
        if address.startswith(_MENU):
            choice = address.removeprefix(_MENU).partition("&msgmenuid=")[0]
        if choice:
            pieces.append(Piece(words or choice, choice=choice))
        elif address.startswith(("http://", "https://")):
            pieces.append(Piece(words, address=address))
        else:
            pieces.append(Piece(found[0]))
    return [*pieces, Piece(text[end:])]
