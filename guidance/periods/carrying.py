"""Carrying: what is not decided when its quarter ends counts in a later one, if it does."""

from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from guidance.lifecycle import SessionState
from guidance.periods.period import Quarter
from guidance.periods.record import PeriodState, state_of, takes_decisions
from guidance.review.staff import Staff
from guidance.session import GuidanceSession

UNDECIDED = (
    SessionState.OPEN,
    SessionState.RECORDED,
    SessionState.QUALIFIED,
    SessionState.PENDING,
    SessionState.RETURNED,
)


def carry_over(db: Session, quarter: Quarter, by: Staff) -> int:
    """Let what is undecided count in the next quarter if it is approved then; return how many."""
    ids = db.scalars(select(GuidanceSession.id).where(*_undecided(quarter))).all()
    if ids:
        target = str(_open_after(db, quarter))
        db.execute(
            update(GuidanceSession)
            .where(*_undecided(quarter))
            .values(period=target)
            .execution_options(synchronize_session="fetch")
        )
        said = {"to": target, "sessions": list(ids)}
        append_event(db, "period.carried", f"period:{quarter}", by.actor, said)
    return len(ids)


def carry_late(db: Session, session: GuidanceSession, at: datetime) -> None:
    """Let a session that comes after its quarter was closed count in the next open one.

    A closed quarter with an exception that holds keeps it. The caller holds the ledger.
    """
    if takes_decisions(db, session, at):
        return
    quarter = Quarter.parse(session.period)
    session.period = str(_open_after(db, quarter))
    db.flush()
    said = {"to": session.period, "sessions": [session.id]}
    append_event(db, "period.carried", f"period:{quarter}", SYSTEM, said)


def count_undecided(db: Session, quarter: Quarter) -> int:
    """Return how many sessions of a quarter are still on their way to a decision."""
    return db.scalar(select(func.count()).where(*_undecided(quarter))) or 0


def _undecided(quarter: Quarter) -> tuple[ColumnElement[bool], ...]:
    return (
        GuidanceSession.period == str(quarter),
        GuidanceSession.state.in_(UNDECIDED),
    )


def _open_after(db: Session, quarter: Quarter) -> Quarter:
    """Return the first quarter after one that is not closed."""
    following = quarter.following
    while state_of(db, str(following)) is not PeriodState.OPEN:
        following = following.following
    return following
