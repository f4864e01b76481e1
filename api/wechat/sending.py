"""Takes customer messages out of the outbox and hands them to Tencent."""

import logging
from datetime import UTC, datetime

from api.wechat.access_token import access_token, drop_token
from api.wechat.account import AccountBook, OfficialAccount, OfficialAccountNotFound
from api.wechat.client import ErrorKind, SendFailed, TencentApi
from api.wechat.outbox import OutboxMessage, settle, take_due
from storage.database import Database

log = logging.getLogger("qichuang")


def send_due(database: Database, api: TencentApi, book: AccountBook) -> int:
    """Send what is due now; return how many messages Tencent took.

    Each message is leased and settled in transactions of its own, and no transaction is
    open while Tencent is called. A process that dies between leaves the message to
    another one, which may send it twice: Tencent offers no key to prevent that.
    """
    with database.writing() as db:
        taken = take_due(db, datetime.now(UTC))
    sent = 0
    for message in taken:
        failure = _failure_of(database, api, book, message)
        if failure is not None:
            log.warning("wechat message not sent: %s", failure.code)
        with database.writing() as db:
            settle(db, message.id, failure, datetime.now(UTC))
        sent += failure is None
    return sent


def _failure_of(
    database: Database, api: TencentApi, book: AccountBook, message: OutboxMessage
) -> SendFailed | None:
    try:
        _send(database, api, book[message.account], message)
    except OfficialAccountNotFound:
        return SendFailed(ErrorKind.FORBIDDEN, "no account")
    except SendFailed as failure:
        return failure
    return None


def _send(
    database: Database, api: TencentApi, account: OfficialAccount, message: OutboxMessage
) -> None:
    token = access_token(database, api, account, lambda: datetime.now(UTC))
    try:
        api.send_message(token, message.openid, message.body)
    except SendFailed as failure:
        if failure.kind is not ErrorKind.TOKEN:
            raise
        with database.writing() as db:
            drop_token(db, account.appid, token)
        token = access_token(database, api, account, lambda: datetime.now(UTC))
        api.send_message(token, message.openid, message.body)
