"""What mentors did, as the ledger has it: by mentor or by month, counted or not."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from guidance.counting.persons import PersonsOf, steps_of
from guidance.lifecycle import COUNTED, SessionState
from guidance.people.identity import Person
from guidance.session import GuidanceSession

MENTOR = "mentor:"  # begins the provider of what a mentor gave
# Decided against, for whatever reason; and what may still come to count.
UNCOUNTED = frozenset(
    {SessionState.UNQUALIFIED, SessionState.REJECTED, SessionState.MERGED, SessionState.WITHDRAWN}
)
UNDECIDED = frozenset(SessionState) - COUNTED - UNCOUNTED


@dataclass(frozen=True, slots=True)
class MentorWork:
    """The sessions of one mentor, or of one month."""

    name: str  # "mentor:M0003", or 2026-07
    counted: int = 0  # sessions that count
    revised: int = 0  # the same with posted adjustments
    persons: int = 0  # behind what is left
    minutes: int = 0  # declared, of the counted sessions
    undecided: int = 0
    uncounted: int = 0


def work_by_mentor(db: Session, chosen: PersonsOf) -> list[MentorWork]:
    """Return the work of every mentor with a session in that time, the busiest first."""
    found = _work_by(db, GuidanceSession.provider, chosen)
    return sorted(found, key=lambda one: (-one.counted, -one.undecided, one.name))


def work_by_month(db: Session, chosen: PersonsOf) -> list[MentorWork]:
    """Return the same work by the month that it counts in, in order."""
    month: Any = literal_column("substr(CAST(guidance_sessions.count_on AS VARCHAR), 1, 7)")
    return sorted(_work_by(db, month, chosen), key=lambda one: one.name)


def _work_by(db: Session, key: Any, chosen: PersonsOf) -> Sequence[MentorWork]:
    s = GuidanceSession
    within = [*chosen.within(s), *chosen.served]
    if chosen.unit is not None:
        within.append(s.org_unit == chosen.unit)
    rows = db.execute(
        select(key, s.state, func.count(), func.sum(s.minutes))
        .where(*within)
        .group_by(key, s.state)
    )
    sessions: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for name, state, count, minutes in rows:
        sums = sessions[name]
        sums[_kind(SessionState(state))] += count
        sums["minutes"] += minutes if state in COUNTED else 0
    counts = {name: (times, persons) for name, times, persons in db.execute(_counts(key, chosen))}
    names = sessions.keys() | counts.keys()
    return [
        MentorWork(name, revised=counts.get(name, (0, 0))[0], persons=counts.get(name, (0, 0))[1],
                   **sessions.get(name, {}))
        for name in names
    ]  # fmt: skip


def _counts(key: Any, chosen: PersonsOf) -> Any:
    """Return the query of 人次 and 人 by a key, posted adjustments included."""
    steps = steps_of(chosen)
    holder: Any = func.coalesce(Person.merged_into, steps.c.person)
    people = (
        select(key.label("name"), holder.label("holder"), func.sum(steps.c.amount).label("times"))
        .select_from(steps)
        .join(GuidanceSession, GuidanceSession.id == steps.c.session_id)
        .outerjoin(Person, Person.reference == steps.c.person)
        .group_by(key, holder)
        .having(func.sum(steps.c.amount) > 0)
        .subquery()
    )
    return select(people.c.name, func.sum(people.c.times), func.count()).group_by(people.c.name)


def _kind(state: SessionState) -> str:
    if state in COUNTED:
        return "counted"
    return "uncounted" if state in UNCOUNTED else "undecided"
