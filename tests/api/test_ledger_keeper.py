"""Behind the requests: sessions are judged, checkpoints written, and a lost tail stops recording."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from api.ledger.keeper import LedgerKeeper
from audit.checkpoint import write_checkpoint
from audit.witness import open_witness
from guidance.counting.invariants import check_invariants
from guidance.session import GuidanceSession
from storage.database import Database
from tests.guidance.people import chat

LONG_AGO = datetime.now(UTC) - timedelta(days=15)


def lose_tail(database: Database) -> None:
    with database.writing() as db:
        db.execute(text("DROP TRIGGER audit_events_no_delete"))
        db.execute(text("DELETE FROM audit_events WHERE seq > 1"))


def test_sessions_go_their_way_by_themselves(sqlite_database: Database, tmp_path: Path) -> None:
    chat(sqlite_database, "m1", at=LONG_AGO)
    chat(sqlite_database, "m2", person="visitor-2", at=LONG_AGO, text="您好")
    chat(sqlite_database, "m3", person="visitor-3", at=datetime.now(UTC))
    keeper = LedgerKeeper(sqlite_database, open_witness(tmp_path), lambda _db, _who: "东街")
    keeper.tend()
    keeper.vouch()
    with sqlite_database.reading() as db:
        sessions = db.scalars(select(GuidanceSession).order_by(GuidanceSession.id)).all()
        assert check_invariants(db) == []
    assert [one.state for one in sessions] == ["pending_review", "unqualified", "open"]
    assert [one.org_unit for one in sessions] == ["东街", "东街", ""]
    assert open_witness(tmp_path).last() is not None


def test_lost_tail_stops_recording_and_reading_goes_on(
    app: FastAPI, client: TestClient, sqlite_database: Database
) -> None:
    keeper: LedgerKeeper = app.state.keeper
    message = {"message_id": "m1", "text": "小额担保贷款由谁贴息？"}
    assert client.post("/api/v1/chat/messages", json=message).status_code == 200
    chat(sqlite_database, "m2", person="visitor-2")
    settings = app.state.settings
    witness = open_witness(settings.data_dir, settings.witness_dir)
    write_checkpoint(sqlite_database, witness, datetime.now(UTC), now=True)
    lose_tail(sqlite_database)
    keeper.vouch()
    assert "缺少最后" in keeper.trouble
    refused = client.post("/api/v1/chat/messages", json={**message, "message_id": "m3"})
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert "暂停" in refused.json()["detail"]
    assert "audit verify" in refused.json()["detail"]
    page = client.post("/", data={"text": "你好"}, headers={"accept": "text/html"})
    assert page.status_code == 503
    assert "政策文件仍可查阅" in page.text
    assert client.get("/").status_code == 200
    keeper.tend()  # nothing is judged meanwhile
    with sqlite_database.reading() as db:
        assert set(db.scalars(select(GuidanceSession.state))) == {"open"}


def test_start_with_a_lost_tail_refuses_at_once(sqlite_database: Database, tmp_path: Path) -> None:
    chat(sqlite_database, "m1")
    chat(sqlite_database, "m2", person="visitor-2")
    witness = open_witness(tmp_path)
    write_checkpoint(sqlite_database, witness, datetime.now(UTC))
    assert LedgerKeeper(sqlite_database, witness).trouble == ""
    lose_tail(sqlite_database)
    assert LedgerKeeper(sqlite_database, witness).trouble
