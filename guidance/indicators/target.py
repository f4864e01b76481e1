"""Targets that differ from the plan's: signed by two from a year on, with the file that says so."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from guidance.indicators.definition import DefinitionInvalid, SignedDefinition
from guidance.indicators.evidence import EvidenceFile
from guidance.indicators.indicator import load_register
from guidance.indicators.value import check_amount, read_number
from guidance.periods.period import shanghai_day
from guidance.periods.record import PeriodRecord, PeriodState
from guidance.review.proposal import Proposal, ProposalKind, propose
from guidance.review.staff import Staff


@dataclass(frozen=True, slots=True)
class NewTarget:
    """A target as it was typed: from which year on, how much, by what file, and why."""

    indicator: str
    since: str
    amount: str
    evidence_digest: str
    wording: str


def propose_target(db: Session, wanted: NewTarget, by: Staff, at: datetime) -> Proposal:
    """Propose a target from a year on; a signer signs it as the second person.

    Raises IndicatorNotFound, ValueRefused for what is no amount, and DefinitionInvalid where
    the plan gives no target, for a year with a locked quarter, and without a stored file.
    """
    by.require(Role.HANDLER, Role.SIGNER, Role.ADMINISTRATOR)  # never who reviews (G8)
    indicator = load_register().get(wanted.indicator)
    if indicator.target is None:
        raise DefinitionInvalid("方案没有给这项指标目标值，不能另定。")
    year = wanted.since.strip()
    if not (year.isascii() and year.isdigit() and len(year) == 4):
        raise DefinitionInvalid("请填写从哪一年起，例如 2027。")
    if int(year) < shanghai_day(at).year:
        raise DefinitionInvalid("已经过去的年份，目标不能再改。")
    locked = select(PeriodRecord.period).where(
        PeriodRecord.period.startswith(year), PeriodRecord.state == PeriodState.LOCKED
    )
    if db.scalar(locked.limit(1)) is not None:
        raise DefinitionInvalid(f"{year} 年已有锁定的季度，目标从下一年起才能改。")
    target = read_number(wanted.amount)
    check_amount(target, indicator.unit)
    if not target:
        raise DefinitionInvalid("目标必须大于零。")
    if db.get(EvidenceFile, wanted.evidence_digest) is None:
        raise DefinitionInvalid("请先上传确定目标的文件。")
    subject = f"target:{indicator.id}:{year}"
    content = {
        "subject": subject, "choice": f"{target.normalize():f}", "reason": wanted.wording,
        "evidence": wanted.evidence_digest,
    }  # fmt: skip
    return propose(db, ProposalKind.DEFINITION, f"definition:{subject}", by, at, content)


def targets_signed(db: Session, indicator: str) -> list[SignedDefinition]:
    """Return every target that was signed for a row, newest first."""
    begin = f"target:{indicator}:"
    rows = select(SignedDefinition).where(
        SignedDefinition.subject.startswith(begin, autoescape=True)
    )
    return list(db.scalars(rows.order_by(SignedDefinition.id.desc())))
