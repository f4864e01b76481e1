import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from api.limiter import VISITORS_PER_ADDRESS, MessageLimit
from api.refusals import TooManyMessages
from api.settings import Settings
from api.snapshot import LiveSnapshot
from storage.database import Database


def test_message_over_the_limit_waits(
    settings: Settings, sqlite_database: Database, live: LiveSnapshot
) -> None:
    settings = settings.model_copy(update={"rate_limit": 2})
    client = TestClient(create_app(settings, sqlite_database, live))
    statuses = []
    for number in range(4):  # the first one brings the cookie, the visitor's two follow
        response = client.post(
            "/api/v1/chat/messages", json={"message_id": f"m-{number}", "text": "培训"}
        )
        statuses.append(response.status_code)
    assert statuses == [200, 200, 200, 429]
    assert 1 <= int(response.headers["retry-after"]) <= 60
    assert response.json()["title"] == "发送太快"
    assert client.get("/documents").status_code == 200  # reading goes on


def test_zero_means_no_limit() -> None:
    limit = MessageLimit(0)
    for _ in range(1000):
        limit.check(None, "10.0.0.1")


def test_visitors_behind_one_address_have_room_but_not_without_end() -> None:
    limit = MessageLimit(1)
    for number in range(VISITORS_PER_ADDRESS):
        limit.check(f"visitor:{number}", "10.0.0.1")
    with pytest.raises(TooManyMessages):
        limit.check("visitor:new", "10.0.0.1")
    limit.check("visitor:new", "10.0.0.2")


def test_client_without_cookie_is_limited_by_its_address() -> None:
    limit = MessageLimit(1)
    limit.check(None, "10.0.0.1")
    with pytest.raises(TooManyMessages):
        limit.check(None, "10.0.0.1")
