"""Who read people's words, and who was refused what, with where the request came from."""

import json
import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from audit.log import AuditEvent, AuditPayload
from storage.database import Database
from tests.api.test_gaps import QUESTION, collect, the_gap
from tests.fixtures.installation import Installation
from tests.fixtures.ledger import ask
from tests.fixtures.people import add_person, sign_in
from tests.guidance.messages import NOON


def logged(database: Database, action: str) -> list[tuple[str, dict[str, Any]]]:
    """The subjects of an action's events with their words."""
    with database.reading() as db:
        rows = db.execute(
            select(AuditEvent.subject, AuditPayload.payload)
            .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
            .where(AuditEvent.action == action)
            .order_by(AuditEvent.seq)
        )
        return [(subject, json.loads(payload or "{}")) for subject, payload in rows]


def test_a_refused_decision_shows_the_words_again_and_that_is_on_record(
    client: TestClient, sqlite_database: Database
) -> None:
    number = ask(sqlite_database, 1, NOON)
    handler = add_person(sqlite_database, Role.HANDLER)
    token = sign_in(client, sqlite_database, handler)
    form = {"form_token": token, "action": "approve"}
    page = client.post(f"/staff/sessions/{number}", data=form)
    assert page.status_code in {403, 409}
    assert "大学刚毕业" in page.text
    assert [one for one, _ in logged(sqlite_database, "transcript.read")] == [f"session:{number}"]


def test_reading_says_where_it_came_from(
    client: TestClient, sqlite_database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    number = ask(sqlite_database, 1, NOON)
    sign_in(client, sqlite_database, add_person(sqlite_database, Role.REVIEWER))
    here = TestClient(client.app, client=("10.1.2.3", 1), cookies=client.cookies)
    with caplog.at_level(logging.INFO, "qichuang.access"):
        assert here.get(f"/staff/sessions/{number}").status_code == 200
    ((_, words),) = logged(sqlite_database, "transcript.read")
    assert words["origin"]["client"] == "10.1.2.0/24"
    assert caplog.messages[-1].endswith(words["origin"]["request"])
    assert len(words["origin"]["request"]) == 16


def test_refused_forms_are_on_record(client: TestClient, sqlite_database: Database) -> None:
    token = sign_in(client, sqlite_database, add_person(sqlite_database, Role.HANDLER))
    assert client.post("/logout", data={"form_token": "0" * 64}).status_code == 403
    foreign = client.post(
        "/logout", data={"form_token": token}, headers={"sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
    found = logged(sqlite_database, "access.form_refused")
    assert [subject for subject, _ in found] == ["route:POST /logout"] * 2
    assert [words["details"]["why"] for _, words in found] == ["FormStale", "ForeignForm"]


def test_a_refused_step_of_an_open_question_is_on_record(installation: Installation) -> None:
    client, database = installation.client, installation.database
    installation.ask(QUESTION)
    collect(installation)
    gap = the_gap(installation)
    handler = add_person(database, Role.HANDLER, org_unit=gap.org_unit)
    token = sign_in(client, database, handler)
    assert (
        client.post(f"/staff/gaps/{gap.id}/approve", data={"form_token": token}).status_code == 403
    )
    ((subject, _),) = logged(database, "access.refused")
    assert subject == "route:POST /staff/gaps/{gap_id}/{step}"


def test_reading_open_questions_is_on_record(installation: Installation) -> None:
    client, database = installation.client, installation.database
    installation.ask(QUESTION)
    collect(installation)
    gap = the_gap(installation)
    sign_in(client, database, add_person(database, Role.ADMINISTRATOR))
    assert QUESTION in client.get("/staff/gaps").text
    assert client.get("/staff/gaps?state=published").status_code == 200  # none to read
    assert QUESTION in client.get(f"/staff/gaps/{gap.id}").text
    ((_, listed),) = logged(database, "gaps.listed")
    assert listed["details"] == {"gaps": [gap.id]}
    assert [one for one, _ in logged(database, "gap.read")] == [gap.subject]
