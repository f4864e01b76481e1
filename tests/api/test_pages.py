import re
from html import unescape
from typing import Any

import pytest
import time_machine
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.policies.reading_pages import local_path, marked_parts
from guidance.session import Turn
from storage.database import Database
from tests.fixtures.edge import StandIn


def hidden(page: str, name: str) -> str:
    match = re.search(rf'id="composer".*?name="{name}" value="([^"]*)"', page, re.DOTALL)
    assert match, name
    return match[1]


def ask(client: TestClient, text: str, page: str | None = None, **headers: str) -> Any:
    page = page or client.get("/").text
    form = {
        "text": text,
        "message_id": hidden(page, "message_id"),
        "conversation_id": hidden(page, "conversation_id"),
    }
    return client.post("/messages", data=form, headers={"accept": "text/html"} | headers)


def count_turns(database: Database) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(Turn)) or 0


def test_first_visit_greets_and_says_its_limits(client: TestClient) -> None:
    page = client.get("/").text
    assert "可以这样问" in page
    assert "隐私说明" in page
    assert "联系工作人员" in page
    assert "文件原文为准" in page
    assert 4 <= len(re.findall(r'<button name="text"', page)) <= 6


def test_question_by_plain_form_comes_back_with_its_answer(client: TestClient) -> None:
    response = ask(client, "每年培训多少人")
    assert [r.status_code for r in response.history] == [303]
    assert response.history[0].headers["location"] == "/#latest"
    assert 'id="latest"' in response.text
    assert "每年培训600人" in response.text
    assert "查看依据" in response.text
    assert "创业扶持办法" in response.text
    assert "你问" in response.text or "您问" in response.text


def test_form_sent_twice_counts_once(client: TestClient, sqlite_database: Database) -> None:
    page = client.get("/").text
    ask(client, "每年培训多少人", page)
    ask(client, "每年培训多少人", page)
    assert count_turns(sqlite_database) == 1


def test_old_page_with_new_text_keeps_the_text(
    client: TestClient, sqlite_database: Database
) -> None:
    page = client.get("/").text
    ask(client, "每年培训多少人", page)
    response = ask(client, "贴息由谁给", page)
    assert response.status_code == 409
    assert ">贴息由谁给</textarea>" in response.text
    assert hidden(response.text, "message_id") != hidden(page, "message_id")
    assert ask(client, "贴息由谁给", response.text).status_code == 200
    assert count_turns(sqlite_database) == 2


def test_too_long_text_comes_back_with_advice(client: TestClient) -> None:
    response = ask(client, "问" * 501)
    assert response.status_code == 422
    assert "500" in response.text
    assert "问" * 501 in response.text
    assert 'aria-invalid="true"' in response.text


def test_conversation_stays_after_reload_and_ends_on_request(
    client: TestClient, stand_in: StandIn
) -> None:
    ask(client, "每年培训多少人")
    ask(client, "贴息由谁给")
    assert [turn.question for turn in stand_in.asked[1].history] == ["每年培训多少人"]
    assert client.get("/").text.count('<article class="turn" ') == 2
    fresh = client.get("/?new=1").text
    assert "可以这样问" in fresh
    ask(client, "培训归谁管", fresh)
    assert stand_in.asked[2].history == ()


def test_conversation_rests_after_half_an_hour(client: TestClient) -> None:
    with time_machine.travel("2026-07-01T09:00:00+08:00", tick=False):
        ask(client, "每年培训多少人")
    with time_machine.travel("2026-07-01T09:29:00+08:00", tick=False):
        assert "每年培训600人" in client.get("/").text
    with time_machine.travel("2026-07-01T09:31:00+08:00", tick=False):
        assert "可以这样问" in client.get("/").text
        assert "每年培训多少人" in client.get("/conversations").text


def test_own_conversations_only(client: TestClient, app: FastAPI) -> None:
    ask(client, "每年培训多少人")
    listed = client.get("/conversations").text
    match = re.search(r'href="(/conversations/[^"]+)"', listed)
    assert match
    assert "每年培训600人" in client.get(match[1]).text
    stranger = TestClient(app)
    assert "还没有对话" in stranger.get("/conversations").text
    assert stranger.get(match[1]).status_code == 404


