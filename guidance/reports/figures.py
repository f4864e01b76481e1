"""The counts of a report that the running tallies do not hold: persons of a unit, returns."""

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from audit.log import AuditEvent
from guidance.counting.persons import PersonsOf, holders_of
from guidance.session import GuidanceSession

RETURNED = "review.returned"


def persons_by_unit(db: Session, chosen: PersonsOf) -> dict[str, int]:
    """Return the persons of every unit; who went to two units is one person in each."""
    people = holders_of(chosen, by_unit=True)
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
