"""Where the rows behind the figures of a report are: addresses for the cells of its tables."""

from collections.abc import Mapping
from urllib.parse import urlencode

from api.ledger.persons import persons_address
from guidance.periods.period import Quarter
from guidance.reports.report import (
    CHANNEL_BY_VALUE,
    DISTRICT,
    LEVEL_BY_VALUE,
    LINE_BY_VALUE,
    Report,
)
from guidance.reports.table import Cell, Table

NOBODY = "-"  # the district itself, in the address of a list
# The tables that split the counted sessions: the list's filter, and what its values are called.
SPLITS: dict[str, tuple[str, Mapping[str, str]]] = {
    "channel": ("channel", CHANNEL_BY_VALUE),
    "service_line": ("line", LINE_BY_VALUE),
    "identity_level": ("level", LEVEL_BY_VALUE),
    "month": ("month", {}),
    "units": ("unit", {NOBODY: DISTRICT}),
}
# One row's cells, by their place, with the address that each opens.
RowLinks = dict[int, str]


def rows_behind(report: Report) -> dict[str, list[RowLinks]]:
    """Return by table, and for each of its rows, which cells open what.

    A published report links to nothing: who reads it may not open the rows.
    """
    if report.published:
        return {}
    return {
        table.name: [_links(table, row, report) for row in table.rows] for table in report.tables
    }


def totals_behind(report: Report) -> dict[str, str]:
    """Return what the headline's 人次 ("sessions") and 人 ("persons") open; nothing published."""
    if report.published:
        return {}
    return {
        "sessions": _counted(report.period),
        "persons": persons_address(period=report.period),
    }


def _links(table: Table, row: tuple[Cell, ...], report: Report) -> RowLinks:
    first, period = str(row[0]), report.period
    if table.name == "guidance":
        return _of_time(first, report)
    if table.name == "indicators":
        persons = _year_so_far(report) if first == "B3" else ""
        return {4: persons or f"/staff/indicators/{first}?year={period[:4]}"}
    if table.name == "restatement":
        return {3: f"/staff/periods/{first}#restated", 6: persons_address(period=first)}
    if table.name == "restated_indicators":
        return {4: f"/staff/indicators/{row[1]}?year={first[:4]}"}
    if table.name == "basis":
        return {1: f"/staff/sessions/{row[1]}"}
    if table.name not in SPLITS:
        return {}
    name, names = SPLITS[table.name]
    value = next((value for value, called in names.items() if called == first), first)
    found = {1: _counted(period, **{name: value})}
    if table.name == "units":
        found[2] = persons_address(period=period, unit=value)
    return found


def _of_time(first: str, report: Report) -> RowLinks:
    """Return the links of a quarter's row, or of the year's up to the report's last day."""
    if "年" in first:
        return {1: _counted(first.partition("年")[0]), 2: _year_so_far(report)}
    return {1: _counted(first), 2: persons_address(period=first)}


def _year_so_far(report: Report) -> str:
    day = report.as_of_on
    return persons_address(year=day.year, upto=Quarter.of(day))


def _counted(period: str, **narrowed: str) -> str:
    return "/staff/sessions?" + urlencode({"state": "counted", "period": period, **narrowed})
