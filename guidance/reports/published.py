"""What was published of a time, and beside it what it has been revised to since."""

from collections import Counter
from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from guidance.counting.tally import counted_by
from guidance.indicators.agreed import year_of
from guidance.indicators.progress import quarters_between
from guidance.indicators.standing import guidance_sessions, persons_so_far
from guidance.periods.adjustment import posted_of
from guidance.periods.frozen import frozen_of
from guidance.periods.locking import PERSONS, locked_values, restated
from guidance.periods.period import Quarter
from guidance.periods.record import WHOLE, PeriodRecord
from guidance.reports.table import NOTHING, Cell, shown_count

# The columns of 人次 and 人 where something was published: as it was, and as it is now.
FIRST_AND_REVISED = ("人次（原公布值）", "人（原公布值）", "人次（修订值）", "人（修订值）")


@dataclass(frozen=True, slots=True)
class Beside:
    """A figure as it was published, and as it is now; the same until it is revised.

    Of a time that is not locked nothing was published yet: both are the present value.
    """

    original: int
    revised: int

    @property
    def is_revised(self) -> bool:
        """Whether it is no longer what was published."""
        return self.revised != self.original

    def cells(self, *, published: bool, both: bool = False) -> tuple[Cell, Cell]:
        """Return what a table says: the second is nothing where nothing was revised.

        With `both` it is a number all the same, for columns that are added up.
        """
        first = shown_count(self.original, published=published)
        if not (self.is_revised or both):
            return first, NOTHING
        return first, shown_count(self.revised, published=published)


def of_quarter(db: Session, period: str, persons_now: int) -> tuple[Beside, Beside]:
    """Return a quarter's 人次 and 人."""
    figures = restated(db, period)
    persons = locked_values(db, period, PERSONS).get(WHOLE, persons_now)
    return Beside(figures["original"], figures["revised"]), Beside(persons, persons_now)


def of_year_so_far(db: Session, on: date) -> tuple[Beside, Beside]:
    """Return the 人次 and 人 of a year up to a day; published ones when its quarter was locked."""
    sessions, persons = guidance_sessions(db, on, year_of(on)), persons_so_far(db, on)
    last = str(Quarter.of(on))
    record = db.get(PeriodRecord, last)
    if record is None or record.locked_at is None:
        return Beside(sessions, sessions), Beside(persons, persons)
    then = 0
    for one in quarters_between(date(on.year, 1, 1), on):
        then += restated(db, one)["original"] + sum(
            change.amount for change in posted_of(db, one)
            if change.decided_at and change.decided_at < record.locked_at
        )  # fmt: skip
    frozen = frozen_of(db, last).get(PERSONS)
    value = frozen.value if frozen else None
    return Beside(then, sessions), Beside(persons if value is None else int(value), persons)


def units_original(db: Session, periods: list[str]) -> dict[str, int]:
    """Return every unit's 人次 as published, quarter by quarter summed up."""
    counts: Counter[str] = Counter()
    for one in periods:
        locked = locked_values(db, one)
        counts.update({unit: n for unit, n in locked.items() if unit != WHOLE})
        if not locked:
            counts.update(counted_by(db, "org_unit", one))
    return dict(counts)
