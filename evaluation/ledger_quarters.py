"""Steps of a random walk: a quarter is closed, checked, locked, and corrected afterwards."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from evaluation.ledger_walker import STAFF, UNITS, Step, Walker
from guidance.lifecycle import SessionState
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment, refuse_adjustment
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.periods.closing import close_quarter
from guidance.periods.locking import prepare_lock, sign_lock
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import PeriodRecord, PeriodState, SampleItem, SampleOutcome, state_of
from guidance.periods.sample import check_sample
from guidance.periods.seed import commit_seed, propose_late_seed, sign_late_seed
from guidance.session import GuidanceSession
from guidance.transition import find_session

LEFT_OUT = (SessionState.REJECTED, SessionState.UNQUALIFIED, SessionState.WITHDRAWN)


def _commit(walker: Walker, db: Session) -> None:
    quarter = walker.choose((Quarter.of(shanghai_day(walker.now)), walker.past_quarter()))
    commit_seed(db, quarter, walker.who(Role.SIGNER), walker.now)


def _commit_late(walker: Walker, db: Session) -> None:
    quarter = walker.past_quarter()
    proposal = propose_late_seed(db, quarter, walker.who(Role.HANDLER), walker.now, "经办请假")
    sign_late_seed(db, proposal.id, walker.who(Role.SIGNER), walker.now)


def _close(walker: Walker, db: Session) -> None:
    quarter = walker.past_quarter()
    if db.get(PeriodRecord, str(quarter)) is None:
        proposal = propose_late_seed(db, quarter, STAFF[0], walker.now, "经办请假")
        sign_late_seed(db, proposal.id, STAFF[3], walker.now)
    close_quarter(db, quarter, STAFF[4], walker.now)


def _check(walker: Walker, db: Session) -> None:
    waiting = select(SampleItem.session_id).where(SampleItem.outcome == SampleOutcome.WAITING)
    for session_id in db.scalars(waiting).all():
        confirmed = walker.choose((True, True, True, False))
        check_sample(db, session_id, walker.who(Role.REVIEWER), walker.now, confirmed=confirmed)


def _prepare(walker: Walker, db: Session) -> None:
    prepare_lock(db, walker.past_quarter(), walker.who(Role.HANDLER), walker.now)


def _adjust(walker: Walker, db: Session) -> None:
    """Correct a locked quarter: take out or move what counts, add what was left out."""
    kind = walker.choose(tuple(AdjustmentKind))
    s, locked = GuidanceSession, SessionState.LOCKED
    closed = select(PeriodRecord.period).where(PeriodRecord.state == PeriodState.LOCKED)
    fitting = s.state.in_(LEFT_OUT) if kind is AdjustmentKind.ADD else s.state == locked
    ids = db.scalars(select(s.id).where(s.period.in_(closed), fitting).order_by(s.id)).all()
    session_id = walker.choose(ids) if ids else walker.one(db, locked, *LEFT_OUT)
    words = Words("查实", to_unit=walker.choose(UNITS))
    propose_adjustment(db, kind, session_id, walker.who(Role.REVIEWER), walker.now, words)


def _post(walker: Walker, db: Session) -> None:
    proposed = select(Adjustment.id).where(Adjustment.status == AdjustmentStatus.PROPOSED)
    ids = db.scalars(proposed).all()
    if ids:
        post_adjustment(db, walker.choose(ids), walker.who(Role.REVIEWER), walker.now)


def _refuse(walker: Walker, db: Session) -> None:
    proposed = select(Adjustment.id).where(Adjustment.status == AdjustmentStatus.PROPOSED)
    ids = db.scalars(proposed).all()
    if ids:
        by = walker.who(Role.REVIEWER)
        refuse_adjustment(db, walker.choose(ids), by, walker.now, "查无依据")


def _settle(walker: Walker, db: Session) -> None:
    """Do every step to the lock at once, as an office does that has finished its work."""
    quarter = walker.past_quarter()
    if state_of(db, str(quarter)) is PeriodState.OPEN:
        _close(walker, db)
    waiting = select(SampleItem.session_id).where(
        SampleItem.period == str(quarter), SampleItem.outcome == SampleOutcome.WAITING
    )
    for session_id in db.scalars(waiting).all():
        session = find_session(db, session_id)
        able = (one for one in STAFF if Role.REVIEWER in one.roles)
        parts = (session.provider, session.recorder, session.submitter, session.approver)
        others = (one for one in able if not one.is_one_of(*parts, session.counts_for))
        other = next(others, STAFF[1])  # who then is refused
        check_sample(db, session_id, other, walker.now, confirmed=True)
    proposal = prepare_lock(db, quarter, STAFF[0], walker.now)
    sign_lock(db, proposal.id, STAFF[4], walker.now)


QUARTERS: dict[str, Step] = {
    "commit": _commit,
    "commit_late": _commit_late,
    "settle": _settle,
    "close": _close,
    "check": _check,
    "prepare": _prepare,
    "adjust": _adjust,
    "post": _post,
    "refuse": _refuse,
}
