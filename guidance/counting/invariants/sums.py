"""I1, I7 and I9: what the pages sum up is what there is, by quarter, by unit and by year."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from guidance.counting.tally import PersonYear, Tally, tallies_of_sessions
from guidance.lifecycle import COUNTED, LINE_NAMES, ServiceLine
from guidance.message import CHANNEL_NAMES, Channel
from guidance.people.level import LEVEL_NAMES, IdentityLevel
from guidance.periods.adjustment import Adjustment, AdjustmentStatus
from guidance.periods.locking import units_restated
from guidance.periods.record import DISTRICT
from guidance.session import GuidanceSession


def i1_counts(db: Session) -> Iterator[str]:
    """M3c of every quarter equals the sessions that count, in the counters and one by one."""
    stored = _sessions_by(db, GuidanceSession.period)
    tallied = _totals(db, select(Tally.period, func.sum(Tally.count)).group_by(Tally.period))
    for period in sorted(stored.keys() | tallied.keys()):
        if stored[period] != tallied[period]:
            yield f"{period}：明细 {stored[period]}，汇总 {tallied[period]}"


def i7_counters(db: Session) -> Iterator[str]:
    """Every counter is what the sessions amount to."""
    expected = {tuple(map(str, row[:-1])): row[-1] for row in db.execute(tallies_of_sessions())}
    t = Tally
    stored_rows = db.execute(
        select(t.period, t.month, t.org_unit, t.service_line, t.channel, t.identity_level, t.count)
        .where(t.count != 0)
    )  # fmt: skip
    stored = {tuple(map(str, row[:-1])): row[-1] for row in stored_rows}
    for key in sorted(expected.keys() | stored.keys()):
        if expected.get(key) != stored.get(key):
            found = (expected.get(key, 0), stored.get(key, 0))
            yield f"汇总（{_named(key)}）应为 {found[0]}，存为 {found[1]}"


def _named(key: tuple[str, ...]) -> str:
    """Return the parts of a counter's key as the pages call them."""
    period, month, unit, line, channel, level = key
    names = (LINE_NAMES[ServiceLine(line)], CHANNEL_NAMES[Channel(channel)])
    return "、".join((period, month, unit or DISTRICT, *names, LEVEL_NAMES[IdentityLevel(level)]))


def i9_units(db: Session) -> Iterator[str]:
    """Units sum to the district, adjustments included."""
    whole = _sessions_by(db, GuidanceSession.period) + _adjusted_by(db, Adjustment.period)
    tallied = db.scalars(select(Tally.period).distinct())
    for period in sorted({*whole, *tallied}):
        units = sum(units_restated(db, period).values())
        if units != whole[period]:
            yield f"{period}：各单位之和 {units}，全区 {whole[period]}"


def i9_years(db: Session) -> Iterator[str]:
    """A year's 人次, by the people they are counted for, are its days and its adjustments."""
    days = _sessions_by(db, _year_of(GuidanceSession.count_on))
    expected = days + _adjusted_by(db, _year_of(Adjustment.count_on))
    per_person = select(PersonYear.year, func.sum(PersonYear.count)).group_by(PersonYear.year)
    stored = _totals(db, per_person)
    for year in sorted(expected.keys() | stored.keys()):
        if expected[year] != stored[year]:
            yield f"{year} 年：明细与调整合计 {expected[year]}，按人合计 {stored[year]}"


def _sessions_by(db: Session, key: Any) -> Counter[str]:
    counted = select(key, func.count()).where(GuidanceSession.state.in_(COUNTED))
    return _totals(db, counted.group_by(key))


def _adjusted_by(db: Session, key: Any) -> Counter[str]:
    posted = select(key, func.sum(Adjustment.amount)).where(
        Adjustment.status == AdjustmentStatus.POSTED
    )
    return _totals(db, posted.group_by(key))


def _year_of(day: Any) -> Any:
    return literal_column(f"substr(CAST({day.key} AS VARCHAR), 1, 4)")


def _totals(db: Session, query: Any) -> Counter[str]:
    return Counter({str(key): int(count) for key, count in db.execute(query) if count})
