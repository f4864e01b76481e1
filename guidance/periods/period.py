"""Quarters, and the days on which sessions count."""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone

# China has kept one offset, without summer time, since 1991.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
ENTRY_DAYS = 10  # after a quarter's last day, for entering [ours]
REVIEW_DAYS = 20  # after a quarter's last day, for reviewing [ours]
_QUARTER = re.compile(r"(20\d\d)Q([1-4])")


class PeriodInvalid(ValueError):
    """A text names no quarter; the message shows the form."""


@dataclass(frozen=True, order=True, slots=True)
class Quarter:
    """A quarter of a year, written 2026Q3; quarters are ordered in time."""

    year: int
    number: int  # 1 to 4

    @classmethod
    def parse(cls, text: str) -> "Quarter":
        """Read 2026Q3. Raises PeriodInvalid."""
        found = _QUARTER.fullmatch(text.strip().upper())
        if found is None:
            raise PeriodInvalid("季度请写成 2026Q3 的样子：年份、字母 Q、1 到 4。")
        return cls(int(found[1]), int(found[2]))

    @classmethod
    def of(cls, day: date) -> "Quarter":
        """Return the quarter that a day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    @property
    def first_day(self) -> date:
        """The first day."""
        return date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> date:
        """The last day."""
        return self.following.first_day - timedelta(days=1)

    @property
    def entry_closes_on(self) -> date:
        """The last day on which its sessions may be entered."""
        return self.last_day + timedelta(days=ENTRY_DAYS)

    @property
    def review_closes_on(self) -> date:
        """The last day on which its sessions are reviewed; it is locked after."""
        return self.last_day + timedelta(days=REVIEW_DAYS)

    @property
    def following(self) -> "Quarter":
        """The next quarter."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    @property
    def preceding(self) -> "Quarter":
        """The quarter before."""
        return Quarter.of(self.first_day - timedelta(days=1))


def shanghai_day(at: datetime) -> date:
    """Return the day in Shanghai at a moment."""
    return at.astimezone(SHANGHAI).date()
