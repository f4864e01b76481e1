import json
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from accounts.role import Role
from api.chat import routes
from assistant.answer import Answer, AnswerStatus, Question
from guidance.people.identity import standing_of
from guidance.session import GuidanceSession, Turn
from knowledge.corpus import Corpus
from storage.database import Database
from tests.fixtures.edge import StandIn, quote_best
from tests.fixtures.people import add_person, sign_in

URL = "/api/v1/chat/messages"


def ask(client: TestClient, text: str = "每年培训多少人", **fields: Any) -> Any:
    return client.post(URL, json={"message_id": "m-1", "text": text} | fields)


def count_turns(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(Turn)) or 0


def test_reply_has_the_agreed_fields_and_is_recorded(
    client: TestClient, sqlite_database: Database, stand_in: StandIn
) -> None:
    notes = ("《创业扶持办法》：金额以当地为准。",)
    stand_in.reply = lambda question, corpus: replace(quote_best(question, corpus), notes=notes)
    response = ask(client)
    reply = response.json()
    assert response.status_code == 200
    assert list(reply) == [
        "conversation_id", "message_id", "status", "text", "citations",
        "offices", "projects", "mentors", "suggestions", "session_id", "rephrased", "notes",
    ]  # fmt: skip
    assert reply["status"] == "answered"
    assert reply["text"].endswith("\n请注意：《创业扶持办法》：金额以当地为准。")
    page = client.get("/").text
    assert "请注意" in page
    assert page.count("金额以当地为准。") > 1  # shown and copied
    (citation,) = reply["citations"]
    assert list(citation) == [
        "document", "doc_number", "address", "quote", "department",
        "effective_on", "expires_on", "url",
    ]  # fmt: skip
    assert citation["effective_on"] == "2026-02-01"
    assert "600" in citation["quote"]
    assert client.get(citation["url"]).status_code == 200
    with sqlite_database.reading() as db:
        turn = db.scalars(select(Turn)).one()
        assert (turn.question, turn.answer_text) == ("每年培训多少人", reply["text"])
        assert turn.versions["corpus"]
        assert turn.session_id == reply["session_id"]


def test_same_message_id_gets_the_same_bytes_and_no_second_turn(
    client: TestClient, app: FastAPI, sqlite_database: Database, stand_in: StandIn
) -> None:
    first = ask(client)
    again = ask(TestClient(app))  # a browser that lost the reply, and the cookie with it
    assert again.content == first.content
    assert count_turns(sqlite_database) == 1
    assert len(stand_in.asked) == 1


def test_used_message_id_with_other_text_is_a_conflict(client: TestClient) -> None:
    ask(client)
    response = ask(client, "另一个问题")
    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert "编号" in response.json()["detail"]


def test_conversation_goes_on_for_whoever_presents_its_id(
    client: TestClient, app: FastAPI, sqlite_database: Database, stand_in: StandIn
) -> None:
    first = ask(client).json()
    other = TestClient(app)
    second = ask(
        other, "那贷款呢", message_id="m-2", conversation_id=first["conversation_id"]
    ).json()
    assert second["conversation_id"] == first["conversation_id"]
    assert second["session_id"] == first["session_id"]
    assert [turn.question for turn in stand_in.asked[1].history] == ["每年培训多少人"]
    assert stand_in.asked[1].history[0].clause_ids
    with sqlite_database.reading() as db:
        assert db.scalar(select(func.count()).select_from(GuidanceSession)) == 1


@pytest.mark.parametrize("role", [Role.HANDLER, Role.MENTOR])
def test_what_staff_try_while_signed_in_never_counts(
    client: TestClient, app: FastAPI, sqlite_database: Database, role: Role
) -> None:
    citizen = ask(client).json()
    colleague = TestClient(app)
    sign_in(colleague, sqlite_database, add_person(sqlite_database, role))
    taken_up = {"message_id": "m-2", "conversation_id": citizen["conversation_id"]}
    ask(colleague, "那贷款呢", **taken_up)  # the citizen's conversation stays the citizen's
    own = ask(colleague, "每年培训多少人？", message_id="m-3").json()
    with sqlite_database.reading() as db:
        persons = {
            one["session_id"]: db.get_one(GuidanceSession, one["session_id"]).person
            for one in (citizen, own)
        }
        internal = {number: standing_of(db, one).internal for number, one in persons.items()}
    assert internal == {citizen["session_id"]: False, own["session_id"]: True}


@pytest.mark.parametrize("unknown", ["nothing", "x" * 5000, "\u0000", ""])
def test_unknown_conversation_begins_a_new_one(client: TestClient, unknown: str) -> None:
    response = ask(client, conversation_id=unknown)
    assert response.status_code == 200
    assert response.json()["conversation_id"] not in {unknown, ""}


