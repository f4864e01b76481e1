"""Web login for pages that are opened inside WeChat: out to Tencent and back."""

import logging
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access import Permission, allow
from api.deps import CurrentSettings, CurrentVisitor, OpenDatabase
from api.policies.reading_pages import local_path
from api.visitor import Visitor, load_secret, remember, renew
from api.wechat.account import OfficialAccount
from api.wechat.binding import LinkProof, WeChatUser, link, note_settled
from api.wechat.client import ErrorKind, SendFailed
from api.wechat.contact import person_reference
from api.wechat.desk import WeChatDesk
from api.wechat.union import note_union
from api.wechat.web_login import (
    CODE_LENGTH,
    Departure,
    WeChatLoginFailed,
    WeChatLoginUnavailable,
    WeChatSnapshot,
    authorize_address,
    can_log_in,
    come_back,
    set_out,
)
from guidance.people.identity import is_virtual, mark_virtual
from guidance.people.merging import join_people
from storage.database import Database, storable

log = logging.getLogger("qichuang")

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))

LONGEST_PATH = 500
UNAVAILABLE = "这个公众号不能用微信登录，请用“绑定码”绑定微信。"
AGAIN = "登录没有完成：链接已经用过或者过期。请从“我的情况”重新点“用微信登录”。"
BUSY = "微信暂时没有回应，请过一会儿从“我的情况”重新点“用微信登录”。"


@router.get("/wechat/{account}/login")
def go_to_tencent(
    request: Request,
    account: str,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    settings: CurrentSettings,
    next_path: Annotated[str, Query(alias="next", max_length=LONGEST_PATH)] = "/me",
) -> Response:
    """Send the browser to Tencent, which sends it back with a code."""
    found = _able(request, account)
    departure = Departure(visitor.reference, found.name, local_path(storable(next_path)))
    with database.writing() as db:
        state = set_out(db, departure, datetime.now(UTC))
    site = settings.public_url.rstrip("/") or str(request.base_url).rstrip("/")
    back_to = f"{site}/wechat/{found.name}/signed-in"
    target = authorize_address(settings.wechat_open_url, found, back_to, state)
    reply = RedirectResponse(target, HTTPStatus.FOUND)
    remember(request, reply, visitor)
    return reply


@router.get("/wechat/{account}/signed-in")
def come_from_tencent(
    request: Request,
    account: str,
    database: OpenDatabase,
    visitor: CurrentVisitor,
    code: Annotated[str, Query(max_length=CODE_LENGTH)] = "",
    state: Annotated[str, Query(max_length=CODE_LENGTH)] = "",
) -> Response:
    """Bind the browser to the WeChat user whom the code stands for."""
    found, now = _able(request, account), datetime.now(UTC)
    with database.writing() as db:
        next_path = come_back(db, storable(state), visitor.reference, found.name, now)
    if next_path is None or not code:
        raise WeChatLoginFailed(AGAIN)
    told = _exchange(request, found, code)
    if told.get("is_snapshotuser"):
        with database.writing() as db:
            mark_virtual(db, visitor.reference, now)
        raise WeChatSnapshot
    openid, secret = str(told.get("openid", "")), _secret(request)
    if not openid:
        raise WeChatLoginFailed(BUSY)
    user = WeChatUser(found.name, openid, person_reference(secret, found.name, openid))
    visitor = _real(request, database, visitor)
    with database.writing() as db:
        note_union(db, user.person, str(told.get("unionid", "")), secret, now)
        join_people(db, visitor.reference, user.person, now, "login")
        link(db, visitor.reference, user, now, LinkProof.LOGIN)
        note_settled(db, visitor.reference, user.person, now)
    reply = RedirectResponse(next_path, HTTPStatus.SEE_OTHER)
    remember(request, reply, visitor)
    return reply


def _secret(request: Request) -> str:
    return load_secret(request.app.state.settings.data_dir)


def _able(request: Request, account: str) -> OfficialAccount:
    desk: WeChatDesk = request.app.state.wechat
    found = desk.book[account]
    if not can_log_in(found):
        raise WeChatLoginUnavailable(UNAVAILABLE)
    return found


def _exchange(request: Request, account: OfficialAccount, code: str) -> dict[str, object]:
    desk: WeChatDesk = request.app.state.wechat
    try:
        return dict(desk.api.exchange_code(account.appid, account.app_secret, code))
    except SendFailed as failure:
        log.warning("wechat login failed: %s", failure.code)
        used = failure.kind is ErrorKind.CODE_REFUSED
        raise WeChatLoginFailed(AGAIN if used else BUSY) from failure


def _real(request: Request, database: Database, visitor: Visitor) -> Visitor:
    """Leave a reference behind that a made-up account has used: it never counts."""
    with database.reading() as db:
        virtual = is_virtual(db, visitor.reference)
    return renew(request) if virtual else visitor
