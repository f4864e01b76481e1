"""The register holds what the plan says, row by row: `tests/fixtures/register.csv` restates it.

The table was written from the facts on the plan, apart from the register: owners that the
plan names, owners that we infer, sources (S this system, I imported, E entered, K constant).
"""

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from guidance.indicators.indicator import SOURCE_NAMES, Direction, IndicatorKind, load_register

TABLE = Path(__file__).parents[1] / "fixtures" / "register.csv"
ROWS = list(csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()))
# Rows that the plan gives to nobody; D1 is not among them for its complaints' office alone.
NOBODYS = {"D2", "E4", "E5", "M1b", "M1c", "M3a", "M4a", "M4b", "M5", "M8b", "M11"}


def listed(text: str) -> set[str]:
    return set(text.split("+")) - {""}


def test_the_register_has_the_rows_of_the_plan_and_no_others() -> None:
    assert [one.id for one in load_register().rows()] == [row["id"] for row in ROWS]


@pytest.mark.parametrize("row", ROWS, ids=[row["id"] for row in ROWS])
def test_a_row_is_what_the_plan_says(row: dict[str, str]) -> None:
    one = load_register().get(row["id"])
    assert one.unit == row["unit"]
    assert one.target == (Decimal(row["target"]) if row["target"] else None)
    assert one.direction == row["direction"]
    assert one.period == row["period"]
    assert set(one.sources) == listed(row["sources"])
    assert set(one.owners) - set(one.inferred) == listed(row["named"])
    assert set(one.inferred) == listed(row["inferred"])
    assert one.clause == row["clause"]


def test_what_is_the_systems_own_is_entered_by_nobody() -> None:
    for one in load_register().indicators.values():
        if one.sources == ("S",):
            assert one.kind is not IndicatorKind.ENTERED, one.id
        assert set(one.sources) <= set(SOURCE_NAMES)


def test_rows_without_an_owner_are_known() -> None:
    register = load_register()
    assert {row["id"] for row in ROWS if not row["named"]} == NOBODYS
    assert {one.id for one in register.rows() if one.confirm} > NOBODYS


def test_what_stands_beside_a_row_is_no_row_of_its_own_or_a_row() -> None:
    """双口径, the distinct union, averages, years, industries, borrowers: promised beside."""
    register = load_register()
    beside = {one.id: set(one.beside) for one in register.rows() if one.beside}
    assert beside == {
        "A1": {"A1.with_stock", "B3"},
        "B1": {"B1.union"},
        "B3": {"M3c", "M3c.both"},
        "C1": {"C1.average"},
        "C2": {"C2.average"},
        "D1d": {"D1d.system"},
        "E3a": {"E3a.first", "E3a.second"},
        "E3b": {"E3b.first", "E3b.second"},
        "M3a": {"M3a.roster"},
        "M3c": {"B3", "M3c.both"},
        "M4a": {"M4a.industries", "M4a.projects"},
        "M8a": {"M8a.borrowers"},
    }
    for names in beside.values():
        for name in names:
            assert register.get(name).direction is Direction.NONE or not register.get(name).part
    assert register.get("M10a").items
