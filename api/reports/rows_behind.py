"""Where the rows behind the figures of a report are: addresses for the cells of its tables."""

from collections.abc import Mapping
from urllib.parse import urlencode

from api.ledger.persons import persons_address
from guidance.indicators.indicator import load_register
from guidance.periods.period import Quarter
from guidance.periods.record import DISTRICT, PERIOD_STATE_NAMES, PeriodState
from guidance.reports.report import CHANNEL_BY_VALUE, LEVEL_BY_VALUE, LINE_BY_VALUE, Report
from guidance.reports.table import NOTHING, Cell, Table

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
    """Return what the headline's 人次 and 人 open, and both as revised; nothing published.

    They are those of the quarter's row, or of the year's: "sessions", "persons",
    "sessions_now" and "persons_now".
    """
    if report.published:
        return {}
    guidance = report.table("guidance")
    name = f"{report.period}年累计" if report.period.isdigit() else report.period
    row = next(row for row in guidance.rows if row[0] == name)
    opened = _of_time(guidance, row, report)
    cells = ("sessions", "persons", "sessions_now", "persons_now")
    return {name: opened[place] for place, name in enumerate(cells, 1) if place in opened}


def _links(table: Table, row: tuple[Cell, ...], report: Report) -> RowLinks:
    first, period = str(row[0]), report.period
    one_of = {"guidance": _of_time, "indicators": _of_indicator, "beside": _of_item}
    if table.name in one_of:
        return one_of[table.name](table, row, report)
    if table.name == "restatement":
        was = {"locked": 1} if row[1] == PERIOD_STATE_NAMES[PeriodState.LOCKED] else {}
        return {
            2: _list("counted", first), 3: _list("counting", first),
            4: f"/staff/periods/{first}#restated",
            5: persons_address(period=first, **was), 6: persons_address(period=first),
        }  # fmt: skip
    if table.name == "restated_indicators":
        return {4: f"/staff/indicators/{row[1]}?year={first[:4]}"}
    if table.name == "basis":
        return {1: f"/staff/sessions/{row[1]}"}
    if table.name not in SPLITS:
        return {}
    name, names = SPLITS[table.name]
    value = next((value for value, called in names.items() if called == first), first)
    if table.name != "units":
        return {1: _list("counted", period, **{name: value})}
    columns, unit = table.columns, {"unit": value}
    then = {"locked": 1} if "人（原公布值）" in columns else {}
    places: list[tuple[str, str]] = [
        ("人次", _list("counting", period, **unit)),
        ("人次（原公布值）", _list("counted", period, **unit)),
        ("人次（修订值）", _list("counting", period, **unit)),
        ("人", persons_address(period=period, **unit)),
        ("人（含调整）", persons_address(period=period, **unit)),
        ("人（原公布值）", persons_address(period=period, **unit, **then)),
        ("人（修订值）", persons_address(period=period, **unit)),
    ]
    return _numbers(row, {columns.index(one): to for one, to in places if one in columns})


def _of_time(table: Table, row: tuple[Cell, ...], report: Report) -> RowLinks:
    """Return the links of a quarter's row, or of the year's up to the report's last day.

    What was published of the year so far had the adjustments of its day in it: no list is
    of just those, so that it opens its rows for as long as nothing was revised since.
    """
    first, revised = str(row[0]), "人次（修订值）" in table.columns
    if "创建期间" in first:
        return {3 if revised else 1: _list("counting", first.partition("年")[0])}
    if "年" not in first:
        locked = {"locked": 1} if revised and first in report.locked_quarters else {}
        found = {
            1: _list("counted", first), 2: persons_address(period=first, **locked),
            3: _list("counting", first), 4: persons_address(period=first),
        }  # fmt: skip
    else:
        last = str(Quarter.of(report.as_of_on))
        sessions = _list("counting", first.partition("年")[0], upto=last)
        found = {1: sessions, 2: _year_so_far(report), 3: sessions, 4: _year_so_far(report)}
        if revised:
            found = {
                place: to for place, to in found.items() if place > 2 or row[place + 2] == NOTHING
            }
    return _numbers(row, found if revised else {1: found[1], 2: found[2]})


def _of_indicator(table: Table, row: tuple[Cell, ...], report: Report) -> RowLinks:
    """Return the links of a row's values, that of 人 to its list where that is of just those."""
    first = str(row[0])
    page = f"/staff/indicators/{first}?year={report.period[:4]}"
    persons = _year_so_far(report) if first == "B3" else page
    if "修订值" not in table.columns:
        return {4: persons}
    if row[5] == NOTHING:
        return {4: persons}
    return {4: page, 5: persons}


def _of_item(_table: Table, row: tuple[Cell, ...], report: Report) -> RowLinks:
    """Return the link of what stands beside an indicator; of one item of a sum, the sum's."""
    name = str(row[0])
    if row[2] != NOTHING:
        called = load_register().indicators.values()
        name = next(one.id for one in called if one.name == row[3])
    if name == "B3":
        return {4: _year_so_far(report)}
    return {4: f"/staff/indicators/{name}?year={report.period[:4]}"}


def _numbers(row: tuple[Cell, ...], links: RowLinks) -> RowLinks:
    """Return the links of what is a number: what is not known or has not changed opens nothing."""
    return {place: to for place, to in links.items() if not isinstance(row[place], str)}


def _year_so_far(report: Report) -> str:
    day = report.as_of_on
    return persons_address(year=day.year, upto=Quarter.of(day))


def _list(state: str, period: str, **narrowed: str) -> str:
    """Return the list of what was counted, or is with adjustments ("counting")."""
    return "/staff/sessions?" + urlencode({"state": state, "period": period, **narrowed})
