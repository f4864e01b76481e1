"""What mentors did: every number opens its sessions, and files carry the same."""

import csv
import html
import io
import re
from datetime import UTC, datetime

import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from accounts.role import Role
from audit.log import AuditEvent
from evaluation.ledger_parts import Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import fill
from guidance.lifecycle import SessionState
from guidance.people.merging import merge_people
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.session import GuidanceSession
from matching.mentors.mentor import Mentor
from matching.mentors.pack import load_mentors
from storage.database import Database
from tests.api.test_report import EVIL, FORMULA
from tests.fixtures.database import FillOnce
from tests.fixtures.people import add_person, sign_in, sign_in_as
from tests.guidance.people import staff

AT = datetime(2026, 11, 20, tzinfo=UTC)
FIRST, SECOND = staff(901, Role.REVIEWER), staff(902, Role.SIGNER)
LINK = re.compile(r'<a href="([^"]+)">(\d+)</a>')


@pytest.fixture
def ledger(sqlite_database: Database, fill_once: FillOnce) -> Database:
    fill_once(sqlite_database, _much_done)
    return sqlite_database


def _much_done(database: Database) -> None:
    """Three years of a district whose mentors did much, one locked figure voided since."""
    fill(database, made(Scale(1500, 1.0, seed=3)), lambda _done: None)
    mentored = GuidanceSession.provider.startswith("mentor:")
    with database.reading() as db:
        last = select(GuidanceSession.id).where(
            mentored, GuidanceSession.state == SessionState.LOCKED, GuidanceSession.period >= "2026"
        )
        session_id = db.scalars(last.order_by(GuidanceSession.id)).first()
        assert session_id
        people = select(GuidanceSession.counts_for).where(
            mentored, GuidanceSession.period >= "2026"
        )
        kept, absorbed, *_ = dict.fromkeys(db.scalars(people.order_by(GuidanceSession.id)))
    with database.writing() as db:
        merge_people(db, kept, absorbed, AT)
    with database.writing() as db:
        void = propose_adjustment(db, AdjustmentKind.VOID, session_id, FIRST, AT, Words("查实"))
    with database.writing() as db:
        post_adjustment(db, void.id, SECOND, AT)


def rows_of(client: TestClient, path: str) -> list[str]:
    page = client.get(path)
    assert page.status_code == 200, page.text
    return re.findall(r'<tr role="row">\s*<th role="rowheader".*?</tr>', page.text, re.DOTALL)


def test_every_number_opens_its_rows(client: TestClient, ledger: Database) -> None:
    sign_in_as(client, ledger, Role.AUDITOR)
    walked = 0
    for period in ("2026", "2026Q3"):
        for row in rows_of(client, f"/staff/mentor-work?period={period}")[:12]:
            if "mentor%3A" not in row:
                continue  # a month of all mentors
            whole = re.search(r'<a class="ledger-row" href="([^"]+)">', row)
            assert whole
            assert "provider=mentor%3A" in whole[1]
            assert client.get(html.unescape(whole[1])).status_code == 200
            for path, number in LINK.findall(row):
                page = client.get(html.unescape(path)).text
                some = f"共 {number} 人" if "/persons?" in path else f"共 {number} 条"
                assert (some in page) == (number != "0"), (path, number)
                walked += 1
    assert walked > 60


def test_months_sum_to_the_year_and_open_one_mentors_sessions(
    client: TestClient, ledger: Database
) -> None:
    sign_in_as(client, ledger, Role.HANDLER)
    page = client.get("/staff/mentor-work?period=2025").text
    stated = re.search(r"导师指导计 <strong>(\d+)</strong> 人次", page)
    months = re.findall(
        r'<th role="rowheader" scope="row">2025-\d\d</th>\s*<td[^>]*>(\d+)</td>', page
    )
    assert stated
    assert len(months) == 12
    assert sum(map(int, months)) == int(stated[1])
    assert "<svg" in page
    one = re.search(r'href="(/staff/mentor-work\?[^"]*mentor=[^"]+)">逐月', page)
    assert one
    alone = client.get(html.unescape(one[1])).text
    assert "返回全部导师" in alone
    linked = re.findall(r'href="([^"]+month=2025[^"]+)">(\d+)</a>', alone)
    assert linked
    for path, number in linked:
        found = client.get(html.unescape(path)).text
        assert (f"共 {number} 条" in found) == (number != "0")


def test_a_correction_stands_beside_the_count(client: TestClient, ledger: Database) -> None:
    sign_in_as(client, ledger, Role.HANDLER)
    rows = rows_of(client, "/staff/mentor-work?period=2026")
    assert sum("修订后" in row for row in rows) == 1


