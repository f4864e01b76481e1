"""The counts of a report that the running tallies do not hold: distinct persons, returns."""

from datetime import date
from typing import Any

from sqlalchemy import Integer, Subquery, cast, func, literal, select, union_all
from sqlalchemy.orm import Session

from audit.log import AuditEvent
from guidance.lifecycle import COUNTED
from guidance.people.identity import Person
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.session import GuidanceSession

RETURNED = "review.returned"


def persons_counted(db: Session, first: str, last: str, since: date) -> int:
    """Return how many persons count in the quarters first to last on days from `since` on.

    Posted adjustments are taken in, and two references of one person are one.
    """
    people = _people(first, last, since, by_unit=False)
    return db.scalar(select(func.count()).select_from(people)) or 0


def persons_by_unit(db: Session, first: str, last: str, since: date) -> dict[str, int]:
    """Return the same for every unit; who went to two units is one person in each."""
    people = _people(first, last, since, by_unit=True)
    rows = db.execute(select(people.c.unit, func.count()).group_by(people.c.unit))
    return {unit: count for unit, count in rows}  # noqa: C416  (rows are no pairs to mypy)


def returned_by_unit(db: Session, periods: list[str]) -> dict[str, int]:
    """Return how many sessions of the quarters were sent back at least once, by unit."""
    sent_back = (
        select(cast(func.substr(AuditEvent.subject, len("session:") + 1), Integer).label("id"))
        .where(AuditEvent.action == RETURNED)
        .distinct()
        .subquery()
    )
    rows = db.execute(
        select(GuidanceSession.org_unit, func.count())
        .join(sent_back, sent_back.c.id == GuidanceSession.id)
        .where(GuidanceSession.period.in_(periods))
        .group_by(GuidanceSession.org_unit)
    )
    return {unit: count for unit, count in rows}  # noqa: C416


def _people(first: str, last: str, since: date, *, by_unit: bool) -> Subquery:
    steps = _steps(first, last, since)
    holder: Any = func.coalesce(Person.merged_into, steps.c.person)
    columns = [steps.c.unit, holder] if by_unit else [holder]
    return (
        select(*columns)
        .select_from(steps)
        .outerjoin(Person, Person.reference == steps.c.person)
        .group_by(*columns)
        .having(func.sum(steps.c.step) > 0)
        .subquery()
    )


def _steps(first: str, last: str, since: date) -> Subquery:
    """Every session that counts, and every correction, as (unit, person, step)."""

    def within(table: Any) -> tuple[Any, ...]:
        return (table.period >= first, table.period <= last, table.count_on >= since)

    posted = (Adjustment.status == AdjustmentStatus.POSTED, *within(Adjustment))
    moved = Adjustment.kind == AdjustmentKind.RECLASSIFY
    sessions = select(
        GuidanceSession.org_unit.label("unit"),
        GuidanceSession.counts_for.label("person"),
        literal(1).label("step"),
    ).where(GuidanceSession.state.in_(COUNTED), *within(GuidanceSession))
    amounts = select(Adjustment.org_unit, Adjustment.person, Adjustment.amount).where(
        *posted, Adjustment.amount != 0
    )
    leaving = select(Adjustment.org_unit, Adjustment.person, literal(-1)).where(*posted, moved)
    coming = select(Adjustment.to_unit, Adjustment.person, literal(1)).where(*posted, moved)
    return union_all(sessions, amounts, leaving, coming).subquery()
