"""Signed readings of the plan: which way an ambiguity is read, and who is responsible."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.role import Role
from audit.log import append_event
from guidance.indicators.indicator import load_register
from guidance.review.proposal import Proposal, ProposalKind, decide, propose
from guidance.review.staff import Staff
from storage.database import Base


class DefinitionInvalid(ValueError):
    """What is to be signed names nothing that has to be signed."""


class SignedDefinition(Base):
    """One decision; a later one on the same subject takes its place, both stay."""

    __tablename__ = "signed_definitions"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(32), index=True)  # "ambiguity:3", "owner:D2"
    choice: Mapped[str]
    wording: Mapped[str]
    approval_number: Mapped[str]
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"))
    signed_at: Mapped[datetime]


def propose_definition(
    db: Session, subject: str, choice: str, wording: str, by: Staff, at: datetime
) -> Proposal:
    """Propose a reading ("ambiguity:3") or an owner ("owner:D2"); `wording` says why.

    Raises DefinitionInvalid for an unknown subject or an empty choice.
    """
    by.require(Role.HANDLER, Role.REVIEWER, Role.SIGNER, Role.ADMINISTRATOR)
    kind, _, name = subject.partition(":")
    register = load_register()
    known = {
        "ambiguity": {str(number) for number in register.ambiguities},
        "owner": set(register.indicators),
    }
    if name not in known.get(kind, set()) or not choice.strip():
        raise DefinitionInvalid("请选择要确定的事项，并写明确定为什么。")
    content = {"subject": subject, "choice": choice.strip(), "reason": wording}
    return propose(db, ProposalKind.DEFINITION, f"definition:{subject}", by, at, content)


def sign_definition(
    db: Session, proposal_id: int, by: Staff, at: datetime, approval_number: str = ""
) -> SignedDefinition:
    """Sign a proposed reading as the second person."""
    by.require(Role.SIGNER)
    proposal = decide(db, proposal_id, by, at, confirm=True)
    signed = SignedDefinition(
        subject=proposal.details["subject"],
        choice=proposal.details["choice"],
        wording=proposal.reason,
        approval_number=approval_number,
        proposal_id=proposal.id,
        signed_at=at,
    )
    db.add(signed)
    db.flush()
    said = {"choice": signed.choice, "approval_number": approval_number}
    append_event(db, "definition.signed", proposal.subject, by.actor, said)
    return signed


def signed_choices(db: Session) -> dict[str, SignedDefinition]:
    """Return the decision in force on every subject that has one."""
    rows = db.scalars(select(SignedDefinition).order_by(SignedDefinition.id))
    return {row.subject: row for row in rows}
