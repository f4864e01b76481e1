"""Sessions that wait to be judged: their client may still confirm, or a paper may still come."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from guidance.counting.rules import CountingRules, rules_by_start, rules_in_force
from guidance.indicators.evidence import SessionEvidence, count_evidence
from guidance.lifecycle import SessionState
from guidance.session import GuidanceSession


@dataclass(frozen=True, slots=True)
class Awaited:
    """Until when the client's confirmation counts, and until when a session waits for either."""

    confirm_by: datetime
    judged_at: datetime


def awaited_of(db: Session, session: GuidanceSession) -> Awaited | None:
    """Return until when a recorded session waits, None when nothing is awaited of it."""
    rules = rules_in_force(db, session.period)
    asked = session.service_line in rules.confirmed_lines
    if session.state is not SessionState.RECORDED or not session.recorded_at or not asked:
        return None
    hours = timedelta(hours=rules.confirm_hours)
    awaited = Awaited(session.opened_at + hours, session.recorded_at + hours)
    confirmed = session.confirmed_at and session.confirmed_at <= awaited.confirm_by
    return None if confirmed or count_evidence(db, session.id) else awaited


def is_awaited(db: Session, at: datetime) -> ColumnElement[bool]:
    """The condition on recorded sessions that something is awaited of them at a moment.

    A confirmation that came too late ends nothing: a paper may still prove the session.
    """
    starts = rules_by_start(db)
    ends = [start for start, _ in starts[1:]] + [""]
    spans = zip(starts, ends, strict=True)
    return or_(false(), *(_within(start, end, rules, at) for (start, rules), end in spans))


def _within(start: str, end: str, rules: CountingRules, at: datetime) -> ColumnElement[bool]:
    s = GuidanceSession
    since = at - timedelta(hours=rules.confirm_hours)
    proved = select(SessionEvidence.session_id).where(SessionEvidence.session_id == s.id)
    return and_(
        s.service_line.in_(rules.confirmed_lines),
        s.period >= start,
        *([s.period < end] if end else []),
        s.recorded_at > since,
        s.confirmed_at.is_(None) | (s.opened_at <= since),
        ~proved.exists(),
    )
