"""The switch of a channel, and the signs of life that are kept of it."""

from datetime import timedelta

import pytest

from api.wechat.account import AccountBook
from api.wechat.channel import (
    Pulse,
    ReasonMissing,
    get_channel,
    stopped_accounts,
    switch_off,
    switch_on,
)
from api.wechat.received import Delivery
from audit.log import SYSTEM
from storage.database import Database
from tests.api.wechat.conftest import SITE, Tencent
from tests.api.wechat.outgoing import NOW, Api, Send, heard, opened
from tests.api.wechat.test_conversation import QUESTION, messages, sessions
from tests.api.wechat.test_outbox import put


def stop(database: Database) -> None:
    with database.writing() as db:
        switch_off(db, "verified", "答复有误，先停", SYSTEM, NOW)


def test_a_stopped_channel_says_so_and_counts_nothing(
    verified: Tencent, sqlite_database: Database
) -> None:
    stop(sqlite_database)
    shown = verified.says("oAlice", QUESTION).shown or ""
    assert shown.startswith("自动答复暂时停用")
    assert f'<a href="{SITE}/contact">联系方式</a>' in shown
    assert verified.sends("oAlice", {"MsgType": "event", "Event": "unsubscribe"}).shown is None
    assert sessions(sqlite_database) == 0
    assert [(one.delivery, one.text) for one in messages(sqlite_database)] == [
        (Delivery.STOPPED, ""),
        (Delivery.NOTICE, ""),
    ]
    with sqlite_database.writing() as db:
        switch_on(db, "verified", SYSTEM)
    assert "600人" in (verified.says("oAlice", QUESTION).shown or "")


def test_nothing_is_sent_while_a_channel_is_stopped(
    database: Database, api: Api, send: Send
) -> None:
    opened(api)
    heard(database)
    put(database, "一")
    stop(database)
    assert send(NOW) == 0
    with database.writing() as db:
        switch_on(db, "verified", SYSTEM)
    assert send(NOW) == 1


def test_stopping_asks_for_a_reason(sqlite_database: Database) -> None:
    with pytest.raises(ReasonMissing), sqlite_database.writing() as db:
        switch_off(db, "verified", " ", SYSTEM, NOW)
    with sqlite_database.reading() as db:
        assert stopped_accounts(db) == frozenset()


def test_signs_of_life_are_written_down_together(database: Database, book: AccountBook) -> None:
    assert "verified" in book.accounts()
    pulse = Pulse()
    pulse.heard("verified", str(int(NOW.timestamp()) - 7), NOW)
    for second in range(3):
        pulse.refused("verified", "signature", NOW + timedelta(seconds=second))
    pulse.write_down(database)
    other = Pulse()  # another process, which heard something earlier
    other.heard("verified", "0", NOW - timedelta(hours=1))
    other.refused("verified", "padding", NOW - timedelta(hours=1))
    other.write_down(database)
    with database.reading() as db:
        channel = get_channel(db, "verified")
    assert (channel.heard_at, channel.clock_off_s) == (NOW, -7)
    assert (channel.refusal, channel.refused_count) == ("signature", 4)
