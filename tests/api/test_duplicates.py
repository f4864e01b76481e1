"""Merging two sessions of one person through HTTP, and what the review queue shows of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from accounts.account import Account
from accounts.role import Role
from guidance.lifecycle import SessionState
from guidance.review.decisions import submit
from guidance.session import GuidanceSession
from storage.database import Database
from tests.fixtures.ledger import STREETS, Cast, add_cast, ask, state_of
from tests.fixtures.people import add_person, sign_in

Post = Callable[..., Any]
THEN = datetime.now(UTC) - timedelta(hours=3)


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


@pytest.fixture
def pair(sqlite_database: Database, cast: Cast) -> tuple[int, int]:
    """One person's sessions of two days, both in review, and somebody else's."""
    ids = [
        ask(sqlite_database, number, THEN - timedelta(days=number), unit=STREETS[0])
        for number in (0, 1, 2)
    ]
    with sqlite_database.writing() as db:
        mine = update(GuidanceSession).where(GuidanceSession.id.in_(ids[:2]))
        db.execute(mine.values(person="visitor:0001", counts_for="visitor:0001"))
    with sqlite_database.writing() as db:
        for one in ids:
            submit(db, one, cast.staff("handler"), THEN)
    return ids[0], ids[1]


def test_two_people_merge_a_session_and_part_it_again(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post, pair: tuple[int, int]
) -> None:
    first, second = pair
    page = f"/staff/sessions/{first}"
    sign_in(client, sqlite_database, cast.reviewer)
    queue = client.get("/staff/sessions?state=pending_review").text
    assert queue.count("同一人前后一天另有") == 2
    shown = client.get(page).text
    assert "同一咨询人前后一天的其他记录" in shown
    assert f'<option value="{second}">' in shown
    merge = {"action": "merge", "code": str(second), "reason": "同一次咨询登记了两遍"}
    assert post(cast.reviewer, page, **{**merge, "code": ""}).status_code == 409
    assert post(cast.reviewer, page, **{**merge, "code": "99999"}).status_code == 404
    assert post(cast.reviewer, page, **{**merge, "reason": ""}).status_code == 422
    assert post(cast.signer, page, **merge).status_code == 403
    assert post(cast.reviewer, page, **merge).is_redirect
    assert post(cast.reviewer, "/staff/proposals/1", action="confirm").status_code == 403
    waiting = client.get("/staff/proposals").text
    assert f"编号 {first} 并入编号 {second}，是同一次咨询" in waiting
    assert post(cast.handler, "/staff/proposals/1", action="confirm").is_redirect
    assert state_of(sqlite_database, first) is SessionState.MERGED
    assert "本条已并入" in client.get(page).text
    part = {"action": "part", "reason": "查明是两次"}
    assert post(cast.handler, page, **part).is_redirect
    assert post(cast.second, "/staff/proposals/2", action="confirm").is_redirect
    assert state_of(sqlite_database, first) is SessionState.RECORDED


def test_a_street_merges_only_what_it_may_open(
    sqlite_database: Database, post: Post, pair: tuple[int, int]
) -> None:
    first, second = pair
    with sqlite_database.writing() as db:
        away = update(GuidanceSession).where(GuidanceSession.id == second)
        db.execute(away.values(org_unit=STREETS[1]))
    street = add_person(sqlite_database, Role.HANDLER, login="street", org_unit=STREETS[0])
    merge = {"action": "merge", "code": str(second), "reason": "同一次咨询"}
    assert post(street, f"/staff/sessions/{first}", **merge).status_code == 404
    assert post(street, f"/staff/sessions/{second}", **merge).status_code == 404