def test_a_street_sees_what_was_done_for_it(client: TestClient, ledger: Database) -> None:
    street = add_person(ledger, Role.HANDLER, login="street", org_unit="第1街道")
    sign_in(client, ledger, street)
    own = client.get("/staff/mentor-work?period=2026").text
    assert client.get("/staff/mentor-work?period=2026&unit=第2街道").text.count("<tr") == (
        own.count("<tr")
    )
    sign_in_as(client, ledger, Role.AUDITOR)
    chosen = client.get("/staff/mentor-work?period=2026&unit=第1街道").text
    total = re.compile(r"导师指导计 <strong>(\d+)</strong>")
    assert total.findall(own) == total.findall(chosen)
    whole = client.get("/staff/mentor-work?period=2026").text
    assert int(total.findall(whole)[0]) > int(total.findall(own)[0]) > 0


def test_pages_follow_each_other(client: TestClient, ledger: Database) -> None:
    sign_in_as(client, ledger, Role.AUDITOR)
    seen: list[str] = []
    path = "/staff/mentor-work?period=2026"
    while path:
        page = client.get(path).text
        seen += re.findall(r'class="ledger-row" href="[^"]+provider=(mentor%3A\w+)', page)
        following = re.search(r'rel="next" href="([^"]+)"', page)
        path = html.unescape(following[1]) if following else ""
    count = re.search(r"共 (\d+) 位", page)
    assert count
    assert len(seen) == len(set(seen)) == int(count[1]) > 50


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_files_carry_the_pages_figures_and_no_formula(
    client: TestClient, ledger: Database, form: str
) -> None:
    with ledger.writing() as db:
        load_mentors(db, AT, AT.date())
        busy = select(GuidanceSession.provider).where(
            GuidanceSession.period == "2026Q2", GuidanceSession.provider.startswith("mentor:")
        )
        codes = sorted({one.removeprefix("mentor:") for one in db.scalars(busy)})
        mentors = db.scalars(select(Mentor.id)).all()
        for number, code, text in zip(mentors, codes, EVIL, strict=False):
            changed = update(Mentor).where(Mentor.id == number)
            db.execute(changed.values(code=code, name=text.replace("\x00", "")))
    sign_in_as(client, ledger, Role.AUDITOR)
    data = client.get(f"/staff/mentor-work/export?period=2026Q2&form={form}").content
    if form == "csv":
        rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
    else:
        sheet = openpyxl.load_workbook(io.BytesIO(data)).active
        assert all(cell.data_type != "f" for row in sheet for cell in row)
        rows = [["" if one is None else str(one) for one in row] for row in sheet.values]
    assert rows[0][:3] == ["导师编号", "导师", "季度"]
    assert not any(cell.strip()[:1] in FORMULA for row in rows for cell in row if cell)
    assert sum(row[1][:1] == "'" for row in rows) > 5
    page = client.get("/staff/mentor-work?period=2026Q2").text
    for place, name in (
        (3, "导师指导计 <strong>{}</strong> 人次"),
        (7, "待处理 {} 条"),
        (8, "未计数 {} 条"),
    ):
        assert name.format(sum(int(row[place]) for row in rows[1:])) in page
    with ledger.reading() as db:
        event = db.scalars(
            select(AuditEvent).where(AuditEvent.action == "mentor_work.exported")
        ).one()
    assert (event.subject, event.actor_role) == ("mentor_work:2026Q2", "auditor")


def test_a_year_is_exported_by_quarter(client: TestClient, ledger: Database) -> None:
    sign_in_as(client, ledger, Role.HANDLER)
    data = client.get("/staff/mentor-work/export?period=2026").content.decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(data)))
    assert {row["季度"] for row in rows} == {f"2026Q{n}" for n in range(1, 5)}


def test_a_ledger_without_mentors_says_so(client: TestClient, sqlite_database: Database) -> None:
    sign_in_as(client, sqlite_database, Role.HANDLER)
    page = client.get("/staff/mentor-work").text
    assert "没有导师的咨询记录" in page
    assert 'href="/staff/mentor-work" aria-current="page"' in page


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("?period=2026Q9", 422), ("?page=0", 422), ("?page=900", 200), ("?mentor=x%25", 200),
        ("/export?form=exe", 404), ("/export?period=x", 422), ("?unit=-&period=2019", 200),
    ],
)  # fmt: skip
def test_odd_addresses(
    client: TestClient, sqlite_database: Database, path: str, status: int
) -> None:
    sign_in_as(client, sqlite_database, Role.HANDLER)
    assert client.get(f"/staff/mentor-work{path}").status_code == status


def test_only_staff_see_it(client: TestClient, sqlite_database: Database) -> None:
    assert client.get("/staff/mentor-work").status_code == 401
    sign_in_as(client, sqlite_database, Role.MENTOR)
    assert client.get("/staff/mentor-work").status_code == 403
    assert client.get("/staff/mentor-work/export").status_code == 403
