"""Where every row of the register stands: each judged in its own time, from what is known then."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guidance.counting.persons import PersonsOf, count_persons
from guidance.counting.tally import counted, persons_of_year
from guidance.indicators.agreed import (
    Choices,
    Timeframe,
    agreed,
    frame_of,
    signed_years,
    year_of,
)
from guidance.indicators.definition import choices_of, signed_choices
from guidance.indicators.formulas import mean, percent
from guidance.indicators.indicator import Register, Span, load_register
from guidance.indicators.progress import Progress, Reports, judge, quarters_between
from guidance.indicators.returns import share_on_time
from guidance.indicators.value import accepted_by_year, accepted_items, accepted_values
from guidance.periods.adjustment import Adjustment, AdjustmentStatus
from guidance.periods.period import Quarter
from guidance.turn_feedback import opinions_between

# What other packages count and this one may not know, by the row or part of the register.
Given = Mapping[str, Decimal | int | None]
Known = dict[str, Decimal | None]
CREATED = {"E3a": ("E1", "K.streets"), "E3b": ("E2", "K.communities")}


def progress(
    db: Session, on: date, given: Given | None = None, *, parts: bool = False
) -> list[Progress]:
    """Return where every row stands at the end of a day, with the persons of its whole year.

    `given` holds what the library, the mentors and the documents tell: M3b, M4a and its parts,
    M3a.roster, M11. With `parts` also what rows are made of, and what stands beside them.
    Some small queries, whatever the ledger's size.
    """
    return _stand(db, on, given or {}, persons_of_year(db, on.year), parts=parts)


def standing_at(db: Session, on: date, given: Given) -> list[Progress]:
    """Return where every row stood on a day; `given` as in `progress`.

    The page's `progress` takes the persons of the whole year, which is the same on the
    last day only.
    """
    return _stand(db, on, given, persons_so_far(db, on), parts=False)


def persons_so_far(db: Session, on: date) -> int:
    """Return the 人 of the year up to the quarter of a day."""
    first = date(on.year, 1, 1)
    return count_persons(db, PersonsOf(f"{on.year}Q1", str(Quarter.of(on)), since=first))


def guidance_sessions(db: Session, on: date, frame: Timeframe) -> int:
    """Return the 人次 of the quarters of a timeframe up to a day, posted adjustments included."""
    periods = quarters_between(frame.first_on, min(on, frame.last_on))
    adjusted = select(func.coalesce(func.sum(Adjustment.amount), 0)).where(
        Adjustment.period.in_(periods), Adjustment.status == AdjustmentStatus.POSTED
    )
    return counted(db, *periods) + int(db.scalar(adjusted) or 0)


def reported_quarter(on: date) -> Quarter:
    """Return the last quarter that is over by the end of a day: the one to report on."""
    return Quarter.of(on + timedelta(days=1)).preceding


def definitions_now(db: Session) -> str:
    """Name the register and the signed readings that give the figures their meaning: "3+1,7"."""
    signed = sorted(row.id for row in signed_choices(db).values())
    return "+".join([load_register().version, *([",".join(map(str, signed))] if signed else [])])


def _stand(db: Session, on: date, given: Given, persons: int, *, parts: bool) -> list[Progress]:
    choices = choices_of(db)
    register = agreed(load_register(), choices, on.year)
    frames = {span: frame_of(choices, span, on) for span in Span}
    always: Known = {name: None if one is None else Decimal(one) for name, one in given.items()}
    always["B3"] = Decimal(persons)
    always |= _from_records(db, on) | _by_year(db, register, choices, on)
    judged = {}
    for frame in dict.fromkeys(frames.values()):
        values, reports = _of_time(db, register, frame, on)
        values |= always
        values["M3c.both"] = _both_reached(register, values)
        rows = judge(register, values, on, frame, reports, choices)
        judged[frame] = {row.indicator.id: row for row in rows}
    return [
        judged[frames[one.period]][one.id]
        for one in register.indicators.values()
        if parts or not one.part
    ]


def _of_time(db: Session, register: Register, frame: Timeframe, on: date) -> tuple[Known, Reports]:
    """Return what was reported in a time up to a day, and the 人次 of it."""
    last = min(on, frame.last_on)
    summed = [one.id for one in register.indicators.values() if one.items]
    carried = [one.id for one in register.indicators.values() if one.carried]
    newest = accepted_values(db, register.indicators, frame.first_on, last, carried)
    items = accepted_items(db, summed, frame.first_on, last)
    values: Known = {name: row.value for name, row in newest.items()}
    values |= {name: sum((row.value for row in rows), Decimal(0)) for name, rows in items.items()}
    values["M3c"] = Decimal(guidance_sessions(db, on, frame))
    return values, Reports(newest, items)


def _from_records(db: Session, on: date) -> Known:
    """Return what this system's own records tell beside the ledger."""
    helped, opinions = opinions_between(db, year_of(on).first_on, on)
    found: Known = {"D1d.system": percent(Decimal(helped), Decimal(opinions))}
    share = share_on_time(db, reported_quarter(on))
    return found if share is None else found | {"R1": share}  # no list of units: to be entered


def _by_year(db: Session, register: Register, choices: Choices, on: date) -> Known:
    """Return averages over years, and the first and second year of "within two years"."""
    found = Known()
    creation = signed_years(choices, Span.CREATION)
    first = date(creation[0], 1, 1) if creation else date.min
    for name, years in accepted_by_year(db, ("C1", "C2"), first, on).items():
        found[f"{name}.average"] = mean(list(years.values()))
    two_years = signed_years(choices, Span.TWO_YEARS)
    if two_years is None:
        return found
    for place, year in zip(("first", "second"), two_years, strict=True):
        if year <= on.year:
            last = min(on, date(year, 12, 31))
            known = accepted_values(
                db, register.indicators, date(two_years[0], 1, 1), last,
                [one.id for one in register.indicators.values() if one.carried],
            )  # fmt: skip
            for name, (count, total) in CREATED.items():
                if count in known and total in known:
                    share = percent(known[count].value, known[total].value)
                    found[f"{name}.{place}"] = share
    return found


def _both_reached(register: Register, values: Known) -> Decimal:
    """1 where 人次 and 人 both reach what the plan wants of each, else 0."""
    pairs = ((values.get(name), register.get(name).target) for name in ("M3c", "B3"))
    return Decimal(all(value is not None and value >= (goal or 0) for value, goal in pairs))
