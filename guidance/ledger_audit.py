"""The audit log as a list: newest first, narrowed down, page by page."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import EPOCH, AuditEvent, AuditPayload

PAGE = 50


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
    listed = select(AuditEvent, AuditPayload.payload).outerjoin(
        AuditPayload, AuditPayload.seq == AuditEvent.seq
    )
    if before:
        listed = listed.where(AuditEvent.seq < before)
    if "." in chosen.action:
        listed = listed.where(AuditEvent.action == chosen.action)
    elif chosen.action:
        listed = listed.where(AuditEvent.action.startswith(f"{chosen.action}.", autoescape=True))
    if chosen.subject:
        listed = listed.where(AuditEvent.subject == chosen.subject)
    if chosen.actor:
        listed = listed.where(AuditEvent.actor_id == chosen.actor)
    if chosen.since is not None:
        listed = listed.where(AuditEvent.at_us >= _micros(chosen.since))
    if chosen.until is not None:
        listed = listed.where(AuditEvent.at_us <= _micros(chosen.until))
    rows = db.execute(listed.order_by(AuditEvent.seq.desc()).limit(limit + 1)).all()
    events = [(event, json.loads(payload) if payload else {}) for event, payload in rows[:limit]]
    return EventPage(events, events[-1][0].seq if len(rows) > limit else None)


def _micros(at: datetime) -> int:
    return int((at - EPOCH).total_seconds() * 1_000_000)
