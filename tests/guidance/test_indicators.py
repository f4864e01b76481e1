from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from accounts.role import Role
from guidance.indicators.agreed import Timeframe
from guidance.indicators.definition import (
    DefinitionInvalid,
    propose_definition,
    sign_definition,
    signed_choices,
)
from guidance.indicators.evidence import EvidenceUnusable, keep_file
from guidance.indicators.formulas import FORMULAS, formula_text, value_of
from guidance.indicators.indicator import (
    Direction,
    IndicatorKind,
    IndicatorNotFound,
    load_register,
)
from guidance.indicators.progress import Status, judge
from guidance.indicators.standing import progress
from guidance.indicators.value import (
    Reported,
    ValueRefused,
    accepted_values,
    pending_values,
    read_number,
    report_value,
    review_value,
    values_of,
)
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import HANDLER, REVIEWER, SIGNER, approved_chat, staff

YEAR = Timeframe(date(2026, 1, 1), date(2026, 12, 31))
MID = date(2026, 7, 1)
AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)


def test_register_holds_every_target_of_the_plan() -> None:
    """The figures of parts 二 and 四, as the plan states them."""
    register = load_register()
    targets = {one.id: one.target for one in register.rows() if one.target is not None}
    assert targets == {
        "A1": 20, "B1": 2000, "B2": 600, "B3": 1400, "B4": 500, "B5": 3000, "B6": 6,
        "C1": 200, "C2": 500, "C3": 80, "D1a": 90, "D1b": 90, "D1c": 90, "D1d": 90, "D1e": 90,
        "D1f": 90, "D2": 4, "D3": 4, "E1": 3, "E2": 40, "E3a": 95, "E3b": 95, "E5": 1,
        "M1a": 3, "M1b": 5, "M1c": 2, "M2": 600, "M3a": 1, "M3b": 50, "M3c": 1400, "M4a": 20,
        "M5": 30, "M8a": 500, "M8b": 50, "M10a": 6000, "R1": 100,
    }  # fmt: skip
    assert set(register.ambiguities) == set(range(1, 22))


def test_register_refers_only_to_what_it_holds() -> None:
    register = load_register()
    for one in register.indicators.values():
        assert one.definition
        assert one.owners
        assert one.clause.startswith(("二", "四", "六"))
        assert (one.kind is IndicatorKind.COMPUTED) == bool(one.inputs)
        assert one.ambiguity is None or one.ambiguity in register.ambiguities
        assert (one.target is None) == (one.direction is Direction.NONE)
        for name in one.inputs:
            register.get(name)
        if one.inputs:
            assert one.formula in FORMULAS
            assert "{" not in formula_text(register, one)
    with pytest.raises(IndicatorNotFound):
        register.get("X9")


def status_of(values: dict[str, int | str], indicator: str, on: date = MID) -> Status:
    plain = {name: Decimal(value) for name, value in values.items()}
    rows = judge(load_register(), plain, on, YEAR, choices={"ambiguity:3": "只含当年参与的人"})
    return next(row.status for row in rows if row.indicator.id == indicator)


@pytest.mark.parametrize(
    ("values", "indicator", "expected"),
    [
        ({}, "B2", Status.TO_BE_ENTERED),
        ({"B2": 600}, "B2", Status.MET),
        ({"B2": 599}, "B2", Status.ON_PACE),
        ({"B2": 200}, "B2", Status.BEHIND),
        ({"B2": 300, "B3": 0}, "B1", Status.BEHIND),
        ({"B2": 300}, "B1", Status.TO_BE_ENTERED),
        ({"C3.alive": 8, "C3.registered": 10}, "C3", Status.MET),
        ({"C3.alive": 0, "C3.registered": 0}, "C3", Status.NOT_COMPUTABLE),
        ({"C3.alive": 79, "C3.registered": 100}, "C3", Status.BEHIND),
        ({"B4": 500, "B5": 3000}, "B6", Status.MET),
        ({"B4": 600, "B5": 3000}, "B6", Status.BEHIND),
        ({"B4": 0, "B5": 10}, "B6", Status.NOT_COMPUTABLE),
        ({"B4": 1, "B5": 1, "K.new_employment": 10}, "B7", Status.NO_TARGET),
        ({"M9c": 5_000_000}, "M9c", Status.NO_TARGET),
        ({"M3b": 49}, "M3b", Status.BEHIND),
        ({"M3b": 50}, "M3b", Status.MET),
    ],
)
def test_status(values: dict[str, int | str], indicator: str, expected: Status) -> None:
    assert status_of(values, indicator) is expected


def test_what_is_undecided_is_never_reached() -> None:
    values = {"A1.flow": Decimal(50), "K.urban_workers": Decimal(100)}
    rows = {row.indicator.id: row for row in judge(load_register(), values, MID, YEAR)}
    assert rows["A1"].value == 50
    assert rows["A1"].status is Status.UNDECIDED
    assert status_of({"A1.flow": 50, "K.urban_workers": 100}, "A1") is Status.MET


