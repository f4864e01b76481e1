"""What an indicator's page shows beside its value: trend, quarters, splits, and their rows."""

from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.ledger.chart import Chart, line_chart
from api.ledger.indicator_rows import own_rows
from api.ledger.persons import persons_address
from api.ledger.staff import unit_name
from api.signed_in import SignedIn
from guidance.counting.corrected import counting_by
from guidance.counting.tally import counted_by, persons_of_year
from guidance.indicators.indicator import Indicator
from guidance.indicators.progress import Progress, quarters_between
from guidance.indicators.value import ValueStatus, values_of
from guidance.lifecycle import LINE_NAMES
from guidance.message import CHANNEL_NAMES
from guidance.people.level import LEVEL_NAMES
from guidance.periods.adjustment import Adjustment, AdjustmentStatus

# By what the count of consultations is split: heading, filter of the list, names of the values.
SPLITS: dict[str, tuple[str, str, dict[Any, str]]] = {
    "month": ("按月份", "month", {}),
    "org_unit": ("按街道和部门", "unit", {}),
    "service_line": ("按服务方式", "line", LINE_NAMES),
    "channel": ("按渠道", "channel", CHANNEL_NAMES),
    "identity_level": ("按身份核验程度", "level", LEVEL_NAMES),
}
ROWS_OF = {"M3b": "/staff/library", "M4a": "/staff/library"}


def rows_of(row: Progress, day: date, account: SignedIn) -> str:
    """Return where the rows behind an indicator's number are listed.

    "" where the account may open a part of them only, the number being the district's.
    """
    indicator = row.indicator
    if indicator.id in ("M3c", "B3") and account.org_unit:
        return ""
    if indicator.id == "M3c":
        return f"/staff/sessions?state=counting&period={years_of(row, day)}"
    if indicator.id == "B3":
        return persons_address(year=day.year)
    return own_rows(indicator, day) or ROWS_OF.get(
        indicator.id, f"/staff/indicators/{indicator.id}?year={day.year}"
    )


def years_of(row: Progress, day: date) -> str:
    """Return the year of a day, or the years up to it since the row's time began: 2026-2027."""
    first = row.since.year if row.since else day.year
    return f"{day.year}" if first == day.year else f"{first}-{day.year}"


def splits_of(
    db: Session, row: Progress, day: date, account: SignedIn
) -> list[tuple[str, list[Any]]]:
    """Return the tables that a count is split by: heading, and name, count and link of rows.

    What was adjusted is in them, so that each sums to the value. Links as in `rows_of`.
    """
    if row.indicator.id != "M3c":
        return []
    quarters, period = _quarters(row, day), years_of(row, day)
    found = []
    for split, (heading, name, names) in SPLITS.items():
        rows = [
            (
                names.get(value, value) if split != "org_unit" else unit_name(value),
                count,
                f"/staff/sessions?state=counting&period={period}&{name}={value or '-'}"
                if not account.org_unit or (split, value) == ("org_unit", account.org_unit)
                else "",
            )
            for value, count in counting_by(db, split, *quarters).items()
        ]
        found.append((heading, rows))
    return found


def quarter_rows_of(db: Session, row: Progress, day: date) -> list[tuple[str, int, int]]:
    """Return each quarter's count with what was adjusted since."""
    if row.indicator.id != "M3c":
        return []
    quarters = _quarters(row, day)
    rows = db.execute(
        select(Adjustment.period, func.sum(Adjustment.amount))
        .where(Adjustment.period.in_(quarters), Adjustment.status == AdjustmentStatus.POSTED)
        .group_by(Adjustment.period)
    )
    adjusted: dict[str, int] = dict(iter(rows))
    return [
        (quarter, sum(counted_by(db, "org_unit", quarter).values()), adjusted.get(quarter, 0))
        for quarter in quarters
    ]


def trend_of(db: Session, row: Progress, day: date) -> list[tuple[str, float]]:
    """Return the values over time: running totals by month, yearly persons, reported values.

    The last running total is the value: adjustments are in the month that they correct.
    """
    indicator = row.indicator
    if indicator.id == "M3c":
        quarters = _quarters(row, day)
        total, found = 0, []
        for month, count in counting_by(db, "month", *quarters).items():
            total += count
            found.append((month, float(total)))
        return found
    if indicator.id == "B3":
        years = range(day.year - 4, day.year + 1)
        persons = [(str(year), float(persons_of_year(db, year))) for year in years]
        return [one for one in persons if one[1]]
    newest: dict[str, Decimal] = {}
    values: dict[str, float] = {}
    for one in reversed(values_of(db, indicator.id)):
        if one.status is ValueStatus.ACCEPTED:
            newest[one.item] = one.value  # a row that sums up items: what each had by then
            values[one.as_of_on.isoformat()] = float(sum(newest.values()))
    return list(values.items())


def trend_rows_of(
    indicator: Indicator, trend: list[tuple[str, float]], account: SignedIn
) -> dict[str, str]:
    """Return where the rows behind values of the trend are; a year's persons have a list."""
    if indicator.id != "B3" or account.org_unit:
        return {}
    return {year: persons_address(year=year) for year, _ in trend}


def _quarters(row: Progress, day: date) -> list[str]:
    return quarters_between(row.since or date(day.year, 1, 1), day)


def chart_of(trend: list[tuple[str, float]], target: float | None) -> Chart | None:
    """Return the trend as a chart; a single value makes none."""
    return line_chart(trend, target) if len(trend) > 1 else None
