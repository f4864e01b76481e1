"""What needs two people: one proposes, another one decides."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import SYSTEM, append_event
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.transition import take_ledger
from storage.database import Base, storable


class ProposalKind(StrEnum):
    """What is proposed; the subject names on what."""

    REQUALIFY = "requalify"  # T5, subject session:ID
    MERGE_PEOPLE = "merge_people"  # T4 and D8, details kept, absorbed
    MERGE_SESSIONS = "merge_sessions"  # T4, subject session:ID, details into
    PART_SESSIONS = "part_sessions"  # T4 taken back, subject session:ID
    APPROVE_MANY = "approve_many"  # details sessions: [ids]
    LOCK_EXCEPTION = "lock_exception"  # subject period:2026Q3, details org_unit, expires_at
    RULES = "rules"  # details name, effective_from, rules
    DEFINITION = "definition"  # details subject, choice, wording, approval_number
    LOCK = "lock"  # subject period:2026Q3
    LATE_SEED = "late_seed"  # subject period:2026Q3, details due


class ProposalStatus(StrEnum):
    """How it stands."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    REFUSED = "refused"


class ProposalNotFound(LookupError):
    """There is no such proposal."""


class AlreadyDecided(ValueError):
    """Somebody has decided it before."""


class ReasonMissing(ValueError):
    """A decision needs a reason."""


class Proposal(Base):
    """One proposal with its decision; it stays after it is decided."""

    __tablename__ = "proposals"
    __table_args__ = (Index("ix_proposals_status", "status", "kind", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[ProposalKind]
    subject: Mapped[str] = mapped_column(index=True)
    details: Mapped[dict[str, Any]]
    reason: Mapped[str]
    status: Mapped[ProposalStatus]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str]


def propose(
    db: Session,
    kind: ProposalKind,
    subject: str,
    by: Staff | None,
    at: datetime,
    content: Mapping[str, Any],
) -> Proposal:
    """Store a proposal; `content` holds its details and, under "reason", why.

    `by` is None for the system.

    Raises ReasonMissing without a reason.
    """
    details = {key: value for key, value in storable(content).items() if key != "reason"}
    reason = required_reason(str(content.get("reason", "")))
    proposal = Proposal(
        kind=kind,
        subject=subject,
        details=details,
        reason=reason,
        status=ProposalStatus.PROPOSED,
        proposed_by=by.reference if by else SYSTEM.id,
        proposed_at=at,
        decided_by="",
        decision_reason="",
    )
    db.add(proposal)
    db.flush()
    said = {"proposal": proposal.id, **details}
    append_event(db, f"{kind}.proposed", subject, by.actor if by else SYSTEM, said, reason)
    return proposal


def decide(
    db: Session, proposal_id: int, by: Staff, at: datetime, *, confirm: bool, reason: str = ""
) -> Proposal:
    """Note the second person's decision; the caller carries out what was confirmed.

    Raises ProposalNotFound, AlreadyDecided, and DutiesNotSeparate for the proposer.
    """
    take_ledger(db)
    proposal = db.get(Proposal, proposal_id, populate_existing=True)
    if proposal is None:
        raise ProposalNotFound("没有找到这项提议，请从列表重新选择。")
    if proposal.status is not ProposalStatus.PROPOSED:
        raise AlreadyDecided("这项提议已经有人处理过，请刷新页面。")
    if by.is_one_of(proposal.proposed_by):
        raise DutiesNotSeparate("提议人不能确认自己的提议，请由另一位同事办理。")
    proposal.status = ProposalStatus.CONFIRMED if confirm else ProposalStatus.REFUSED
    proposal.decided_by = by.reference
    proposal.decided_at = at
    proposal.decision_reason = reason if confirm else required_reason(reason)
    db.flush()
    action = f"{proposal.kind}.{proposal.status}"
    append_event(db, action, proposal.subject, by.actor, {"proposal": proposal.id}, reason)
    return proposal


def open_proposals(
    db: Session, kind: ProposalKind | None = None, limit: int = 200
) -> list[Proposal]:
    """Return the proposals that wait for a second person, oldest first."""
    waiting = select(Proposal).where(Proposal.status == ProposalStatus.PROPOSED)
    if kind is not None:
        waiting = waiting.where(Proposal.kind == kind)
    return list(db.scalars(waiting.order_by(Proposal.id).limit(limit)))


def required_reason(reason: str) -> str:
    """Return a reason without blanks around it. Raises ReasonMissing when none is given."""
    words = reason.strip()
    if not words:
        raise ReasonMissing("请写明理由。")
    return words
