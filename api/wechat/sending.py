"""Takes messages out of the outbox and hands them to Tencent."""

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from api.wechat.access_token import access_token, drop_token
from api.wechat.account import AccountBook, OfficialAccount
from api.wechat.account_file import OfficialAccountNotFound
from api.wechat.client import ErrorKind, SendFailed, TencentApi, Way
from api.wechat.layout import Place
from api.wechat.notice_layout import notice_body
from api.wechat.outbox import OutboxMessage
from api.wechat.ways import anything_due, settle, take_due
from api.wechat.web_login import entry_path
from storage.database import Database

log = logging.getLogger("qichuang")

SENDERS = 8  # calls of Tencent side by side, each for another person
ROUNDS = 20  # of one call; the next comes soon

Attempt = tuple[OutboxMessage, SendFailed | str]


@dataclass(frozen=True, slots=True)
class Post:
    """What sending works with: whom to call for an account, and our public address."""

    database: Database
    api_of: Callable[[OfficialAccount], TencentApi]
    book: AccountBook
    site: str = ""


def send_due(post: Post) -> int:
    """Send what is due now, until nothing is; return how many messages Tencent took.

    Messages are leased and settled in transactions of their own, and no transaction is
    open while Tencent is called. A process that dies between leaves the messages to
    another one, which may send them twice: Tencent offers no key to prevent that.
    """
    accounts = post.book.accounts()
    sent = 0
    with ThreadPoolExecutor(SENDERS, "wechat-send") as senders:
        for _ in range(ROUNDS):
            now = datetime.now(UTC)
            if not anything_due(post.database, now):
                break
            with post.database.writing() as db:
                taken = take_due(db, now, accounts)
            outcomes = list(senders.map(lambda one: _try(post, one), taken))
            _settle(post, list(zip(taken, outcomes, strict=True)))
            sent += sum(isinstance(outcome, str) for outcome in outcomes)
    return sent


def _settle(post: Post, attempts: Sequence[Attempt]) -> None:
    accounts = post.book.accounts()
    with post.database.writing() as db:
        for message, outcome in attempts:  # in the order in which they were leased
            if isinstance(outcome, SendFailed):
                log.warning("wechat message not sent: %s", outcome.code)
            account = accounts.get(message.account)
            settle(db, message.id, outcome, account, datetime.now(UTC))


def _try(post: Post, message: OutboxMessage) -> SendFailed | str:
    try:
        return _send(post, post.book[message.account], message)
    except OfficialAccountNotFound:
        return SendFailed(ErrorKind.FORBIDDEN, "no account")
    except SendFailed as failure:
        return failure


def _send(post: Post, account: OfficialAccount, message: OutboxMessage) -> str:
    api, body = post.api_of(account), _body(account, message, post.site)
    token = access_token(post.database, api, account, lambda: datetime.now(UTC))
    try:
        return api.send(message.way, token, message.openid, body)
    except SendFailed as failure:
        if failure.kind is not ErrorKind.TOKEN:
            raise
        with post.database.writing() as db:
            drop_token(db, account.appid, token)
        token = access_token(post.database, api, account, lambda: datetime.now(UTC))
        return api.send(message.way, token, message.openid, body)


def _body(account: OfficialAccount, message: OutboxMessage, site: str) -> dict[str, Any]:
    if message.notice is None or message.kind is None:
        return message.body
    template = account.templates.get((message.way, message.kind))
    if template is None and message.way is not Way.CUSTOMER:
        raise SendFailed(ErrorKind.FORM_REFUSED, "no template")
    told = message.notice | {"path": entry_path(account, message.notice["path"])}
    return notice_body(told, message.way, template, Place(site))
