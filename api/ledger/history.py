"""What happened to one thing, from the audit log, in words."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account
from api.ledger.event_words import event_name
from audit.log import ActorKind, events_of

MOST = 100


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the history."""

    at: datetime
    what: str
    who: str
    detail: str


def history_of(
    db: Session, subject: str, in_words: Callable[[dict[str, Any]], list[str]]
) -> list[Happened]:
    """Return the newest events of a subject, newest first; `in_words` says an event's details."""
    events = events_of(db, subject)[-MOST:][::-1]
    ids = {int(event.actor_id) for event, _ in events if event.actor_kind is ActorKind.ACCOUNT}
    rows = db.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    names = {"console": "命令行"} | {str(number): name for number, name in rows}
    return [
        Happened(
            event.at,
            event_name(event.action),
            names.get(event.actor_id, "系统"),
            "；".join(_parts(payload, in_words)),
        )
        for event, payload in events
    ]


def _parts(payload: dict[str, Any], in_words: Callable[[dict[str, Any]], list[str]]) -> list[str]:
    reason = payload.get("reason")
    return [*in_words(payload.get("details") or {}), *([f"理由：{reason}"] if reason else [])]
