"""The address that Tencent calls, and the page of an answer that took longer."""

import logging
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response

from api.access import Permission, allow
from api.chat.pages import render
from api.chat.thread import show_turn
from api.deps import OpenDatabase
from api.wechat import wording
from api.wechat.callback import (
    check_address,
    is_secure,
    open_callback,
    plain_reply,
    single_values,
)
from api.wechat.crypt import CallbackRefused
from api.wechat.desk import WeChatDesk
from api.wechat.received import AnswerNotFound, find_message, find_turn_of
from storage.database import storable

log = logging.getLogger("qichuang")

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))
TOKEN_LENGTH = 64
AGAIN_SECONDS = 3


@router.get("/wechat/{account}")
async def confirm_address(request: Request, account: str) -> Response:
    """Prove to Tencent that this address is ours."""
    desk: WeChatDesk = request.app.state.wechat
    found, now = desk.book[account], datetime.now(UTC)
    try:
        query = single_values(request.query_params.multi_items())
        echo = check_address(found, query, now)
    except CallbackRefused as refusal:
        log.info("wechat address check of %s refused: %s", found.name, refusal)
        desk.pulse.refused(found.name, str(refusal), now)
        raise
    desk.pulse.heard(found.name, query["timestamp"], now)
    return Response(echo, media_type="text/plain")


@router.post("/wechat/{account}")
async def take_callback(request: Request, account: str) -> Response:
    """Take a message or event. Asynchronous: hundreds wait for their answers side by side."""
    desk: WeChatDesk = request.app.state.wechat
    found, now = desk.book[account], datetime.now(UTC)
    data = await request.body()
    try:
        query = single_values(request.query_params.multi_items())
        if not is_secure(query):
            reply = plain_reply(found, query, data, wording.PLAIN_MODE, now)
            return Response(reply, media_type="text/plain")
        callback = open_callback(found, query, data, now)
        desk.pulse.heard(found.name, callback.call.timestamp, now)
        reply = await desk.take(callback)
    except CallbackRefused as refusal:
        log.info("wechat callback of %s refused: %s", found.name, refusal)
        desk.pulse.refused(found.name, str(refusal), now)
        raise
    return Response(reply, media_type="text/plain")


@router.get("/answers/{token}")
def show_answer(request: Request, database: OpenDatabase, token: str) -> Response:
    """Show one answer to whoever has its link; it comes by itself when it is not there yet."""
    with database.reading() as db:
        message = find_message(db, storable(token[:TOKEN_LENGTH]))
        if message is None:
            raise AnswerNotFound("没有找到这条答复，请检查链接是否完整，或重新提问。")
        turn = find_turn_of(db, message)
        view = show_turn(turn) if turn is not None else None
    page = render(request, "chat/answer.html", turn=view, question=message.text)
    page.headers["X-Robots-Tag"] = "noindex"
    if view is None and message.settled_at is None:
        page.headers["Refresh"] = str(AGAIN_SECONDS)
    return page
