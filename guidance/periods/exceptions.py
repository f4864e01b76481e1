"""Lock exceptions: entering late, for one unit and quarter, for a week, by two people."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from guidance.periods.period import Quarter
from guidance.review.proposal import Proposal, ProposalKind, ProposalStatus, decide, propose
from guidance.review.staff import Staff
from guidance.session import GuidanceSession

LONGEST = timedelta(days=7)


def propose_exception(
    db: Session, quarter: Quarter, org_unit: str, by: Staff, at: datetime, reason: str
) -> Proposal:
    """Propose that a unit may enter or submit for a quarter after its time."""
    content = {"org_unit": org_unit, "reason": reason}
    return propose(db, ProposalKind.LOCK_EXCEPTION, f"period:{quarter}", by, at, content)


def grant_exception(db: Session, proposal_id: int, by: Staff, at: datetime) -> Proposal:
    """Grant it as the second person; it ends a week later by itself."""
    return decide(db, proposal_id, by, at, confirm=True)


def exception_covers(db: Session, session: GuidanceSession, at: datetime) -> bool:
    """Whether an exception for the session's unit and the quarter of its day held at a moment."""
    return is_excepted(db, str(Quarter.of(session.count_on)), session.org_unit, at)


def is_excepted(db: Session, period: str, org_unit: str, at: datetime) -> bool:
    """Whether an exception for a unit and quarter holds at a moment."""
    granted = select(Proposal).where(
        Proposal.kind == ProposalKind.LOCK_EXCEPTION,
        Proposal.subject == f"period:{period}",
        Proposal.status == ProposalStatus.CONFIRMED,
        Proposal.decided_at <= at,
        Proposal.decided_at > at - LONGEST,
    )
    return any(proposal.details["org_unit"] == org_unit for proposal in db.scalars(granted))
