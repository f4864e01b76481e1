"""Opinions of answers and numbers left with open questions."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from guidance.gaps.contact import GapContact
from guidance.session import Turn
from guidance.turn_feedback import TurnFeedback
from storage.database import Database


def ask(client: TestClient, text: str = "外星移民有什么补贴？") -> None:
    form = {"text": text, "message_id": f"m-{text}"}
    assert client.post("/messages", data=form, follow_redirects=False).status_code == 303


def stored(database: Database) -> TurnFeedback | None:
    with database.reading() as db:
        return db.scalar(select(TurnFeedback))


def test_buttons_stand_under_every_answer_of_ones_own(client: TestClient) -> None:
    ask(client)
    page = client.get("/").text
    assert 'action="/turns/1/feedback"' in page
    assert ">有用</button>" in page
    assert ">没用</button>" in page


def test_opinion_is_stored_replaced_and_shown(
    client: TestClient, sqlite_database: Database
) -> None:
    ask(client)
    sent = client.post("/turns/1/feedback", data={"helpful": "1"})
    assert sent.status_code == 200
    assert "谢谢" in sent.text
    first = stored(sqlite_database)
    assert first is not None
    assert first.helpful
    more = {"helpful": "0", "complaints": ["wrong", "outdated"], "words": "我的电话13812345678"}
    client.post("/turns/1/feedback", data=more)
    second = stored(sqlite_database)
    assert second is not None
    assert not second.helpful
    assert second.complaint_names == ["说得不对", "内容过时"]
    assert "13812345678" not in second.words
    assert "已记下：没用" in client.get("/").text


def test_script_gets_the_part_that_changes(client: TestClient) -> None:
    ask(client)
    reply = client.post(
        "/turns/1/feedback", data={"helpful": "1"}, headers={"accept": "application/json"}
    )
    assert "已记下：有用" in reply.json()["html"]


@pytest.mark.parametrize("path", ["feedback", "contact", "contact/withdraw"])
def test_only_who_asked_may_rate(app: FastAPI, client: TestClient, path: str) -> None:
    ask(client)
    with TestClient(app) as other:
        form = {"helpful": "1", "phone": "13812345678", "consent": "1"}
        assert other.post(f"/turns/1/{path}", data=form).status_code == 404
        assert other.get("/turns/1/feedback").status_code == 404
    assert client.post(f"/turns/99/{path}", data=form).status_code == 404
    assert client.post(f"/turns/{2**40}/{path}", data=form).status_code in {404, 422}


def test_other_sites_and_nonsense_are_refused(client: TestClient) -> None:
    ask(client)
    foreign = {"sec-fetch-site": "cross-site"}
    path = "/turns/1/feedback"
    assert client.post(path, data={"helpful": "1"}, headers=foreign).status_code == 403
    assert client.post(path, data={"helpful": "0", "complaints": "x"}).status_code == 422
    assert client.post(path, data={"helpful": "0", "words": "长" * 301}).status_code == 422


def test_number_needs_consent_and_can_be_deleted(
    client: TestClient, sqlite_database: Database
) -> None:
    ask(client)
    refused = client.post("/turns/1/contact", data={"phone": "138 1234 5678"})
    assert refused.status_code == 422
    assert "勾选同意" in refused.text
    wrong = client.post("/turns/1/contact", data={"phone": "12345", "consent": "1"})
    assert "11位手机号" in wrong.text
    assert "required checked" in wrong.text
    left = client.post("/turns/1/contact", data={"phone": "138-1234-5678", "consent": "1"})
    assert "138****5678" in left.text
    assert "13812345678" not in left.text
    with sqlite_database.reading() as db:
        assert db.get_one(GapContact, 1).phone == "13812345678"
        assert db.get_one(Turn, 1).id == 1
    client.post("/turns/1/contact/withdraw")
    with sqlite_database.reading() as db:
        assert db.get(GapContact, 1) is None
