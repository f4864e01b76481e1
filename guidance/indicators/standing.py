"""Where every row of the register stood on a day, with the persons of the year up to it."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from guidance.counting.persons import PersonsOf, count_persons
from guidance.indicators.definition import signed_choices
from guidance.indicators.indicator import load_register
from guidance.indicators.progress import Progress, Timeframe, guidance_sessions, judge
from guidance.indicators.value import accepted_values
from guidance.periods.period import Quarter


def standing_at(db: Session, on: date, given: Mapping[str, int]) -> list[Progress]:
    """Return where every row stood on a day; `given` as in `progress`.

    The page's `progress` takes the persons of the whole year, which is the same on the
    last day only.
    """
    register = load_register()
    frame = year_of(on)
    reported = accepted_values(db, register.indicators, frame.first_on, on)
    values: dict[str, Decimal | None] = {name: row.value for name, row in reported.items()}
    values |= {name: Decimal(number) for name, number in given.items()}
    values["M3c"] = Decimal(guidance_sessions(db, on, frame))
    values["B3"] = Decimal(persons_so_far(db, on))
    return judge(register, values, on, frame, reported, signed_choices(db).keys())


def persons_so_far(db: Session, on: date) -> int:
    """Return the 人 of the year up to the quarter of a day."""
    first = date(on.year, 1, 1)
    return count_persons(db, PersonsOf(f"{on.year}Q1", str(Quarter.of(on)), since=first))


def year_of(on: date) -> Timeframe:
    """Return the year that targets are for."""
    return Timeframe(date(on.year, 1, 1), date(on.year, 12, 31))


def definitions_now(db: Session) -> str:
    """Name the register and the signed readings that give the figures their meaning: "3+1,7"."""
    signed = sorted(row.id for row in signed_choices(db).values())
    return "+".join([load_register().version, *([",".join(map(str, signed))] if signed else [])])
