"""The second, blind check of a quarter: what is on its list, what it found, what that means."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, insert, or_, select
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import append_event
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.periods.record import (
    PeriodRecord,
    PeriodState,
    SampleItem,
    SampleOutcome,
    SampleReason,
    state_of,
)
from guidance.review.sampling import (
    RECHECK_BELOW,
    UNRELIABLE_BELOW,
    Candidate,
    VerificationFactor,
)
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, take_ledger


def check_sample(
    db: Session,
    session_id: int,
    by: Staff,
    at: datetime,
    *,
    confirmed: bool,
    note: str = "",
) -> SampleItem:
    """Note what the second check of a session found; the first decision is not shown to it.

    Raises DutiesNotSeparate for anybody who had a part in the session or approved it.
    """
    by.require(Role.REVIEWER)
    take_ledger(db)
    session = find_session(db, session_id)
    item = db.get(SampleItem, (session.period, session_id), populate_existing=True)
    if item is None or item.outcome is not SampleOutcome.WAITING:
        raise TransitionRefused("这条记录不在待抽查的名单里，请刷新页面。")
    if state_of(db, session.period) is not PeriodState.CLOSED:
        raise TransitionRefused(f"{session.period} 现在不在抽查，请刷新页面。")
    if session.state is not SessionState.APPROVED:
        raise TransitionRefused("这条记录已经撤销通过，不再抽查，请刷新页面。")
    if by.is_one_of(
        session.provider, session.recorder, session.submitter, session.approver,
        session.person, session.counts_for,
    ):  # fmt: skip
        raise DutiesNotSeparate("参与过这条记录的人不能抽查它，请由其他同事办理。")
    item.outcome = SampleOutcome.CONFIRMED if confirmed else SampleOutcome.NOT_CONFIRMED
    item.checked_by, item.checked_at, item.note = by.reference, at, note
    db.flush()
    said = {"confirmed": confirmed}
    append_event(db, "sample.checked", session.subject, by.actor, said, note)
    _widen(db, session.period, session.org_unit)
    return item


def verification_factors(db: Session, period: str) -> list[VerificationFactor]:
    """Return every unit's share of confirmed sessions, drawn and flagged ones.

    What was taken back before it was checked is left out.
    """
    matters = or_(SampleItem.outcome != SampleOutcome.WAITING, stands())
    rows = db.execute(
        select(GuidanceSession.org_unit, SampleItem.outcome, func.count())
        .join(SampleItem, SampleItem.session_id == GuidanceSession.id)
        .where(SampleItem.period == period, matters)
        .group_by(GuidanceSession.org_unit, SampleItem.outcome)
    )
    found: dict[str, dict[Any, int]] = defaultdict(dict)
    for unit, outcome, count in rows:
        found[unit][outcome] = count
    return [
        VerificationFactor(
            unit,
            checked=sum(counts.values()) - counts.get(SampleOutcome.WAITING, 0),
            confirmed=counts.get(SampleOutcome.CONFIRMED, 0),
            waiting=counts.get(SampleOutcome.WAITING, 0),
        )
        for unit, counts in sorted(found.items())
    ]


def stands() -> ColumnElement[bool]:
    """Whether an item's session still counts in the quarter that it was drawn for."""
    return (GuidanceSession.state == SessionState.APPROVED) & (
        GuidanceSession.period == SampleItem.period
    )


def unreliable_units(db: Session) -> list[str]:
    """Return the units whose sessions of the last closed quarter proved true too rarely."""
    closed = select(func.max(PeriodRecord.period)).where(PeriodRecord.state != PeriodState.OPEN)
    period = db.scalar(closed)
    factors = verification_factors(db, period) if period else []
    return [
        one.org_unit for one in factors if one.value is not None and one.value < UNRELIABLE_BELOW
    ]


def sample_left(db: Session, period: str) -> int:
    """Return how many checks are still to be done on sessions that count."""
    waiting = (
        select(func.count())
        .select_from(SampleItem)
        .join(GuidanceSession, GuidanceSession.id == SampleItem.session_id)
        .where(
            SampleItem.period == period,
            SampleItem.outcome == SampleOutcome.WAITING,
            stands(),
        )
    )
    return db.scalar(waiting) or 0


def unconfirmed(db: Session, period: str) -> Sequence[int]:
    """Return the approved sessions whose second check failed: they have to be taken back."""
    failed = (
        select(GuidanceSession.id)
        .join(SampleItem, SampleItem.session_id == GuidanceSession.id)
        .where(
            SampleItem.period == period,
            SampleItem.outcome == SampleOutcome.NOT_CONFIRMED,
            stands(),
        )
    )
    return db.scalars(failed.order_by(GuidanceSession.id)).all()


def _widen(db: Session, period: str, unit: str) -> None:
    """Check a unit's whole quarter once its sample is done and too bad."""
    (factor,) = [one for one in verification_factors(db, period) if one.org_unit == unit]
    if factor.waiting or factor.value is None or factor.value >= RECHECK_BELOW:
        return
    known = set(db.scalars(select(SampleItem.session_id).where(SampleItem.period == period)))
    rest = [
        one
        for one in sampled_from(db, period)
        if one.org_unit == unit and one.session_id not in known
    ]
    draw_items(db, period, rest, SampleReason.WHOLE_UNIT)


def add_late(db: Session, period: str) -> int:
    """Put what was approved after closing, by exception, on the list; return how many."""
    known = set(db.scalars(select(SampleItem.session_id).where(SampleItem.period == period)))
    late = [one for one in sampled_from(db, period) if one.flagged and one.session_id not in known]
    draw_items(db, period, late, SampleReason.FLAGGED)
    return len(late)


def sampled_from(db: Session, period: str) -> list[Candidate]:
    """Return what a quarter's sample is drawn from: what counts, by number."""
    rows = db.execute(
        select(
            GuidanceSession.id,
            GuidanceSession.org_unit,
            GuidanceSession.service_line,
            GuidanceSession.flags != "",
        )
        .where(GuidanceSession.period == period, GuidanceSession.state == SessionState.APPROVED)
        .order_by(GuidanceSession.id)
    )
    return [Candidate(*row) for row in rows]


def draw_items(
    db: Session, period: str, candidates: Sequence[Candidate], why: SampleReason
) -> None:
    """Put sessions on a quarter's list."""
    if candidates:
        common = {
            "period": period, "why": why, "outcome": SampleOutcome.WAITING,
            "checked_by": "", "note": "",
        }  # fmt: skip
        db.execute(
            insert(SampleItem),
            [
                {**common, "session_id": one.session_id, "stratum": one.stratum}
                for one in candidates
            ],
        )
