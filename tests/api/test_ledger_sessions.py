"""The ledger's pages through HTTP: list, one session, decisions, and who may take them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.account import Account
from accounts.role import Role
from audit.log import AuditEvent
from guidance.lifecycle import SessionState
from guidance.review.decisions import CHECKLIST
from storage.database import Database
from tests.fixtures.ledger import Cast, add_cast, ask, enter, judge, state_of
from tests.fixtures.people import add_person, sign_in

Post = Callable[..., Any]
YESTERDAY = datetime.now(UTC) - timedelta(days=1)


@pytest.fixture
def cast(sqlite_database: Database) -> Cast:
    return add_cast(sqlite_database)


@pytest.fixture
def post(client: TestClient, sqlite_database: Database) -> Post:
    """Post as an account; the reply of the form itself, not of where it leads."""

    def send(account: Account, path: str, **fields: Any) -> Any:
        token = sign_in(client, sqlite_database, account)
        form = {"form_token": token, **fields}
        return client.post(path, data=form, follow_redirects=False)

    return send


def events(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(AuditEvent.action).order_by(AuditEvent.seq)))


def read(client: TestClient, database: Database, account: Account, path: str) -> Any:
    sign_in(client, database, account)
    return client.get(path)


def test_one_session_from_the_queue_to_the_count(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    number = ask(sqlite_database, 1, YESTERDAY, unit="东街街道")
    page = f"/staff/sessions/{number}"
    desk = read(client, sqlite_database, cast.handler, "/staff").text
    assert '<a href="/staff/sessions?state=qualified"><strong>1</strong>' in desk
    assert post(cast.handler, page, action="submit").status_code == 303
    assert state_of(sqlite_database, number) is SessionState.PENDING
    refused = post(cast.reviewer, page, action="approve", check=["identity"])
    assert refused.status_code == 409
    assert "请逐项核对" in refused.text
    assert post(cast.reviewer, page, action="approve", check=[*CHECKLIST]).status_code == 303
    assert state_of(sqlite_database, number) is SessionState.APPROVED
    listed = read(client, sqlite_database, cast.auditor, "/staff/sessions?state=counted").text
    assert f'href="{page}?state=counted"' in listed
    assert "计 1 人次" in listed
    assert 'name="action"' not in listed


def test_words_are_shown_to_whose_work_needs_them_and_that_is_on_record(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    number = ask(sqlite_database, 1, YESTERDAY)
    shown = read(client, sqlite_database, cast.reviewer, f"/staff/sessions/{number}")
    assert "大学刚毕业" in shown.text
    assert "《创业扶持办法》" in shown.text
    assert "原文与封存时一致" in shown.text
    assert "visitor:" not in shown.text
    assert events(sqlite_database)[-1] == "transcript.read"
    before = len(events(sqlite_database))
    administrator = add_person(sqlite_database, Role.ADMINISTRATOR)
    hidden = read(client, sqlite_database, administrator, f"/staff/sessions/{number}")
    assert hidden.status_code == 200
    assert "大学刚毕业" not in hidden.text
    assert len(events(sqlite_database)) == before


def test_another_units_session_is_as_missing_as_none(
    client: TestClient, sqlite_database: Database, post: Post
) -> None:
    number = ask(sqlite_database, 1, YESTERDAY, unit="东街街道")
    other = add_person(sqlite_database, Role.HANDLER, org_unit="南湖街道")
    answers = [
        read(client, sqlite_database, other, f"/staff/sessions/{one}")
        for one in (number, 999_999, 2**31, 10**30, "x")
    ]
    assert [one.status_code for one in answers] == [404] * 5
    assert answers[0].json()["detail"] == answers[1].json()["detail"]
    assert post(other, f"/staff/sessions/{number}", action="submit").status_code == 404
    assert post(other, "/staff/sessions", action="submit", session=[number]).status_code == 404
    assert (
        f"/staff/sessions/{number}"
        not in read(client, sqlite_database, other, "/staff/sessions?unit=东街街道").text
    )


def test_who_gave_the_guidance_does_not_approve_it(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    both = add_person(sqlite_database, Role.HANDLER, Role.REVIEWER, login="both")
    entered_by = replace(cast, handler=both).staff("handler")
    number, _ = enter(sqlite_database, entered_by, YESTERDAY, "东街街道")
    page = f"/staff/sessions/{number}"
    post(cast.handler, page, action="submit")
    assert "确认通过" not in read(client, sqlite_database, both, page).text
    refused = post(both, page, action="approve", check=[*CHECKLIST])
    assert refused.status_code == 403
    assert "不能复核同一条记录" in refused.text
    assert events(sqlite_database)[-2:] == ["decision.refused", "transcript.read"]
    assert state_of(sqlite_database, number) is SessionState.PENDING


def test_whoever_asked_in_this_browser_does_not_decide(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    asked = client.post(
        "/api/v1/chat/messages", json={"message_id": "own-1", "text": "小额担保贷款找谁办理？"}
    )
    number = asked.json()["session_id"]
    judge(sqlite_database, datetime.now(UTC) + timedelta(hours=1))
    page = f"/staff/sessions/{number}"
    assert post(cast.handler, page, action="submit").is_redirect
    assert post(cast.reviewer, page, action="approve", check=[*CHECKLIST]).status_code == 403
    client.cookies.clear()  # another browser
    assert post(cast.reviewer, page, action="approve", check=[*CHECKLIST]).is_redirect


def test_return_resubmit_reject_and_appeal(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    def listed(state: str) -> str:
        path = f"/staff/sessions?state={state}"
        text: str = read(client, sqlite_database, cast.handler, path).text
        return text.partition("</form>")[2]  # behind the filter, which names states and codes

    number = ask(sqlite_database, 1, YESTERDAY)
    page = f"/staff/sessions/{number}"
    post(cast.handler, page, action="submit")
    assert post(cast.reviewer, page, action="return", code="x", reason="y").status_code == 409
    assert post(cast.reviewer, page, action="return", code="unit", reason="").status_code == 422
    assert post(cast.reviewer, page, action="return", code="unit", reason="哪条街").is_redirect
    assert "所属单位不明，请说明" in listed("returned")
    assert post(cast.handler, page, action="resubmit", reason="东街").is_redirect
    assert post(
        cast.reviewer, page, action="reject", code="not_guidance", reason="只问时间"
    ).is_redirect
    # Why is said in the list, in the words of the choice; what was written stays with the record.
    assert "不是创业指导" in listed("rejected")
    assert "只问时间" not in listed("rejected")
    assert post(cast.handler, page, action="appeal", reason="问了贷款").is_redirect
    assert "不是创业指导" not in listed("pending_review")
    again = post(cast.reviewer, page, action="approve", check=[*CHECKLIST])
    assert again.status_code == 403
    assert post(cast.second, page, action="approve", check=[*CHECKLIST]).is_redirect
    assert post(cast.signer, page, action="unapprove", reason="复查").is_redirect
    assert state_of(sqlite_database, number) is SessionState.PENDING


def test_many_are_approved_by_two(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    numbers = [ask(sqlite_database, one, YESTERDAY) for one in range(3)]
    assert post(cast.handler, "/staff/sessions", action="submit", session=numbers).is_redirect
    assert post(cast.reviewer, "/staff/sessions", action="approve").status_code == 422
    wrong = post(cast.handler, "/staff/sessions", action="approve", session=numbers, reason="齐")
    assert wrong.status_code == 403
    sent = post(cast.reviewer, "/staff/sessions", action="approve", session=numbers, reason="齐")
    assert sent.headers["location"].startswith("/staff/proposals")
    assert state_of(sqlite_database, numbers[0]) is SessionState.PENDING
    own = read(client, sqlite_database, cast.reviewer, "/staff/proposals").text
    assert "您提议的" in own
    assert post(cast.reviewer, "/staff/proposals/1", action="confirm").status_code == 403
    done = post(cast.second, "/staff/proposals/1", action="confirm")
    assert "通过 3 条" in done.text
    assert {state_of(sqlite_database, one) for one in numbers} == {SessionState.APPROVED}
    one = read(client, sqlite_database, cast.auditor, f"/staff/sessions/{numbers[0]}").text
    assert f"{cast.reviewer.name}提议" in one.partition("办理经过")[2]  # both persons stand there
    assert post(cast.second, "/staff/proposals/1", action="confirm").status_code == 409


def test_requalification_takes_two_reviewers(
    sqlite_database: Database, cast: Cast, post: Post
) -> None:
    number = ask(sqlite_database, 1, YESTERDAY, text="贷款")
    assert state_of(sqlite_database, number) is SessionState.UNQUALIFIED
    page = f"/staff/sessions/{number}"
    assert post(cast.reviewer, page, action="requalify", reason="确有内容").is_redirect
    assert post(cast.second, "/staff/proposals/1", action="confirm").is_redirect
    assert state_of(sqlite_database, number) is SessionState.QUALIFIED


def test_list_pages_by_cursor_and_filters(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    first = YESTERDAY - timedelta(days=60)
    for number in range(53):
        ask(sqlite_database, number, first + timedelta(days=number), unit="东街街道")
    page = read(client, sqlite_database, cast.handler, "/staff/sessions?state=qualified")
    assert page.text.count('class="tick"') == 50
    assert "共 53 条" in page.text
    rest = client.get("/staff/sessions?state=qualified&after=50")
    assert rest.text.count('class="tick"') == 3
    assert client.get("/staff/sessions?after=99999999999999").status_code == 422
    month = f"{first:%Y-%m}"
    for query, some in [
        ("unit=东街街道", True), ("unit=-", False), ("channel=wechat", False), ("line=window", False),
        ("level=visitor", True), ("period=2019Q1", False), (f"month={month}", True),
        ("month=2026-99", True), ("flagged=1", False), ("code=Q8", False), ("state=nonsense", True),
        ("provider=mentor:X", False), ("period=kaputt", True), ("q=%00", True),
    ]:  # fmt: skip
        found = client.get(f"/staff/sessions?{query}")
        assert found.status_code == 200, query
        assert ("没有符合条件" not in found.text) is some, query


def test_evidence_is_uploaded_and_handed_out_within_the_scope(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    number = ask(sqlite_database, 1, YESTERDAY, unit="东街街道")
    token = sign_in(client, sqlite_database, cast.handler)
    sent = client.post(
        f"/staff/uploads/sessions/{number}",
        data={"form_token": token},
        files={"file": ("签到<表>.html", b"<script>1</script>", "text/html")},
        follow_redirects=False,
    )
    assert sent.is_redirect
    page = client.get(f"/staff/sessions/{number}").text
    assert "签到&lt;表&gt;.html" in page
    address = page.split('href="/staff/evidence/')[1].split('"')[0].replace("&amp;", "&")
    got = client.get(f"/staff/evidence/{address}")
    assert got.content == b"<script>1</script>"
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["content-disposition"].startswith("attachment")
    assert client.get(f"/staff/evidence/{'0' * 64}?session={number}").status_code == 404
    other = add_person(sqlite_database, Role.HANDLER, login="other", org_unit="南湖街道")
    sign_in(client, sqlite_database, other)
    assert client.get(f"/staff/evidence/{address}").status_code == 404


def test_a_record_leads_on_within_the_list_it_was_opened_from(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    first, other, last = (
        ask(sqlite_database, number, YESTERDAY, unit=unit)
        for number, unit in enumerate(["东街街道", "南湖街道", "东街街道"])
    )
    sign_in(client, sqlite_database, cast.handler)
    inside = "?" + urlencode({"state": "qualified", "unit": "东街街道"})
    listed = client.get(f"/staff/sessions{inside}").text
    carried = inside.replace("&", "&amp;")
    assert f'href="/staff/sessions/{first}{carried}"' in listed
    page = client.get(f"/staff/sessions/{first}{inside}").text
    assert f'rel="next" href="/staff/sessions/{last}{carried}"' in page  # a queue: oldest first
    assert 'rel="prev"' not in page
    everywhere = client.get(f"/staff/sessions/{other}").text  # newest first
    assert f'rel="next" href="/staff/sessions/{first}"' in everywhere
    assert f'rel="prev" href="/staff/sessions/{last}"' in everywhere
    assert client.get(f"/staff/sessions/{first}?after=x").status_code == 200


def test_the_lot_names_a_reviewer_and_leads_them_to_their_sessions_first(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    elsewhere = add_person(sqlite_database, Role.REVIEWER, login="elsewhere", org_unit="南湖街道")
    drawn: dict[str, list[int]] = {}
    for client_number in range(1, 9):
        number = ask(sqlite_database, client_number, YESTERDAY, unit="东街街道")
        post(cast.handler, f"/staff/sessions/{number}", action="submit")
        page = read(client, sqlite_database, cast.reviewer, f"/staff/sessions/{number}").text
        name = page.split("<dt>抽签复核人</dt><dd>")[1].split("</dd>")[0]
        drawn.setdefault(name, []).append(number)
    yours, others = f"{cast.reviewer.name}（就是您）", cast.second.name
    assert set(drawn) <= {yours, others}
    assert elsewhere.name not in drawn
    for name, account in ((yours, cast.reviewer), (others, cast.second)):
        first = read(client, sqlite_database, account, "/staff/sessions/next")
        assert str(first.url).split("?")[0].endswith(f"/{min(drawn.get(name, [1]))}")
