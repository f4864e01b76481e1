"""Steps of a random walk: what handlers, reviewers and signers decide on sessions and people."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from evaluation.ledger_walker import PEOPLE, Step, Walker
from guidance.lifecycle import HOLDS_DAY, SessionState
from guidance.people.merging import confirm_merge, propose_merge
from guidance.periods.locking import sign_lock
from guidance.periods.seed import sign_late_seed
from guidance.review import decisions as review
from guidance.review import two_reviewers
from guidance.review.callback import record_callback
from guidance.review.duplicates import (
    merge_sessions,
    near_sessions,
    part_sessions,
    propose_parting,
    propose_session_merge,
)
from guidance.review.proposal import Proposal, ProposalKind, ProposalStatus
from guidance.session import GuidanceSession
from guidance.transition import find_session


def _submit(walker: Walker, db: Session) -> None:
    review.submit(db, walker.one(db, SessionState.QUALIFIED), walker.who(Role.HANDLER), walker.now)


def _approve(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.PENDING)
    review.approve(db, session_id, walker.who(Role.REVIEWER), walker.now, review.CHECKLIST)


def _reject(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.PENDING)
    review.reject(db, session_id, walker.who(Role.REVIEWER), walker.now, "untrue", "不实")


def _send_back(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.PENDING)
    review.send_back(db, session_id, walker.who(Role.REVIEWER), walker.now, "unit", "请说明")


def _resubmit(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.RETURNED)
    review.resubmit(db, session_id, walker.who(Role.HANDLER), walker.now, "补充")


def _withdraw(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.PENDING, SessionState.RETURNED)
    review.withdraw(db, session_id, walker.who(Role.HANDLER), walker.now, "录错")


def _appeal(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.REJECTED)
    review.appeal(db, session_id, walker.who(Role.HANDLER), walker.now, "请复议")


def _unapprove(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.APPROVED)
    review.unapprove(db, session_id, walker.who(Role.SIGNER), walker.now, "存疑")


def _call_back(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.APPROVED)
    record_callback(db, session_id, walker.who(Role.REVIEWER), happened=False, words="没有")


def _propose(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.UNQUALIFIED)
    two_reviewers.propose_requalification(
        db, session_id, walker.who(Role.REVIEWER), walker.now, "清楚"
    )


def _propose_many(walker: Walker, db: Session) -> None:
    pending = select(GuidanceSession.id).where(GuidanceSession.state == SessionState.PENDING)
    ids = db.scalars(pending).all()
    two_reviewers.propose_approvals(db, ids, walker.who(Role.REVIEWER), walker.now, "已看")


def _propose_merge(walker: Walker, db: Session) -> None:
    kept, absorbed = walker.choose(PEOPLE), walker.choose(PEOPLE)
    propose_merge(db, kept, absorbed, walker.who(Role.HANDLER), walker.now, "同一人")


def _propose_session_merge(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, *HOLDS_DAY, SessionState.UNQUALIFIED)
    near = near_sessions(db, [find_session(db, session_id)])[session_id]
    into = walker.choose(near).id if near else walker.one(db, *HOLDS_DAY)
    by = walker.who(Role.HANDLER)
    propose_session_merge(db, session_id, into, by, walker.now, "同一次咨询")


def _propose_parting(walker: Walker, db: Session) -> None:
    session_id = walker.one(db, SessionState.MERGED)
    propose_parting(db, session_id, walker.who(Role.REVIEWER), walker.now, "查明是两次")


def _confirm(walker: Walker, db: Session) -> None:
    waiting = db.scalars(select(Proposal).where(Proposal.status == ProposalStatus.PROPOSED)).all()
    if not waiting:
        return
    proposal = walker.choose(waiting)
    carry_out: dict[ProposalKind, Callable[..., Any]] = {
        ProposalKind.REQUALIFY: two_reviewers.requalify,
        ProposalKind.APPROVE_MANY: two_reviewers.approve_proposed,
        ProposalKind.MERGE_PEOPLE: confirm_merge,
        ProposalKind.MERGE_SESSIONS: merge_sessions,
        ProposalKind.PART_SESSIONS: part_sessions,
        ProposalKind.LOCK: sign_lock,
        ProposalKind.LATE_SEED: sign_late_seed,
    }
    carry_out[proposal.kind](
        db, proposal.id, walker.who(walker.choose((Role.REVIEWER, Role.SIGNER))), walker.now
    )


REVIEWING: dict[str, Step] = {
    "submit": _submit,
    "approve": _approve,
    "reject": _reject,
    "send_back": _send_back,
    "resubmit": _resubmit,
    "withdraw": _withdraw,
    "appeal": _appeal,
    "unapprove": _unapprove,
    "call_back": _call_back,
    "propose": _propose,
    "propose_many": _propose_many,
    "propose_merge": _propose_merge,
    "propose_session_merge": _propose_session_merge,
    "propose_parting": _propose_parting,
    "confirm": _confirm,
}
