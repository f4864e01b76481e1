"""What happened to a mentor's entry, from the audit log, in words."""

from typing import Any

from sqlalchemy.orm import Session

from api.ledger.history import Happened, history_of
from matching.mentors.columns import MENTOR_COLUMNS

_LABELS = {column.name: column.label for column in MENTOR_COLUMNS}


def mentor_history(db: Session, code: str) -> list[Happened]:
    """Return the newest events of a mentor, newest first."""
    return history_of(db, f"mentor:{code}", _in_words)


def _in_words(details: dict[str, Any]) -> list[str]:
    parts = []
    if fields := details.get("fields"):
        parts.append("、".join(_LABELS.get(field, field) for field in fields))
    if until := details.get("until"):
        parts.append(f"聘期由 {details.get('before', '')} 延到 {until}")
    return parts
