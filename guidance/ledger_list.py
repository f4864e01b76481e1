"""The ledger as a list: any session by what it is, page by page, and how many wait for whom."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select, union_all
from sqlalchemy.orm import Session, defer

from guidance.lifecycle import ServiceLine, SessionState
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.review.queue import (
    COUNTED_UP_TO,
    PAGE,
    QueuePage,
    branched,
    first_of,
    quarters_of,
)
from guidance.session import GuidanceSession
from guidance.transition import SessionNotFound, find_session


@dataclass(frozen=True, slots=True)
class LedgerFilter:
    """What to list; None leaves a field open, `org_unit` "" is the district itself."""

    states: frozenset[SessionState] = frozenset()  # none: every state
    org_unit: str | None = None
    service_line: ServiceLine | None = None
    channel: Channel | None = None
    identity_level: IdentityLevel | None = None
    period: str | None = None  # a quarter (2026Q3) or a year (2026)
    month: str | None = None  # 2026-07, of the day it counts on; the caller checks the form
    provider: str | None = None
    flagged: bool | None = None
    appealed: bool | None = None
    code: str | None = None  # a reason why it does not count


def list_sessions(
    db: Session, chosen: LedgerFilter, after: int = 0, *, newest: bool = False, limit: int = PAGE
) -> QueuePage:
    """Return one page behind the session numbered `after`; queues begin with the oldest."""
    listed = select(GuidanceSession.id)
    if after:
        beyond = GuidanceSession.id < after if newest else GuidanceSession.id > after
        listed = listed.where(beyond)
    order: Any = GuidanceSession.id.desc() if newest else GuidanceSession.id
    first = first_of(_branches(listed, chosen), order, limit + 1)
    rows = select(GuidanceSession).where(GuidanceSession.id.in_(first))
    found = list(db.scalars(rows.options(defer(GuidanceSession.seal_salt)).order_by(order)))
    more = len(found) > limit
    return QueuePage(found[:limit], found[limit - 1].id if more else None)


def count_sessions(db: Session, chosen: LedgerFilter) -> tuple[int, bool]:
    """Return how many there are, and whether there are more than were counted."""
    most = COUNTED_UP_TO + 1
    some = [one.limit(most).subquery() for one in _branches(select(GuidanceSession.id), chosen)]
    every = union_all(*(select(one.c.id) for one in some)).limit(most).subquery()
    count = db.scalar(select(func.count()).select_from(every)) or 0
    return min(count, COUNTED_UP_TO), count > COUNTED_UP_TO


def session_within(db: Session, session_id: int, org_unit: str) -> GuidanceSession:
    """Return a session of a unit ("" sees all); another unit's is as missing as none at all."""
    session = find_session(db, session_id)
    if org_unit and session.org_unit != org_unit:
        raise SessionNotFound("没有找到这条咨询记录，请从列表重新选择。")
    return session


def _branches(listed: Select[Any], chosen: LedgerFilter) -> list[Select[Any]]:
    """Return the queries of ids that an index answers in order; without one, the whole list."""
    listed = listed.where(*_conditions(chosen))
    periods = [] if chosen.period is None else quarters_of(chosen.period)
    indexed = chosen.states or periods or chosen.org_unit is not None
    if indexed and chosen.provider is None:
        return branched(listed, chosen.states or frozenset(SessionState), periods)
    if chosen.states:
        listed = listed.where(GuidanceSession.state.in_(sorted(chosen.states)))
    return [listed.where(GuidanceSession.period.in_(periods)) if periods else listed]


def _conditions(chosen: LedgerFilter) -> list[ColumnElement[bool]]:
    """Return all but states and quarters: each branch has one, and `IN` beside it would sort."""
    session = GuidanceSession
    equal = ("org_unit", "service_line", "channel", "identity_level", "provider", "appealed")
    found = [
        getattr(session, name) == getattr(chosen, name)
        for name in equal
        if getattr(chosen, name) is not None
    ]
    if chosen.month is not None:
        found.append(_in_month(chosen.month))
    if chosen.flagged is not None:
        found.append(session.flags != "" if chosen.flagged else session.flags == "")
    if chosen.code is not None:
        found.append(session.codes.contains(chosen.code, autoescape=True))
    return found


def _in_month(month: str) -> ColumnElement[bool]:
    year, number = int(month[:4]), int(month[5:7])
    following = date(year + number // 12, number % 12 + 1, 1)
    counts_on = GuidanceSession.count_on
    return and_(counts_on >= date(year, number, 1), counts_on < following)
