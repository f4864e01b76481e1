"""The review queue: what waits for a decision, filtered, page by page, and for whom."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session, defer

from guidance.lifecycle import COUNTED, ServiceLine, SessionState
from guidance.periods.period import Quarter
from guidance.periods.record import PeriodRecord
from guidance.review.sampling import draw_reviewer
from guidance.review.staff import Staff
from guidance.session import GuidanceSession

PAGE = 50
COUNTED_UP_TO = 1000


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """What to list; None leaves a field open. `org_unit` "" is the district itself."""

    state: SessionState = SessionState.PENDING
    org_unit: str | None = None
    service_line: ServiceLine | None = None
    period: str | None = None
    flagged: bool | None = None
    code: str | None = None  # unqualified ones with this reason


@dataclass(frozen=True, slots=True)
class QueuePage:
    """Sessions in the order they came, and where the next page begins (None: the last one)."""

    sessions: Sequence[GuidanceSession]
    after: int | None


def queue_page(db: Session, chosen: QueueFilter, after: int = 0, limit: int = PAGE) -> QueuePage:
    """Return one page behind the session numbered `after`."""
    listed = (
        _filtered(select(GuidanceSession), chosen)
        .where(GuidanceSession.id > after)
        .options(defer(GuidanceSession.seal_salt))
        .order_by(GuidanceSession.id)
        .limit(limit + 1)
    )
    found = list(db.scalars(listed))
    more = len(found) > limit
    return QueuePage(found[:limit], found[limit - 1].id if more else None)


def queue_size(db: Session, chosen: QueueFilter) -> tuple[int, bool]:
    """Return how many sessions wait, and whether there are more than were counted."""
    some = _filtered(select(GuidanceSession.id), chosen).limit(COUNTED_UP_TO + 1).subquery()
    count = db.scalar(select(func.count()).select_from(some)) or 0
    return min(count, COUNTED_UP_TO), count > COUNTED_UP_TO


def may_review(session: GuidanceSession, staff: Staff) -> bool:
    """Whether this account has no part in the session and no earlier decision on it."""
    return not staff.is_one_of(
        session.provider, session.recorder, session.submitter, session.approver,
        session.person, session.counts_for,
    )  # fmt: skip


def drawn_reviewer(db: Session, session: GuidanceSession, reviewers: Sequence[Staff]) -> str | None:
    """Return the reference of the reviewer that the lot gives a session, among those who may.

    The lot rests on the quarter's committed seed; before it is committed nobody is drawn.
    """
    seed = db.scalar(select(PeriodRecord.seed).where(PeriodRecord.period == session.period))
    if not seed:
        return None
    eligible = [one.reference for one in reviewers if may_review(session, one)]
    return draw_reviewer(seed, session.id, eligible)


def members(
    db: Session, period: str, org_unit: str | None = None, after: int = 0, limit: int = PAGE
) -> QueuePage:
    """Return the sessions that count in a quarter (2026Q3) or a year (2026), page by page."""
    listed = select(GuidanceSession.id).where(GuidanceSession.id > after)
    if org_unit is not None:
        listed = listed.where(GuidanceSession.org_unit == org_unit)
    branches = branched(listed, COUNTED, quarters_of(period))
    first = first_of(branches, GuidanceSession.id, limit + 1)
    rows = select(GuidanceSession).where(GuidanceSession.id.in_(first))
    found = list(db.scalars(rows.order_by(GuidanceSession.id)))
    more = len(found) > limit
    return QueuePage(found[:limit], found[limit - 1].id if more else None)


def branched(
    listed: Select[Any], states: Collection[SessionState], periods: Sequence[str]
) -> list[Select[Any]]:
    """Return a query of session ids once for each state and quarter.

    An index keeps the ids of one state in order, never those of several: a page of all
    of them would sort a year's sessions.
    """
    chosen = [listed.where(GuidanceSession.state == state) for state in sorted(states)]
    if not periods:
        return chosen
    return [one.where(GuidanceSession.period == period) for one in chosen for period in periods]


def first_of(branches: Sequence[Select[Any]], order: Any, limit: int) -> Select[Any]:
    """Return the query of the first ids of all branches together, in an order of the id."""
    firsts = [select(one.order_by(order).limit(limit).subquery().c.id) for one in branches]
    every = union_all(*firsts).subquery()
    wanted = every.c.id.desc() if order is not GuidanceSession.id else every.c.id
    return select(every.c.id).order_by(wanted).limit(limit)


def quarters_of(period: str) -> list[str]:
    """Return the quarters of a year, or the quarter itself. Raises PeriodInvalid."""
    if period.isdigit() and len(period) == 4:
        return [f"{period}Q{number}" for number in range(1, 5)]
    return [str(Quarter.parse(period))]


def unit_rates(db: Session, period: str) -> dict[str, dict[str, int]]:
    """Return every unit's sessions of a quarter by state (G9: rejections beside the count)."""
    rows = db.execute(
        select(GuidanceSession.org_unit, GuidanceSession.state, func.count())
        .where(GuidanceSession.period == period)
        .group_by(GuidanceSession.org_unit, GuidanceSession.state)
    )
    rates: dict[str, dict[str, int]] = {}
    for unit, state, count in rows:
        rates.setdefault(unit, {})[str(state)] = count
    return dict(sorted(rates.items()))


def _filtered(query: Select[Any], chosen: QueueFilter) -> Select[Any]:
    query = query.where(GuidanceSession.state == chosen.state)
    if chosen.org_unit is not None:
        query = query.where(GuidanceSession.org_unit == chosen.org_unit)
    if chosen.service_line is not None:
        query = query.where(GuidanceSession.service_line == chosen.service_line)
    if chosen.period is not None:
        query = query.where(GuidanceSession.period == chosen.period)
    if chosen.flagged is not None:
        has_flag = GuidanceSession.flags != ""
        query = query.where(has_flag if chosen.flagged else ~has_flag)
    if chosen.code is not None:
        query = query.where(GuidanceSession.codes.contains(chosen.code, autoescape=True))
    return query
