"""After adjustments every linked number still opens exactly the rows that make it."""

import csv
import html
import io
import re

import openpyxl
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from guidance.lifecycle import SessionState as State
from guidance.periods.adjustment import Adjustment, AdjustmentKind
from guidance.periods.left_out import left_out
from guidance.periods.locking import restated, units_restated
from guidance.session import GuidanceSession
from storage.database import Database
from tests.fixtures.database import FillOnce
from tests.fixtures.people import add_person, sign_in, sign_in_as
from tests.guidance.test_corrected import QUARTER, corrected_ledger, some_of

LINK = re.compile(r'<a href="(/staff/(?:sessions|persons)\?[^"]+)">(?:<strong>)?([\d,]+)')
YEAR = QUARTER[:4]
PAGES = [
    f"/staff/indicators?year={YEAR}", f"/staff/indicators/M3c?year={YEAR}",
    f"/staff/indicators/B3?year={YEAR}", f"/staff/periods/{QUARTER}", "/staff/periods",
    f"/staff/mentor-work?period={QUARTER}", "/staff",
    f"/staff/reports/{QUARTER}", "/staff/reports/2025Q2", f"/staff/reports/{YEAR}",
    "/staff/reports/2026", "/staff/reports/2026Q3",
]  # fmt: skip


@pytest.fixture
def units(sqlite_database: Database, fill_once: FillOnce) -> dict[int, str | None]:
    made: dict[int, str | None] = fill_once(sqlite_database, corrected_ledger)
    return made


def opened(client: TestClient, path: str) -> int:
    """Return how many rows a list says it has."""
    page = client.get(path)
    assert page.status_code == 200, path
    found = re.search(r"共 (\d+) [条人]", page.text)
    return int(found[1]) if found else 0


def links_of(client: TestClient, path: str) -> set[tuple[str, int]]:
    page = client.get(path)
    assert page.status_code == 200, path
    found = LINK.findall(page.text)
    return {(html.unescape(to), int(number.replace(",", ""))) for to, number in found}


@pytest.mark.parametrize("path", PAGES)
def test_every_linked_number_opens_its_rows(
    client: TestClient, sqlite_database: Database, units: dict[int, str | None], path: str
) -> None:
    assert units
    sign_in_as(client, sqlite_database, Role.SIGNER)
    links = links_of(client, path)
    assert links or path == "/staff"
    for to, number in links:
        assert opened(client, to) == number, to


@pytest.mark.parametrize("unit", ["第9局", "第1街道"])
@pytest.mark.parametrize("path", [one for one in PAGES if "reports" not in one])
def test_a_unit_opens_as_many_as_it_reads(
    client: TestClient,
    sqlite_database: Database,
    units: dict[int, str | None],
    path: str,
    unit: str,
) -> None:
    assert units
    account = add_person(sqlite_database, Role.SIGNER, login="unit", org_unit=unit)
    sign_in(client, sqlite_database, account)
    for to, number in links_of(client, path):
        assert opened(client, to) == number, to


def test_the_trend_ends_at_the_value(
    client: TestClient, sqlite_database: Database, units: dict[int, str | None]
) -> None:
    assert units
    sign_in_as(client, sqlite_database, Role.AUDITOR)
    page = client.get(f"/staff/indicators/M3c?year={YEAR}").text
    value = re.search(r"<strong>([\d,]+) 人次</strong>", page)
    last = re.findall(rf'<th scope="row">{YEAR}-\d\d</th><td class="number">([\d,]+)</td>', page)
    assert value is not None
    assert last[-1] == value[1]


def test_lists_and_records_say_what_was_adjusted(
    client: TestClient, sqlite_database: Database, units: dict[int, str | None]
) -> None:
    sign_in_as(client, sqlite_database, Role.HANDLER)
    words = {
        AdjustmentKind.VOID: "核减", AdjustmentKind.ADD: "补计", AdjustmentKind.RECLASSIFY: "改归第",
    }  # fmt: skip
    with sqlite_database.reading() as db:
        changes = db.scalars(select(Adjustment)).all()
    for number, unit in units.items():
        page = client.get(f"/staff/sessions/{number}").text
        heading = page.partition("<h1>")[2].partition("</h1>")[0]
        mine = {one.kind for one in changes if one.session_id == number}
        assert mine
        for kind, word in words.items():
            assert (word in heading) == (kind in mine), (number, kind)
        assert ("核减以后不再计数" in page) == (unit is None)
    moved = client.get("/staff/sessions?state=counting&unit=第8局").text
    assert "改归第8局" in moved
    assert "记录在" in moved


