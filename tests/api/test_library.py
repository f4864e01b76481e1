import time
from datetime import date

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.snapshot import LiveSnapshot
from storage.database import Database
from tests.fixtures.edge import StandIn, add_document, small_document


def test_search_ranks_clauses_with_scores_and_addresses(client: TestClient) -> None:
    body = client.get("/api/v1/search", params={"q": "创业培训", "k": 1}).json()
    (result,) = body["results"]
    assert result["rank"] == 1
    assert result["address"] == "一\u00b61"
    assert result["heading_path"].startswith("创业培训")
    assert {"score", "word_score", "bigram_score", "cosine"} <= set(result)
    assert client.get(result["url"]).status_code == 200


def test_search_asks_for_a_day(client: TestClient) -> None:
    before = client.get("/api/v1/search", params={"q": "创业培训", "as_of": "2026-01-31"}).json()
    assert before["as_of"] == "2026-01-31"
    assert before["results"] == []


def test_search_refuses_what_it_cannot_use(client: TestClient) -> None:
    for params in ({"q": "x", "k": 0}, {"q": "x", "k": 51}, {"q": " "}, {"q": "x", "as_of": "x"}):
        response = client.get("/api/v1/search", params=params)  # type: ignore[arg-type]
        assert response.status_code == 422, params


def test_documents_say_whether_they_hold(
    app: FastAPI, sqlite_database: Database, live: LiveSnapshot
) -> None:
    add_document(sqlite_database, small_document("旧办法", expires_on=date(2026, 3, 1)))
    live.refresh()
    documents = TestClient(app).get("/api/v1/documents").json()["documents"]
    assert [(d["title"], d["validity"]) for d in documents] == [
        ("创业扶持办法", "in_force"),
        ("旧办法", "expired"),
    ]
    assert documents[0]["clauses"] == 5


def test_clause_has_its_place(client: TestClient) -> None:
    clause = client.get("/api/v1/clauses/3").json()
    assert clause["address"] == "一\u00b61"
    assert clause["parents"] == ["一"]
    assert clause["document"]["doc_number"] == "启政发〔2026〕8号"
    assert client.get("/api/v1/clauses/2").json()["children"] == [3]


def test_snapshot_is_built_anew_only_when_documents_changed(
    sqlite_database: Database, live: LiveSnapshot
) -> None:
    before = live.current
    assert not live.refresh()
    assert live.current is before
    add_document(sqlite_database, small_document("新办法"))
    assert live.refresh()
    assert live.current is not before


def test_running_server_notices_new_documents(
    client: TestClient, sqlite_database: Database
) -> None:
    add_document(sqlite_database, small_document("新办法"))
    for _ in range(50):
        if "新办法" in client.get("/documents").text:
            return
        time.sleep(0.1)
    pytest.fail("not noticed")


def test_failed_reload_keeps_answering(
    app: FastAPI, sqlite_database: Database, live: LiveSnapshot, stand_in: StandIn
) -> None:
    before = live.current
    stand_in.broken = True
    add_document(sqlite_database, small_document("新办法"))
    with pytest.raises(RuntimeError):
        live.refresh()
    assert live.current is before
    client = TestClient(app)
    assert client.get("/api/v1/search", params={"q": "创业培训"}).json()["results"]
    stand_in.broken = False
    live.refresh()
