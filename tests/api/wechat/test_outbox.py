"""The outbox, the quota and the access token, against a Tencent that refuses, fails and forgets."""

from datetime import datetime, timedelta

import httpx
import pytest
import time_machine
from sqlalchemy import select

from api.wechat.access_token import RENEWED_BEFORE, access_token, keep_token
from api.wechat.account import AccountBook
from api.wechat.arrival import ArrivalKind
from api.wechat.client import ErrorKind, SendFailed
from api.wechat.contact import AFTER_MESSAGE, find_contact, note_contact
from api.wechat.outbox import (
    BACK_OFF,
    Letter,
    OutboxMessage,
    OutboxState,
    dead_letters,
    menu_body,
    put_in,
    text_body,
)
from api.wechat.ways import SENT_AT_ONCE, take_due
from storage.database import Database
from tests.api.wechat.outgoing import NOW, READER, Api, Send, answer, heard, on_sqlite, opened


def put(database: Database, *texts: str, at: datetime = NOW) -> None:
    with database.writing() as db:
        for text in texts:
            assert put_in(db, READER, f"test:{text}", Letter(text_body(text), text), at)


def test_what_is_put_in_is_sent_once_and_in_order(database: Database, api: Api, send: Send) -> None:
    opened(api)
    heard(database)
    put(database, "一", "二", "三")
    assert send(NOW) == 3
    assert api.shown == ["一", "二", "三"]
    assert api.called.count("stable_token") == 1
    with database.writing() as db:
        assert not put_in(db, READER, "test:一", Letter(text_body("一"), "一"), NOW)
        states = [letter.state for letter in db.scalars(select(OutboxMessage))]
    assert states == [OutboxState.SENT] * 3


def test_no_more_than_the_quota_leaves(database: Database, api: Api, send: Send) -> None:
    opened(api)
    heard(database)
    put(database, *"一二三四五六七")
    assert send(NOW) == 5
    assert api.shown == list("一二三四五")
    assert api.called.count("send") == AFTER_MESSAGE[0]
    with database.reading() as db:
        assert [letter.body["text"]["content"] for letter in dead_letters(db)] == ["七", "六"]
        assert "超出微信允许" in dead_letters(db)[0].problem


@on_sqlite
@pytest.mark.parametrize(
    ("kind", "minutes", "allowed"),
    [
        (ArrivalKind.QUESTION, 47 * 60, True),
        (ArrivalKind.QUESTION, 49 * 60, False),
        (ArrivalKind.IMAGE, 47 * 60, True),
        (ArrivalKind.FOLLOWED, 0, True),
        (ArrivalKind.FOLLOWED, 2, False),
        (ArrivalKind.CLICKED, 2, False),
        (ArrivalKind.SILENT, 0, False),
        (ArrivalKind.LEFT, 0, False),
    ],
)
def test_the_window_of_each_thing_a_person_does(
    database: Database, kind: ArrivalKind, minutes: int, allowed: bool
) -> None:
    heard(database, kind)
    with database.writing() as db:
        contact = find_contact(db, *READER)
        assert contact is not None
        assert contact.may_push(NOW + timedelta(minutes=minutes)) is allowed


@on_sqlite
def test_a_click_does_not_shorten_the_window_of_a_message(database: Database) -> None:
    heard(database)
    heard(database, ArrivalKind.CLICKED)
    with database.writing() as db:
        contact = find_contact(db, *READER)
        assert contact is not None
        assert (contact.pushes_left, contact.window_until) == (5, NOW + timedelta(hours=48))


@on_sqlite
@pytest.mark.parametrize(
    "failure",
    [
        answer(-1),
        answer(45009),
        httpx.Response(502, content=b"bad gateway"),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[1]"),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("silence"),
    ],
)
def test_a_passing_failure_is_tried_again_later(
    database: Database, api: Api, send: Send, failure: httpx.Response | Exception
) -> None:
    opened(api)
    heard(database)
    put(database, "一")
    api.replies = [failure]
    assert send(NOW) == 0
    assert send(NOW + BACK_OFF[0] / 2) == 0
    assert api.called.count("send") == 1
    assert send(NOW + BACK_OFF[0]) == 1
    assert api.shown == ["一"]


