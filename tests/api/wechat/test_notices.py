"""Notices: which way each takes, what it costs, and what happens when no way is open."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.notice import FACTS, WORDS, NoticeInvalid
from api.notices import Notice, NoticeKind, tell
from api.wechat.account import AccountBook
from api.wechat.arrival import ArrivalKind, read_arrival
from api.wechat.client import Way
from api.wechat.contact import find_contact
from api.wechat.envelope import read_body
from api.wechat.grant import find_grant, note_grants
from api.wechat.layout import Place
from api.wechat.notice_layout import notice_words
from api.wechat.outbox import OutboxMessage, OutboxState, dead_letters, end_held, note_report, wake
from api.wechat.simulated_api import _takes
from api.wechat.template import TemplateInvalid, fill, read_templates
from storage.database import Database
from tests.api.wechat.outgoing import NOW, READER, Api, Send, answer, heard, on_sqlite, opened

PERSON = "wechat:verified:x"
PROPOSAL = Notice(
    NoticeKind.MENTOR_PROPOSAL,
    {"topic": "想开一家社区面馆，手头八万元，不知道先办什么证", "deadline": "2026年7月3日 18:00"},
    "/mentor",
    "proposal:1",
)
ANSWERED = Notice(
    NoticeKind.QUESTION_ANSWERED,
    {"question": "创业补贴什么时候发", "answer": "每季度末月25日前发放。"},
    "/answers/abc",
    "gap:1",
)
LATER = NOW + timedelta(hours=50)  # the window of the person's message is closed


def told(database: Database, notice: Notice, at: datetime = NOW) -> bool:
    with database.writing() as db:
        return tell(db, PERSON, notice, at)


def letters(database: Database) -> list[OutboxMessage]:
    with database.reading() as db:
        return list(db.query(OutboxMessage).order_by(OutboxMessage.id))


@on_sqlite
def test_within_the_window_a_notice_is_a_customer_message_said_once(
    database: Database, api: Api, send: Send
) -> None:
    opened(api)
    heard(database)
    assert told(database, PROPOSAL)
    assert told(database, PROPOSAL)
    assert send(NOW) == 1
    (shown,) = api.shown
    assert shown.startswith("有一位创业者想请您指导，请您答复是否接受。\n想聊的事：想开一家")
    assert "请在此前答复：2026年7月3日 18:00" in shown


def test_after_the_window_it_goes_out_by_its_template(
    database: Database, api: Api, send: Send
) -> None:
    opened(api)
    heard(database)
    told(database, PROPOSAL, LATER)
    assert send(LATER) == 1
    (shown,) = api.shown
    assert shown == (
        "【服务通知】\nphrase3：待答复\nthing1：想开一家社区面馆，手头八万元，不知道先…"
        "\ntime2：2026年7月3日 18:00"
    )
    (letter,) = letters(database)
    assert (letter.state, letter.way) == (OutboxState.SENT, Way.TEMPLATE)
    with database.writing() as db:
        note_report(db, READER, letter.taken_as, "failed:user block", LATER)
        (dead,) = dead_letters(db)
    assert dead.problem == "微信未能送达：failed:user block"


def test_a_permission_is_good_for_one_notice(database: Database, api: Api, send: Send) -> None:
    opened(api)
    heard(database)
    api.tencent.reader("oAlice").allowed["template-answered"] = 1
    with database.writing() as db:
        note_grants(db, READER, [("template-answered", True)], NOW)
    told(database, ANSWERED, LATER)
    told(database, Notice(ANSWERED.kind, ANSWERED.facts, ANSWERED.path, "gap:2"), LATER)
    assert send(LATER) == 1
    assert "thing1：创业补贴什么时候发" in api.shown[0]
    with database.reading() as db:
        (held,) = dead_letters(db)
    assert held.state is OutboxState.HELD
    assert held.problem.startswith("无法送达：超出微信允许的条数或时间，对方也没有允许")


def test_what_is_held_goes_out_when_the_person_writes_again(
    database: Database, api: Api, send: Send
) -> None:
    heard(database)
    told(database, ANSWERED, LATER)
    assert send(LATER) == 0
    heard(database, at=LATER)
    with database.writing() as db:
        wake(db, [READER], LATER)
    opened(api, LATER)
    assert send(LATER) == 1
    assert api.shown[0].startswith("您问过的问题现在有答复了。")


def test_what_is_held_too_long_is_a_dead_letter(database: Database, send: Send) -> None:
    heard(database)
    told(database, ANSWERED, LATER)
    send(LATER)
    with database.writing() as db:
        end_held(db, LATER + timedelta(days=6))
        assert [one.state for one in dead_letters(db)] == [OutboxState.HELD]
        end_held(db, LATER + timedelta(days=8))
        db.expire_all()
        assert [one.state for one in dead_letters(db)] == [OutboxState.DEAD]


@on_sqlite
@pytest.mark.parametrize(
    ("code", "state", "way"),
    [
        (45047, OutboxState.SENT, Way.TEMPLATE),  # our count was wrong: the next way
        (45015, OutboxState.SENT, Way.TEMPLATE),
        (43004, OutboxState.HELD, Way.CUSTOMER),  # left: no other way either
        (48001, OutboxState.SENT, Way.TEMPLATE),
        (-1, OutboxState.WAITING, Way.CUSTOMER),  # later, the same way
    ],
)
def test_a_refused_way_leads_to_the_next(
    database: Database, api: Api, send: Send, code: int, state: OutboxState, way: Way
) -> None:
    opened(api)
    heard(database)
    told(database, PROPOSAL)
    api.replies = [answer(code)]
    send(NOW)
    (letter,) = letters(database)
    assert (letter.state, letter.way) == (state, way)


@on_sqlite
@pytest.mark.parametrize(("code", "left"), [(43101, 0), (40037, 1), (47003, 1)])
def test_a_refused_permission_is_used_up_and_a_refused_form_is_not(
    database: Database, api: Api, send: Send, code: int, left: int
) -> None:
    heard(database)
    with database.writing() as db:
        note_grants(db, READER, [("template-answered", True)], NOW)
    told(database, ANSWERED, LATER)
    api.replies = [answer(code)]
    send(LATER)
    with database.writing() as db:
        grant = find_grant(db, READER, "template-answered")
        assert grant is not None
        assert grant.pushes_left == left
    assert f"（{code} " in letters(database)[0].problem


@on_sqlite
def test_nobody_on_wechat_is_told_apart(database: Database) -> None:
    with database.writing() as db:
        assert not tell(db, "visitor-1", PROPOSAL, NOW)
        assert not tell(db, "account:7", PROPOSAL, NOW)
    assert letters(database) == []


@on_sqlite
def test_staff_send_again_and_drop(database: Database, api: Api, send: Send) -> None:
    heard(database)
    told(database, ANSWERED, LATER)
    send(LATER)
    with database.writing() as db:
        (held,) = dead_letters(db)
        held.drop("已电话告知", LATER)
    assert [(one.state, one.problem[-10:]) for one in letters(database)] == [
        (OutboxState.DROPPED, "工作人员：已电话告知")
    ]
    opened(api, LATER)
    heard(database, at=LATER)
    with database.writing() as db:
        db.get_one(OutboxMessage, held.id).send_again(LATER)
    assert send(LATER) == 1


@pytest.mark.parametrize("format_", ["xml", "json"])
def test_permissions_and_reports_are_read_from_both_formats(format_: str) -> None:
    head = {"ToUserName": "gh_1", "FromUserName": "oAlice", "CreateTime": "1", "MsgType": "event"}
    if format_ == "xml":
        inner = "".join(f"<{name}>{value}</{name}>" for name, value in head.items())
        said = (
            f"<xml>{inner}<Event>subscribe_msg_popup_event</Event><SubscribeMsgPopupEvent>"
            "<List><TemplateId>t1</TemplateId>"
            "<SubscribeStatusString>accept</SubscribeStatusString></List>"
            "<List><TemplateId>t2</TemplateId>"
            "<SubscribeStatusString>reject</SubscribeStatusString></List>"
            "</SubscribeMsgPopupEvent></xml>"
        )
        report = (
            f"<xml>{inner}<Event>TEMPLATESENDJOBFINISH</Event><MsgID>7</MsgID>"
            "<Status>failed:user block</Status></xml>"
        )
    else:
        inner = "".join(f'"{name}":"{value}",' for name, value in head.items())
        said = (
            f'{{{inner}"Event":"subscribe_msg_popup_event","List":['
            '{"TemplateId":"t1","SubscribeStatusString":"accept"},'
            '{"TemplateId":"t2","SubscribeStatusString":"reject"}]}'
        )
        report = (
            f'{{{inner}"Event":"TEMPLATESENDJOBFINISH","MsgID":7,"Status":"failed:user block"}}'
        )
    arrival = read_arrival(read_body(said.encode()))
    assert arrival.kind is ArrivalKind.GRANTED
    assert arrival.choices == (("t1", True), ("t2", False))
    reported = read_arrival(read_body(report.encode()))
    assert (reported.kind, reported.reports) == (
        ArrivalKind.REPORTED,
        (("7", "failed:user block"),),
    )


@on_sqlite
def test_a_report_says_nothing_of_who_follows(database: Database) -> None:
    heard(database, ArrivalKind.LEFT)
    heard(database, ArrivalKind.REPORTED)
    with database.writing() as db:
        contact = find_contact(db, *READER)
    assert contact is not None
    assert contact.left_at == NOW


TYPES = ["thing", "name", "phrase", "character_string", "letter", "symbol", "phone_number"]


@given(kind=st.sampled_from(TYPES), text=st.text(max_size=80))
def test_every_filled_field_is_one_that_tencent_takes(kind: str, text: str) -> None:
    filled = fill(f"{kind}3", text)
    assert filled == "无" or _takes(f"{kind}3", filled)


@given(st.dictionaries(st.sampled_from(list(FACTS)), st.text(max_size=3000)))
def test_a_notice_as_text_fits_and_keeps_its_link(facts: dict[str, str]) -> None:
    for kind in NoticeKind:
        told = {"kind": str(kind), "facts": facts, "path": "/me"}
        text = notice_words(told, Place("https://qichuang.test"))
        assert len(text) <= 600
        assert len(text.encode()) <= 1800
        assert text.startswith(WORDS[kind].says)
        assert text.endswith(f'<a href="https://qichuang.test/me">{WORDS[kind].link}</a>')


def test_a_notice_is_checked_when_it_is_made() -> None:
    for facts, path, cause in (({"x": ""}, "/", "a"), ({}, "//a", "a"), ({}, "/", "")):
        with pytest.raises(NoticeInvalid):
            Notice(NoticeKind.MENTOR_ACCEPTED, facts, path, cause)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([], "分项填写"),
        ({"unknown": {}}, "没有名为 unknown 的通知种类"),
        ({"mentor_accepted": {"id": "x"}}, "模板ID"),
        ({"mentor_accepted": {"id": "x" * 20, "fields": {}}}, "请写明每个字段"),
        ({"mentor_accepted": {"id": "x" * 20, "fields": {"first.DATA": "mentor"}}}, "不带 .DATA"),
        ({"mentor_accepted": {"id": "x" * 20, "fields": {"thing1": "nothing"}}}, "固定文字"),
    ],
)
def test_a_wrong_template_says_what_to_mend(entries: object, said: str) -> None:
    with pytest.raises(TemplateInvalid, match=said):
        read_templates(Way.TEMPLATE, entries)


def test_templates_are_read_from_the_file(book: AccountBook) -> None:
    templates = book["verified"].templates
    proposal = templates[Way.TEMPLATE, NoticeKind.MENTOR_PROPOSAL]
    assert proposal.data({"topic": "", "deadline": "2026年7月3日 18:00"}) == {
        "thing1": {"value": "无"},
        "time2": {"value": "2026年7月3日 18:00"},
        "phrase3": {"value": "待答复"},
    }
