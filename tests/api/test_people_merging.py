"""Finding two people who are one, and merging them with a second person."""

import re
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from api.ledger.entry import identity_key
from audit.log import SYSTEM, AuditEvent
from guidance.people.identity import (
    IdentityKind,
    bind_identity,
    holder_of,
    identity_digest,
    new_person,
)
from guidance.review.proposal import Proposal
from storage.database import Database
from tests.fixtures.people import add_person, sign_in, sign_in_as
from tests.guidance.messages import NOON
from tests.guidance.people import approved_chat

NUMBER = "13800001234"
FORM = {"evidence": "papers", "reason": "本人到窗口说明"}


@pytest.fixture
def entered(app: FastAPI, client: TestClient, sqlite_database: Database) -> str:
    """A person whom staff entered with a number."""

    asking: Any = SimpleNamespace(app=app)
    digest = identity_digest(identity_key(asking), IdentityKind.PHONE, NUMBER)
    with sqlite_database.writing() as db:
        person = new_person(db, NOON)
        bind_identity(db, person, IdentityKind.PHONE, digest, by=SYSTEM, at=NOON)
    assert client
    return person


def clues(token: str, first: tuple[str, str], second: tuple[str, str]) -> dict[str, str]:
    return {
        "form_token": token, "first_clue": first[0], "first_value": first[1],
        "second_clue": second[0], "second_value": second[1],
    }  # fmt: skip


def events(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))


def test_two_are_found_proposed_confirmed_and_noted(
    client: TestClient, sqlite_database: Database, entered: str
) -> None:
    session = str(approved_chat(sqlite_database, "m1", person="visitor-1"))
    token = sign_in_as(client, sqlite_database, Role.HANDLER)
    sent = clues(token, ("session", session), ("phone", "+86 138 0000 1234"))
    found = client.post("/staff/people/merge/find", data=sent)
    assert "1 次（1 次已计数）" in found.text
    assert entered not in found.text
    assert "请选择依据" in client.post("/staff/people/merge", data=sent).text
    done = client.post("/staff/people/merge", data=sent | FORM, follow_redirects=False)
    assert done.status_code == 303
    assert "请另一位同事确认" in client.get("/staff/proposals").text
    second = add_person(sqlite_database, Role.REVIEWER)
    token = sign_in(client, sqlite_database, second)
    with sqlite_database.reading() as db:
        proposal = db.scalars(select(Proposal)).one()
        assert "核对了证件" in proposal.reason
    compared = client.get(f"/staff/people/merge?proposal={proposal.id}")
    assert "核对了证件" in compared.text
    path = f"/staff/proposals/{proposal.id}"
    client.post(path, data={"form_token": token, "action": "confirm"})
    with sqlite_database.reading() as db:
        assert holder_of(db, entered) == holder_of(db, "visitor-1")
    token = sign_in(
        client, sqlite_database, add_person(sqlite_database, Role.HANDLER, login="second")
    )
    again = client.post("/staff/people/merge/find", data=sent | {"form_token": token})
    assert "指向同一个人" in again.text
    page = client.get("/staff/people/merge").text
    assert f"两人确认（第 {proposal.id} 号提议）" in page
    event = re.search(r'name="event" value="(\d+)"', page)
    assert event
    note = {"form_token": token, "event": event[1], "reason": "证件看错了"}
    assert "证件看错了" in client.post("/staff/people/merge/note", data=note).text
    assert events(sqlite_database).count("person.looked_up") == 10
    assert {"merge_people.proposed", "person.merged", "person.merge_noted"} <= set(
        events(sqlite_database)
    )


def test_a_person_is_found_by_the_code_that_they_read_out(
    app: FastAPI, client: TestClient, sqlite_database: Database, entered: str
) -> None:
    person = TestClient(app)
    page = person.post("/me/counter").text
    code = re.search(r"<p class=\"code-to-send\">(\d{6})</p>", page)
    assert code
    assert entered
    token = sign_in_as(client, sqlite_database, Role.HANDLER)
    sent = clues(token, ("shown", code[1]), ("phone", NUMBER))
    assert "找到的两位" in client.post("/staff/people/merge/find", data=sent).text
    done = client.post("/staff/people/merge", data=sent | FORM, follow_redirects=False)
    assert done.status_code == 303


@pytest.mark.parametrize(
    "clue",
    [("session", "999999999"), ("session", "x"), ("session", "1" * 30), ("phone", "13911112222"),
     ("papers", "３３"), ("shown", "000000"), ("nonsense", "1"), ("phone", "-")],
)  # fmt: skip
def test_nobody_is_found_and_said_so(
    client: TestClient, sqlite_database: Database, clue: tuple[str, str]
) -> None:
    token = sign_in_as(client, sqlite_database, Role.HANDLER)
    missed = client.post("/staff/people/merge/find", data=clues(token, clue, clue))
    assert missed.status_code == 404
    assert "没有找到第一位" in missed.text


def test_guessing_numbers_ends(client: TestClient, sqlite_database: Database) -> None:
    token = sign_in_as(client, sqlite_database, Role.HANDLER)
    sent: dict[str, Any] = clues(token, ("phone", "13911112222"), ("phone", "1"))
    codes = [client.post("/staff/people/merge/find", data=sent).status_code for _ in range(21)]
    assert codes == [404] * 20 + [429]


def test_an_account_of_one_street_looks_nobody_up(
    client: TestClient, sqlite_database: Database
) -> None:
    token = sign_in_as(client, sqlite_database, Role.HANDLER, org_unit="东街街道")
    assert "由区级经办人员办理" in client.get("/staff/people/merge").text
    sent = clues(token, ("session", "1"), ("session", "2"))
    assert client.post("/staff/people/merge/find", data=sent).status_code == 403
    assert client.post("/staff/people/merge", data=sent | FORM).status_code == 403
    assert client.get("/staff/people/merge?proposal=1").status_code == 403
