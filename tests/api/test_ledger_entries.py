"""Entering consultations with a person, their confirmation, and sign-in sheets."""

import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from accounts.account import Account
from accounts.role import Role
from api.ledger.sheet_file import COLUMNS
from api.policies.validity import today
from audit.log import events_of
from guidance.intake import qualify_recorded
from guidance.people.identity import Identity
from guidance.session import GuidanceSession
from storage.database import Database
from tests.fixtures.ledger import Cast, add_cast
from tests.fixtures.people import add_person, sign_in

Post = Callable[..., Any]
DAY = (today() - timedelta(days=1)).isoformat()
GOOD = {
    "line": "window", "day": DAY, "begin": "09:30", "end": "10:00", "phone": "138 0000 1111",
    "papers": "", "place": "区服务大厅", "topic": "贷款", "mentor": "", "unit": "东街街道",
    "colleague": "", "summary": "说明贷款条件和材料，约定下周带齐材料来办理。",
}  # fmt: skip


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


def sessions(database: Database) -> list[GuidanceSession]:
    with database.reading() as db:
        return list(db.scalars(select(GuidanceSession).order_by(GuidanceSession.id)))


def sheet(*rows: Sequence[object]) -> dict[str, tuple[str, bytes, str]]:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(list(COLUMNS))
    for row in rows:
        page.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return {"file": ("签到表.xlsx", target.getvalue(), "application/octet-stream")}


def row(**changed: object) -> list[object]:
    words = {**GOOD, "line": "窗口", **changed}
    return [words[name] for name in COLUMNS.values()]


