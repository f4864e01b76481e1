"""Where the rows behind the figures of a report are: one address for a row of a table."""

from collections.abc import Mapping
from urllib.parse import urlencode

from guidance.reports.report import (
    CHANNEL_BY_VALUE,
    DISTRICT,
    LEVEL_BY_VALUE,
    LINE_BY_VALUE,
    Report,
)
from guidance.reports.table import Cell, Table

NOBODY = "-"  # the district itself, in the address of the list
# The tables that split the counted sessions: the list's filter, and what its values are called.
SPLITS: dict[str, tuple[str, Mapping[str, str]]] = {
    "channel": ("channel", CHANNEL_BY_VALUE),
    "service_line": ("line", LINE_BY_VALUE),
    "identity_level": ("level", LEVEL_BY_VALUE),
    "month": ("month", {}),
    "units": ("unit", {NOBODY: DISTRICT}),
}
# Which cell of a row carries the link.
LINKED = {"guidance": 1, "indicators": 4, "restatement": 3, "basis": 1, **dict.fromkeys(SPLITS, 1)}


def rows_behind(report: Report) -> dict[str, tuple[int, list[str]]]:
    """Return by table which cell of its rows is linked, and each row's address.

    A published report links to nothing: who reads it may not open the rows.
    """
    if report.published:
        return {}
    linked = [table for table in report.tables if table.name in LINKED]
    return {
        one.name: (LINKED[one.name], [_address(one, row, report.period) for row in one.rows])
        for one in linked
    }


def _address(table: Table, row: tuple[Cell, ...], period: str) -> str:
    first = str(row[0])
    if table.name == "guidance":
        return _counted(first.partition("年")[0])
    if table.name == "indicators":
        return f"/staff/indicators/{first}?year={period[:4]}"
    if table.name == "restatement":
        return f"/staff/periods/{first}#restated"
    if table.name == "basis":
        return f"/staff/sessions/{row[1]}"
    name, names = SPLITS[table.name]
    value = next((value for value, called in names.items() if called == first), first)
    return _counted(period, **{name: value})


def _counted(period: str, **narrowed: str) -> str:
    return "/staff/sessions?" + urlencode({"state": "counted", "period": period, **narrowed})
