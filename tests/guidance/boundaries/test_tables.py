"""The tables themselves: enough cases, none twice."""

from collections import Counter

from tests.guidance.boundaries.table import FOLDER, tables

LEAST = 300  # of R7


def test_tables_hold_hundreds_of_cases_and_none_twice() -> None:
    found = Counter(
        (file.name, heading, tuple(row.items())[0])
        for file in FOLDER.glob("*.md")
        for heading, rows in tables(file.name).items()
        for row in rows
    )
    twice = [case for case, times in found.items() if times > 1]
    # The days and fields of some tables are told apart by their second column.
    assert [case for case in twice if case[2][0] == "case"] == []
    assert found.total() >= LEAST
