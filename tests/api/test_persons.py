"""Every number of persons opens the list of them, and each of them what they count by."""

import html
import io
import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import docx
import openpyxl
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from accounts.role import Role
from api.settings import Settings
from audit.log import AuditEvent
from evaluation.ledger_parts import UNITS, Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import fill
from evaluation.recount import recount
from guidance.counting.persons import PersonsOf, count_persons, list_persons
from guidance.counting.tally import persons_of_year
from guidance.lifecycle import SessionState
from guidance.people.merging import merge_people
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import Adjustment, AdjustmentKind
from guidance.periods.locking import restated
from guidance.session import GuidanceSession
from storage.database import Database
from tests.fixtures.database import FillOnce
from tests.fixtures.people import add_person, sign_in, sign_in_as
from tests.guidance.people import approved_chat, staff

AT = datetime(2026, 11, 20, tzinfo=UTC)
FIRST, SECOND = staff(901, Role.REVIEWER), staff(902, Role.SIGNER)
ROW = re.compile(r'<th role="rowheader" scope="row"><a class="ledger-row" href="([^"]+)">')
TIMES = re.compile(r'data-label="人次" class="number"><a href="[^"]+">(\d+)</a>')


@pytest.fixture
def ledger(sqlite_database: Database, fill_once: FillOnce) -> Database:
    fill_once(sqlite_database, _three_years)
    return sqlite_database


def _three_years(database: Database) -> None:
    """Three years of a small district, people merged and locked figures corrected since."""
    fill(database, made(Scale(700, 1.0, seed=5)), lambda _done: None)
    merge_some(database)
    correct_some(database)


def merge_some(database: Database) -> None:
    """Merge people who count in locked and in open quarters, and have days in common."""
    with database.reading() as db:
        often = (
            select(GuidanceSession.counts_for)
            .where(GuidanceSession.state.in_([SessionState.APPROVED, SessionState.LOCKED]))
            .group_by(GuidanceSession.counts_for)
            .order_by(func.count().desc(), GuidanceSession.counts_for)
        )
        people = list(db.scalars(often.limit(40)))
    for kept, absorbed in zip(people[:20], people[20:], strict=True):
        with database.writing() as db:
            merge_people(db, kept, absorbed, AT)
    with database.writing() as db:  # one who was merged before is merged again
        merge_people(db, people[1], people[0], AT)


def correct_some(database: Database) -> None:
    """Void a locked session, move one to another unit, and post what the merges proposed."""
    with database.reading() as db:
        locked = select(GuidanceSession).where(GuidanceSession.state == SessionState.LOCKED)
        one, other = db.scalars(locked.order_by(GuidanceSession.id.desc()).limit(2)).all()
        proposed = list(db.scalars(select(Adjustment.id)))
    moved_to = next(unit for unit in UNITS[1:] if unit != other.org_unit)
    for kind, session, unit in (
        (AdjustmentKind.VOID, one, ""), (AdjustmentKind.RECLASSIFY, other, moved_to),
    ):  # fmt: skip
        with database.writing() as db:
            words = Words("查实", to_unit=unit)
            proposed.append(propose_adjustment(db, kind, session.id, FIRST, AT, words).id)
    for number in proposed:
        with database.writing() as db:
            post_adjustment(db, number, SECOND, AT)


def read_list(client: TestClient, path: str) -> tuple[int, int, int]:
    """Walk a list to its end: the number it states, its rows, and the sessions they sum to."""
    stated, rows, times = 0, 0, 0
    while path:
        page = client.get(path)
        assert page.status_code == 200, page.text
        found = re.search(r"共 (\d+) 人", page.text)
        stated = int(found[1]) if found else 0
        rows += len(ROW.findall(page.text))
        times += sum(map(int, TIMES.findall(page.text)))
        following = re.search(r'rel="next" href="([^"]+)"', page.text)
        path = html.unescape(following[1]) if following else ""
    return stated, rows, times


def test_lists_are_as_long_as_their_numbers_after_merges(
    client: TestClient, ledger: Database
) -> None:
    sign_in_as(client, ledger, Role.AUDITOR)
    again = recount(ledger.engine)
    assert again["differs"] == []
    for year, persons in again["persons"].items():
        with ledger.reading() as db:
            assert persons_of_year(db, int(year)) == persons > 50  # more than a page
        stated, rows, _ = read_list(client, f"/staff/persons?year={year}")
        assert stated == rows == persons
        value = client.get(f"/staff/indicators/B3?year={year}").text
        assert f'<a href="/staff/persons?year={year}"><strong>{persons} 人' in value
    with ledger.reading() as db:
        quarters = [f"{year}Q{n}" for year in (2024, 2025, 2026) for n in range(1, 5)]
        revised = {one: restated(db, one)["revised"] for one in quarters}
    for quarter, sessions in revised.items():
        stated, rows, times = read_list(client, f"/staff/persons?period={quarter}")
        assert stated == rows
        assert times == sessions, quarter


