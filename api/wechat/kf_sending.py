"""Hands what waits in the outbox of 微信客服 to WeCom."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy.orm import Session

from api.wechat.access_token import RENEWED_BEFORE, WeChatToken, drop_token, keep_token
from api.wechat.client import ErrorKind, SendFailed
from api.wechat.kf_account import KfAccount, KfBook
from api.wechat.kf_client import WeComApi
from api.wechat.kf_outbox import (
    KfOutboxMessage,
    KfTask,
    Outgoing,
    contact_of,
    put,
    take_due,
)
from api.wechat.outbox import text_body
from storage.database import Database

log = logging.getLogger("qichuang")
Found = TypeVar("Found")

QUEUE = 2
WITH_PEOPLE = (2, 3)
ROUNDS = 10


@dataclass(frozen=True, slots=True)
class KfPost:
    """What sending and fetching work with."""

    database: Database
    api: WeComApi
    book: KfBook
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


def with_access(post: KfPost, account: KfAccount, call: Callable[[str], Found]) -> Found:
    """Make a call with an access token; one that WeCom refuses is fetched anew once."""
    access = _access(post, account)
    try:
        return call(access)
    except SendFailed as failure:
        if failure.kind is not ErrorKind.TOKEN:
            raise
        with post.database.writing() as db:
            drop_token(db, _token_name(account), access)
        return call(_access(post, account))


def send_kf(post: KfPost) -> int:
    """Do what is due, until nothing is; return how many things WeCom took."""
    sent = 0
    for _ in range(ROUNDS):
        with post.database.writing() as db:
            taken = take_due(db, post.clock())
        if not taken:
            break
        for message in taken:
            try:
                _do(post, message)
            except SendFailed as failure:
                _note_failure(post, message, failure)
                continue
            with post.database.writing() as db:
                _stored(db, message).finish(post.clock())
            sent += 1
    return sent


def _do(post: KfPost, message: KfOutboxMessage) -> None:
    account = post.book.accounts().get(message.account)
    if account is None:
        raise SendFailed(ErrorKind.FORBIDDEN, "no account")
    api, body = post.api, {k: v for k, v in message.body.items() if k != "fallback"}
    if message.task is KfTask.TEXT:
        with_access(post, account, lambda key: api.send(key, message.reader, message.send_id, body))
    elif message.task is KfTask.ON_EVENT:
        code = message.code
        with_access(post, account, lambda key: api.send_on_event(key, code, message.send_id, body))
    else:
        _transfer(post, account, message)


def _transfer(post: KfPost, account: KfAccount, message: KfOutboxMessage) -> None:
    """Put a conversation into the queue of colleagues, and tell the customer."""
    api, reader, code = post.api, message.reader, ""
    state = with_access(post, account, lambda key: api.state(key, reader))
    if state not in WITH_PEOPLE:
        code = with_access(post, account, lambda key: api.change_state(key, reader, QUEUE))
    with post.database.writing() as db:
        contact = contact_of(db, message)
        if contact is not None:
            contact.with_people = True
        if code and contact is not None:
            body = {k: v for k, v in message.body.items() if k != "fallback"}
            told = Outgoing(f"{message.send_id}-e", body, KfTask.ON_EVENT, code)
            put(db, contact, told, post.clock())


def _note_failure(post: KfPost, message: KfOutboxMessage, failure: SendFailed) -> None:
    log.warning("kf message not sent: %s", failure.code)
    with post.database.writing() as db:
        stored, now = _stored(db, message), post.clock()
        stored.note_failure(failure, now)
        contact = contact_of(db, stored)
        if contact is None:
            return
        if failure.kind is ErrorKind.OVER_QUOTA:
            contact.sends_left = 0
        if stored.task is KfTask.TRANSFER and stored.finished_at is not None:
            # Nobody can be reached in WeCom: the promise with its date is told instead.
            fallback = Outgoing(f"{stored.send_id}-f", text_body(stored.body["fallback"]))
            put(db, contact, fallback, now)


def _stored(db: Session, message: KfOutboxMessage) -> KfOutboxMessage:
    return db.get_one(KfOutboxMessage, message.id, with_for_update=True, populate_existing=True)


def _access(post: KfPost, account: KfAccount) -> str:
    name = _token_name(account)
    with post.database.reading() as db:
        known = db.get(WeChatToken, name)
    if known is not None and post.clock() < known.expires_at - RENEWED_BEFORE:
        return known.token
    token, seconds = post.api.fetch_token(account.corpid, account.secret)
    with post.database.writing() as db:
        keep_token(db, name, token, post.clock() + timedelta(seconds=seconds))
    return token


def _token_name(account: KfAccount) -> str:
    return f"kf:{account.corpid}"
