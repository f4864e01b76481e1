"""微信客服 against WeCom as the simulator has it: cursor, answers, people, faults."""

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.app import create_app
from api.settings import Settings
from api.snapshot import LiveSnapshot
from api.wechat.account import read_accounts
from api.wechat.account_file import FILE_NAME, AccountsInvalid
from api.wechat.crypt import CallbackRefused
from api.wechat.kf_account import KfBook, read_kf
from api.wechat.kf_callback import open_kf_callback
from api.wechat.kf_client import WeComApi
from api.wechat.kf_cursor import KfCursor, Leased, keep_fetched
from api.wechat.kf_desk import KfDesk
from api.wechat.kf_message import Desk, KfContact, KfMessage
from api.wechat.kf_outbox import WINDOW_CLOSED, KfOutboxMessage, KfState, put_answer
from api.wechat.kf_sending import KfPost
from assistant.answer import Answer, AnswerStatus, Citation, Intent, Question, Sentence
from guidance.handover.handover import Handover
from guidance.handover.lifecycle import HandoverState
from guidance.lifecycle import SessionState
from guidance.session import GuidanceSession, Turn
from knowledge.corpus import Corpus
from storage.database import Database
from tests.api.wechat.kf_simulator import QUEUE, KfSimulator
from tests.fixtures.edge import StandIn, quote_best

ENTRY = {
    "kind": "kf",
    "name": "people",
    "corpid": "ww0000000000000001",
    "token": "tokenpeople",
    "aes_key": base64.b64encode(hashlib.sha256(b"kf").digest()).decode()[:43],
    "secret": "secret-of-kf",
    "seats": True,
    "desks": ["wkDesk"],
}
ALICE = "wmAlice"
DESK = Desk("people", "wkDesk")


def asks_for_people(question: Question, corpus: Corpus) -> Answer:
    if question.text != "转人工":
        return quote_best(question, corpus)
    told: tuple[Citation, ...] = ()
    return Answer(AnswerStatus.HANDED_OVER, Intent.HANDOFF, (Sentence("已经记录。"),), told)


@pytest.fixture
def kf_app(
    settings: Settings, sqlite_database: Database, live: LiveSnapshot, stand_in: StandIn
) -> FastAPI:
    path = settings.data_dir / FILE_NAME
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"accounts": [ENTRY]}))
    stand_in.reply = asks_for_people
    return create_app(settings, sqlite_database, live)


@pytest.fixture
def wecom(kf_app: FastAPI) -> Iterator[KfSimulator]:
    """The service with WeCom on its other side, without the background's own pace."""
    client = TestClient(kf_app)  # not entered: nothing happens by itself
    desk: KfDesk = kf_app.state.kf

    def deliver(path: str, body: bytes) -> httpx.Response:
        reply = client.post(path, content=body)
        return httpx.Response(reply.status_code, content=reply.content)

    simulator = KfSimulator(desk.book["people"], "wkDesk", deliver)
    api = WeComApi("http://wecom", simulator.transport())
    desk.post = KfPost(desk.post.database, api, desk.book)
    desk.client = client  # type: ignore[attr-defined]
    yield simulator
    client.close()


@pytest.fixture
def desk(kf_app: FastAPI, wecom: KfSimulator) -> KfDesk:
    assert wecom
    desk: KfDesk = kf_app.state.kf
    return desk


def count(database: Database, table: type) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


def look_again(database: Database) -> None:
    """Let the time come at which a desk is looked after without a callback."""
    with database.writing() as db:
        for cursor in db.scalars(select(KfCursor)):
            cursor.due_at = cursor.leased_until = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_address_is_proven_and_other_callers_are_refused(
    wecom: KfSimulator, desk: KfDesk
) -> None:
    client: TestClient = desk.client  # type: ignore[attr-defined]
    assert client.get(wecom.address_check("hello-123")).text == "hello-123"
    path, body = wecom.callback("token-1")
    assert client.post(path, content=body).text == "success"
    bad = [
        (path.replace("msg_signature=", "msg_signature=0"), body),
        (path, body.replace(b"<Encrypt><![CDATA[", b"<Encrypt><![CDATA[AAAA")),
        (path, b"<xml></xml>"),
        (path, b""),
        wecom.callback("token-1", desk="wkOther"),  # signed, but no desk of ours
    ]
    for where, what in bad:
        assert client.post(where, content=what).status_code == 403
    assert client.post("/kf/unknown", content=body).status_code == 404
    wecom.clock = lambda: datetime.now(UTC).timestamp() - 3600
    late, old = wecom.callback("token-1")
    query = dict(httpx.URL(f"http://x{late}").params)
    with pytest.raises(CallbackRefused):
        open_kf_callback(wecom.account, query, old, datetime.now(UTC))


