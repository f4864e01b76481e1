"""What happened to a mentor's entry, from the audit log, in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account
from api.ledger.event_words import event_name
from audit.log import ActorKind, events_of
from matching.mentors.columns import MENTOR_COLUMNS

MOST = 100
_LABELS = {column.name: column.label for column in MENTOR_COLUMNS}


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the history."""

    at: datetime
    what: str
    who: str
    detail: str


def mentor_history(db: Session, code: str) -> list[Happened]:
    """Return the newest events of a mentor, newest first."""
    events = events_of(db, f"mentor:{code}")[-MOST:][::-1]
    ids = {int(e.actor_id) for e, _ in events if e.actor_kind is ActorKind.ACCOUNT}
    rows = db.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    names = {str(number): name for number, name in rows}
    return [
        Happened(
            event.at,
            event_name(event.action),
            names.get(event.actor_id, "系统"),
            _detail(payload),
        )
        for event, payload in events
    ]


def _detail(payload: dict[str, Any]) -> str:
    details = payload.get("details") or {}
    parts = []
    if fields := details.get("fields"):
        parts.append("、".join(_LABELS.get(field, field) for field in fields))
    if until := details.get("until"):
        parts.append(f"聘期由 {details.get('before', '')} 延到 {until}")
    if payload.get("reason"):
        parts.append(f"理由：{payload['reason']}")
    return "；".join(parts)