def test_every_persons_number_of_a_report_opens_its_list(
    client: TestClient, ledger: Database
) -> None:
    sign_in_as(client, ledger, Role.SIGNER)
    for period in ("2026Q2", "2025"):
        page = client.get(f"/staff/reports/{period}").text
        links = {
            (html.unescape(path), int(number))
            for path, number in re.findall(
                r'<a href="(/staff/persons[^"]+)">(?:<strong>)?(\d+)<', page
            )
        }
        # headline, quarters, the year so far, the indicator, and every unit
        assert len(links) > 20
        for path, number in links:
            stated, rows, _ = read_list(client, path)
            assert stated == rows == number, path
        units = [(number, path) for path, number in links if "unit=" in path]
        assert sum(number for number, _ in units) >= len(units)
    assert "/staff/persons" not in client.get("/staff/reports/2026Q2?published=1").text


def test_files_open_the_same_lists(client: TestClient, ledger: Database) -> None:
    token = sign_in_as(client, ledger, Role.SIGNER)

    def made_as(form: str, published: str = "") -> io.BytesIO:
        sent = {"form_token": token, "form": form, "published": published}
        return io.BytesIO(client.post("/staff/reports/2026Q2", data=sent).content)

    book = openpyxl.load_workbook(made_as("xlsx"))
    in_excel = {
        cell.hyperlink.target: cell.value
        for sheet in book
        for row in sheet
        for cell in row
        if cell.hyperlink and "/staff/persons" in cell.hyperlink.target
    }
    document = docx.Document(made_as("docx"))
    in_word = {
        link.address: int(link.text)
        for part in document.iter_inner_content()
        for paragraph in (
            [part] if isinstance(part, docx.text.paragraph.Paragraph)
            else [one for row in part.rows for cell in row.cells for one in cell.paragraphs]
        )
        for link in paragraph.hyperlinks
        if "/staff/persons" in link.address
    }  # fmt: skip
    assert in_excel == in_word
    assert len(in_word) > 20
    for address, number in in_word.items():
        assert address.startswith("http://testserver/staff/persons?")
        parts = urlsplit(address)
        assert read_list(client, f"{parts.path}?{parts.query}")[0] == number
    plain = openpyxl.load_workbook(made_as("xlsx", "1"))
    assert not any(cell.hyperlink for sheet in plain for row in sheet for cell in row)


def test_a_site_with_a_name_of_its_own_is_linked_by_it(
    app: FastAPI, client: TestClient, sqlite_database: Database
) -> None:
    approved_chat(sqlite_database, "m1")
    token = sign_in_as(client, sqlite_database, Role.SIGNER)
    settings: Settings = app.state.settings
    app.state.settings = settings.model_copy(update={"public_url": "https://qc.example.gov.cn/"})
    sent = {"form_token": token, "form": "xlsx"}
    data = client.post("/staff/reports/2026Q1", data=sent).content
    sheet = openpyxl.load_workbook(io.BytesIO(data))["创业指导服务"]
    address = sheet["C2"].hyperlink.target
    assert address == "https://qc.example.gov.cn/staff/persons?period=2026Q1"
    assert sheet["C2"].value == 1


def test_a_person_opens_their_counted_sessions(client: TestClient, ledger: Database) -> None:
    sign_in_as(client, ledger, Role.AUDITOR)
    period = PersonsOf("2026Q1", "2026Q2")
    with ledger.reading() as db:
        found = list_persons(db, period, limit=1000).persons
        assert len(found) == count_persons(db, period)
        corrected = [one for one in found if any(step.amount < 0 for step in one.steps)]
        merged = [
            one for one in found if any(s.counted_for != one.reference for s in one.steps)
        ]  # fmt: skip
    assert corrected
    assert merged
    for person in (found[0], corrected[0], merged[0]):
        path = f"/staff/persons/{person.first_session}?period=2026"
        page = client.get(path).text
        assert person.reference not in page
        sessions = re.findall(r'href="/staff/sessions/(\d+)">', page)
        assert {str(step.session_id) for step in person.steps} <= set(sessions)
        amounts = sum(map(int, re.findall(r'data-label="计数" class="nowrap">([+-]\d)', page)))
        assert f"计 <strong>{amounts}</strong> 人次" in page
        assert client.get(f"/staff/sessions/{sessions[0]}").status_code == 200
    shown = client.get(f"/staff/persons/{corrected[0].first_session}?period=2026").text
    assert "核减" in shown or "改归单位" in shown
    shown = client.get(f"/staff/persons/{merged[0].first_session}?period=2026").text
    assert "合并前代号" in shown