def test_visitors_are_told_apart_by_their_cookie(client: TestClient, app: FastAPI) -> None:
    first = ask(client).json()
    second = ask(client, message_id="m-2").json()
    stranger = ask(TestClient(app), message_id="m-3").json()
    assert first["session_id"] == second["session_id"] != stranger["session_id"]
    assert first["conversation_id"] != second["conversation_id"]


def test_cookie_is_signed_and_out_of_reach_of_scripts(client: TestClient, app: FastAPI) -> None:
    cookie = ask(client).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    forged = TestClient(app, cookies={"qichuang_visitor": "someone.signature"})
    assert "set-cookie" in ask(forged, message_id="m-2").headers


@pytest.mark.parametrize(
    ("body", "advice"),
    [
        ({"text": "问"}, "message_id 必须填写"),
        ({"message_id": "", "text": "问"}, "编号"),
        ({"message_id": "a b", "text": "问"}, "编号"),
        ({"message_id": "m" * 129, "text": "问"}, "128"),
        ({"message_id": "m", "text": " \n\u3000"}, "请先写下"),
        ({"message_id": "m", "text": "问" * 501}, "500"),
        ({"message_id": "m", "text": "问" * 100_000}, "500"),
        ({"message_id": "m", "text": 5}, "应为文字"),
    ],
)
def test_unusable_message_is_refused_in_chinese(
    client: TestClient, body: dict[str, Any], advice: str
) -> None:
    response = client.post(URL, json=body)
    assert response.status_code == 422
    problem = response.json()
    assert problem["status"] == 422
    assert advice in problem["detail"]
    assert problem["errors"][0]["field"]


def test_five_hundred_characters_are_counted_after_trimming(client: TestClient) -> None:
    assert ask(client, "  " + "培" * 500 + "\n").status_code == 200


def test_lone_surrogate_and_nul_are_taken(client: TestClient, sqlite_database: Database) -> None:
    body = b'{"message_id": "m-1", "text": "\\u57f9\\u8bad\\ud83d \\u0000 \\u591a\\u5c11\\u4eba"}'
    headers = {"content-type": "application/json"}
    first = client.post(URL, content=body, headers=headers)
    assert first.status_code == 200
    assert client.post(URL, content=body, headers=headers).content == first.content
    assert count_turns(sqlite_database) == 1


def test_personal_numbers_are_not_stored(client: TestClient, sqlite_database: Database) -> None:
    ask(client, "我的手机是13812345678,怎么贷款")
    with sqlite_database.reading() as db:
        assert "13812345678" not in db.scalars(select(Turn.question)).one()


def test_failed_answer_is_recorded_with_an_apology(
    client: TestClient,
    sqlite_database: Database,
    stand_in: StandIn,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(question: Question, _corpus: Corpus) -> Answer:
        raise RuntimeError(f"broken by {question.text}")

    stand_in.reply = fail
    response = ask(client, "机密的问题")
    assert response.status_code == 200
    assert response.json()["status"] == AnswerStatus.FAILED
    assert "抱歉" in response.json()["text"] or "没能" in response.json()["text"]
    with sqlite_database.reading() as db:
        assert db.scalars(select(Turn.status)).one() == AnswerStatus.FAILED
    assert "RuntimeError" in caplog.text
    assert "机密的问题" not in caplog.text


def events_of(body: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [block.split("\n") for block in body.strip().split("\n\n")]
    return [(b[0].removeprefix("event: "), json.loads(b[1].removeprefix("data: "))) for b in blocks]


def test_stream_ends_with_the_same_reply(client: TestClient) -> None:
    response = client.post(URL + "?stream=1", json={"message_id": "m-1", "text": "培训多少人"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.headers["x-accel-buffering"] == "no"
    assert "no-store" in response.headers["cache-control"]
    events = events_of(response.text)
    assert [name for name, _ in events] == ["status", "sentence", "sentence", "done"]
    assert events[-1][1] == ask(client, "培训多少人").json()


def test_stream_says_when_the_turn_could_not_be_recorded(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise RuntimeError("disk gone")

    monkeypatch.setattr("api.chat.exchange.record_turn", refuse)
    response = client.post(URL + "?stream=1", json={"message_id": "m-1", "text": "培训多少人"})
    events = events_of(response.text)
    assert [name for name, _ in events] == ["status", "error"]
    assert events[-1][1]["status"] == 500
    assert count_turns(sqlite_database) == 0


def test_turn_is_on_disk_before_the_reply_leaves(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = routes.chat_reply
    seen = []

    def look(turn: Turn) -> object:
        seen.append(count_turns(sqlite_database))  # another connection, its own transaction
        return real(turn)

    monkeypatch.setattr("api.chat.routes.chat_reply", look)
    ask(client)
    assert seen == [1]
