"""Closing a quarter: what is left is carried over, the sample is drawn, then two people lock."""

from datetime import date, datetime

from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import append_event
from audit.merkle import merkle_root
from guidance.lifecycle import TransitionRefused
from guidance.periods.carrying import carry_over, count_undecided
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import PeriodRecord, PeriodState, SampleReason
from guidance.periods.sample import draw_items, sampled_from
from guidance.review.flags import rushing_units
from guidance.review.sampling import draw_sample
from guidance.review.staff import Staff
from guidance.transition import take_ledger


class PeriodNotReady(TransitionRefused):
    """Something has to be done before; the message says what."""


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
    frame = sampled_from(db, str(quarter))
    drawn = draw_sample(frame, record.seed, rushing_units(db, quarter))
    draw_items(db, str(quarter), [one for one in frame if one.flagged], SampleReason.FLAGGED)
    draw_items(db, str(quarter), [one for one in drawn if not one.flagged], SampleReason.DRAWN)
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
