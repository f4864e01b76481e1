"""The audit log as a list: newest first, narrowed down, page by page."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, text, union_all
from sqlalchemy.orm import Session

from audit.log import BY_OTHERS_SQL, EPOCH, SYSTEM, AuditEvent, AuditPayload, last_seq

PAGE = 50
# The clock of a server is set back by seconds, or by hours when somebody mistakes its zone.
CLOCK_SET_BACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class EventFilter:
    """What to list; "" leaves a field open. Both moments belong to the span."""

    action: str = ""  # a name ("review.approved") or the part before the dot ("review")
    subject: str = ""
    actor: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events with their details, newest first, and where the next page begins."""

    events: list[tuple[AuditEvent, dict[str, Any]]]
    before: int | None


def list_events(db: Session, chosen: EventFilter, before: int = 0, limit: int = PAGE) -> EventPage:
    """Return one page of events older than the one numbered `before` (0: the newest)."""
    within = _span(db, chosen, before)
    walks = [
        walk.where(*within).order_by(AuditEvent.seq.desc()).limit(limit + 1)
        for walk in _walks(db, chosen)
    ]
    if not walks:
        return EventPage([], None)
    every = union_all(*(select(walk.subquery().c.seq) for walk in walks)).subquery()
    wanted = select(every.c.seq).order_by(every.c.seq.desc()).limit(limit + 1)
    rows = db.execute(
        select(AuditEvent, AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.seq.in_(wanted))
        .order_by(AuditEvent.seq.desc())
    ).all()
    events = [(event, json.loads(payload) if payload else {}) for event, payload in rows[:limit]]
    return EventPage(events, events[-1][0].seq if len(rows) > limit else None)


def _walks(db: Session, chosen: EventFilter) -> list[Select[Any]]:
    """Return queries of numbers, each through one index; what else is asked for is checked."""
    event, actions = AuditEvent, _actions_of(db, chosen.action)
    of_action = [_veiled(event.action).in_(actions)] if chosen.action else []
    of_actor = [_veiled(event.actor_id) == chosen.actor] if chosen.actor else []
    walks: list[list[Any]]
    if chosen.subject:
        walks = [[event.subject == chosen.subject, *of_action, *of_actor]]
    elif chosen.actor not in ("", SYSTEM.id):
        walks = [[event.actor_id == chosen.actor, text(BY_OTHERS_SQL), *of_action]]
    elif chosen.action:
        walks = [[event.action == action, *of_actor] for action in actions]
    else:
        walks = [of_actor]
    return [select(event.seq).where(*conditions) for conditions in walks]


def _actions_of(db: Session, asked: str) -> list[str]:
    """Return the actions in the log that are meant: one by its name, or all of a group.

    The index is asked for the next name, and the next: some dozens, however long the log.
    """
    if "." in asked or not asked:
        return [asked]
    return [name for name in db.scalars(_ACTIONS) if name.startswith(f"{asked}.")]


def _span(db: Session, chosen: EventFilter, before: int) -> list[Any]:
    """Return the conditions on the time, with the numbers that lie within it or close by.

    Numbers follow time but for a clock that was set back, so that the place of a moment is
    found by halving, and only rows around the ends are looked at in vain.
    """
    event, found = AuditEvent, list[Any]()
    if before:
        found.append(event.seq < before)
    if chosen.since is not None:
        first = _first_since(db, _micros(chosen.since - CLOCK_SET_BACK))
        found += [event.seq >= first, _veiled(event.at_us) >= _micros(chosen.since)]
    if chosen.until is not None:
        beyond = _first_since(db, _micros(chosen.until + CLOCK_SET_BACK) + 1)
        found += [event.seq < beyond, _veiled(event.at_us) <= _micros(chosen.until)]
    return found


def _first_since(db: Session, at_us: int) -> int:
    """Return a number where the log crosses a moment: that event is not before it."""
    return db.scalar(_CROSSING, {"at_us": at_us, "beyond": last_seq(db) + 1}) or 1


_ACTIONS = text("""
    WITH RECURSIVE names (name) AS (
      SELECT min(action) FROM audit_events
      UNION ALL
      SELECT (SELECT min(e.action) FROM audit_events AS e WHERE e.action > n.name)
      FROM names AS n WHERE n.name IS NOT NULL
    ) SELECT name FROM names WHERE name IS NOT NULL
""")
_CROSSING = text("""
    WITH RECURSIVE halved (low, high) AS (
      SELECT 1, CAST(:beyond AS INTEGER)
      UNION ALL
      SELECT CASE WHEN e.at_us < CAST(:at_us AS BIGINT) THEN e.seq + 1 ELSE h.low END,
             CASE WHEN e.at_us < CAST(:at_us AS BIGINT) THEN h.high ELSE e.seq END
      FROM halved AS h JOIN audit_events AS e ON e.seq = (h.low + h.high) / 2
      WHERE h.low < h.high
    ) SELECT max(low) FROM halved
""")


def _veiled(column: Any) -> Any:
    """Return a column as an expression of the same value, which is in no index."""
    return func.coalesce(column, column)


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
