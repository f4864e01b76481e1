"""Through HTTP: an entry waits for its client's word or a paper, and the pages say so."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from accounts.account import Account
from api.ledger.words import awaited_words
from api.policies.validity import today
from guidance.awaited import Awaited
from guidance.counting.rules import shipped_rules
from guidance.lifecycle import SessionState
from guidance.people.level import IdentityLevel
from guidance.periods.period import Quarter
from storage.database import Database
from tests.fixtures.ledger import Cast, add_cast, state_of
from tests.fixtures.people import sign_in
from tests.guidance.people import put_in_force

# On a Monday the weekly batch submits it at once.
ON_ITS_WAY = {SessionState.QUALIFIED, SessionState.PENDING}
Post = Callable[..., Any]
ENTRY = {
    "line": "window", "day": (today() - timedelta(days=1)).isoformat(), "begin": "09:30",
    "end": "10:00", "phone": "13800001111", "papers": "", "place": "区服务大厅", "topic": "贷款",
    "mentor": "", "unit": "东街街道", "summary": "说明贷款条件和材料，约定下周带齐材料来办理。",
}  # fmt: skip


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    confirmed = replace(
        shipped_rules()["strict"], name="须确认", min_level=IdentityLevel.VISITOR, min_summary=10
    )
    long_ago = Quarter.of(today()).preceding.preceding.first_day
    put_in_force(sqlite_database, confirmed, datetime.combine(long_ago, time(4), UTC))
    return add_cast(sqlite_database)


@pytest.fixture
def post(client: TestClient, sqlite_database: Database) -> Post:
    def send(account: Account, path: str, **fields: Any) -> Any:
        token = sign_in(client, sqlite_database, account)
        files = fields.pop("files", None)
        form = {"form_token": token, **fields}
        return client.post(path, data=form, files=files, follow_redirects=False)

    return send


def test_an_entry_waits_for_its_client_and_then_counts(
    app: FastAPI, client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    made = post(cast.handler, "/staff/entries", **ENTRY)
    code = made.text.split('class="ledger-code">')[1][:6]
    app.state.keeper.tend()
    assert state_of(sqlite_database, 1) is SessionState.RECORDED
    page = client.get("/staff/sessions/1").text
    assert "等咨询人确认（还剩" in page
    assert "补充证明材料（还剩 72 小时）" in page
    desk = client.get("/staff").text
    tile = '<a href="/staff/sessions?state=recorded"><strong>1</strong><span>等确认或判定'
    assert tile in desk
    assert "共 1 条" in client.get("/staff/sessions?state=recorded").text
    assert "已经确认" in client.post("/confirm", data={"number": 1, "code": code}).text
    app.state.keeper.tend()
    assert state_of(sqlite_database, 1) in ON_ITS_WAY
    assert "还剩" not in client.get("/staff/sessions/1").text


def test_a_paper_does_as_well(
    app: FastAPI, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    post(cast.handler, "/staff/entries", **ENTRY)
    app.state.keeper.tend()
    paper = {"file": ("签到.pdf", b"%PDF signed", "application/pdf")}
    assert post(cast.handler, "/staff/uploads/sessions/1", files=paper).is_redirect
    app.state.keeper.tend()
    assert state_of(sqlite_database, 1) in ON_ITS_WAY


def test_what_is_left_is_said_in_hours_begun() -> None:
    now = datetime(2026, 3, 2, 4, tzinfo=UTC)
    minute = timedelta(minutes=1)
    words = awaited_words(Awaited(now + minute, now + timedelta(hours=5, minutes=1)), now)
    assert "确认（还剩 1 小时）或补充证明材料（还剩 6 小时）" in words
    assert "期限已过" in awaited_words(Awaited(now - minute, now + minute), now)
