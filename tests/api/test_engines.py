"""The same bytes on either database: JSON columns keep the order of keys on one of them only."""

from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.snapshot import LiveSnapshot
from storage.database import Database
from tests.fixtures.edge import StandIn, add_document, small_document

MESSAGE = {"message_id": "m-1", "text": "每年培训多少人"}


def test_repeated_message_gets_the_same_bytes(
    database: Database, settings: Settings, stand_in: StandIn
) -> None:
    add_document(database, small_document())
    live = LiveSnapshot(database, stand_in.snapshot)
    client = TestClient(create_app(settings, database, live))
    for url in ("/api/v1/chat/messages", "/api/v1/chat/messages?stream=1"):
        message = MESSAGE | {"message_id": f"m-{len(url)}"}
        first = client.post(url, json=message)
        assert first.status_code == 200
        assert client.post(url, json=message).content == first.content
    page = client.get("/").text
    assert "每年培训600人" in page
    assert "每年培训多少人" in client.get("/conversations").text