def test_a_question_is_answered_once_however_often_it_is_told(
    wecom: KfSimulator, desk: KfDesk, sqlite_database: Database
) -> None:
    wecom.says(ALICE, "创业培训的目标是多少人？")
    for _ in range(3):
        wecom.call_back()
    desk.work()
    desk.work()
    shown = wecom.customer(ALICE).shown
    assert len(shown) == 1
    assert "每年培训600人" in shown[0]
    # An old cursor brings everything again: nothing of it is new.
    with sqlite_database.writing() as db:
        db.scalars(select(KfCursor)).one().cursor = ""
    look_again(sqlite_database)
    desk.work()
    assert len(wecom.customer(ALICE).shown) == 1
    tables = (KfMessage, Turn, GuidanceSession, KfOutboxMessage)
    assert [count(sqlite_database, table) for table in tables] == [1, 1, 1, 1]


def test_a_lost_callback_and_a_lost_token_only_cost_time(
    wecom: KfSimulator, desk: KfDesk, sqlite_database: Database
) -> None:
    desk.work()
    wecom.says(ALICE, "创业培训的目标是多少人？", told=False)
    desk.work()
    assert not wecom.customer(ALICE).shown
    look_again(sqlite_database)
    wecom.renew_token()  # the access token we hold is refused from now on
    desk.work()
    assert len(wecom.customer(ALICE).shown) == 1


