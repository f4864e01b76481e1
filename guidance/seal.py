"""Sealing: one digest over everything a session consists of, taken before anybody judges it."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import canonical
from audit.merkle import merkle_root
from guidance.session import GuidanceSession, Turn

SEALED_OF_SESSION = (
    "id", "person", "service_line", "channel", "opened_at", "last_turn_at", "closed_at",
    "turn_count", "provider", "recorder", "minutes", "place", "topic", "summary",
)  # fmt: skip
SEALED_OF_TURN = (
    "sequence", "channel", "message_id", "question", "completed_question", "status", "intent",
    "answer_text", "reply", "versions", "asked_at", "answered_at",
)  # fmt: skip


def new_salt() -> str:
    """Return a random salt, 32 bytes in hexadecimal."""
    return secrets.token_hex(32)


def seal_of(session: Any, turns: list[Any], salt: str) -> str:
    """Return the Merkle root over the session's fields and its turns in their order.

    The salt is erased with the words: what is left cannot be used to guess them.
    """
    fields = [_record(session, SEALED_OF_SESSION)]
    return merkle_root(
        (salt + canonical(record)).encode()
        for record in fields + [_record(turn, SEALED_OF_TURN) for turn in turns]
    )


def turns_of(db: Session, session_id: int) -> list[Turn]:
    """Return the turns of a session in their order."""
    return list(
        db.scalars(select(Turn).where(Turn.session_id == session_id).order_by(Turn.sequence))
    )


def seal_holds(db: Session, session: GuidanceSession) -> bool:
    """Whether a session is still what was sealed. An erased one cannot be checked any more."""
    return seal_of(session, turns_of(db, session.id), session.seal_salt) == session.seal


def sealed_values(session: GuidanceSession, turns: list[Turn], at: datetime) -> dict[str, Any]:
    """Return what sealing writes to a session."""
    salt = new_salt()
    return {"seal": seal_of(session, turns, salt), "seal_salt": salt, "recorded_at": at}


def _record(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
