"""Who is behind a number of persons: the people that count, and what each counts by.

The reports count with `holders_of`, the pages list with `list_persons`: one query of steps
is behind both, so that a list is as long as its number says.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Subquery, func, literal, null, select, union_all
from sqlalchemy.orm import Session

from guidance.lifecycle import COUNTED, ServiceLine
from guidance.message import Channel
from guidance.people.identity import Person, holder_of
from guidance.people.level import IdentityLevel
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.review.queue import PAGE
from guidance.session import GuidanceSession


@dataclass(frozen=True, slots=True)
class PersonsOf:
    """Which counted sessions make the number; "" and None leave a field open."""

    first: str = ""  # quarters, both inclusive
    last: str = ""
    since: date | None = None
    before: date | None = None
    unit: str | None = None  # "" is the district itself
    provider: str = ""  # "mentor:M0003"; "mentor:" stands for every mentor
    # As it was when its quarter was locked: no corrections, and nobody merged since.
    original: bool = False

    @property
    def served(self) -> tuple[Any, ...]:
        """Return the conditions on who gave the guidance."""
        if not self.provider:
            return ()
        if self.provider.endswith(":"):
            return (GuidanceSession.provider.startswith(self.provider, autoescape=True),)
        return (GuidanceSession.provider == self.provider,)

    def within(self, table: Any) -> tuple[Any, ...]:
        """Return the conditions on the time of sessions, or of adjustments."""
        found: list[Any] = []
        if self.first:
            found.append(table.period >= self.first)
        if self.last:
            found.append(table.period <= self.last)
        if self.since:
            found.append(table.count_on >= self.since)
        if self.before:
            found.append(table.count_on < self.before)
        return tuple(found)


def of_year(year: int, unit: str | None = None) -> PersonsOf:
    """Return what makes the 人 of a calendar year, as `tally.persons_of_year` counts them."""
    return PersonsOf(since=date(year, 1, 1), before=date(year + 1, 1, 1), unit=unit)


@dataclass(frozen=True, slots=True)
class Step:
    """One session that counts for a person, or one correction of it."""

    session_id: int
    amount: int  # +1, or -1 for what a correction takes out
    kind: AdjustmentKind | None  # None: the session itself
    unit: str  # where it counts; the session's own may differ after a reclassification
    org_unit: str
    count_on: date
    service_line: ServiceLine
    channel: Channel
    identity_level: IdentityLevel
    counted_for: str  # the reference on the record, from before a merge where it is locked


@dataclass(frozen=True, slots=True)
class CountedPerson:
    """One person that counts: how often, and by what."""

    reference: str
    times: int
    first_session: int  # the lowest of theirs here: names them in an address, and orders them
    steps: tuple[Step, ...]

    @property
    def standing(self) -> tuple[Step, ...]:
        """The sessions that are left after the corrections, one step for each."""
        left = Counter[tuple[int, str]]()
        for step in self.steps:
            left[step.session_id, step.unit] += step.amount
        one_each = {
            (step.session_id, step.unit): step for step in self.steps if step.amount > 0
        }  # fmt: skip
        return tuple(step for key, step in one_each.items() if left[key] > 0)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """The channels of these sessions, each once, the earliest first."""
        return tuple(dict.fromkeys(step.channel for step in self.standing))

    @property
    def units(self) -> tuple[str, ...]:
        """The units that these sessions count for, each once."""
        return tuple(dict.fromkeys(step.unit for step in self.standing))

    @property
    def level(self) -> IdentityLevel:
        """The surest that they were known by in one of these sessions."""
        levels = (IdentityLevel(step.identity_level) for step in self.standing or self.steps)
        return max(levels, key=lambda one: one.rank)


@dataclass(frozen=True, slots=True)
class PersonsPage:
    """Some of the people, by their first session, and where the next page begins."""

    persons: Sequence[CountedPerson]
    after: int | None


def count_persons(db: Session, chosen: PersonsOf) -> int:
    """Return how many persons count; posted adjustments are taken in, merged ones are one."""
    return db.scalar(select(func.count()).select_from(holders_of(chosen))) or 0


def list_persons(db: Session, chosen: PersonsOf, after: int = 0, limit: int = PAGE) -> PersonsPage:
    """Return the persons whose first session comes behind the one numbered `after`."""
    people = holders_of(chosen)
    behind = select(people).where(people.c.first_session > after)
    rows = db.execute(behind.order_by(people.c.first_session).limit(limit + 1)).all()
    steps = _steps_by_person(db, [row.holder for row in rows[:limit]], chosen)
    found = [
        CountedPerson(row.holder, row.times, row.first_session, tuple(steps[row.holder]))
        for row in rows[:limit]
    ]
    return PersonsPage(found, found[-1].first_session if len(rows) > limit else None)


def person_behind(db: Session, session: GuidanceSession, chosen: PersonsOf) -> CountedPerson:
    """Return whom a session counts for, with what they count by; that may be nothing."""
    holder = session.counts_for if chosen.original else holder_of(db, session.counts_for)
    steps = _steps_by_person(db, [holder], chosen)[holder]
    times = sum(step.amount for step in steps)
    return CountedPerson(holder, times, session.id, tuple(steps))


def holders_of(chosen: PersonsOf, *, by_unit: bool = False) -> Subquery:
    """Return the query of the people that count, `by_unit` once for each unit they were in.

    Its columns: holder, times, first_session, and with `by_unit` unit.
    """
    steps = steps_of(chosen)
    now: Any = func.coalesce(Person.merged_into, steps.c.person)
    holder: Any = (steps.c.person if chosen.original else now).label("holder")
    keys = [steps.c.unit, holder] if by_unit else [holder]
    times: Any = func.sum(steps.c.amount)
    return (
        select(*keys, times.label("times"), func.min(steps.c.session_id).label("first_session"))
        .select_from(steps)
        .outerjoin(Person, Person.reference == steps.c.person)
        .group_by(*keys)
        .having(times > 0)
        .subquery()
    )


def steps_of(chosen: PersonsOf, persons: Iterable[str] | None = None) -> Subquery:
    """Return the query of every session that counts, and of every correction of one.

    Its columns: unit, person, amount, session_id, kind. `persons` narrows it to references
    as they stand on the records.
    """
    posted = [Adjustment.status == AdjustmentStatus.POSTED, *chosen.within(Adjustment)]
    counting = [
        GuidanceSession.state.in_(COUNTED), *chosen.within(GuidanceSession), *chosen.served,
    ]  # fmt: skip
    if chosen.provider:
        theirs = select(GuidanceSession.id).where(*chosen.served)
        posted.append(Adjustment.session_id.in_(theirs))
    if persons is not None:
        wanted = tuple(persons)
        posted.append(Adjustment.person.in_(wanted))
        counting.append(GuidanceSession.counts_for.in_(wanted))
    moved = Adjustment.kind == AdjustmentKind.RECLASSIFY

    def corrections(unit: Any, amount: Any, which: Any) -> Any:
        columns = (unit, Adjustment.person, amount, Adjustment.session_id, Adjustment.kind)
        return select(*columns).where(*posted, which)

    sessions = select(
        GuidanceSession.org_unit.label("unit"),
        GuidanceSession.counts_for.label("person"),
        literal(1).label("amount"),
        GuidanceSession.id.label("session_id"),
        null().label("kind"),
    ).where(*counting)
    every = (
        sessions.subquery()
        if chosen.original
        else union_all(
            sessions,
            corrections(Adjustment.org_unit, Adjustment.amount, Adjustment.amount != 0),
            corrections(Adjustment.org_unit, literal(-1), moved),
            corrections(Adjustment.to_unit, literal(1), moved),
        ).subquery()
    )
    if chosen.unit is None:
        return every
    return select(every).where(every.c.unit == chosen.unit).subquery()


def _steps_by_person(
    db: Session, holders: Sequence[str], chosen: PersonsOf
) -> dict[str, list[Step]]:
    """Return each person's steps, the earliest day first."""
    merged = select(Person.reference, Person.merged_into).where(Person.merged_into.in_(holders))
    holder_by_reference = {one: one for one in holders}
    for reference, holder in () if chosen.original else db.execute(merged):
        holder_by_reference[reference] = holder or reference
    steps = steps_of(chosen, holder_by_reference)
    s = GuidanceSession
    rows = db.execute(
        select(
            steps.c.person, s.id, steps.c.amount, steps.c.kind, steps.c.unit, s.org_unit,
            s.count_on, s.service_line, s.channel, s.identity_level, s.counts_for,
        )
        .join(s, s.id == steps.c.session_id)
        .order_by(s.count_on, s.id, steps.c.amount.desc())
    )  # fmt: skip
    found: dict[str, list[Step]] = defaultdict(list)
    for person, session_id, amount, kind, *rest in rows:
        known = AdjustmentKind(kind) if kind else None
        found[holder_by_reference[person]].append(Step(session_id, amount, known, *rest))
    return found
