"""The address that WeCom calls for 微信客服."""

import logging
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from api.access import Permission, allow
from api.wechat.callback import single_values
from api.wechat.crypt import CallbackRefused
from api.wechat.kf_callback import check_kf_address, open_kf_callback
from api.wechat.kf_desk import KfDesk

log = logging.getLogger("qichuang")

router = APIRouter(include_in_schema=False, dependencies=allow(Permission.PUBLIC))


@router.get("/kf/{account}")
async def confirm_kf_address(request: Request, account: str) -> Response:
    """Prove to WeCom that this address is ours."""
    desk: KfDesk = request.app.state.kf
    found = desk.book[account]
    try:
        query = single_values(request.query_params.multi_items())
        echo = check_kf_address(found, query, datetime.now(UTC))
    except CallbackRefused as refusal:
        log.info("kf address check of %s refused: %s", found.name, refusal)
        raise
    return Response(echo, media_type="text/plain")


@router.post("/kf/{account}")
async def take_kf_callback(request: Request, account: str) -> Response:
    """Note that there is news; fetching it comes later, so that WeCom need not wait."""
    desk: KfDesk = request.app.state.kf
    found = desk.book[account]
    data = await request.body()
    try:
        query = single_values(request.query_params.multi_items())
        news = open_kf_callback(found, query, data, datetime.now(UTC))
    except CallbackRefused as refusal:
        log.info("kf callback of %s refused: %s", found.name, refusal)
        raise
    if news is not None:
        await run_in_threadpool(desk.note, found, news)
    return Response("success", media_type="text/plain")
