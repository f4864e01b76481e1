"""I7: what the log amounts to is what the tables say, session by session."""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload
from guidance.counting.invariants.violation import BATCH, MOST
from guidance.lifecycle import COUNTED, STATE_NAMES, SessionState
from guidance.lifecycle_log import Replay, carried_sessions
from guidance.periods.record import SampleItem, SampleOutcome
from guidance.session import GuidanceSession

AT_ONCE = 500
# In Shanghai, eight hours ahead all year.
_DAY = {
    "sqlite": "date(opened_at, '+8 hours')",
    "postgresql": "((opened_at AT TIME ZONE 'UTC') + interval '8 hours')::date",
}
_QUARTER = {
    "sqlite": (
        "strftime('%Y', count_on) || 'Q' || ((CAST(strftime('%m', count_on) AS INT) + 2) / 3)"
    ),
    "postgresql": "to_char(count_on, 'YYYY\"Q\"Q')",
}


def i7_projection(db: Session, log: Replay) -> Iterator[str]:
    """Check every session's state against the log, and who approved what counts."""
    locked = set(_locked_periods(db))
    s = GuidanceSession
    rows = db.execute(
        select(s.id, s.state, s.period, s.approver).execution_options(yield_per=BATCH)
    )
    for session_id, state, period, approver in rows:
        logged = log.state_of(session_id)
        log.states[session_id] = 0
        if logged is SessionState.APPROVED and period in locked:
            logged = SessionState.LOCKED  # one event locks a whole quarter
        if logged is None and state not in (SessionState.OPEN, SessionState.RECORDED):
            yield f"咨询记录 {session_id} 是“{STATE_NAMES[state]}”，日志里却没有它"
        closed = state is SessionState.RECORDED and logged is SessionState.OPEN
        if logged is not None and logged is not state and not closed:
            names = (STATE_NAMES[logged], STATE_NAMES[state])
            yield f"咨询记录 {session_id}：日志为“{names[0]}”，表中为“{names[1]}”"
        by = log.approvers[session_id]
        if state in COUNTED and by and approver != f"account:{by}":
            yield f"咨询记录 {session_id} 的复核人与日志不同"
    gone = [place for place, state in enumerate(log.states) if state][:MOST]
    for session_id in gone + log.missing:
        yield f"咨询记录 {session_id} 在日志里有，在表中没有"


def i7_days(db: Session) -> Iterator[str]:
    """Check that a session counts on the day of its first message, where the log carried it."""
    engine = db.connection().dialect.name
    s = GuidanceSession
    day: Any = literal_column(_DAY[engine])
    quarter: Any = literal_column(_QUARTER[engine])
    for session_id in db.scalars(select(s.id).where(s.count_on != day).limit(MOST)):
        yield f"咨询记录 {session_id} 的计数日不是首条消息当天"
    carried = carried_sessions(db)
    moved = select(s.id, s.period).where(s.period != quarter).execution_options(yield_per=BATCH)
    for session_id, period in db.execute(moved):
        if session_id not in carried:
            yield f"咨询记录 {session_id} 计入 {period}，日志里没有结转"
    for ids in _parts(sorted(carried)):
        for session_id, period in db.execute(select(s.id, s.period).where(s.id.in_(ids))):
            if carried[session_id] != period:
                yield f"咨询记录 {session_id} 结转到 {carried[session_id]}，却计入 {period}"


def i7_samples(db: Session) -> Iterator[str]:
    """Check the outcomes of the second checks against their events, in their order."""
    told: dict[int, list[tuple[str, Any]]] = defaultdict(list)
    events = (
        select(AuditEvent.subject, AuditEvent.actor_id, AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.action == "sample.checked")
        .order_by(AuditEvent.seq)
    )
    for subject, actor, payload in db.execute(events.execution_options(yield_per=BATCH)):
        said = json.loads(payload)["details"]["confirmed"] if payload else None
        told[int(subject.split(":")[1])].append((f"account:{actor}", said))
    i = SampleItem
    checked = (
        select(i.session_id, i.outcome, i.checked_by)
        .where(i.outcome != SampleOutcome.WAITING)
        .order_by(i.session_id, i.checked_at, i.period)
    )
    for session_id, outcome, by in db.execute(checked.execution_options(yield_per=BATCH)):
        steps = told[session_id]
        logged_by, confirmed = steps.pop(0) if steps else ("", None)
        if logged_by != by or confirmed not in (None, outcome is SampleOutcome.CONFIRMED):
            yield f"咨询记录 {session_id} 的抽查结果与日志不同"
    for session_id in (number for number, steps in told.items() if steps):
        yield f"咨询记录 {session_id} 的抽查在日志里有，在表中没有"


def _locked_periods(db: Session) -> Iterator[str]:
    """Yield the quarters that an event of the log locked."""
    locked = select(func.distinct(AuditEvent.subject)).where(AuditEvent.action == "period.locked")
    for subject in db.scalars(locked):
        yield subject.split(":")[1]


def _parts(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), AT_ONCE):
        yield ids[start : start + AT_ONCE]
