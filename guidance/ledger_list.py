"""The ledger as a list: any session by what it is, page by page, and how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select, union_all
from sqlalchemy.orm import Session, defer

from audit.foreign import OfAnother
from guidance.ledger_filter import LedgerFilter, walks_of
from guidance.lifecycle import COUNTED
from guidance.review.queue import PAGE
from guidance.session import GuidanceSession
from guidance.transition import SessionNotFound, find_session

COUNTED_UP_TO = 1000


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """Sessions in their order, and where the next page begins (None: this is the last one)."""

    sessions: Sequence[GuidanceSession]
    after: int | None


@dataclass(frozen=True, slots=True)
class CountedPage(LedgerPage):
    """A page with how many sessions there are in all, and whether there are even more."""

    count: int
    more: bool


def list_sessions(
    db: Session, chosen: LedgerFilter, after: int = 0, *, newest: bool = False, limit: int = PAGE
) -> LedgerPage:
    """Return one page behind the session numbered `after`; queues begin with the oldest."""
    order: Any = GuidanceSession.id.desc() if newest else GuidanceSession.id
    firsts = [
        select(walk.ids(after, newest=newest).limit(limit + 1).subquery().c.id)
        for walk in walks_of(chosen)
    ]
    every = union_all(*firsts).subquery()
    wanted = every.c.id.desc() if newest else every.c.id
    ids = select(every.c.id).order_by(wanted).limit(limit + 1)
    rows = select(GuidanceSession).where(GuidanceSession.id.in_(ids))
    found = list(db.scalars(rows.options(defer(GuidanceSession.seal_salt)).order_by(order)))
    more = len(found) > limit
    return LedgerPage(found[:limit], found[limit - 1].id if more else None)


def count_sessions(db: Session, chosen: LedgerFilter) -> tuple[int, bool]:
    """Return how many there are, and whether there are more than were counted."""
    most = COUNTED_UP_TO + 1
    some: list[Select[Any]] = [
        select(walk.some().limit(most).subquery().c.id) for walk in walks_of(chosen)
    ]
    every = union_all(*some).limit(most).subquery()
    count = db.scalar(select(func.count()).select_from(every)) or 0
    return min(count, COUNTED_UP_TO), count > COUNTED_UP_TO


def count_page(
    db: Session, chosen: LedgerFilter, after: int = 0, *, newest: bool = False
) -> CountedPage:
    """Return one page with its count; a first page that holds all is not counted again."""
    page = list_sessions(db, chosen, after, newest=newest)
    if not after and page.after is None:
        return CountedPage(page.sessions, None, len(page.sessions), more=False)
    return CountedPage(page.sessions, page.after, *count_sessions(db, chosen))


def members(
    db: Session, period: str, org_unit: str | None = None, after: int = 0, limit: int = PAGE
) -> LedgerPage:
    """Return the sessions that count in a quarter (2026Q3) or a year (2026), page by page."""
    return list_sessions(db, LedgerFilter(COUNTED, org_unit, period=period), after, limit=limit)


def session_within(db: Session, session_id: int, org_unit: str) -> GuidanceSession:
    """Return a session of a unit ("" sees all); another unit's is as missing as none at all."""
    session = find_session(db, session_id)
    if org_unit and session.org_unit != org_unit:
        missing = SessionNotFound("没有找到这条咨询记录，请从列表重新选择。")
        raise missing from OfAnother(session.subject)
    return session