def test_a_unit_lists_what_was_moved_to_it_and_opens_its_own_records(
    client: TestClient, sqlite_database: Database, units: dict[int, str | None]
) -> None:
    here = [number for number, unit in units.items() if unit == "第8局"]
    account = add_person(sqlite_database, Role.HANDLER, login="unit", org_unit="第8局")
    sign_in(client, sqlite_database, account)
    page = client.get(f"/staff/sessions?state=counting&period={QUARTER}").text
    for number in here:
        assert f">{number}</th>" in page  # told, not opened: the record is another unit's
        assert client.get(f"/staff/sessions/{number}").status_code == 404


def test_only_what_is_possible_is_offered(
    client: TestClient, sqlite_database: Database, units: dict[int, str | None]
) -> None:
    sign_in_as(client, sqlite_database, Role.HANDLER)

    def offered(number: int) -> list[str]:
        page = client.get(f"/staff/sessions/{number}").text
        return re.findall(r'<option value="(void|add|reclassify)"', page)

    untouched = [one for one in some_of(sqlite_database, State.LOCKED) if one not in units]
    assert offered(untouched[0]) == ["void", "reclassify"]
    with sqlite_database.reading() as db:
        state = {one: db.get_one(GuidanceSession, one).state for one in units}
    for number, unit in units.items():
        assert offered(number) == ([] if unit is None else ["void", "reclassify"]), number
    refused = some_of(sqlite_database, State.REJECTED, State.UNQUALIFIED)
    left = [one for one in refused if one not in state]
    assert {tuple(offered(one)) for one in left[:12]} <= {("add",), ()}
    for number in (one for one in units if units[one] is None):
        with sqlite_database.reading() as db:
            instead = left_out(db, db.get_one(GuidanceSession, number))
        page = client.get(f"/staff/sessions/{number}").text
        assert ("没有自动补上" in page) == (instead is not None)
    first = next(one for one in left if offered(one))
    assert "改归到的单位" not in client.get(f"/staff/sessions/{first}").text


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_exported_ledger_says_what_was_adjusted(
    client: TestClient, sqlite_database: Database, units: dict[int, str | None], form: str
) -> None:
    def rows_of(token: str) -> dict[int, dict[str, str]]:
        sent = {"form_token": token, "period": QUARTER, "form": form}
        data = client.post("/staff/reports/ledger", data=sent).content
        if form == "csv":
            table = list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))
        else:
            sheet = openpyxl.load_workbook(io.BytesIO(data))["台账1"]
            table = [["" if cell is None else str(cell) for cell in row] for row in sheet.values]
        return {int(row[0]): dict(zip(table[0], row, strict=True)) for row in table[1:]}

    rows = rows_of(sign_in_as(client, sqlite_database, Role.SIGNER))
    with sqlite_database.reading() as db:
        figures = restated(db, QUARTER)
        by_unit = units_restated(db, QUARTER)
    said = [row["是否计数"] for row in rows.values()]
    assert said.count("是") == figures["original"]
    counting = [row["调整后单位"] for row in rows.values() if row["调整后计数"] == "是"]
    assert len(counting) == figures["revised"]
    assert counting.count("第8局") == by_unit["第8局"]
    assert {number for number, row in rows.items() if row["调整"]} == set(units)
    assert {row["调整"] for row in rows.values()} >= {"核减", "补计", "改归第9局", "补计、核减"}
    account = add_person(sqlite_database, Role.SIGNER, login="unit", org_unit="第8局")
    own = rows_of(sign_in(client, sqlite_database, account))
    assert {one for one, unit in units.items() if unit == "第8局"} <= own.keys()
    assert sum(
        row["调整后单位"] == "第8局" and row["调整后计数"] == "是" for row in own.values()
    ) == by_unit["第8局"]  # fmt: skip