def test_pace_is_the_targets_share_of_the_time_gone() -> None:
    assert YEAR.elapsed(date(2025, 12, 31)) == 0
    assert YEAR.elapsed(date(2026, 1, 1)) == Decimal(1) / 365
    assert YEAR.elapsed(date(2027, 5, 1)) == 1
    (row,) = [
        one
        for one in judge(load_register(), {"M3c": Decimal(700)}, MID, YEAR)
        if one.indicator.id == "M3c"
    ]
    assert row.expected == (Decimal(1400) * 182 / 365).quantize(Decimal("0.1"))
    assert (row.status, row.share) == (Status.ON_PACE, Decimal("0.5"))


def test_computed_values_are_exact() -> None:
    register = load_register()
    values = {"C4.stock": Decimal(110), "C4.stock_before": Decimal(90)}
    assert value_of(register, register.get("C4"), values) == Decimal("22.22")


def evidence(database: Database) -> str:
    with database.writing() as db:
        return keep_file(db, "名册.xlsx", "application/x", b"names", HANDLER, AT).digest


def test_reported_value_counts_after_another_person_accepted_it(database: Database) -> None:
    reported = Reported("B2", date(2026, 6, 30), Decimal(320), "人社局", evidence(database))
    with database.writing() as db:
        stored = report_value(db, reported, HANDLER, AT)
        assert [one.id for one in pending_values(db)] == [stored.id]
    with database.reading() as db:
        assert accepted_values(db, ["B2"], YEAR.first_on, YEAR.last_on) == {}
    both = staff(1, Role.HANDLER, Role.REVIEWER)
    with pytest.raises(DutiesNotSeparate), database.writing() as db:
        review_value(db, stored.id, both, AT, accept=True)
    with database.writing() as db:
        review_value(db, stored.id, REVIEWER, AT, accept=True)
    with database.reading() as db:
        rows = {row.indicator.id: row for row in progress(db, MID)}
        assert [one.status for one in values_of(db, "B2")] == ["accepted"]
    assert rows["B2"].value == 320
    assert rows["B2"].source is not None
    assert rows["B2"].source.evidence_digest == reported.evidence_digest


@pytest.mark.parametrize(
    ("indicator", "value", "words"),
    [
        ("M3c", "1400", "任何人都不能填报"),
        ("B1", "2000", "任何人都不能填报"),
        ("B2", "-1", "负数"),
        ("B2", "1.5", "整数"),
        ("D1a", "101", "百分比"),
        ("M6", "2", "是"),
        ("M10a", "1e20", "太大"),
    ],
)
def test_value_that_nobody_may_report_is_refused(
    sqlite_database: Database, indicator: str, value: str, words: str
) -> None:
    digest = evidence(sqlite_database)
    reported = Reported(indicator, date(2026, 6, 30), Decimal(value), "人社局", digest)
    with pytest.raises(ValueRefused, match=words), sqlite_database.writing() as db:
        report_value(db, reported, HANDLER, AT)


def test_value_without_evidence_or_duty_is_refused(sqlite_database: Database) -> None:
    reported = Reported("B2", date(2026, 6, 30), Decimal(1), "人社局", "0" * 64)
    with pytest.raises(ValueRefused, match="证明材料"), sqlite_database.writing() as db:
        report_value(db, reported, HANDLER, AT)
    with pytest.raises(NotYourDuty), sqlite_database.writing() as db:
        report_value(db, reported, SIGNER, AT)
    with pytest.raises(EvidenceUnusable), sqlite_database.writing() as db:
        keep_file(db, "空.pdf", "application/pdf", b"", HANDLER, AT)


def test_derived_values_come_from_the_ledger(database: Database) -> None:
    approved_chat(database, "m1", person="visitor-1")
    approved_chat(database, "m2", person="visitor-2")
    with database.reading() as db:
        rows = {row.indicator.id: row for row in progress(db, NOON.date(), {"M3b": 60})}
    assert rows["M3c"].value == rows["B3"].value == 2
    assert rows["M3b"].status is Status.MET
    assert rows["B1"].status is Status.TO_BE_ENTERED


def test_reading_of_the_plan_is_signed_by_two(database: Database) -> None:
    with pytest.raises(DefinitionInvalid), database.writing() as db:
        propose_definition(db, "ambiguity:99", "x", "y", HANDLER, AT)
    with database.writing() as db:
        proposal = propose_definition(db, "ambiguity:3", "含存量", "按全部创业者计", HANDLER, AT)
    with database.writing() as db:
        sign_definition(db, proposal.id, SIGNER, AT, "区统〔2026〕1号")
    with database.reading() as db:
        assert signed_choices(db)["ambiguity:3"].choice == "含存量"


@pytest.mark.parametrize(
    ("text", "number"), [("1,200", "1200"), (" 85.5% ", "85.5"), ("１２", "12")]
)
def test_typed_numbers_are_read(text: str, number: str) -> None:
    assert read_number(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "约三百", "NaN", "Infinity", "1e"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueRefused):
        read_number(text)
