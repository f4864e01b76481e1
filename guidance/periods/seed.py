"""The seed of a quarter's sample: its digest is published before the results can be known."""

import secrets
from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import append_event
from guidance.lifecycle import TransitionRefused
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import PeriodRecord, PeriodState
from guidance.review.proposal import (
    Proposal,
    ProposalKind,
    ProposalStatus,
    decide,
    open_proposals,
    propose,
)
from guidance.review.sampling import seed_digest
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from guidance.transition import take_ledger

REMINDED_DAYS = 21  # before a quarter's end [ours]


class SeedTooLate(TransitionRefused):
    """The quarter is over: its seed is published by an exception that two people sign."""


class SeedNotLate(TransitionRefused):
    """There is nothing to make good: the seed may still be published, or is."""


def commit_seed(db: Session, quarter: Quarter, by: Staff, at: datetime) -> PeriodRecord:
    """Draw the secret seed of a quarter's sample and publish its digest, by its last day; once.

    Raises SeedTooLate afterwards: what was approved is known then.
    """
    by.require(Role.SIGNER, Role.HANDLER)
    take_ledger(db)
    record = db.get(PeriodRecord, str(quarter))
    if record is not None:
        return record
    if shanghai_day(at) > quarter.last_day:
        raise SeedTooLate(
            f"{quarter} 的抽查种子摘要最迟应在季度最后一天（{quarter.last_day}）公布，已经逾期。"
            "请写明原因申请补公布，由另一位签发人确认；补公布会在结算页和报表上注明。"
        )
    return _publish(db, quarter, by, at, {})


def propose_late_seed(
    db: Session, quarter: Quarter, by: Staff, at: datetime, reason: str
) -> Proposal:
    """Propose to publish after the quarter what was missed, with the reason why it was."""
    by.require(Role.SIGNER, Role.HANDLER)
    take_ledger(db)
    subject = f"period:{quarter}"
    if shanghai_day(at) <= quarter.last_day or db.get(PeriodRecord, str(quarter)) is not None:
        raise SeedNotLate(f"{quarter} 的抽查种子摘要已经公布，或者还没有逾期，不需要补公布。")
    if any(one.subject == subject for one in open_proposals(db, ProposalKind.LATE_SEED)):
        raise SeedNotLate(f"{quarter} 的补公布已有人申请，请另一位签发人确认。")
    content = {"due": str(quarter.last_day), "reason": reason}
    return propose(db, ProposalKind.LATE_SEED, subject, by, at, content)


def sign_late_seed(db: Session, proposal_id: int, by: Staff, at: datetime) -> PeriodRecord:
    """Publish it as the second person; that it came late stays with the quarter."""
    by.require(Role.SIGNER)
    proposal = decide(db, proposal_id, by, at, confirm=True)
    quarter = Quarter.parse(proposal.subject.split(":")[1])
    if db.get(PeriodRecord, str(quarter), populate_existing=True) is not None:
        raise SeedNotLate(f"{quarter} 的抽查种子摘要已经公布，不需要补公布。")
    return _publish(db, quarter, by, at, {"late": proposal.id})


def late_seeds(db: Session) -> Mapping[str, Proposal]:
    """Return by quarter who let its seed be published late, and why."""
    signed = select(Proposal).where(
        Proposal.kind == ProposalKind.LATE_SEED, Proposal.status == ProposalStatus.CONFIRMED
    )
    return {one.subject.split(":")[1]: one for one in db.scalars(signed.order_by(Proposal.id))}


def seeds_wanted(db: Session, today: date) -> list[Quarter]:
    """Return the quarters whose seed is to be published now: missed ones, and in time.

    A quarter in which nobody asked anything needs none; before the last weeks of a
    quarter nobody is reminded.
    """
    current = Quarter.of(today)
    wanted = [current.preceding]
    if (current.last_day - today).days < REMINDED_DAYS:
        wanted.append(current)
    names = [str(one) for one in wanted]
    known = set(db.scalars(select(PeriodRecord.period).where(PeriodRecord.period.in_(names))))
    return [one for one in wanted if str(one) not in known and _is_used(db, one)]


def _is_used(db: Session, quarter: Quarter) -> bool:
    one = select(GuidanceSession.id).where(GuidanceSession.period == str(quarter))
    return db.scalar(one.limit(1)) is not None


def _publish(
    db: Session, quarter: Quarter, by: Staff, at: datetime, how: Mapping[str, int]
) -> PeriodRecord:
    seed = secrets.token_hex(32)
    record = PeriodRecord(
        period=str(quarter),
        state=PeriodState.OPEN,
        seed=seed,
        seed_digest=seed_digest(seed),
        committed_at=at,
        closed_by="",
        frame_root="",
        prepared_by="",
        signed_by="",
        members_root="",
        as_of_seq=0,
    )
    db.add(record)
    db.flush()
    said = {"seed_digest": record.seed_digest, **how}
    append_event(db, "sample.committed", f"period:{quarter}", by.actor, said)
    return record
