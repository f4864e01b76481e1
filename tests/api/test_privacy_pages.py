"""Seeing, taking away and erasing what is held of a person, through the pages."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.account import Account
from accounts.role import Role
from api.visitor import COOKIE
from audit.log import AuditEvent
from guidance.counting.tally import counted
from guidance.gaps.contact import leave_contact
from guidance.privacy.rights import Erasure
from guidance.session import Turn
from storage.database import Database
from tests.fixtures.people import add_person, sign_in, sign_in_as
from tests.guidance.messages import NOON
from tests.guidance.people import approved_chat, chat

SECRET = "我叫金丝雀想贷款"


@pytest.fixture
def asked(client: TestClient) -> str:
    """Ask in the client's own browser."""
    client.get("/")
    client.post("/messages", data={"text": SECRET, "message_id": "own-1"})
    assert SECRET in client.get("/").text
    return SECRET


def actions(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))


@pytest.mark.usefixtures("asked")
def test_visitor_takes_everything_away(client: TestClient, sqlite_database: Database) -> None:
    held = client.post("/me/privacy/export", data={"form": "json"})
    assert held.headers["content-disposition"].endswith(quote("我的数据.json"))
    (consultation,) = json.loads(held.text)["consultations"]
    assert consultation["messages"][0]["question"] == SECRET
    page = client.post("/me/privacy/export", data={"form": "html"})
    assert f"问：{SECRET}" in page.text
    assert "/me/privacy" in client.get("/me").text
    assert actions(sqlite_database).count("privacy.exported") == 2


@pytest.mark.usefixtures("asked")
def test_visitor_erases_everything(client: TestClient, sqlite_database: Database) -> None:
    unsure = client.post("/me/privacy/erase")
    assert unsure.status_code == 422
    assert "请先勾选" in unsure.text
    done = client.post("/me/privacy/erase", data={"sure": "1"})
    assert "共 1 次咨询" in done.text
    assert COOKIE not in client.cookies
    with sqlite_database.reading() as db:
        assert db.scalars(select(Turn.question)).all() == [""]
        assert db.scalars(select(Erasure.purged_at)).one() is not None
    assert SECRET not in client.get("/").text
    assert "privacy.erased" in actions(sqlite_database)


def test_other_sites_cannot_erase(client: TestClient) -> None:
    headers = {"sec-fetch-site": "cross-site"}
    refused = client.post("/me/privacy/erase", data={"sure": "1"}, headers=headers)
    assert refused.status_code == 403


def test_officer_finds_exports_and_erases_a_person(
    client: TestClient, sqlite_database: Database
) -> None:
    session_id = approved_chat(sqlite_database, "m1", text=f"{SECRET}怎么办？")
    other = chat(sqlite_database, "m2", text=f"{SECRET}还要什么？")
    with sqlite_database.writing() as db:
        turn = db.scalars(select(Turn).where(Turn.session_id == other)).one()
        leave_contact(db, turn.id, "visitor-1", "13800001234", consent=True, at=NOON)
    token = sign_in_as(client, sqlite_database, Role.PRIVACY_OFFICER)
    by_phone = client.post(
        "/staff/privacy/find", data={"form_token": token, "what": "138 0000 1234"}
    )
    assert "咨询 2 次（1 次已计数）" in by_phone.text
    what = {"form_token": token, "what": str(session_id)}
    held = client.post("/staff/privacy/export", data={**what, "form": "json"})
    assert SECRET in held.text
    assert "请写明理由" in client.post("/staff/privacy/erase", data=what).text
    done = client.post("/staff/privacy/erase", data={**what, "reason": "本人到窗口申请"})
    assert "已删除 2 次咨询" in done.text
    assert "其中 1 次已计入统计" in done.text
    with sqlite_database.reading() as db:
        assert set(db.scalars(select(Turn.question))) == {""}
        assert counted(db, "2026Q1") == 1
    assert {"privacy.looked_up", "privacy.exported", "privacy.restricted"} <= set(
        actions(sqlite_database)
    )


@pytest.mark.parametrize("what", ["", "abc", "999999999", "13911112222", "９９", "1" * 29])
def test_nobody_behind_what_was_typed(
    client: TestClient, sqlite_database: Database, what: str
) -> None:
    token = sign_in_as(client, sqlite_database, Role.PRIVACY_OFFICER)
    data = {"form_token": token, "what": what, "reason": "x"}
    assert client.post("/staff/privacy/find", data=data).status_code == 404
    assert client.post("/staff/privacy/erase", data=data).status_code == 422


def test_only_the_privacy_officer_comes_in(client: TestClient, sqlite_database: Database) -> None:
    sign_in_as(client, sqlite_database, Role.ADMINISTRATOR)
    assert client.get("/staff/privacy").status_code == 403


def test_what_is_under_lock_is_read_by_the_auditor_whom_a_second_one_agrees_with(
    client: TestClient, sqlite_database: Database
) -> None:
    session_id = approved_chat(sqlite_database, "m1", text=f"{SECRET}怎么办？")
    token = sign_in_as(client, sqlite_database, Role.PRIVACY_OFFICER)
    what = {"form_token": token, "what": str(session_id), "reason": "本人到窗口申请"}
    client.post("/staff/privacy/erase", data=what)
    page, one = "/staff/restricted", f"/staff/restricted/{session_id}"
    assert "季度还没有锁定" in client.get(page).text  # until when, and that nobody may see it
    assert client.post(one, data={"form_token": token, "action": "read"}).status_code == 403
    first = add_person(sqlite_database, Role.AUDITOR)
    second = add_person(sqlite_database, Role.AUDITOR, login="second")

    def send(account: Account, action: str, reason: str = "") -> Any:
        form = {"form_token": sign_in(client, sqlite_database, account), "action": action}
        return client.post(one, data={**form, "reason": reason}, follow_redirects=False)

    sign_in(client, sqlite_database, first)
    record = client.get(f"/staff/sessions/{session_id}").text
    assert "原文应咨询人要求封存" in record
    assert f'<a href="{page}">' in record  # the way to read it, and no heading over nothing
    assert "问答原文" not in record
    assert send(first, "ask").status_code == 422
    assert send(first, "ask", "群众举报").is_redirect
    assert send(first, "agree").status_code == 403
    assert send(first, "read").status_code == 403
    assert send(second, "agree").is_redirect
    assert send(second, "read").status_code == 403
    assert SECRET in send(first, "read").text
    assert SECRET not in client.get(page).text
    assert "restricted.read" in actions(sqlite_database)
