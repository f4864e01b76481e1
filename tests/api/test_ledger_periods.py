"""A quarter through HTTP: closed, checked, locked by two, corrected by adjustments."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from accounts.account import Account
from accounts.role import Role
from api.ledger.indicator_commands import library_counts
from api.policies.validity import today
from guidance.lifecycle import SessionState
from guidance.periods.frozen import frozen_of
from guidance.periods.period import Quarter
from guidance.periods.seed import commit_seed
from guidance.reports.method import method_table
from guidance.review.decisions import CHECKLIST, approve, submit
from storage.database import Database
from tests.fixtures.ledger import Cast, add_cast, ask, state_of
from tests.fixtures.people import add_person, sign_in

Post = Callable[..., Any]
LAST = Quarter.of(today()).preceding.preceding  # over for long enough to be locked
PAGE = f"/staff/periods/{LAST}"
THEN = datetime.combine(LAST.first_day, time(4), UTC)


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
def counted(sqlite_database: Database, cast: Cast) -> list[int]:
    """Two counted sessions of the last quarter, in two streets."""
    numbers = []
    for number, unit in enumerate(("东街街道", "南湖街道")):
        session_id = ask(sqlite_database, number, THEN + timedelta(days=number), unit=unit)
        with sqlite_database.writing() as db:
            submit(db, session_id, cast.staff("handler"), THEN)
        with sqlite_database.writing() as db:
            approve(db, session_id, cast.staff("reviewer"), THEN, CHECKLIST)
        numbers.append(session_id)
    return numbers


@pytest.fixture
def committed(sqlite_database: Database, cast: Cast) -> None:
    """The seed of the last quarter, published in time."""
    with sqlite_database.writing() as db:
        commit_seed(db, LAST, cast.staff("handler"), THEN)


def lock(post: Post, cast: Cast, counted: list[int]) -> None:
    assert post(cast.handler, PAGE, action="close").is_redirect
    for number in counted:
        sample = f"/staff/samples/{number}"
        assert post(cast.second, sample, action="confirmed").is_redirect
    assert post(cast.handler, PAGE, action="prepare").is_redirect
    assert post(cast.signer, "/staff/proposals/1", action="confirm").is_redirect


def test_a_seed_that_was_missed_takes_two_and_says_so(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    missed = post(cast.handler, PAGE, action="commit")
    assert missed.status_code == 409
    assert f"最迟应在季度最后一天（{LAST.last_day}）公布" in missed.text
    assert post(cast.handler, PAGE, action="close").status_code == 409
    late = {"action": "commit_late", "reason": "经办人休假，无人接手"}
    assert post(cast.reviewer, PAGE, **late).status_code == 403
    assert post(cast.handler, PAGE, action="commit_late").status_code == 422
    assert post(cast.handler, PAGE, **late).is_redirect
    assert "补公布已有人申请" in post(cast.signer, PAGE, **late).text
    assert "待签发人确认" in client.get(PAGE).text
    assert post(cast.handler, "/staff/proposals/1", action="confirm").status_code == 403
    assert post(cast.reviewer, "/staff/proposals/1", action="confirm").status_code == 403
    assert post(cast.signer, "/staff/proposals/1", action="confirm").is_redirect
    assert post(cast.handler, PAGE, action="close").is_redirect
    sign_in(client, sqlite_database, cast.auditor)
    shown = client.get(PAGE).text
    assert "逾期补公布" in shown
    assert "经办人休假，无人接手。测试handler申请，测试signer确认" in shown
    with sqlite_database.reading() as db:
        note = {row[0]: str(row[1]) for row in method_table(db, [str(LAST)], published=False).rows}
    assert note[f"{LAST} 抽查种子摘要逾期公布"].endswith("补公布，经办人休假，无人接手")


@pytest.mark.usefixtures("committed")
def test_a_quarter_is_closed_checked_and_locked_by_two(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post, counted: list[int]
) -> None:
    assert post(cast.handler, PAGE, action="nonsense").status_code == 409
    street = add_person(sqlite_database, Role.SIGNER, login="street", org_unit="东街街道")
    assert post(street, PAGE, action="commit").status_code == 403
    assert post(cast.reviewer, PAGE, action="commit").status_code == 403
    assert post(cast.handler, PAGE, action="close").is_redirect
    assert post(cast.signer, PAGE, action="prepare").status_code == 409
    sample = f"/staff/samples/{counted[0]}"
    assert post(cast.reviewer, sample, action="confirmed").status_code == 403
    assert post(cast.second, sample, action="not_confirmed").status_code == 422
    sign_in(client, sqlite_database, cast.second)
    blind = client.get(sample).text
    assert "情况属实" in blind
    assert "测试reviewer<" not in blind
    for number in counted:
        assert post(cast.second, f"/staff/samples/{number}", action="confirmed").is_redirect
    assert post(cast.signer, PAGE, action="prepare").is_redirect
    assert post(cast.signer, "/staff/proposals/1", action="confirm").status_code == 403
    assert post(cast.second_signer, "/staff/proposals/1", action="confirm").is_redirect
    assert state_of(sqlite_database, counted[0]) is SessionState.LOCKED
    with sqlite_database.reading() as db:
        library = library_counts(db, today())
        frozen = frozen_of(db, str(LAST))
        rows = {name: count for name, count in library.items() if "." not in name}  # no parts
        assert rows
        assert {name: frozen[name].value for name in rows} == rows
    sign_in(client, sqlite_database, cast.auditor)
    shown = client.get(PAGE).text
    assert "测试signer2" in shown
    assert "成员摘要" in shown
    for state in ("counted", "counting"):
        listed = f"/staff/sessions?state={state}&amp;period={PAGE.rpartition('/')[2]}"
        assert shown.count(f'<td class="number"><a href="{listed}">2</a></td>') == 1
    assert 'name="action"' not in shown


def test_a_quarter_that_runs_is_not_closed(client: TestClient, cast: Cast, post: Post) -> None:
    this = Quarter.of(today())
    page = f"/staff/periods/{this}"
    assert post(cast.handler, page, action="commit").is_redirect
    refused = post(cast.handler, page, action="close")
    assert refused.status_code == 409
    assert f"{this.entry_closes_on} 截止" in refused.text
    assert "公布，最迟应在" in refused.text
    assert "录入截止，之后才能结算" in client.get(page).text


@pytest.mark.usefixtures("committed")
def test_a_locked_figure_is_restated_and_never_changed(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post, counted: list[int]
) -> None:
    lock(post, cast, counted)
    page = f"/staff/sessions/{counted[0]}"
    assert post(cast.reviewer, page, action="reject", code="untrue", reason="x").status_code == 409
    void = {"kind": "void", "reason": "回访查明没有此事", "reference": "查〔1〕号"}
    assert post(cast.reviewer, f"{page}/adjust", **void).status_code == 403
    assert post(cast.handler, f"{page}/adjust", kind="all", reason="x").status_code == 409
    assert post(cast.handler, f"{page}/adjust", kind="void").status_code == 422
    assert post(cast.handler, f"{page}/adjust", **void).is_redirect
    assert post(cast.handler, "/staff/adjustments/1", action="confirm").status_code == 403
    assert post(cast.second, "/staff/adjustments/1", action="confirm").is_redirect
    assert post(cast.second, "/staff/adjustments/1", action="confirm").status_code == 409
    assert post(cast.second, "/staff/adjustments/99999999999", action="confirm").status_code == 404
    sign_in(client, sqlite_database, cast.auditor)
    shown = client.get(PAGE).text
    assert f'state=counting&amp;period={LAST}">1</a></td>' in shown
    assert '<a href="#basis">-1</a></td>' in shown
    assert "回访查明没有此事" in shown
    assert "查〔1〕号" in shown


@pytest.mark.usefixtures("committed")
def test_an_exception_is_asked_for_by_a_unit_and_granted_by_the_district(
    sqlite_database: Database, cast: Cast, post: Post, counted: list[int]
) -> None:
    lock(post, cast, counted)
    street = add_person(sqlite_database, Role.HANDLER, login="street", org_unit="东街街道")
    assert post(street, PAGE, action="except", reason="设备故障").is_redirect
    assert post(cast.reviewer, "/staff/proposals/2", action="confirm").status_code == 403
    assert post(cast.signer, "/staff/proposals/2", action="refuse").status_code == 422
    assert post(cast.signer, "/staff/proposals/2", action="confirm").is_redirect


@pytest.mark.usefixtures("counted")
def test_units_see_their_own_figures(client: TestClient, sqlite_database: Database) -> None:
    street = add_person(sqlite_database, Role.HANDLER, login="street", org_unit="东街街道")
    sign_in(client, sqlite_database, street)
    page = client.get(PAGE).text
    assert "东街街道</th>" in page
    assert "南湖街道</th>" not in page
    assert client.get("/staff/periods").status_code == 200
    assert client.get("/staff/periods/2026Q9").status_code == 422
    assert client.get(f"/staff/periods/{LAST.year}q{LAST.number}").status_code == 200
