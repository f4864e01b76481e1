"""Decisions that take two reviewers: one proposes, another confirms (T5, and many at once)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from accounts.role import Role
from guidance.lifecycle import JUDGEMENT_CODES, TransitionRefused, check_transition
from guidance.periods.record import require_open
from guidance.review.decisions import check_separate, let_count, take_open
from guidance.review.proposal import Proposal, ProposalKind, decide, propose
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, move


def propose_requalification(
    db: Session, session_id: int, by: Staff, at: datetime, reason: str
) -> Proposal:
    """Propose that an unqualified session meets the rules after all (T5, first reviewer)."""
    session = take_open(db, session_id, at)
    by.require(Role.REVIEWER)
    check_separate(session, by)
    check_transition("session.requalified", session.state)
    if not set(session.codes.split()) <= JUDGEMENT_CODES:
        raise TransitionRefused("只有话题、具体程度、充分程度可以人工改判，其余原因不能改判。")
    content = {"codes": session.codes, "reason": reason}
    return propose(db, ProposalKind.REQUALIFY, session.subject, by, at, content)


def requalify(db: Session, proposal_id: int, by: Staff, at: datetime) -> GuidanceSession:
    """Carry a requalification out as the second reviewer (T5)."""
    proposal = decide(db, proposal_id, by, at, confirm=True)
    session = take_open(db, int(proposal.subject.split(":")[1]), at)
    check_separate(session, by)
    if not set(session.codes.split()) <= JUDGEMENT_CODES:
        raise TransitionRefused("这条记录的判定已经变化，不能改判。")
    details = {"proposal": proposal.id, "proposed_by": proposal.proposed_by}
    move(session, "session.requalified", by, changes={"codes": ""}, details=details)
    return session


def propose_approvals(
    db: Session, session_ids: Sequence[int], by: Staff, at: datetime, reason: str
) -> Proposal:
    """Propose to approve many sessions at once; flagged ones have to be looked at singly."""
    by.require(Role.REVIEWER)
    for session_id in session_ids:
        session = take_open(db, session_id, at)
        check_transition("review.approved", session.state)
        check_separate(session, by)
        if session.flags and session.flags != "G7":
            raise TransitionRefused(f"编号 {session_id} 有需要留意的情况，请单独复核。")
    content = {"sessions": list(session_ids), "reason": reason}
    return propose(db, ProposalKind.APPROVE_MANY, f"sessions:{len(session_ids)}", by, at, content)


def approve_proposed(
    db: Session, proposal_id: int, by: Staff, at: datetime
) -> tuple[list[int], dict[int, str]]:
    """Approve what another reviewer proposed; return what counts now, and why the rest does not.

    Also the second decision on sessions beyond a provider's daily cap (G7).
    """
    proposal = decide(db, proposal_id, by, at, confirm=True)
    approved: list[int] = []
    refused: dict[int, str] = {}
    for session_id in proposal.details["sessions"]:
        session = find_session(db, session_id)
        try:
            require_open(db, session, at)
            let_count(db, session, by, at, proposal)
        except (TransitionRefused, DutiesNotSeparate) as error:
            refused[session_id] = str(error)
        else:
            approved.append(session_id)
    return approved, refused
