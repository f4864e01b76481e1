"""Signed sheets and erasure: the original record of what counts lies under lock with its words."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from accounts.account import Account
from accounts.role import Role
from api.settings import Settings
from audit.log import AuditEvent
from guidance.indicators.evidence import EvidenceFile, add_evidence, keep_file
from guidance.lifecycle import SessionState
from guidance.periods.record import PeriodRecord, PeriodState
from guidance.privacy.retention import erase_old, read_schedule
from storage.database import Database
from tests.fixtures.people import add_person, sign_in
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    at_rest,
    enter,
    judge_all,
    qualified_chat,
    send_and_approve,
)

SHEET = ("签到表.pdf", "application/pdf", b"%PDF-1.4 signed by everybody")
LONG_AFTER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def accounts(sqlite_database: Database) -> dict[str, Account]:
    roles = {"officer": Role.PRIVACY_OFFICER, "first": Role.AUDITOR, "second": Role.AUDITOR}
    return {name: add_person(sqlite_database, role, login=name) for name, role in roles.items()}


@pytest.fixture
def rows(sqlite_database: Database) -> tuple[int, int]:
    """Two people on one sheet: the first one's consultation counts, the other's does not."""
    counts = enter(sqlite_database, person="visitor-1").id
    judge_all(sqlite_database)
    not_yet = qualified_chat(sqlite_database, "m2", person="visitor-2", at=NOON + timedelta(days=1))
    for session_id in (counts, not_yet):
        prove(sqlite_database, session_id)
    send_and_approve(sqlite_database, counts)
    assert at_rest(sqlite_database, counts).state is SessionState.APPROVED
    return counts, not_yet


def prove(database: Database, session_id: int) -> None:
    with database.writing() as db:
        file = keep_file(db, *SHEET, HANDLER, NOON)
        add_evidence(db, at_rest(database, session_id), file.digest, HANDLER, NOON)


def content(database: Database) -> bytes:
    with database.reading() as db:
        return db.query(EvidenceFile).one().content


def test_a_sheet_outlives_an_erasure_under_lock_and_with_the_others_on_it(
    client: TestClient,
    sqlite_database: Database,
    settings: Settings,
    accounts: dict[str, Account],
    rows: tuple[int, int],
) -> None:
    counts, not_yet = rows
    with sqlite_database.reading() as db:
        digest = db.query(EvidenceFile).one().digest

    def send(who: str, path: str, **form: str) -> Any:
        token = sign_in(client, sqlite_database, accounts[who])
        return client.post(path, data={"form_token": token, **form}, follow_redirects=False)

    def served(session_id: int) -> int:
        sign_in(client, sqlite_database, accounts["first"])
        return client.get(f"/staff/evidence/{digest}?session={session_id}").status_code

    erased = {"reason": "本人申请"}
    assert send("officer", "/staff/privacy/erase", what=str(counts), **erased).status_code == 200
    assert served(counts) == 404  # the record of whoever was erased leads to it no more
    assert served(not_yet) == 200  # but it proves somebody else's too
    assert send("officer", "/staff/privacy/erase", what=str(not_yet), **erased).status_code == 200
    assert served(not_yet) == 404
    assert content(sqlite_database) == SHEET[2]  # what counts is kept by law

    lock = f"/staff/restricted/{counts}"
    assert send("first", lock, action="file", digest=digest).status_code == 403
    assert send("first", lock, action="ask", reason="举报").is_redirect
    assert send("second", lock, action="agree").is_redirect
    page = send("first", lock, action="read").text
    assert re.search(rf'name="digest" value="{digest}"', page)
    file = send("first", lock, action="file", digest=digest)
    assert file.content == SHEET[2]
    assert "attachment" in file.headers["content-disposition"]
    assert send("first", lock, action="file", digest="0" * 64).status_code == 404
    assert send("second", lock, action="file", digest=digest).status_code == 403

    with sqlite_database.writing() as db:  # its quarter is locked, and the two years go by
        db.add(
            PeriodRecord(
                period=at_rest(sqlite_database, counts).period, state=PeriodState.LOCKED,
                seed_digest="", seed="", closed_by="", frame_root="", prepared_by="",
                signed_by="", locked_at=NOON, members_root="", as_of_seq=0,
            )
        )  # fmt: skip
        erase_old(db, read_schedule(settings.data_dir), LONG_AFTER)
    assert content(sqlite_database) == b""
    assert send("first", lock, action="file", digest=digest).status_code == 404
    with sqlite_database.reading() as db:
        events = [event.action for event in db.query(AuditEvent)]
    assert events.count("restricted.read") == 2


def test_a_sheet_of_nothing_that_counts_goes_at_once(
    client: TestClient, sqlite_database: Database, accounts: dict[str, Account]
) -> None:
    session_id = qualified_chat(sqlite_database, "m1")
    prove(sqlite_database, session_id)
    token = sign_in(client, sqlite_database, accounts["officer"])
    told = {"form_token": token, "what": str(session_id), "reason": "本人申请"}
    client.post("/staff/privacy/erase", data=told)
    assert content(sqlite_database) == b""


def test_a_person_is_told_what_becomes_of_a_sheet(client: TestClient) -> None:
    assert "签过名的签到表是原始凭证" in client.get("/me/privacy").text