def test_script_gets_the_rendered_answer_as_events(client: TestClient) -> None:
    form = {"text": "每年培训多少人", "message_id": "m-1"}
    response = client.post("/messages", data=form, headers={"accept": "text/event-stream"})
    assert response.headers["content-type"].startswith("text/event-stream")
    assert response.text.startswith("event: status\n")
    assert "event: done" in response.text
    refused = client.post("/messages", data={"text": " "}, headers={"accept": "text/event-stream"})
    assert refused.status_code == 422
    assert "请先写下" in refused.json()["detail"]


def test_words_of_a_visitor_are_never_markup(client: TestClient) -> None:
    hostile = '<script>alert(1)</script>"><img src=x onerror=alert(1)>培训'
    page = ask(client, hostile).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert hostile in unescape(page)


def test_clause_page_marks_the_quote_and_shows_its_place(client: TestClient) -> None:
    answered = ask(client, "每年培训多少人").text
    match = re.search(r'class="ref" href="([^"]+)"', answered)
    assert match
    page = client.get(unescape(match[1])).text
    assert "<mark>" in page
    assert "每年培训600人" in page
    for fact in ("启政发〔2026〕8号", "某某区人民政府", "2026年2月1日", "现行有效", "一、创业培训"):
        assert fact in page
    assert "上一条" in page
    assert "下一条" in page


@pytest.mark.parametrize("query", ["?start=-5&end=999999", "?start=9&end=3", "?start=0&end=0"])
def test_any_span_shows_the_whole_clause(client: TestClient, query: str) -> None:
    page = client.get(f"/clauses/3{query}").text
    assert "区人力资源和社会保障局负责组织创业培训。每年培训600人。" in re.sub(
        r"</?mark>", "", page
    )


def test_marked_parts_join_to_the_clause(app: FastAPI) -> None:
    clause = app.state.live.current.corpus.clauses[3]
    parts = marked_parts(clause, clause.start + 2, clause.start + 6)
    assert "".join(piece for piece, _ in parts) == clause.text.strip()
    assert [piece for piece, marked in parts if marked] == [clause.text[2:6]]


def test_document_page_has_an_anchor_for_every_clause(client: TestClient) -> None:
    page = client.get("/documents/1").text
    for number in range(1, 6):
        assert f'id="c{number}"' in page


def test_contact_page_names_departments_with_their_duty(client: TestClient) -> None:
    page = client.get("/contact").text
    assert 'value="转人工"' in page
    assert "区人力资源和社会保障局" in page
    assert 'href="/clauses/3"' in page


@pytest.mark.parametrize("theme", ["standard", "elder", "dark"])
def test_theme_is_chosen_without_script_and_kept(client: TestClient, theme: str) -> None:
    response = client.post("/theme", data={"theme": theme, "back": "/documents?x=1"})
    assert response.url.path == "/documents"
    assert f'data-theme="{theme}"' in client.get("/privacy").text


def test_unknown_theme_is_refused(client: TestClient) -> None:
    assert client.post("/theme", data={"theme": "x"}).status_code == 422


@pytest.mark.parametrize(
    "elsewhere", ["//evil.example", "https://evil.example", "/\\evil.example", "/\nx", ""]
)
def test_way_back_never_leads_elsewhere(elsewhere: str) -> None:
    assert local_path(elsewhere) == "/"


def test_static_files_are_kept_forever_under_their_digest(client: TestClient) -> None:
    match = re.search(r'href="(/static/\w+/base.css)"', client.get("/").text)
    assert match
    response = client.get(match[1])
    assert response.headers["content-type"].startswith("text/css")
    assert "immutable" in response.headers["cache-control"]
    outdated = client.get("/static/000000000000/base.css")
    assert outdated.headers["cache-control"] == "no-cache"
    assert client.get("/static/000000000000/secret.key").status_code == 404
