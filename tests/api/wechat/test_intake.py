"""Messages that arrive together, and messages that arrive when too many wait already."""

from dataclasses import replace

import pytest

from api.limiter import MessageLimit
from api.refusals import TooManyMessages
from api.wechat.crypt import CallbackRefused
from api.wechat.desk import WeChatDesk
from api.wechat.received import Accepted, Delivery
from storage.database import Database
from tests.api.wechat.conftest import SITE, Tencent
from tests.api.wechat.test_conversation import QUESTION, messages
from tests.api.wechat.test_refusals import open_again


def test_one_refused_message_does_not_touch_the_others_of_its_batch(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database
) -> None:
    MessageLimit.__init__(desk._around.limit, 1)
    callbacks = []
    for openid in ("oCarol", "oAlice", "oDora", "oAlice"):
        message = verified.message(openid, {"MsgType": "text", "Content": QUESTION})
        callbacks.append(open_again(verified.account, *verified.request(message)))
    stolen = replace(callbacks[0].call, signature="another")
    callbacks.append(replace(callbacks[2], call=stolen))
    outcomes = desk._intake.record(callbacks)
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Accepted, Accepted, Accepted, TooManyMessages, CallbackRefused]
    assert sorted(row.openid for row in messages(sqlite_database)) == ["oAlice", "oCarol", "oDora"]


def test_who_comes_when_too_many_wait_is_acknowledged_at_once(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk._backlog, "is_late", lambda: True)
    outcome = verified.says("oAlice", QUESTION)
    assert (outcome.shown, outcome.calls) == (None, 1)
    assert messages(sqlite_database)[0].delivery is Delivery.PUSH


def test_a_small_account_gets_the_link_at_the_first_call_then(
    small: Tencent, desk: WeChatDesk, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk._backlog, "is_late", lambda: True)
    outcome = small.says("oAlice", QUESTION)
    (message,) = messages(sqlite_database)
    assert outcome.calls == 1
    assert f"{SITE}/answers/{message.token}" in (outcome.shown or "")
    assert message.delivery is Delivery.LINK
