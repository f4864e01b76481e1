"""Erasing what events told: the chain of their digests stays whole."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload


def erase_payloads(db: Session, subjects: Sequence[str]) -> None:
    """Erase the words and salts of the events on subjects; their digests tell nothing then."""
    events = select(AuditEvent.seq).where(AuditEvent.subject.in_(subjects))
    db.execute(delete(AuditPayload).where(AuditPayload.seq.in_(events)))
