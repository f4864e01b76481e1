"""“绑定 123456”: a code of a web page, sent from WeChat, binds the two."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from api.wechat.arrival import ArrivalKind, read_arrival
from api.wechat.binding import GUESSED, BindingOutcome, WeChatLink, wechat_of
from api.wechat.binding_code import BindingCode, make_code
from api.wechat.desk import WeChatDesk
from api.wechat.envelope import Body, BodyFormat
from api.wechat.wording import BINDING
from guidance.people.identity import standing_of
from storage.database import Database
from tests.api.wechat.conftest import Tencent

STAFF = "account:7"
VISITOR = "visitor:one"


def code_for(database: Database, desk: WeChatDesk, receiver: str) -> str:
    with database.writing() as db:
        return make_code(db, receiver, desk._around.secret, datetime.now(UTC))


def reached(database: Database, receiver: str) -> tuple[str, str] | None:
    with database.reading() as db:
        return wechat_of(db, receiver)


@pytest.mark.parametrize(
    ("text", "kind", "code"),
    [
        ("绑定 123456", ArrivalKind.BINDING, "123456"),
        ("绑定１２３４５６。", ArrivalKind.BINDING, "123456"),
        ("绑定：“123 456”", ArrivalKind.BINDING, "123456"),
        ("绑定", ArrivalKind.BINDING, ""),
        ("解绑", ArrivalKind.RELEASE, ""),
        ("解除绑定。", ArrivalKind.RELEASE, ""),
        ("绑定银行卡要什么材料", ArrivalKind.QUESTION, "绑定银行卡要什么材料"),
        ("123456", ArrivalKind.QUESTION, "123456"),
    ],
)
def test_commands_are_told_from_questions(text: str, kind: ArrivalKind, code: str) -> None:
    fields = {
        "FromUserName": "oA", "ToUserName": "gh_1", "CreateTime": "1", "MsgType": "text",
        "MsgId": "1", "Content": text,
    }  # fmt: skip
    arrival = read_arrival(Body(BodyFormat.XML, fields))
    assert (arrival.kind, arrival.text) == (kind, code)


def test_a_code_binds_whoever_sends_it_once(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database
) -> None:
    code = code_for(sqlite_database, desk, STAFF)
    with sqlite_database.reading() as db:
        assert code not in db.scalars(select(BindingCode)).one().digest
    assert reached(sqlite_database, STAFF) is None
    assert verified.says("oAlice", f"绑定 {code}").shown == BINDING[BindingOutcome.STAFF]
    assert reached(sqlite_database, STAFF) == ("verified", "oAlice")
    assert verified.says("oMallory", f"绑定 {code}").shown == BINDING[BindingOutcome.UNKNOWN]
    assert reached(sqlite_database, STAFF) == ("verified", "oAlice")
    with sqlite_database.reading() as db:
        link = db.scalars(select(WeChatLink)).one()
        assert standing_of(db, link.person).internal  # staff's own questions never count


def test_the_same_call_again_gets_the_same_reply(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database
) -> None:
    text = f"绑定 {code_for(sqlite_database, desk, VISITOR)}"
    message = verified.message("oAlice", {"MsgType": "text", "Content": text})
    shown = [verified.call(message).shown for _ in range(3)]
    assert shown == [BINDING[BindingOutcome.PERSON]] * 3


def test_an_old_code_binds_nobody(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database
) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(minutes=11)):
        code = code_for(sqlite_database, desk, VISITOR)
    assert verified.says("oAlice", f"绑定 {code}").shown == BINDING[BindingOutcome.UNKNOWN]
    assert reached(sqlite_database, VISITOR) is None


def test_guessing_ends_after_some_tries(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database
) -> None:
    for _ in range(GUESSED.most):
        verified.says("oMallory", "绑定 1")
    code = code_for(sqlite_database, desk, VISITOR)
    shown = verified.says("oMallory", f"绑定 {code}").shown
    assert shown == BINDING[BindingOutcome.TOO_OFTEN]
    assert verified.says("oAlice", f"绑定 {code}").shown == BINDING[BindingOutcome.PERSON]


def test_whoever_wrote_over_wechat_is_reached_there(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database
) -> None:
    code = code_for(sqlite_database, desk, VISITOR)
    verified.says("oAlice", f"绑定 {code}")
    with sqlite_database.reading() as db:
        person = db.scalars(select(WeChatLink.person)).one()
    assert reached(sqlite_database, person) == ("verified", "oAlice")
    assert verified.says("oAlice", "解除绑定").shown == BINDING[BindingOutcome.RELEASED]
    assert reached(sqlite_database, VISITOR) is None
    assert verified.says("oAlice", "解除绑定").shown == BINDING[BindingOutcome.NOTHING_BOUND]
    assert reached(sqlite_database, person) == ("verified", "oAlice")
