"""The five seconds: what happens when the answer is not there in time."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from api.app import create_app
from api.limiter import MessageLimit
from api.settings import Settings
from api.snapshot import LiveSnapshot
from api.wechat.account import OfficialAccount
from api.wechat.desk import WeChatDesk
from api.wechat.outbox import OutboxMessage, OutboxState, dead_letters
from api.wechat.received import Delivery
from assistant.answer import Answer, Question
from knowledge.corpus import Corpus
from storage.database import Database
from tests.api.wechat.conftest import PATIENT, QUICK, SITE, Tencent, play
from tests.api.wechat.test_conversation import QUESTION, messages, sessions, turns
from tests.fixtures.edge import StandIn, quote_best


class Engine:
    """An answer engine that a test stops and lets go on."""

    def __init__(self) -> None:
        self.going = threading.Event()
        self.entered = threading.Semaphore(0)
        self.left = threading.Semaphore(0)

    def __call__(self, question: Question, corpus: Corpus) -> Answer:
        self.entered.release()
        assert self.going.wait(60)
        return quote_best(question, corpus)


@pytest.fixture
def engine(stand_in: StandIn, desk: WeChatDesk) -> Iterator[Engine]:
    engine = Engine()
    stand_in.reply = engine
    desk._pace = QUICK
    yield engine
    engine.going.set()


def finish(engine: Engine, desk: WeChatDesk) -> None:
    """Let the engine go on and wait until every answer is settled."""
    engine.going.set()
    desk._workers._jobs.join()


def outbox(database: Database) -> list[OutboxMessage]:
    with database.reading() as db:
        return list(db.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def test_a_verified_account_acknowledges_and_sends_the_answer_later(
    verified: Tencent, engine: Engine, desk: WeChatDesk, sqlite_database: Database
) -> None:
    outcome = verified.says("oAlice", QUESTION)
    assert (outcome.shown, outcome.calls) == (None, 1)
    assert messages(sqlite_database)[0].delivery is Delivery.PUSH
    finish(engine, desk)
    desk.send()
    (shown,) = verified.readers["oAlice"].shown
    assert shown.startswith(f"您问“{QUESTION}”：\n")  # it may come after the next question
    assert "每年培训600人" in shown
    assert "[小额担保贷款找谁办?]" in shown
    assert [message.state for message in outbox(sqlite_database)] == [OutboxState.SENT]
    desk.send()
    assert len(verified.readers["oAlice"].shown) == 1
    assert sessions(sqlite_database) == len(turns(sqlite_database)) == 1


def test_a_repeated_call_of_a_pushed_answer_shows_nothing_twice(
    verified: Tencent, engine: Engine, desk: WeChatDesk, sqlite_database: Database
) -> None:
    message = verified.message("oAlice", {"MsgType": "text", "Content": QUESTION})
    verified.reader("oAlice")
    assert verified.call(message).shown is None
    finish(engine, desk)
    assert verified.call(message).shown is None
    assert len(outbox(sqlite_database)) == 1


def test_a_small_account_answers_a_later_call_of_the_same_message(
    small: Tencent, engine: Engine, sqlite_database: Database
) -> None:
    calls = []
    post = small._deliver

    def deliver(path: str, body: bytes, timeout_s: float) -> object:
        calls.append(path)
        if len(calls) == 2:
            engine.going.set()
            small.client.app.state.wechat._pace = PATIENT  # type: ignore[attr-defined]
        return post(path, body, timeout_s)

    small._deliver = deliver  # type: ignore[assignment]
    outcome = small.says("oAlice", QUESTION)
    assert outcome.calls == 2
    assert "每年培训600人" in (outcome.shown or "")
    assert len(turns(sqlite_database)) == sessions(sqlite_database) == 1


def test_a_small_account_shows_a_link_at_last(
    small: Tencent, engine: Engine, desk: WeChatDesk, sqlite_database: Database
) -> None:
    outcome = small.says("oAlice", QUESTION)
    assert outcome.calls == 3
    (message,) = messages(sqlite_database)
    assert f'<a href="{SITE}/answers/{message.token}">查看答复</a>' in (outcome.shown or "")
    waiting = small.client.get(f"/answers/{message.token}")
    assert "正在查找" in waiting.text
    finish(engine, desk)
    page = small.client.get(f"/answers/{message.token}")
    assert "每年培训600人" in page.text
    assert "Refresh" not in page.headers
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert outbox(sqlite_database) == []
    assert len(turns(sqlite_database)) == 1


def test_two_processes_take_the_calls_of_one_message(
    small: Tencent,
    engine: Engine,
    settings: Settings,
    sqlite_database: Database,
    live: LiveSnapshot,
) -> None:
    other = create_app(settings, sqlite_database, live)
    other.state.wechat._pace = PATIENT
    message = small.message("oAlice", {"MsgType": "text", "Content": QUESTION})
    path, body = small.request(message)
    assert small.client.post(path, content=body).content == b""
    with TestClient(other) as client:
        timer = threading.Timer(0.1, engine.going.set)
        timer.start()
        reply = client.post(path, content=body)
        timer.join()
    assert "600人" in (small.read_reply(httpx.Response(200, content=reply.content)) or "")
    assert len(turns(sqlite_database)) == 1


@pytest.mark.parametrize("name", ["verified", "small"])
def test_what_a_dead_process_left_is_taken_up(
    app: FastAPI,
    client: TestClient,
    accounts: dict[str, OfficialAccount],
    desk: WeChatDesk,
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    tencent = play(app, client, accounts[name])
    desk._pace = QUICK
    monkeypatch.setattr(desk._workers, "submit", lambda _job: True)  # accepted, then the end
    path, body = tencent.request(
        tencent.message("oAlice", {"MsgType": "text", "Content": QUESTION})
    )
    tencent.sends("oAlice", {"MsgType": "image"})
    client.post(path, content=body)
    monkeypatch.undo()
    desk.resume()
    assert turns(sqlite_database) == []  # its lease still runs
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=2)):
        desk.resume()
        desk._workers._jobs.join()
        desk.send()
    assert len(turns(sqlite_database)) == sessions(sqlite_database) == 1
    left = [message.delivery for message in messages(sqlite_database) if message.text]
    if name == "verified":
        assert left == [Delivery.PUSH]
        assert "600人" in tencent.readers["oAlice"].shown[-1]
    else:
        assert left == [Delivery.UNDELIVERED]


def test_an_engine_that_stands_still_keeps_nobody_waiting(
    verified: Tencent, engine: Engine, desk: WeChatDesk, sqlite_database: Database
) -> None:
    outcomes = [verified.says(f"oUser{number}", QUESTION) for number in range(30)]
    assert {outcome.shown for outcome in outcomes} == {None}
    assert {outcome.calls for outcome in outcomes} == {1}
    finish(engine, desk)
    desk.send()
    assert all(len(reader.shown) == 1 for reader in verified.readers.values())
    assert len(turns(sqlite_database)) == 30


def test_a_locked_database_is_told_and_the_account_shows_no_fault(
    verified: Tencent, desk: WeChatDesk, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stands_still(_callbacks: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(desk._intake, "record", stands_still)
    assert "没有记下来" in (verified.says("oAlice", QUESTION).shown or "")
    monkeypatch.undo()
    assert "600人" in (verified.says("oAlice", QUESTION).shown or "")
    assert len(turns(sqlite_database)) == 1


def test_an_answer_that_fails_is_recorded_and_apologised_for(
    verified: Tencent, stand_in: StandIn, sqlite_database: Database
) -> None:
    def broken(_question: Question, _corpus: Corpus) -> Answer:
        raise RuntimeError("broken")

    stand_in.reply = broken
    assert "没能查成" in (verified.says("oAlice", QUESTION).shown or "")
    assert turns(sqlite_database)[0].status == "failed"


def test_too_many_messages_of_one_person_are_told_and_not_recorded(
    app: FastAPI, verified: Tencent, sqlite_database: Database
) -> None:
    MessageLimit.__init__(app.state.message_limit, 2)
    shown = [verified.says("oAlice", QUESTION).shown or "" for _ in range(3)]
    assert "发得太快" in shown[2]
    assert len(messages(sqlite_database)) == 2
    assert "600人" in (verified.says("oBob", QUESTION).shown or "")


def test_dead_letters_tell_why(
    verified: Tencent, engine: Engine, desk: WeChatDesk, sqlite_database: Database
) -> None:
    verified.says("oAlice", QUESTION)
    verified.sends("oAlice", {"MsgType": "event", "Event": "unsubscribe"})
    finish(engine, desk)
    desk.send()
    assert verified.readers["oAlice"].shown == []
    with sqlite_database.reading() as db:
        (dead,) = dead_letters(db)
    assert "取消关注" in dead.problem


def test_an_unknown_answer_page_is_a_problem_in_chinese(client: TestClient) -> None:
    reply = client.get("/answers/none", headers={"Accept": "text/html"})
    assert reply.status_code == 404
    assert "没有找到这条答复" in reply.text