def test_a_street_sees_its_own_persons_only(client: TestClient, ledger: Database) -> None:
    with ledger.reading() as db:
        move = db.scalars(
            select(Adjustment).where(Adjustment.kind == AdjustmentKind.RECLASSIFY)
        ).one()
    here, year = "第1街道", move.count_on.year
    person = add_person(ledger, Role.HANDLER, login="street", org_unit=here)
    sign_in(client, ledger, person)
    with ledger.reading() as db:
        own = count_persons(db, PersonsOf(f"{year}Q1", f"{year}Q4", unit=here))
        session = db.scalars(
            select(GuidanceSession.id).where(GuidanceSession.org_unit != here).limit(1)
        ).one()
    for unit in ("", "&unit=-", "&unit=第2街道"):
        assert read_list(client, f"/staff/persons?period={year}{unit}")[0] == own
    page = client.get(f"/staff/persons?period={year}").text
    assert "第2街道" not in page
    assert client.get(f"/staff/persons/{session}").status_code == 404
    # Who came over from another unit counts here; the record itself stays with the other.
    sign_in(client, ledger, add_person(ledger, Role.HANDLER, login="there", org_unit=move.to_unit))
    page = client.get(f"/staff/persons/{move.session_id}?period={year}").text
    assert "改归单位" in page
    assert client.get(f"/staff/sessions/{move.session_id}").status_code == 404


def test_reading_a_list_or_a_person_is_an_event(
    client: TestClient, sqlite_database: Database
) -> None:
    session = approved_chat(sqlite_database, "m1", person="visitor-1")
    sign_in_as(client, sqlite_database, Role.HANDLER)
    page = client.get("/staff/persons?period=2026q1&unit=-")
    assert "visitor-1" not in page.text
    assert "未核验" in page.text
    assert "网页" in page.text
    (address,) = ROW.findall(page.text)
    assert parse_qs(urlsplit(html.unescape(address)).query)["period"] == ["2026q1"]
    assert "计 <strong>1</strong> 人次" in client.get(html.unescape(address)).text
    with sqlite_database.reading() as db:
        rows = db.execute(
            select(AuditEvent.action, AuditEvent.subject).where(AuditEvent.action.like("person%"))
        ).all()
    assert rows[0] == ("persons.listed", "persons:2026Q1")
    assert rows[1].action == "person.read"
    assert "visitor" not in rows[1].subject
    assert address.startswith(f"/staff/persons/{session}?")


def test_no_list_is_shown_that_the_log_cannot_note(
    app: FastAPI, client: TestClient, sqlite_database: Database
) -> None:
    session = approved_chat(sqlite_database, "m1")
    sign_in_as(client, sqlite_database, Role.HANDLER)
    app.state.keeper.trouble = "缺"
    for path in ("/staff/persons?period=2026", f"/staff/persons/{session}?period=2026"):
        refused = client.get(path)
        assert refused.status_code == 503
        assert "ledger-row" not in refused.text


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("period=2026Q9", 422), ("year=2026&upto=x", 422), ("year=99999", 422), ("after=-1", 422),
        ("", 200), ("year=2026&upto=2026Q3", 200), ("period=2019", 200),
        ("period=2026&unit=" + "x" * 90, 200), ("unit=" + "x" * 101, 422), ("after=999999", 200),
    ],
)  # fmt: skip
def test_odd_addresses(
    client: TestClient, sqlite_database: Database, query: str, status: int
) -> None:
    sign_in_as(client, sqlite_database, Role.HANDLER)
    assert client.get(f"/staff/persons?{query}").status_code == status


def test_only_staff_read_persons(client: TestClient, sqlite_database: Database) -> None:
    assert client.get("/staff/persons").status_code == 401
    sign_in_as(client, sqlite_database, Role.MENTOR)
    assert client.get("/staff/persons").status_code == 403
