import pytest
from sqlalchemy import func, select

from api.wechat.received import Delivery, WeChatMessage
from guidance.message import Channel
from guidance.session import GuidanceSession, Turn
from storage.database import Database
from tests.api.wechat.conftest import SITE, Tencent

QUESTION = "创业培训每年多少人？"


def turns(database: Database) -> list[Turn]:
    with database.reading() as db:
        return list(db.scalars(select(Turn).order_by(Turn.id)))


def sessions(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(GuidanceSession)) or 0


def messages(database: Database) -> list[WeChatMessage]:
    with database.reading() as db:
        return list(db.scalars(select(WeChatMessage).order_by(WeChatMessage.id)))


def test_a_question_is_answered_in_the_reply_to_its_callback(
    verified: Tencent, sqlite_database: Database
) -> None:
    outcome = verified.says("oAlice", QUESTION)
    assert outcome.calls == 1
    assert outcome.shown is not None
    assert "每年培训600人" in outcome.shown
    assert f'<a href="{SITE}/clauses/' in outcome.shown
    assert "2026年2月1日起施行" in outcome.shown
    assert "机器检索，以文件原文为准" in outcome.shown
    (turn,) = turns(sqlite_database)
    assert (turn.channel, turn.question) == (Channel.WECHAT, QUESTION)
    (message,) = messages(sqlite_database)
    assert (message.delivery, message.calls) == (Delivery.PASSIVE, 1)


def test_no_openid_enters_the_record_of_guidance(
    verified: Tencent, sqlite_database: Database
) -> None:
    verified.says("oAlice", QUESTION)
    with sqlite_database.reading() as db:
        session = db.scalars(select(GuidanceSession)).one()
    assert session.person.startswith("wechat:verified:")
    assert "oAlice" not in session.person + turns(sqlite_database)[0].message_id


def test_one_person_has_one_session_and_one_conversation(
    verified: Tencent, sqlite_database: Database
) -> None:
    verified.says("oAlice", QUESTION)
    verified.says("oAlice", "小额担保贷款由谁贴息？")
    verified.says("oBob", QUESTION)
    assert sessions(sqlite_database) == 2
    asked = turns(sqlite_database)
    assert asked[0].conversation_id == asked[1].conversation_id != asked[2].conversation_id


def test_the_same_person_at_two_accounts_is_two_readers(
    verified: Tencent, small: Tencent, sqlite_database: Database
) -> None:
    verified.says("oAlice", QUESTION)
    small.says("oAlice", QUESTION)
    assert sessions(sqlite_database) == 2


def test_a_number_means_the_choice_that_was_offered(
    small: Tencent, sqlite_database: Database
) -> None:
    first = small.says("oAlice", QUESTION)
    assert first.shown is not None
    assert "1. 小额担保贷款找谁办?（回复 1）" in first.shown
    small.says("oAlice", "1")
    assert turns(sqlite_database)[1].question == "小额担保贷款找谁办?"
    small.says("oBob", "1")
    assert turns(sqlite_database)[2].question == "1"


def test_a_verified_account_offers_choices_to_tap(verified: Tencent) -> None:
    shown = verified.says("oAlice", QUESTION).shown or ""
    # A question mark would end the link's address early.
    assert "1. 小额担保贷款找谁办?（回复 1）" in shown
    greeting = verified.sends("oAlice", {"MsgType": "event", "Event": "subscribe", "EventKey": ""})
    assert "weixin://bizmsgmenu?msgmenucontent=创业培训的目标是多少人？&" in (greeting.shown or "")


def test_recognised_speech_is_a_question(verified: Tencent, sqlite_database: Database) -> None:
    spoken = {"MsgType": "voice", "MediaId": "m", "Format": "amr", "Recognition": QUESTION + "。"}
    assert "600人" in (verified.sends("oAlice", spoken).shown or "")
    assert turns(sqlite_database)[0].question == QUESTION


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"MsgType": "voice", "MediaId": "m", "Format": "amr"}, "没有听清"),
        ({"MsgType": "image", "PicUrl": "http://mmbiz/0", "MediaId": "m"}, "看不懂图片"),
        ({"MsgType": "video", "MediaId": "m", "ThumbMediaId": "t"}, "看不懂视频"),
        ({"MsgType": "shortvideo", "MediaId": "m", "ThumbMediaId": "t"}, "看不懂视频"),
        ({"MsgType": "file", "Title": "a.doc"}, "不能读文件"),
        ({"MsgType": "location", "Location_X": "23", "Location_Y": "113"}, "我没有保存"),
        ({"MsgType": "link", "Title": "t", "Url": "http://x"}, "不能打开链接"),
        ({"MsgType": "text", "Content": "  "}, "没有看到文字内容"),
        ({"MsgType": "event", "Event": "subscribe", "EventKey": "qrscene_3"}, "欢迎关注"),
        ({"MsgType": "event", "Event": "SCAN", "EventKey": "3"}, "您好"),
        ({"MsgType": "event", "Event": "CLICK", "EventKey": "about"}, "助手"),
    ],
)
def test_what_is_no_question_gets_a_polite_word_and_counts_nothing(
    verified: Tencent, sqlite_database: Database, fields: dict[str, str], said: str
) -> None:
    assert said in (verified.sends("oAlice", fields).shown or "")
    assert turns(sqlite_database) == []
    assert sessions(sqlite_database) == 0


@pytest.mark.parametrize(
    "fields",
    [
        {"MsgType": "event", "Event": "unsubscribe"},
        {"MsgType": "event", "Event": "VIEW", "EventKey": "https://x"},
        {"MsgType": "event", "Event": "TEMPLATESENDJOBFINISH", "Status": "success"},
        {"MsgType": "event", "Event": "LOCATION", "Latitude": "23"},
        {"MsgType": "event", "Event": "brand_new_event"},
        {"MsgType": "brand_new_kind"},
    ],
)
def test_reports_are_acknowledged_in_silence(
    verified: Tencent, sqlite_database: Database, fields: dict[str, str]
) -> None:
    assert verified.sends("oAlice", fields).shown is None
    assert turns(sqlite_database) == []


def test_a_menu_key_may_ask(verified: Tencent, sqlite_database: Database) -> None:
    clicked = {"MsgType": "event", "Event": "CLICK", "EventKey": "ask:" + QUESTION}
    assert "600人" in (verified.sends("oAlice", clicked).shown or "")
    assert turns(sqlite_database)[0].question == QUESTION


def test_personal_numbers_are_stored_masked(verified: Tencent, sqlite_database: Database) -> None:
    verified.says("oAlice", "我的手机13812345678，能贷款吗")
    assert "13812345678" not in messages(sqlite_database)[0].text
    assert "13812345678" not in turns(sqlite_database)[0].question
