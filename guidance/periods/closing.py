"""Closing a quarter: what is left is carried over, the sample is drawn, then two people lock."""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import append_event
from audit.merkle import merkle_root
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.periods.carrying import carry_over, count_undecided
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import (
    PeriodRecord,
    PeriodState,
    SampleItem,
    SampleOutcome,
    SampleReason,
)
from guidance.review.flags import rushing_units
from guidance.review.sampling import (
    RECHECK_BELOW,
    UNRELIABLE_BELOW,
    Candidate,
    VerificationFactor,
    draw_sample,
    seed_digest,
)
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, take_ledger


class PeriodNotReady(TransitionRefused):
    """Something has to be done before; the message says what."""


def commit_seed(db: Session, quarter: Quarter, by: Staff) -> PeriodRecord:
    """Draw the secret seed of a quarter's samples and publish its digest; once."""
    take_ledger(db)
    record = db.get(PeriodRecord, str(quarter))
    if record is not None:
        return record
    seed = secrets.token_hex(32)
    record = PeriodRecord(
        period=str(quarter),
        state=PeriodState.OPEN,
        seed=seed,
        seed_digest=seed_digest(seed),
        closed_by="",
        frame_root="",
        prepared_by="",
        signed_by="",
        members_root="",
        as_of_seq=0,
    )
    db.add(record)
    db.flush()
    said = {"seed_digest": record.seed_digest}
    append_event(db, "sample.committed", f"period:{quarter}", by.actor, said)
    return record


def close_quarter(db: Session, quarter: Quarter, by: Staff, at: datetime) -> PeriodRecord:
    """Close a quarter whose entry is over: carry over what is undecided, freeze the list, draw.

    Raises PeriodNotReady while sessions may still be entered, while any may still be
    reviewed in time, or without a committed seed.
    """
    by.require(Role.SIGNER, Role.HANDLER)
    take_ledger(db)
    record = db.get(PeriodRecord, str(quarter), populate_existing=True)
    if record is None:
        raise PeriodNotReady("请先公布抽查的随机种子摘要，再结算。")
    if record.state is not PeriodState.OPEN:
        raise PeriodNotReady(f"{quarter} 已经结算过了。")
    _check_calendar(db, quarter, shanghai_day(at))
    carried = carry_over(db, quarter, by)
    frame = _frame(db, str(quarter))
    drawn = draw_sample(frame, record.seed, rushing_units(db, quarter))
    _add_items(db, str(quarter), [one for one in frame if one.flagged], SampleReason.FLAGGED)
    _add_items(db, str(quarter), [one for one in drawn if not one.flagged], SampleReason.DRAWN)
    record.state = PeriodState.CLOSED
    record.closed_by, record.closed_at = by.reference, at
    record.frame_root = merkle_root(str(one.session_id).encode() for one in frame)
    db.flush()
    said = {
        "seed": record.seed, "frame": len(frame), "frame_root": record.frame_root,
        "sample": [one.session_id for one in drawn], "carried": carried,
    }  # fmt: skip
    append_event(db, "period.closed", f"period:{quarter}", by.actor, said)
    return record


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
    """Return every unit's share of confirmed sessions, drawn and flagged ones."""
    rows = db.execute(
        select(GuidanceSession.org_unit, SampleItem.outcome, func.count())
        .join(SampleItem, SampleItem.session_id == GuidanceSession.id)
        .where(SampleItem.period == period)
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
            GuidanceSession.state == SessionState.APPROVED,
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
            GuidanceSession.state == SessionState.APPROVED,
        )
    )
    return db.scalars(failed.order_by(GuidanceSession.id)).all()


def _check_calendar(db: Session, quarter: Quarter, today: date) -> None:
    if today <= quarter.entry_closes_on:
        raise PeriodNotReady(
            f"{quarter} 还没有结束录入（{quarter.entry_closes_on} 截止），截止以后才能结算。"
        )
    left = count_undecided(db, quarter)
    if left and today <= quarter.review_closes_on:
        raise PeriodNotReady(
            f"{quarter} 还有 {left} 条记录没有办完，复核到 {quarter.review_closes_on} 截止；"
            "办完或截止以后才能结算。"
        )


def _widen(db: Session, period: str, unit: str) -> None:
    """Check a unit's whole quarter once its sample is done and too bad."""
    (factor,) = [one for one in verification_factors(db, period) if one.org_unit == unit]
    if factor.waiting or factor.value is None or factor.value >= RECHECK_BELOW:
        return
    known = set(db.scalars(select(SampleItem.session_id).where(SampleItem.period == period)))
    rest = [
        one for one in _frame(db, period) if one.org_unit == unit and one.session_id not in known
    ]
    _add_items(db, period, rest, SampleReason.WHOLE_UNIT)


def add_late(db: Session, period: str) -> int:
    """Put what was approved after closing, by exception, on the list; return how many."""
    known = set(db.scalars(select(SampleItem.session_id).where(SampleItem.period == period)))
    late = [one for one in _frame(db, period) if one.flagged and one.session_id not in known]
    _add_items(db, period, late, SampleReason.FLAGGED)
    return len(late)


def _frame(db: Session, period: str) -> list[Candidate]:
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


def _add_items(
    db: Session, period: str, candidates: Sequence[Candidate], why: SampleReason
) -> None:
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
