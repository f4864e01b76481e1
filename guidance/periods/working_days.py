"""Working days in China: weekdays without public holidays, and weekends worked instead."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import Actor, append_event
from storage.database import Base, storable

SHIPPED = Path(__file__).with_name("holidays.yaml")
SATURDAY = 5
YEARS = range(2000, 2100)
MOST_RANGES = 60
_RANGE = re.compile(r"(\d{1,2})-(\d{1,2})(?:\.\.(\d{1,2})-(\d{1,2}))?")
_BETWEEN = re.compile(r"[\s,，、;；]+")


class HolidaysInvalid(ValueError):
    """The days of a year cannot be right; the message says what to correct."""


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """Which days are worked. In a year that is not known: Monday to Friday."""

    years: frozenset[int] = frozenset()
    off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_working(self, day: date) -> bool:
        """Whether offices work on a day."""
        return day in self.worked or (day.weekday() < SATURDAY and day not in self.off)

    def knows(self, day: date) -> bool:
        """Whether the public holidays of the day's year are known."""
        return day.year in self.years

    def after(self, day: date, count: int) -> date:
        """Return the day `count` working days after a day."""
        while count > 0:
            day += timedelta(days=1)
            count -= self.is_working(day)
        return day

    def last_ones(self, end: date, count: int) -> date:
        """Return the first of the last `count` working days up to and with `end`."""
        day = end + timedelta(days=1)
        while count > 0:
            day -= timedelta(days=1)
            count -= self.is_working(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Count the working days after `start` up to and with `end`; negative when end is first."""
        if end < start:
            return -self.between(end, start)
        span = range(1, (end - start).days + 1)
        return sum(self.is_working(start + timedelta(days=n)) for n in span)


class HolidayYear(Base):
    """The days of one year as the administrator entered them; they go before what ships."""

    __tablename__ = "holiday_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    off: Mapped[str]  # "01-01..01-03 02-15..02-23"
    worked: Mapped[str]
    source: Mapped[str]  # the notice that says so
    entered_at: Mapped[datetime]


@cache
def shipped_days() -> WorkingDays:
    """Return the working days of the years that ship."""
    told: dict[int, Any] = yaml.safe_load(SHIPPED.read_text(encoding="utf-8"))
    years = {y: (" ".join(t["days_off"]), " ".join(t["days_worked"])) for y, t in told.items()}
    return _join(WorkingDays(), years)


def working_days(db: Session) -> WorkingDays:
    """Return the working days with the years that the administrator entered."""
    rows = db.scalars(select(HolidayYear)).all()
    return _join(shipped_days(), {row.year: (row.off, row.worked) for row in rows})


def holiday_years(db: Session) -> list[HolidayYear]:
    """Return the years that the administrator entered."""
    return list(db.scalars(select(HolidayYear).order_by(HolidayYear.year)))


def enter_holidays(db: Session, row: HolidayYear, by: Actor) -> None:
    """Keep the days of a year, in place of what was there. Raises HolidaysInvalid."""
    if row.year not in YEARS:
        raise HolidaysInvalid("年份请写四位数字，例如 2027。")
    off, worked = read_days(row.year, row.off), read_days(row.year, row.worked)
    if not off:
        raise HolidaysInvalid("请填写这一年的放假日期，例如 01-01..01-03。")
    if off & worked:
        raise HolidaysInvalid("同一天不能既放假又上班，请检查。")
    weekdays = sorted(day for day in worked if day.weekday() < SATURDAY)
    if weekdays:
        raise HolidaysInvalid(f"{weekdays[0]:%m-%d} 不是周末，不用填在“调休上班”里，请检查年份。")
    if not row.source.strip():
        raise HolidaysInvalid("请写明依据哪个通知。")
    row.source = str(storable(row.source.strip()))
    db.merge(row)
    details = {"off": row.off, "worked": row.worked, "source": row.source}
    append_event(db, "holidays.entered", f"holidays:{row.year}", by, details)


def read_days(year: int, text: str) -> frozenset[date]:
    """Read "01-01..01-03 02-15" as days of a year. Raises HolidaysInvalid."""
    parts = [part for part in _BETWEEN.split(text.strip()) if part]
    if len(parts) > MOST_RANGES:
        raise HolidaysInvalid("日期太多，请检查。")
    days: set[date] = set()
    for part in parts:
        found = _RANGE.fullmatch(part)
        try:
            if found is None:
                raise ValueError
            first = date(year, int(found[1]), int(found[2]))
            last = date(year, int(found[3]), int(found[4])) if found[3] else first
        except ValueError as error:
            raise HolidaysInvalid(
                f"“{part[:20]}”不是日期，请写成 02-15 或 02-15..02-23，用空格隔开。"
            ) from error
        if last < first:
            raise HolidaysInvalid(f"“{part[:20]}”的前一天比后一天晚，请检查。")
        days.update(first + timedelta(days=n) for n in range((last - first).days + 1))
    return frozenset(days)


def _join(known: WorkingDays, told: dict[int, tuple[str, str]]) -> WorkingDays:
    """Add years, each in place of what was known of it."""
    off = {day for day in known.off if day.year not in told}
    worked = {day for day in known.worked if day.year not in told}
    for year, (free, instead) in told.items():
        off |= read_days(year, free)
        worked |= read_days(year, instead)
    return WorkingDays(known.years | frozenset(told), frozenset(off), frozenset(worked))
