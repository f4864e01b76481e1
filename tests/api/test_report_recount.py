"""Every figure of a Word and an Excel report against a recount that shares no query with it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from accounts.role import Role
from evaluation.ledger_parts import Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import fill
from evaluation.recount import recount
from evaluation.recount_report import Recounted, share
from guidance.indicators.evidence import keep_file
from guidance.indicators.indicator import load_register
from guidance.indicators.value import Reported, report_value, review_value
from guidance.lifecycle import LINE_NAMES, SessionState
from guidance.message import CHANNEL_NAMES
from guidance.people.level import LEVEL_NAMES
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import Adjustment, AdjustmentKind
from guidance.periods.record import SampleItem, SampleOutcome, SampleReason
from guidance.session import GuidanceSession
from storage.database import Database
from tests.api.test_persons import AT, FIRST, SECOND, merge_some
from tests.api.test_report import download, sheets, word_tables
from tests.fixtures.database import FillOnce
from tests.fixtures.people import sign_in_as
from tests.guidance.people import HANDLER, REVIEWER

KINDS = {"void": "核减", "add": "补计", "reclassify": "改归单位"}
SPLITS: dict[str, tuple[str, Mapping[Any, str]]] = {
    "按渠道": ("channel", CHANNEL_NAMES),
    "按服务方式": ("service_line", LINE_NAMES),
    "按身份核验程度": ("identity_level", LEVEL_NAMES),
    "按月份": ("month", {}),
}
TRAINED = {"2025": 432, "2026": 615}
Tables = dict[str, list[list[str]]]


@pytest.fixture
def ledger(sqlite_database: Database, fill_once: FillOnce) -> Database:
    fill_once(sqlite_database, _merged_and_corrected)
    return sqlite_database


def _merged_and_corrected(database: Database) -> None:
    """A generated ledger with merges, corrections of each kind, checks and a reported value."""
    fill(database, made(Scale(900, 1.0, seed=11)), lambda _done: None)
    merge_some(database)
    correct(database)
    check_some(database)
    report_training(database)
    assert recount(database.engine)["differs"] == []


def correct(database: Database) -> None:
    """Post what the merges proposed; void, move and add sessions of two locked quarters."""
    with database.reading() as db:
        numbers = list(db.scalars(select(Adjustment.id)))
        cases: list[tuple[AdjustmentKind, int, str]] = []
        for period in ("2025Q4", "2026Q2"):
            mine = select(GuidanceSession.id).where(GuidanceSession.period == period)
            locked = mine.where(GuidanceSession.state == SessionState.LOCKED)
            voided, moved = db.scalars(locked.order_by(GuidanceSession.id.desc()).limit(2)).all()
            rejected = db.scalars(
                mine.where(GuidanceSession.state == SessionState.REJECTED)
            ).first()
            cases += [
                (AdjustmentKind.VOID, voided, ""), (AdjustmentKind.RECLASSIFY, moved, "第9局"),
            ]  # fmt: skip
            if rejected:
                cases.append((AdjustmentKind.ADD, rejected, ""))
    for kind, session_id, unit in cases:
        with database.writing() as db:
            words = Words("查实", f"启人社〔2026〕{session_id}号", to_unit=unit)
            numbers.append(propose_adjustment(db, kind, session_id, FIRST, AT, words).id)
    for number in numbers:
        with database.writing() as db:
            post_adjustment(db, number, SECOND, AT)


def check_some(database: Database) -> None:
    """Let the second check have confirmed most of what it drew, with one left open."""
    with database.writing() as db:
        drawn = select(GuidanceSession).where(
            GuidanceSession.period == "2026Q2", GuidanceSession.state == SessionState.LOCKED
        )
        for place, session in enumerate(db.scalars(drawn.limit(24))):
            outcome = list(SampleOutcome)[0 if place == 0 else 2 if place % 5 == 0 else 1]
            db.add(
                SampleItem(
                    period="2026Q2", session_id=session.id, stratum="", why=SampleReason.DRAWN,
                    outcome=outcome, checked_by="", note="",
                )
            )  # fmt: skip


def report_training(database: Database) -> None:
    """Report how many were trained, so that what is computed from it has a value."""
    for year, trained in TRAINED.items():
        as_of, at = date(int(year), 3, 31), datetime(2026, 11, 1, tzinfo=UTC)
        with database.writing() as db:
            file = keep_file(db, "册.pdf", "application/pdf", year.encode(), HANDLER, at)
            told = Reported("B2", as_of, Decimal(trained), "区人社局", file.digest)
            value = report_value(db, told, HANDLER, at)
        with database.writing() as db:
            review_value(db, value.id, REVIEWER, at, accept=True)


def quarters_of(period: str) -> list[str]:
    return [period] if "Q" in period else [f"{period}Q{number}" for number in range(1, 5)]


def due(again: Recounted, period: str) -> Tables:
    """Return what every table has to say, by the recount."""
    quarters = quarters_of(period)
    first_to_last = [one for one in quarters_of(period[:4]) if one <= quarters[-1]]
    year, since = period[:4], f"{period[:4]}-01-01"
    target = next(one.target for one in load_register().rows() if one.id == "M3c")
    locked = again.signed(quarters)
    guidance: list[tuple[object, ...]] = [
        (
            one,
            *beside(again.published(one), (again.sessions([one]), again.persons([one])), locked),
            "—",
        )
        for one in quarters
    ]
    now = (again.sessions(first_to_last), again.persons(first_to_last, since))
    then = again.published_so_far(first_to_last, since)
    guidance.append((f"{year}年累计", *beside(then, now, locked), target))
    found: Tables = {
        "创业指导服务": words(guidance),
        "原公布值与修订值": words((one, *again.restated(one)) for one in quarters),
        "修订依据": words(
            (one, number, KINDS[kind], amount)
            for one in quarters
            for number, kind, amount in again.corrections(one)
        ),
        "按街道和部门": words(unit_rows(again, quarters)),
    }
    for title, (part, names) in SPLITS.items():
        counts = again.split(part, quarters)
        total = sum(counts.values())
        found[title] = words(
            (names.get(name, name), count, share(count, total))
            for name, count in sorted(counts.items())
        )
    return found


def beside(then: tuple[int, int], now: tuple[int, int], locked: bool) -> tuple[object, ...]:
    """Return 人次 and 人 as published, and as revised where they were since."""
    changes = tuple("—" if one == other else other for one, other in zip(then, now, strict=True))
    return (*then, *changes) if locked else then


def unit_rows(again: Recounted, quarters: list[str]) -> list[tuple[object, ...]]:
    """Return the units' rows; the 人 of a year are published of its quarters only.

    Once one unit is revised, the revised counts of all are told.
    """
    units = sorted(again.units(quarters).items())
    counts = {}
    for unit, row in units:
        each = [again.published(one, unit) for one in quarters]
        whole = (sum(sessions for sessions, _ in each), row[1])
        counts[unit] = (each[0] if len(quarters) == 1 else whole, row[:2])
    revised = any(then != now for then, now in counts.values())
    told = 2 if not again.signed(quarters) else 4 if len(quarters) == 1 else 3
    return [
        (unit or "区本级", *(*then, *(now if revised else "——"))[:told], *row[2:])
        for (unit, row), (then, now) in zip(units, counts.values(), strict=True)
    ]


def words(rows: Iterable[tuple[object, ...]]) -> list[list[str]]:
    return [[str(cell) for cell in row] for row in rows]


def shown(tables: Tables) -> Tables:
    """Return what a file says in the columns that hold figures, without the headings."""
    without_state = [[row[0], *row[2:5]] for row in tables["原公布值与修订值"][1:]]
    corrections = tables.get("修订依据", [])[1:]
    basis = sorted([*row[:2], row[2].partition("：")[0], row[3]] for row in corrections)
    found = {title: tables[title][1:] for title in ("创业指导服务", "按街道和部门", *SPLITS)}
    return {**found, "原公布值与修订值": without_state, "修订依据": basis}


def in_excel(data: bytes) -> tuple[Tables, dict[str, object]]:
    """Return the tables of a workbook up to the blank row before the note, and its cover."""
    found: Tables = {}
    cover: dict[str, object] = {}
    for title, rows in sheets(data).items():
        if title == "封面":
            cover = {str(row[0]): row[1] for row in rows if row[0] and len(row) > 1}
            continue
        end = next((n for n, row in enumerate(rows) if not any(row)), len(rows))
        found[title] = [["" if cell is None else str(cell) for cell in row] for row in rows[:end]]
    return found, cover


@pytest.mark.parametrize("period", ["2026Q2", "2026Q3", "2025Q4", "2025"])
def test_both_files_say_what_a_recount_finds(
    client: TestClient, ledger: Database, period: str
) -> None:
    token = sign_in_as(client, ledger, Role.SIGNER)
    word = word_tables(download(client, token, period, form="docx"))
    excel, cover = in_excel(download(client, token, period, form="xlsx"))
    again = Recounted(ledger.engine)
    expected = due(again, period)
    assert sum(len(rows) for rows in expected.values()) > 40
    expected["修订依据"].sort()
    if period == "2026Q2":  # or the comparison would prove less than it says
        assert {row[2] for row in expected["修订依据"]} >= {"核减", "改归单位"}
        assert any(row[7] not in ("—", "100.0%") for row in expected["按街道和部门"])
        assert again.persons(["2026Q2"]) < again.sessions(["2026Q2"])
    assert shown(word) == expected
    assert shown(excel) == expected
    # What no recount knows, as the words of the method, is at least the same in both.
    for title in word.keys() - {""}:
        assert word[title] == [row[: len(word[title][0])] for row in excel[title]], title
    quarters = quarters_of(period)
    now = (again.sessions(quarters), again.persons(quarters, f"{period[:4]}-01-01"))
    whole = "Q" not in period
    then = again.published_so_far(quarters, f"{period}-01-01") if whole else again.published(period)
    assert (cover["人次"], cover["人"]) == then
    assert (cover.get("人次（修订值）", then[0]), cover.get("人（修订值）", then[1])) == now
    if period == "2026Q2":
        assert then != now


@pytest.mark.parametrize("period", ["2026Q2", "2025"])
def test_indicators_of_both_files_are_the_recounts(
    client: TestClient, ledger: Database, period: str
) -> None:
    token = sign_in_as(client, ledger, Role.SIGNER)
    word = word_tables(download(client, token, period, form="docx"))["方案指标"]
    excel, _ = in_excel(download(client, token, period, form="xlsx"))
    again, year = Recounted(ledger.engine), period[:4]
    so_far = [one for one in quarters_of(year) if one <= quarters_of(period)[-1]]
    persons = again.persons(so_far, f"{year}-01-01")
    values = {
        "M3c": again.sessions(so_far),
        "B3": persons,
        "B2": TRAINED[year],
        "M2": TRAINED[year],
        "B1": TRAINED[year] + persons,
        "M3b": 0,  # the library is empty here
        "M4a": 0,
    }
    for rows in (word, excel["方案指标"]):
        told = {row[0]: row for row in rows[1:]}
        assert set(told) == {row.id for row in load_register().rows()}
        for name, value in values.items():
            target = next(one.target for one in load_register().rows() if one.id == name)
            assert told[name][4] == str(value)
            assert told[name][5] == share_of(value, target)
        for name, row in told.items():
            if name not in values and name != "M11":  # the documents' own days
                assert row[4] in ("待录入", "不可计算", "待定口径"), name


def share_of(value: int, target: Decimal | None) -> str:
    return "—" if not target else f"{Decimal(value) * 100 / target:.1f}%"
