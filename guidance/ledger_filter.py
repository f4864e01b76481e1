"""What a page of the ledger is narrowed down by, and which index it walks for that.

SQLite keeps no statistics unless told to, and PostgreSQL, which does, takes a page that
is to be sorted for one that is soon filled. So each walk leaves one index to choose: the
conditions it begins with are written plainly, all others so that no index serves them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text

from guidance.counting.corrected import corrected_ids, counting_ids
from guidance.ledger_indexes import APPEALED_SQL, FLAGGED_SQL, REFUSED_SQL
from guidance.lifecycle import COUNTED, ServiceLine, SessionState
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.review.queue import quarters_of
from guidance.session import GuidanceSession

Condition = ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """What to list; None leaves a field open, `org_unit` "" is the district itself."""

    states: frozenset[SessionState] = frozenset()  # none: every state
    org_unit: str | None = None
    service_line: ServiceLine | None = None
    channel: Channel | None = None
    identity_level: IdentityLevel | None = None
    period: str | None = None  # a quarter (2026Q3) or a year (2026)
    upto: str | None = None  # with a year: its last quarter that is in
    month: str | None = None  # 2026-07, of the day it counts on; the caller checks the form
    provider: str | None = None
    flagged: bool | None = None
    appealed: bool | None = None
    code: str | None = None  # a reason why it does not count
    # What counts with the adjustments in force, in the unit it counts for; no states are named.
    counting: bool = False

    @property
    def quarters(self) -> list[str]:
        """The quarters of the period, those behind `upto` left out."""
        found = quarters_of(self.period or "")
        return [one for one in found if self.upto is None or one <= self.upto]


@dataclass(frozen=True, slots=True)
class Walk:
    """One way through one index; `sorted_by_id` says whether its entries come in order."""

    conditions: tuple[Any, ...]
    sorted_by_id: bool

    def some(self) -> Select[Any]:
        """Return the query of the ids on the way, in no order."""
        return select(GuidanceSession.id).where(*self.conditions)

    def ids(self, after: int, *, newest: bool) -> Select[Any]:
        """Return the query of the ids behind a session, in order."""
        place: Any = GuidanceSession.id if self.sorted_by_id else GuidanceSession.id + 0
        found = self.some().order_by(place.desc() if newest else place)
        if after:
            found = found.where(place < after if newest else place > after)
        return found


def walks_of(chosen: LedgerFilter) -> list[Walk]:
    """Return the walks that together find what is chosen, each session once."""
    if chosen.counting:
        return _through_what_counts(replace(chosen, counting=False, states=COUNTED))
    for found in (_through_few(chosen), _through_one_provider(chosen), _through_days(chosen)):
        if found is not None:
            return [found]
    states = sorted(chosen.states or SessionState)
    s = GuidanceSession
    begins: list[tuple[Any, ...]]
    if chosen.org_unit is not None:
        begins = [(s.org_unit == chosen.org_unit, s.state == state) for state in states]
        rest = replace(chosen, org_unit=None, states=frozenset())
    elif chosen.period is not None:
        begins = [
            (s.period == one, s.state == state) for one in chosen.quarters for state in states
        ]
        rest = replace(chosen, period=None, states=frozenset())
    elif chosen == LedgerFilter():
        begins, rest = [()], chosen
    else:
        begins = [(s.state == state,) for state in states]
        rest = replace(chosen, states=frozenset())
    return [Walk((*begin, *_checked(rest)), sorted_by_id=True) for begin in begins]


def _through_what_counts(counted: LedgerFilter) -> list[Walk]:
    """Walk what was counted and never corrected, and apart from it the few that were."""
    never = GuidanceSession.id.not_in(corrected_ids())
    walks = [replace(one, conditions=(*one.conditions, never)) for one in walks_of(counted)]
    begin = GuidanceSession.id.in_(counting_ids(counted.org_unit))
    rest = _checked(replace(counted, org_unit=None, states=frozenset()))
    return [*walks, Walk((begin, *rest), sorted_by_id=False)]


def _through_few(chosen: LedgerFilter) -> Walk | None:
    """Walk the sessions that were appealed, refused for a reason, or flagged: few of all."""
    for wanted, condition in (
        (chosen.appealed, APPEALED_SQL),
        (chosen.code, REFUSED_SQL),
        (chosen.flagged, FLAGGED_SQL),
    ):
        if wanted:
            return Walk((text(condition), *_checked(chosen)), sorted_by_id=True)
    return None


def _through_one_provider(chosen: LedgerFilter) -> Walk | None:
    if not chosen.provider:
        return None  # what nobody provides in person is most of all
    begin = GuidanceSession.provider == chosen.provider
    return Walk((begin, *_checked(replace(chosen, provider=None))), sorted_by_id=False)


def _through_days(chosen: LedgerFilter) -> Walk | None:
    if chosen.month is None:
        return None
    first, following = _days_of(chosen.month)
    day = GuidanceSession.count_on
    rest = _checked(replace(chosen, month=None))
    return Walk((day >= first, day < following, *rest), sorted_by_id=False)


def _checked(chosen: LedgerFilter) -> list[Condition]:
    """Return the conditions as something to check on the way, not to begin with."""
    equal = (
        "org_unit", "service_line", "channel", "identity_level", "provider", "appealed",
    )  # fmt: skip
    found = [
        _veiled(getattr(GuidanceSession, name)) == getattr(chosen, name)
        for name in equal
        if getattr(chosen, name) is not None
    ]
    if chosen.states:
        found.append(_veiled(GuidanceSession.state).in_(sorted(chosen.states)))
    if chosen.period is not None:
        found.append(_veiled(GuidanceSession.period).in_(chosen.quarters))
    if chosen.month is not None:
        first, following = _days_of(chosen.month)
        day = _veiled(GuidanceSession.count_on)
        found += [day >= first, day < following]
    if chosen.flagged is not None:
        flags = _veiled(GuidanceSession.flags)
        found.append(flags != "" if chosen.flagged else flags == "")
    if chosen.code is not None:
        found.append(_veiled(GuidanceSession.codes).contains(chosen.code, autoescape=True))
    return found


def _veiled(column: Any) -> Any:
    """Return a column as an expression of the same value, which is in no index."""
    return func.coalesce(column, column)


def _days_of(month: str) -> Sequence[date]:
    year, number = int(month[:4]), int(month[5:7])
    return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)