def test_a_crash_between_fetching_and_writing_loses_and_doubles_nothing(
    wecom: KfSimulator,
    desk: KfDesk,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def killed(*_: object) -> None:
        raise RuntimeError("killed")

    wecom.says(ALICE, "创业培训的目标是多少人？")
    with monkeypatch.context() as patched:
        patched.setattr("api.wechat.kf_desk.keep_fetched", killed)
        with pytest.raises(RuntimeError):
            desk.work()
    assert count(sqlite_database, KfMessage) == 0
    look_again(sqlite_database)
    with monkeypatch.context() as patched:
        patched.setattr("api.wechat.kf_answering.put", killed)  # answered, not yet settled
        desk.work()
    assert (count(sqlite_database, Turn), count(sqlite_database, KfOutboxMessage)) == (1, 0)
    with sqlite_database.writing() as db:
        db.scalars(select(KfMessage)).one().leased_until = datetime(2026, 1, 1, tzinfo=UTC)
    desk.work()
    desk.work()
    assert len(wecom.customer(ALICE).shown) == 1
    assert count(sqlite_database, Turn) == 1
    # Sent, but the process died before it noted so: WeCom takes the same id no second time.
    with sqlite_database.writing() as db:
        sent = db.scalars(select(KfOutboxMessage)).one()
        sent.state, sent.due_at = KfState.WAITING, datetime(2026, 1, 1, tzinfo=UTC)
    desk.work()
    assert len(wecom.customer(ALICE).shown) == 1


def test_of_two_processes_one_keeps_what_both_fetched(
    wecom: KfSimulator, desk: KfDesk, sqlite_database: Database
) -> None:
    wecom.says(ALICE, "创业培训的目标是多少人？")
    began = Leased(DESK, "", "token-1", datetime.now(UTC))  # the other one's, from the same cursor
    desk.work()
    fetched = desk.post.api.sync("access-1", DESK.open_kfid, began.cursor, began.token)
    assert fetched.messages
    with sqlite_database.writing() as db:
        assert keep_fetched(db, began, fetched, "secret", datetime.now(UTC)) is None
    assert count(sqlite_database, KfMessage) == 1


def test_people_take_over_in_wecom_and_the_ledger_hears_it(
    wecom: KfSimulator, desk: KfDesk, sqlite_database: Database
) -> None:
    wecom.says(ALICE, "小额担保贷款怎么贴息？")
    desk.work()
    wecom.says(ALICE, "转人工")
    desk.work()
    desk.work()  # the transfer, and then what its code allows to say
    customer = wecom.customer(ALICE)
    assert customer.state == QUEUE
    assert "以下摘要供接待人员参考" in customer.shown[-1]
    assert "问：小额担保贷款怎么贴息？" in customer.shown[-1]
    wecom.takes("zhangsan", ALICE)
    wecom.says(ALICE, "我开的是早餐店")
    desk.work()
    assert count(sqlite_database, Turn) == 2  # the assistant keeps out of it
    wecom.answers("zhangsan", ALICE, "可以，带执照到二楼。")
    wecom.ends(ALICE)
    desk.work()
    assert customer.shown[-1] == "人工服务已结束。还有问题，可以接着发给我。"
    with sqlite_database.reading() as db:
        handover = db.scalars(select(Handover)).one()
        assert handover.state is HandoverState.CLOSED
        session = db.get_one(GuidanceSession, handover.session_id)
        assert (session.provider, session.state) == ("wecom:zhangsan", SessionState.RECORDED)
        turn = db.scalars(select(Turn).where(Turn.session_id == session.id)).one()
        assert turn.question == "小额担保贷款怎么贴息？\n我开的是早餐店"
        assert turn.answer_text == "可以，带执照到二楼。"
    wecom.says(ALICE, "创业培训的目标是多少人？")
    desk.work()
    assert "每年培训600人" in customer.shown[-1]  # the assistant is back


def test_when_nobody_can_be_reached_the_promise_is_told(
    wecom: KfSimulator, desk: KfDesk, sqlite_database: Database
) -> None:
    wecom.no_seats = True
    wecom.says(ALICE, "转人工")
    desk.work()
    desk.work()
    customer = wecom.customer(ALICE)
    assert customer.state != QUEUE
    assert "最晚" in customer.shown[0]
    assert "摘要" not in customer.shown[0]
    with sqlite_database.reading() as db:
        assert not db.scalars(select(KfContact)).one().with_people
        assert db.scalars(select(Handover)).one().state is HandoverState.WAITING


def test_staff_answers_go_out_while_wecom_allows_them(
    wecom: KfSimulator, desk: KfDesk, sqlite_database: Database
) -> None:
    wecom.says(ALICE, "创业培训的目标是多少人？")
    desk.work()
    with sqlite_database.reading() as db:
        person = db.scalars(select(KfContact)).one().person
    for number in range(5):
        with sqlite_database.writing() as db:
            put_answer(db, person, f"t{number}", "请带身份证。", datetime.now(UTC))
        desk.work()
    assert wecom.customer(ALICE).shown.count("请带身份证。") == 4  # the answer was the fifth
    with sqlite_database.writing() as db:
        assert put_answer(db, person, "t9", "再说一句。", datetime.now(UTC)) == WINDOW_CLOSED
        assert put_answer(db, "wechat:people:none", "t10", "x", datetime.now(UTC))


def test_who_enters_is_welcomed_and_pictures_are_excused(
    wecom: KfSimulator, desk: KfDesk, sqlite_database: Database
) -> None:
    wecom.enters(ALICE)
    wecom.sends(ALICE, "image")
    desk.work()
    desk.work()
    first, second = wecom.customer(ALICE).shown
    assert first.startswith("您好")
    assert "看不懂图片" in second
    assert count(sqlite_database, Turn) == 0


def test_accounts_of_both_kinds_share_one_file(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("kf") / FILE_NAME
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"accounts": [ENTRY]}))
    assert read_accounts(path) == {}
    assert list(KfBook(path).accounts()) == ["people"]
    assert "secret-of-kf" not in repr(KfBook(path)["people"])
    wrongs: list[dict[str, object]] = [
        {"desks": []},
        {"aes_key": "short"},
        {"secret": ""},
        {"more": 1},
    ]
    for wrong in wrongs:
        with pytest.raises(AccountsInvalid):
            read_kf({**ENTRY, **wrong})


def test_accounts_that_others_may_read_are_refused(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    path = tmp_path_factory.mktemp("kf") / FILE_NAME
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"accounts": [ENTRY]}))
    book = KfBook(path)
    for mode in (0o640, 0o604, 0o644):
        path.chmod(mode)
        with pytest.raises(AccountsInvalid, match="chmod 600"):
            book["people"]
    path.chmod(0o600)
    assert book["people"].corpid == ENTRY["corpid"]
