"""From a number to its records: quarter, value, members, decisions, seal, messages."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import events_of
from guidance.counting.qualification import reasons_of
from guidance.indicators.evidence import digests_of
from guidance.periods.adjustment import posted_of
from guidance.periods.locking import restated
from guidance.periods.record import PeriodRecord, state_of
from guidance.seal import seal_holds, turns_of
from guidance.session import GuidanceSession
from guidance.transition import find_session


def trace_session(db: Session, session_id: int) -> dict[str, Any]:
    """Return everything a counted session rests on, without names or texts of the messages."""
    session = find_session(db, session_id)
    return {
        "session": session.id,
        "state": session.state,
        "count_on": session.count_on,
        "period": session.period,
        "org_unit": session.org_unit,
        "service_line": session.service_line,
        "channel": session.channel,
        "identity_level": session.identity_level,
        "rule_version": session.rule_version,
        "reasons": reasons_of(session.codes),
        "flags": reasons_of(session.flags),
        "approver": session.approver,
        "seal": session.seal,
        "seal_holds": _holds(db, session),
        "messages": [
            {"message_id": turn.message_id, "channel": turn.channel, "at": turn.asked_at}
            for turn in turns_of(db, session.id)
        ],
        "evidence": digests_of(db, session.id),
        "events": [
            {"seq": event.seq, "at": event.at, "action": event.action, "actor": event.actor_id,
             "hash": event.hash}
            for event, _ in events_of(db, session.subject)
        ],
    }  # fmt: skip


def trace_period(db: Session, period: str) -> dict[str, Any]:
    """Return what a quarter's 人次 rests on; members follow with `review_queue.members`."""
    record = db.scalar(select(PeriodRecord).where(PeriodRecord.period == period))
    figures = restated(db, period)
    return {
        "indicator": "M3c",
        "period": period,
        "state": state_of(db, period),
        "original": figures["original"],
        "revised": figures["revised"],
        "difference": figures["difference"],
        "basis": [
            {"session": change.session_id, "kind": change.kind, "amount": change.amount,
             "reason": change.reason, "reference": change.reference}
            for change in posted_of(db, period)
        ],
        "members_root": record.members_root if record else "",
        "as_of_seq": record.as_of_seq if record else 0,
        "prepared_by": record.prepared_by if record else "",
        "signed_by": record.signed_by if record else "",
    }  # fmt: skip


def _holds(db: Session, session: GuidanceSession) -> bool | None:
    """Whether the seal holds; None before sealing and after erasing."""
    if not session.seal or session.erased_at:
        return None
    return seal_holds(db, session)
