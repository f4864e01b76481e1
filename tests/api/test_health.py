import logging

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api.app import create_app
from api.settings import Settings
from api.snapshot import LiveSnapshot
from storage.database import Database
from tests.fixtures.edge import StandIn


def local(app_client: TestClient) -> TestClient:
    return TestClient(app_client.app, client=("127.0.0.1", 50000))


def test_alive_and_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["documents"] == 1
    assert ready.json()["versions"]["corpus"]


def test_not_ready_without_documents(
    settings: Settings, sqlite_database: Database, stand_in: StandIn
) -> None:
    live = LiveSnapshot(sqlite_database, stand_in.snapshot)
    response = TestClient(create_app(settings, sqlite_database, live)).get("/readyz")
    assert response.status_code == 503
    assert response.json()["status"] == "not ready"


def test_metrics_are_for_this_machine(client: TestClient) -> None:
    assert client.get("/metrics").status_code == 403  # the test client is no local address
    assert local(client).get("/metrics").status_code == 200
    behind_proxy = local(client).get("/metrics", headers={"x-forwarded-for": "8.8.8.8"})
    assert behind_proxy.status_code == 403


def test_metrics_are_for_the_holder_of_the_token(
    settings: Settings, sqlite_database: Database, live: LiveSnapshot
) -> None:
    settings = settings.model_copy(update={"metrics_token": SecretStr("t0ken")})
    client = TestClient(create_app(settings, sqlite_database, live), client=("127.0.0.1", 1))
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 403
    assert client.get("/metrics", headers={"authorization": "Bearer t0ken"}).status_code == 200


def test_metrics_count_by_route_and_status(client: TestClient) -> None:
    client.get("/documents/1")
    client.get("/documents/77")
    client.get("/no/such/path")
    client.post("/api/v1/chat/messages", json={"message_id": "m", "text": "培训多少人"})
    text = local(client).get("/metrics").text
    document = 'qichuang_requests_total{method="GET",route="/documents/{document_id}",status='
    assert document + '"200"} 1.0' in text
    assert document + '"404"} 1.0' in text
    assert 'route="unmatched",status="404"} 1.0' in text
    assert 'qichuang_answers_total{status="answered"} 1.0' in text
    assert "/no/such/path" not in text


def test_access_log_holds_no_words_of_a_visitor(
    client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    client.get("/api/v1/search", params={"q": "秘密的打算"})
    client.post("/api/v1/chat/messages", json={"message_id": "m", "text": "秘密的打算"})
    ours = [r.getMessage() for r in caplog.records if r.name.startswith("qichuang")]
    assert any(line.startswith("GET /api/v1/search 200") for line in ours)
    assert not any("秘密" in line or "%E7%A7%98" in line for line in ours)
