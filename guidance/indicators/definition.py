"""What two people sign of the register: readings, owners, the years of periods, targets."""

import re
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.role import Role
from audit.log import append_event
from guidance.indicators.agreed import UNDATED
from guidance.indicators.indicator import Span, load_register
from guidance.review.proposal import Proposal, ProposalKind, decide, propose
from guidance.review.staff import Staff
from storage.database import Base

YEARS = re.compile(r"(\d{4})(?:\s*[-—–至到]\s*(\d{4}))?年?", re.ASCII)
FIRST_YEAR, MOST_YEARS = 2008, 10


class DefinitionInvalid(ValueError):
    """What is to be signed names nothing that has to be signed."""


class SignedDefinition(Base):
    """One decision; a later one on the same subject takes its place, both stay."""

    __tablename__ = "signed_definitions"

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(
        String(32), index=True
    )  # see `propose_definition`, `propose_target`
    choice: Mapped[str]
    wording: Mapped[str]
    approval_number: Mapped[str]
    proposal_id: Mapped[int] = mapped_column(ForeignKey("proposals.id"))
    signed_at: Mapped[datetime]
    evidence_digest: Mapped[str] = mapped_column(String(64))  # of a target; else ""


def propose_definition(
    db: Session, subject: str, choice: str, wording: str, by: Staff, at: datetime
) -> Proposal:
    """Propose what a second person is to sign; `wording` says why.

    A reading ("ambiguity:3"), an owner ("owner:D2"), or the years of a period
    ("frame:creation"); a target has a file as evidence: see `propose_target`.
    Raises DefinitionInvalid for an unknown subject or a choice that cannot be.
    """
    by.require(Role.HANDLER, Role.REVIEWER, Role.SIGNER, Role.ADMINISTRATOR)
    kind, _, name = subject.partition(":")
    check = CHECKS.get(kind)
    if check is None or not choice.strip():
        raise DefinitionInvalid("请选择要确定的事项，并写明确定为什么。")
    content = {"subject": subject, "choice": check(name, choice.strip()), "reason": wording}
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
        evidence_digest=proposal.details.get("evidence", ""),
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


def choices_of(db: Session) -> dict[str, str]:
    """Return what was chosen on every subject that was decided."""
    return {subject: row.choice for subject, row in signed_choices(db).items()}


def _check_reading(name: str, choice: str) -> str:
    ambiguities = {str(number): one for number, one in load_register().ambiguities.items()}
    if name not in ambiguities:
        raise DefinitionInvalid("请选择要确定的事项。")
    options = ambiguities[name].options
    if options and choice not in options:
        raise DefinitionInvalid(f"这一条按读法计算，请从中选择：{'、'.join(options)}。")
    return choice


def _check_owner(name: str, choice: str) -> str:
    if name not in load_register().indicators:
        raise DefinitionInvalid("请选择要确定责任单位的指标。")
    return choice


def _check_frame(name: str, choice: str) -> str:
    years = YEARS.fullmatch(choice)
    if name not in UNDATED or years is None:
        raise DefinitionInvalid("请填写起止年份，例如 2026-2027；只有一年的填 2026。")
    first, last = int(years[1]), int(years[2] or years[1])
    if not FIRST_YEAR <= first <= last <= first + MOST_YEARS - 1:
        raise DefinitionInvalid(f"结束年份不能早于开始年份，最多 {MOST_YEARS} 年。")
    if name == Span.TWO_YEARS and last != first + 1:
        raise DefinitionInvalid("方案写的是两年，请填相连的两个年份，例如 2026-2027。")
    return f"{first}-{last}"


CHECKS: dict[str, Callable[[str, str], str]] = {
    "ambiguity": _check_reading,
    "owner": _check_owner,
    "frame": _check_frame,
}
