"""The audit log and the counting rules through HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, text

from accounts.account import Account
from accounts.role import Role
from api.policies.validity import today
from guidance.counting.rules import RuleVersion
from guidance.periods.period import Quarter
from storage.database import Database
from tests.fixtures.ledger import Cast, add_cast, ask
from tests.fixtures.people import add_person, sign_in

Post = Callable[..., Any]
YESTERDAY = datetime.now(UTC) - timedelta(days=1)
NEXT = str(Quarter.of(today()).following)


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    return add_cast(sqlite_database)


@pytest.fixture
def post(client: TestClient, sqlite_database: Database) -> Post:
    def send(account: Account, path: str, **fields: Any) -> Any:
        token = sign_in(client, sqlite_database, account)
        form = {"form_token": token, **fields}
        return client.post(path, data=form, follow_redirects=False)

    return send


def test_auditors_read_events_narrowed_down_and_page_by_page(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    for number in range(20):
        ask(sqlite_database, number, YESTERDAY)
    sign_in(client, sqlite_database, cast.auditor)
    first = client.get("/staff/audit").text
    assert first.count('<th role="rowheader"') == 50
    before = first.split("before=")[1].split('"')[0]
    rest = client.get(f"/staff/audit?before={before}").text
    assert 0 < rest.count('<th role="rowheader"') <= 50
    for query, some in [
        ("action=session.opened", True), ("action=session", True), ("action=sess", False),
        ("subject=session:3", True), ("subject=session:99", False), ("actor=qichuang", True),
        (f"since={today() - timedelta(days=1)}", True), ("until=2001-01-01", False),
        ("since=gestern", True), ("until=0001-01-01", False), ("action=%25", False),
    ]:  # fmt: skip
        found = client.get(f"/staff/audit?{query}")
        assert found.status_code == 200, query
        assert ("没有符合条件的事件" not in found.text) is some, query
    assert client.get("/staff/audit?before=99999999999").status_code == 422


def test_verifying_names_what_was_changed(
    sqlite_database: Database, cast: Cast, post: Post
) -> None:
    ask(sqlite_database, 1, YESTERDAY)
    assert "核验通过" in post(cast.auditor, "/staff/audit").text
    with sqlite_database.writing() as db:
        for name in db.scalars(text("SELECT name FROM sqlite_master WHERE type='trigger'")).all():
            db.execute(text(f"DROP TRIGGER {name}"))
        db.execute(text("UPDATE audit_events SET actor_id = 'x' WHERE seq = 2"))
    told = post(cast.auditor, "/staff/audit").text
    assert "核验没有通过" in told
    assert "第 2 号" in told


@pytest.mark.parametrize("role", [Role.HANDLER, Role.REVIEWER, Role.SIGNER, Role.ADMINISTRATOR])
def test_the_log_is_the_auditors(client: TestClient, sqlite_database: Database, role: Role) -> None:
    sign_in(client, sqlite_database, add_person(sqlite_database, role))
    assert client.get("/staff/audit").status_code == 403


def test_rules_are_switched_by_two_from_a_quarter_to_come(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    page = "/staff/counting-rules"
    switch = {"profile": "strict", "from": NEXT, "reason": "上级要求实名"}
    assert post(cast.handler, page, **{**switch, "profile": "x"}).status_code == 422
    assert (
        post(cast.handler, page, **{**switch, "from": str(Quarter.of(today()))}).status_code == 422
    )
    assert post(cast.handler, page, **{**switch, "reason": " "}).status_code == 422
    assert post(cast.reviewer, page, **switch).status_code == 403
    assert post(cast.handler, page, **switch).is_redirect
    sign_in(client, sqlite_database, cast.signer)
    shown = client.get(f"{page}?proposal=1").text
    assert "只计实名且充分的咨询" in shown
    assert "对上季度" in shown
    assert post(cast.reviewer, "/staff/proposals/1", action="confirm").status_code == 403
    assert post(cast.signer, "/staff/proposals/1", action="confirm").is_redirect
    with sqlite_database.reading() as db:
        assert db.scalars(select(RuleVersion.effective_from)).all() == [NEXT]
    sign_in(client, sqlite_database, cast.auditor)
    assert "测试signer" in client.get(f"{page}?impact=1").text
    assert client.get(f"{page}?proposal={2**40}").status_code == 422
