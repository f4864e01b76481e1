"""Running counts, so that a page of a million sessions is a sum of a few rows.

They change in the transaction that makes a session count or not; `rebuild_tallies`
computes them anew from the sessions, and the invariants compare both.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import String, delete, func, insert, literal_column, select, text
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.lifecycle import COUNTED, ServiceLine
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.session import GuidanceSession
from storage.database import Base


class Tally(Base):
    """How many sessions count, by everything a page splits them by."""

    __tablename__ = "tallies"

    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)  # 2026-07, of the count day
    org_unit: Mapped[str] = mapped_column(primary_key=True)
    service_line: Mapped[ServiceLine] = mapped_column(primary_key=True)
    channel: Mapped[Channel] = mapped_column(primary_key=True)
    identity_level: Mapped[IdentityLevel] = mapped_column(primary_key=True)
    count: Mapped[int]


class PersonYear(Base):
    """How many sessions of a person count in a year, adjustments included."""

    __tablename__ = "person_years"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    person: Mapped[str] = mapped_column(primary_key=True)
    count: Mapped[int]


class YearPersons(Base):
    """How many persons have a counted session in a year."""

    __tablename__ = "year_persons"

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    persons: Mapped[int]


SPLITS = ("org_unit", "service_line", "channel", "identity_level", "month")


def count_session(db: Session, session: GuidanceSession, step: int) -> None:
    """Add a session to the counts (`step` 1), or take it out again (-1)."""
    key = {
        "period": session.period,
        "month": f"{session.count_on:%Y-%m}",
        "org_unit": session.org_unit,
        "service_line": session.service_line,
        "channel": session.channel,
        "identity_level": session.identity_level,
    }
    _add(db, Tally, key, "count", step)
    count_person(db, session.count_on, session.counts_for, step)


def count_person(db: Session, day: date, person: str, step: int) -> None:
    """Add to a person's count of the year; the first and the last move the count of persons."""
    key = {"year": day.year, "person": person}
    _add(db, PersonYear, key, "count", step)
    count = db.scalar(
        select(PersonYear.count).where(PersonYear.year == day.year, PersonYear.person == person)
    )
    if step > 0 and count == step:  # it was nothing before
        _add(db, YearPersons, {"year": day.year}, "persons", 1)
    elif step < 0 and count == 0:
        _add(db, YearPersons, {"year": day.year}, "persons", -1)


def move_person_years(db: Session, absorbed: str, kept: str) -> None:
    """Give one person's counts to another; who was counted twice is then counted once."""
    years = select(PersonYear.year, PersonYear.count).where(
        PersonYear.person == absorbed, PersonYear.count > 0
    )
    for year, count in db.execute(years).all():
        count_person(db, date(year, 1, 1), absorbed, -count)
        count_person(db, date(year, 1, 1), kept, count)


def counted(db: Session, *periods: str) -> int:
    """Return how many sessions count in the given quarters, adjustments left out."""
    total = select(func.coalesce(func.sum(Tally.count), 0)).where(Tally.period.in_(periods))
    return db.scalar(total) or 0


def counted_by(db: Session, split: str, *periods: str) -> dict[str, int]:
    """Return the counts of the quarters by one of SPLITS; values that are zero are left out."""
    if split not in SPLITS:
        raise ValueError(f"no such split: {split}")
    column = getattr(Tally, split)
    rows = db.execute(
        select(column, func.sum(Tally.count)).where(Tally.period.in_(periods)).group_by(column)
    )
    return {
        str(value): count for value, count in sorted(rows, key=lambda row: str(row[0])) if count
    }


def persons_of_year(db: Session, year: int) -> int:
    """Return how many persons have a counted session in a year."""
    return db.scalar(select(YearPersons.persons).where(YearPersons.year == year)) or 0


def rebuild_tallies(db: Session) -> None:
    """Compute every count anew from the sessions and posted adjustments; for bulk loads."""
    for table in (Tally, PersonYear, YearPersons):
        db.execute(delete(table))
    db.execute(insert(Tally).from_select(_TALLY_COLUMNS, tallies_of_sessions()))
    db.execute(text(f"INSERT INTO person_years (year, person, count) {person_years_sql(db)}"))
    per_year = select(PersonYear.year, func.count()).where(PersonYear.count > 0)
    db.execute(
        insert(YearPersons).from_select(["year", "persons"], per_year.group_by(PersonYear.year))
    )


_TALLY_COLUMNS = [
    "period", "month", "org_unit", "service_line", "channel", "identity_level", "count",
]  # fmt: skip
_PERSON_YEARS_SQL = """
SELECT {year} AS year, coalesce(people.merged_into, steps.person) AS person, sum(step) AS times
FROM (
  SELECT count_on, counts_for AS person, 1 AS step FROM guidance_sessions
  WHERE state IN ('approved', 'locked')
  UNION ALL
  SELECT count_on, person, amount FROM adjustments WHERE status = 'posted' AND amount <> 0
) AS steps LEFT JOIN people ON people.reference = steps.person GROUP BY 1, 2
"""


def tallies_of_sessions() -> Any:
    """Return the query that counts the sessions as Tally does."""
    month: Any = literal_column("substr(CAST(count_on AS VARCHAR), 1, 7)")
    columns = [getattr(GuidanceSession, name) for name in _TALLY_COLUMNS[2:-1]]
    return (
        select(GuidanceSession.period, month, *columns, func.count())
        .where(GuidanceSession.state.in_(COUNTED))
        .group_by(GuidanceSession.period, month, *columns)
    )


def person_years_sql(db: Session) -> str:
    """Return the query of `year`, `person` and `times` from sessions and posted adjustments."""
    year = "CAST(substr(count_on, 1, 4) AS INTEGER)"
    if db.connection().dialect.name == "postgresql":
        year = "CAST(extract(year FROM count_on) AS INTEGER)"
    return _PERSON_YEARS_SQL.format(year=year)


def _add(db: Session, table: type[Base], key: Mapping[str, Any], counter: str, step: int) -> None:
    postgres = db.connection().dialect.name == "postgresql"
    statement = (postgres_insert if postgres else sqlite_insert)(table).values(
        **key, **{counter: step}
    )
    column = getattr(table, counter)
    db.execute(
        statement.on_conflict_do_update(
            index_elements=list(key), set_={counter: column + statement.excluded[counter]}
        )
    )
