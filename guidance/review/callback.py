"""Calling a client back: whether the consultation happened, and what follows if not (G6)."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from guidance.lifecycle import SessionState
from guidance.review.flags import with_flag
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, take_ledger


def record_callback(
    db: Session, session_id: int, by: Staff, *, happened: bool, words: str = ""
) -> list[int]:
    """Note what the client said when called back (G6).

    If nothing happened, every session of the provider in that quarter that is not locked
    is flagged for review; return their numbers. The session itself is then to be
    rejected, or voided by an adjustment when it is locked.
    """
    take_ledger(db)
    session = find_session(db, session_id)
    outcome = {"happened": happened}
    append_event(db, "session.called_back", session.subject, by.actor, outcome, words)
    if happened:
        return []
    same = GuidanceSession.provider == session.provider
    if not session.provider:
        same = GuidanceSession.id == session.id
    flagged = db.scalars(
        select(GuidanceSession).where(
            same,
            GuidanceSession.period == session.period,
            GuidanceSession.state != SessionState.LOCKED,
        )
    ).all()
    for one in flagged:
        one.flags = with_flag(one.flags, "G6")
    db.flush()
    for one in flagged:
        append_event(db, "session.flagged", one.subject, SYSTEM, {"flag": "G6"})
    return [one.id for one in flagged]
