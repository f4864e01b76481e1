"""Indicators through HTTP: what is shown, what is entered, reviewed and signed by whom."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from accounts.account import Account
from accounts.role import Role
from api.ledger.chart import figure, line_chart
from api.policies.validity import today
from guidance.indicators.indicator import load_register
from guidance.review.decisions import CHECKLIST, approve, submit
from storage.database import Database
from tests.fixtures.ledger import Cast, add_cast, ask
from tests.fixtures.people import add_person, sign_in

Post = Callable[..., Any]
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    return add_cast(sqlite_database)


@pytest.fixture
def post(client: TestClient, sqlite_database: Database) -> Post:
    def send(account: Account, path: str, **fields: Any) -> Any:
        token = sign_in(client, sqlite_database, account)
        files = fields.pop("files", None)
        form = {"form_token": token, **fields}
        return client.post(path, data=form, files=files, follow_redirects=False)

    return send


def count_one(database: Database, cast: Cast, number: int, unit: str = "") -> None:
    session_id = ask(database, number, YESTERDAY, unit=unit)
    with database.writing() as db:
        submit(db, session_id, cast.staff("handler"), YESTERDAY)
    with database.writing() as db:
        approve(db, session_id, cast.staff("reviewer"), YESTERDAY, CHECKLIST)


def test_every_row_stands_there_and_nothing_unknown_looks_reached(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    sign_in(client, sqlite_database, cast.handler)
    page = client.get("/staff/indicators").text
    for row in load_register().rows():
        assert row.name in page
    assert "待录入" in page
    assert "待定口径" in page
    assert 'class="state-tag good"' not in page


def test_numbers_lead_to_their_rows(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    count_one(sqlite_database, cast, 1, "东街街道")
    count_one(sqlite_database, cast, 2)
    sign_in(client, sqlite_database, cast.auditor)
    year = YESTERDAY.year
    listed = f"/staff/sessions?state=counting&amp;period={year}"
    assert f'<a href="{listed}">2 人次</a>' in client.get(f"/staff/indicators?year={year}").text
    page = client.get(f"/staff/indicators/M3c?year={year}").text
    for query, rows in [("unit=东街街道", 1), ("unit=-", 1), ("channel=web", 2)]:
        assert f'{listed}&amp;{query}">{rows}</a>' in page
        found = client.get(f"/staff/sessions?state=counting&period={year}&{query}").text
        assert f"共 {rows} 条" in found


def test_reviewers_see_no_targets(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    sign_in(client, sqlite_database, cast.reviewer)
    for path in ("/staff", "/staff/sessions", "/staff/indicators", "/staff/indicators/M3c"):
        page = client.get(path).text
        assert "1,400" not in page
        assert "1400" not in page
        assert "落后于进度" not in page


def test_a_value_is_entered_with_evidence_and_reviewed_by_another(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    path = "/staff/uploads/indicators/B2"
    good = {"value": "1，200", "as_of_on": today().isoformat(), "source": "区人社局"}
    evidence = {"file": ("花名册.pdf", b"%PDF-1.7", "application/pdf")}
    for words, files in [
        ({**good, "value": "很多"}, evidence), ({**good, "value": "-1"}, evidence),
        ({**good, "as_of_on": "9999-01-01"}, evidence), ({**good, "as_of_on": "x"}, evidence),
        ({**good, "source": " "}, evidence), (good, None), ({**good, "value": "1e400"}, evidence),
        ({**good, "sample_size": "99999999999"}, evidence), ({**good, "value": "NaN"}, evidence),
        ({**good, "row_number": "0.5"}, evidence),
    ]:  # fmt: skip
        assert post(cast.handler, path, **words, files=files).status_code == 422, words
    assert post(cast.handler, path, **good, files=evidence).is_redirect
    derived = post(cast.handler, "/staff/uploads/indicators/M3c", **good, files=evidence)
    assert derived.status_code == 422
    assert "任何人都不能填报" in derived.text
    sign_in(client, sqlite_database, cast.handler)
    assert "1,200" in client.get("/staff/indicators/B2").text
    assert "1,200" not in client.get("/staff/indicators").text
    assert post(cast.handler, "/staff/values/1", action="accept").status_code == 403
    assert post(cast.reviewer, "/staff/values/1", action="refuse").status_code == 422
    assert post(cast.reviewer, "/staff/values/1", action="accept").is_redirect
    assert post(cast.second, "/staff/values/1", action="accept").status_code == 409
    assert post(cast.second, f"/staff/values/{10**20}", action="accept").status_code == 404
    sign_in(client, sqlite_database, cast.auditor)
    shown = client.get("/staff/indicators").text
    assert "1,200" in shown
    assert "已达到" in shown
    assert client.get("/staff/indicators/NIX").status_code == 404


def test_a_reading_is_proposed_and_signed_by_two(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    reading = {"subject": "ambiguity:3", "choice": "只含当年参与的人", "reason": "与统计局商定"}
    assert (
        post(cast.handler, "/staff/definitions", **{**reading, "subject": "x"}).status_code == 422
    )
    street = add_person(sqlite_database, Role.HANDLER, login="street", org_unit="东街街道")
    assert post(street, "/staff/definitions", **reading).status_code == 403
    assert post(cast.handler, "/staff/definitions", **reading).is_redirect
    assert post(cast.reviewer, "/staff/proposals/1", action="confirm").status_code == 403
    signed = post(cast.signer, "/staff/proposals/1", action="confirm", approval_number="备〔1〕号")
    assert signed.is_redirect
    sign_in(client, sqlite_database, cast.handler)
    page = client.get("/staff/definitions").text
    assert "只含当年参与的人" in page
    assert "测试signer签字" in page
    assert "备〔1〕号" in page


def test_charts_stay_within_their_frame() -> None:
    assert line_chart([]) is None
    chart = line_chart([(str(number), 7.0 * number) for number in range(30)], target=500)
    assert chart is not None
    assert all(0 <= mark.y <= chart.height and mark.x <= chart.width for mark in chart.marks)
    assert sum(mark.named for mark in chart.marks) <= 12
    assert chart.target_y is not None
    few = line_chart([("a", 1.0), ("b", 2.0)])
    assert few is not None
    assert [tick.text for tick in few.ticks] == ["0", "1", "2"]  # no half of a person
    flat = line_chart([("a", 0.0), ("b", 0.0)])
    assert flat is not None
    assert {mark.y for mark in flat.marks} == {flat.floor}
    assert figure(1400.0) == "1,400"
    assert figure(0) == "0"
    assert figure(12.5) == "12.5"