def test_an_entry_is_recorded_and_confirmed_by_the_client(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    made = post(cast.handler, "/staff/entries", **GOOD)
    assert made.status_code == 201
    assert "<svg" in made.text
    code = made.text.split('class="ledger-code">')[1][:6]
    (one,) = sessions(sqlite_database)
    assert one.provider == one.recorder == f"account:{cast.handler.id}"
    assert one.minutes == 30
    with sqlite_database.reading() as db:
        assert "13800001111" not in (db.scalar(select(Identity.digest)) or "")
    client.cookies.clear()
    assert client.get(f"/confirm/{one.id}?code={code}").status_code == 200
    assert sessions(sqlite_database)[0].confirmed_at is None
    wrong = client.post("/confirm", data={"number": one.id, "code": "abc"})
    assert wrong.status_code == 422
    assert client.post("/confirm", data={"number": 10**20, "code": code}).status_code == 422
    done = client.post("/confirm", data={"number": one.id, "code": code})
    assert "已经确认" in done.text
    assert sessions(sqlite_database)[0].confirmed_at is not None


def test_codes_cannot_be_guessed_fast(client: TestClient, cast: Cast, post: Post) -> None:
    post(cast.handler, "/staff/entries", **GOOD)
    answers = [
        client.post("/confirm", data={"number": 1, "code": f"x{guess:05}"}).status_code
        for guess in range(11)
    ]
    assert answers == [422] * 10 + [429]


@pytest.mark.parametrize(
    "changed",
    [
        {"line": "assistant"}, {"day": "昨天"}, {"day": "0001-01-01"}, {"end": "09:00"},
        {"begin": "25:00"}, {"phone": ""}, {"phone": "123"}, {"topic": ""}, {"summary": " "},
        {"mentor": "M404"}, {"line": "mentor"}, {"day": "2999-01-01"}, {"colleague": "nobody"},
    ],
)  # fmt: skip
def test_what_cannot_be_right_is_not_recorded(
    sqlite_database: Database, cast: Cast, post: Post, changed: dict[str, str]
) -> None:
    refused = post(cast.handler, "/staff/entries", **{**GOOD, **changed})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text
    assert sessions(sqlite_database) == []
    with sqlite_database.reading() as db:
        assert db.scalar(select(func.count()).select_from(Identity)) == 0


def test_the_same_entry_again_is_held(sqlite_database: Database, cast: Cast, post: Post) -> None:
    post(cast.handler, "/staff/entries", **GOOD)
    again = post(cast.handler, "/staff/entries", **{**GOOD, "phone": "13800001111"})
    assert again.status_code == 409
    assert 'href="/staff/sessions/1"' in again.text
    assert len(sessions(sqlite_database)) == 1


def test_an_account_of_a_unit_enters_for_that_unit(sqlite_database: Database, post: Post) -> None:
    street = add_person(sqlite_database, Role.HANDLER, org_unit="南湖街道")
    assert post(street, "/staff/entries", **GOOD).status_code == 201
    assert sessions(sqlite_database)[0].org_unit == "南湖街道"


def test_who_gave_the_guidance_is_credited_not_who_typed_it(
    sqlite_database: Database, cast: Cast, post: Post
) -> None:
    here = add_person(sqlite_database, Role.HANDLER, login="here", org_unit="东街街道")
    near = add_person(sqlite_database, Role.HANDLER, login="near", org_unit="东街街道")
    add_person(sqlite_database, Role.HANDLER, login="far", org_unit="南湖街道")
    add_person(sqlite_database, Role.MENTOR, login="tutor")
    assert post(here, "/staff/entries", **{**GOOD, "colleague": "far"}).status_code == 422
    assert post(here, "/staff/entries", **{**GOOD, "colleague": "tutor"}).status_code == 422
    both = {"colleague": "near", "mentor": "M0001"}
    assert post(here, "/staff/entries", **{**GOOD, **both}).status_code == 422
    assert post(here, "/staff/entries", **{**GOOD, "colleague": " Near "}).status_code == 201
    (one,) = sessions(sqlite_database)
    assert (one.provider, one.recorder) == (f"account:{near.id}", f"account:{here.id}")
    rows = sheet(row(phone="13900002222", colleague="near", summary="看过租约，谈了开店的预算。"))
    shown = post(cast.handler, "/staff/uploads/sheets", files=rows)
    digest = shown.text.split('name="digest" value="')[1][:64]
    assert post(cast.handler, "/staff/entries/sheets", digest=digest).is_redirect
    assert sessions(sqlite_database)[1].provider == f"account:{near.id}"


def test_a_sheet_is_previewed_then_recorded_with_itself_as_evidence(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    rows = sheet(row(), row(phone="13900002222"), row(), row(day=today() - timedelta(days=1)))
    shown = post(cast.handler, "/staff/uploads/sheets", files=rows)
    assert shown.status_code == 200
    assert "可以登记 2 行" in shown.text
    assert "与本表第 2 行重复" in shown.text
    assert sessions(sqlite_database) == []
    digest = shown.text.split('name="digest" value="')[1][:64]
    assert post(cast.second, "/staff/entries/sheets", digest=digest).status_code == 403
    other = add_person(sqlite_database, Role.HANDLER, login="other")
    assert post(other, "/staff/entries/sheets", digest=digest).status_code == 422
    recorded = post(cast.handler, "/staff/entries/sheets", digest=digest, **LEFT_OUT)
    assert "已登记 2 行" in recorded.text
    assert "与本表第 2 行重复" in recorded.text
    assert "按上面的决定登记" not in recorded.text
    assert len(sessions(sqlite_database)) == 2
    with sqlite_database.reading() as db:
        ((_, kept),) = [
            one for one in events_of(db, f"evidence:{digest}") if one[0].action == "sheet.recorded"
        ]
    assert kept["details"] == {
        "rows": 2, "held": {"4": 0, "5": 0}, "left_out": {"4": "同一次", "5": ""}, "admitted": {},
    }  # fmt: skip
    page = client.get("/staff/sessions/1").text
    assert "签到表.xlsx" in page
    again = post(cast.handler, "/staff/uploads/sheets", files=rows)
    assert "可以登记 0 行" in again.text


LEFT_OUT = {"row-4": "leave", "why-4": "同一次", "row-5": "leave"}


def test_rows_that_were_held_are_decided_one_by_one(
    client: TestClient, sqlite_database: Database, cast: Cast, post: Post
) -> None:
    rows = sheet(row(), row(), row(day=today() - timedelta(days=1)))
    shown = post(cast.handler, "/staff/uploads/sheets", files=rows)
    assert shown.text.count("<select name=") == 2
    digest = shown.text.split('name="digest" value="')[1][:64]
    undecided: tuple[dict[str, str], ...] = (
        {}, {"row-3": "leave"}, {"row-3": "leave", "row-4": "admit"},
        {"row-3": "leave", "row-4": "maybe", "why-4": "另一次"},
        {"row-3": "leave", f"row-{'9' * 5000}": "leave"},
    )  # fmt: skip
    for chosen in undecided:
        refused = post(cast.handler, "/staff/entries/sheets", digest=digest, **chosen)
        assert refused.status_code == 422
        assert "还没有决定" in refused.text
        assert sessions(sqlite_database) == []
    decided = {"row-3": "leave", "row-4": "admit", "why-4": "前一天来过，摘要写得像"}
    recorded = post(cast.handler, "/staff/entries/sheets", digest=digest, **decided)
    assert "已登记 2 行" in recorded.text
    first, second = sessions(sqlite_database)
    assert (first.flags, second.flags) == ("", "D10")
    with sqlite_database.writing() as db:
        qualify_recorded(db, datetime.now(UTC))
    assert sessions(sqlite_database)[1].flags == "D10"  # judging keeps it
    with sqlite_database.reading() as db:
        told = [event.action for event, _ in events_of(db, second.subject)]
        (said,) = [
            payload for event, payload in events_of(db, f"evidence:{digest}")
            if event.action == "sheet.recorded"
        ]  # fmt: skip
    assert "entry.admitted" in told
    assert said["details"]["admitted"] == {"4": second.id}
    page = client.get(f"/staff/sessions/{second.id}").text
    assert "前一天来过，摘要写得像" in page
    assert "核对后仍然登记" in page


def test_one_entry_that_was_held_is_recorded_with_a_reason(
    sqlite_database: Database, cast: Cast, post: Post
) -> None:
    assert post(cast.handler, "/staff/entries", **GOOD).status_code == 201
    held = post(cast.handler, "/staff/entries", **GOOD)
    assert (held.status_code, 'name="despite"' in held.text) == (409, True)
    why = {"despite": "下午又来了一次"}
    assert post(cast.handler, "/staff/entries", **GOOD, **why).status_code == 201
    assert [one.flags for one in sessions(sqlite_database)] == ["", "D10"]


def test_one_wrong_row_and_nothing_is_recorded(
    sqlite_database: Database, cast: Cast, post: Post
) -> None:
    rows = sheet(row(), row(phone="1"), row(summary="长" * 1001), row(line="微信"))
    shown = post(cast.handler, "/staff/uploads/sheets", files=rows)
    assert shown.status_code == 422
    for number in (3, 4, 5):
        assert f"第 {number} 行" in shown.text
    assert "确认登记" not in shown.text
    assert sessions(sqlite_database) == []
    for content in (b"", b"PK\x03\x04broken", "姓名,电话\n张三,1".encode(), b"\x00\x01"):
        files = {"file": ("x.xlsx", content, "x")}
        assert post(cast.handler, "/staff/uploads/sheets", files=files).status_code == 422
    assert post(cast.handler, "/staff/entries/sheets", digest="x").status_code == 422


def test_the_template_has_the_headings_that_are_read(
    client: TestClient, sqlite_database: Database, cast: Cast
) -> None:
    sign_in(client, sqlite_database, cast.handler)
    book = load_workbook(io.BytesIO(client.get("/staff/entries/template.xlsx").content))
    assert [cell.value for cell in book.worksheets[0][1]] == list(COLUMNS)