@on_sqlite
def test_after_the_last_attempt_it_is_a_dead_letter(
    database: Database, api: Api, send: Send
) -> None:
    opened(api)
    heard(database)
    put(database, "一")
    api.replies = [answer(-1) for _ in range(20)]
    at = NOW
    for _ in range(20):
        send(at)
        at += timedelta(hours=2)
    assert api.called.count("send") == len(BACK_OFF) + 1
    with database.reading() as db:
        (dead,) = dead_letters(db)
    assert dead.problem.startswith("-1 ")


@on_sqlite
@pytest.mark.parametrize("code", [45015, 45047, 40003, 43004, 48001, 40164, 45002])
def test_a_lasting_refusal_is_not_tried_again(
    database: Database, api: Api, send: Send, code: int
) -> None:
    opened(api)
    heard(database)
    put(database, "一")
    api.replies = [answer(code)]
    send(NOW)
    send(NOW + timedelta(hours=1))
    assert api.called.count("send") == 1
    with database.reading() as db:
        (dead,) = dead_letters(db)
    assert dead.problem.startswith(f"{code} ")


@on_sqlite
def test_a_menu_that_is_refused_goes_out_as_text(database: Database, api: Api, send: Send) -> None:
    opened(api)
    heard(database)
    with database.writing() as db:
        put_in(
            db, READER, "test:m", Letter(menu_body("选一个", ["甲", "乙"]), "选一个：1. 甲"), NOW
        )
    api.replies = [answer(45098)]
    send(NOW)
    send(NOW)
    assert api.shown == ["选一个：1. 甲"]


@on_sqlite
def test_a_token_that_tencent_forgot_is_fetched_again(
    database: Database, api: Api, send: Send
) -> None:
    opened(api)
    heard(database)
    put(database, "一")
    send(NOW)
    put(database, "二")
    api.tencent.tokens = {"another"}
    assert send(NOW) == 1
    assert api.shown == ["一", "二"]
    assert api.called.count("stable_token") == 2


def test_a_lease_keeps_two_processes_from_sending_the_same(
    database: Database, book: AccountBook
) -> None:
    heard(database)
    put(database, "一", "二")

    def attempts(at: datetime) -> list[int]:
        with database.writing() as db:
            return [message.attempts for message in take_due(db, at, book.accounts())]

    assert attempts(NOW) == [1]
    assert attempts(NOW) == []
    assert attempts(NOW + timedelta(minutes=2)) == [2]  # the first process died


def test_many_waiting_for_one_person_keep_nobody_else_waiting(
    database: Database, api: Api, send: Send
) -> None:
    opened(api)
    heard(database)
    put(database, *(f"第{number}条" for number in range(SENT_AT_ONCE + 1)))
    api.replies = [answer(-1)]
    assert send(NOW) == 0  # the first is to be tried again later
    with database.writing() as db:
        other = ("verified", "oBob")
        note_contact(db, other, "wechat:verified:bob", ArrivalKind.QUESTION, NOW)
        put_in(db, other, "test:bob", Letter(text_body("乙"), "乙"), NOW)
    with time_machine.travel(NOW, tick=False):
        reader = api.tencent.reader("oBob")
        reader.window_until, reader.pushes_left = NOW.timestamp() + 3600, 5
    assert send(NOW) == 1
    assert reader.shown == ["乙"]


def test_tokens_are_shared_and_renewed_before_their_end(
    database: Database, api: Api, book: AccountBook
) -> None:
    account = book["verified"]
    token = access_token(database, api.client, account, lambda: NOW)
    almost = NOW + timedelta(seconds=7200) - RENEWED_BEFORE
    assert (
        access_token(database, api.client, account, lambda: almost - timedelta(seconds=1)) == token
    )
    assert len(api.called) == 1
    access_token(database, api.client, account, lambda: almost)
    assert len(api.called) == 2
    with database.writing() as db:
        keep_token(db, account.appid, "older", NOW)
    assert access_token(database, api.client, account, lambda: NOW) == token


def test_a_wrong_secret_is_told_and_no_secret_is_printed(api: Api) -> None:
    with pytest.raises(SendFailed) as failure:
        api.client.fetch_token("wx0000000000000001", "guess")
    assert failure.value.kind is ErrorKind.FORBIDDEN
    assert "guess" not in str(failure.value)


def test_an_account_prints_no_secret(book: AccountBook) -> None:
    printed = repr(book.accounts())
    assert "secret-of-verified" not in printed
    assert "tokenverified" not in printed
