"""What confirming a proposal does, by its kind, and who may decide on it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from accounts.role import Role
from api.ledger.indicator_commands import library_counts
from guidance.counting.rules import sign_rules
from guidance.indicators.definition import sign_definition
from guidance.people.merging import confirm_merge
from guidance.periods.exceptions import grant_exception
from guidance.periods.locking import sign_lock
from guidance.periods.period import shanghai_day
from guidance.periods.seed import sign_late_seed
from guidance.review.duplicates import merge_sessions, part_sessions
from guidance.review.proposal import ProposalKind
from guidance.review.staff import Staff
from guidance.review.two_reviewers import approve_proposed, requalify


@dataclass(frozen=True, slots=True)
class Confirming:
    """A second person about to confirm a proposal."""

    proposal_id: int
    by: Staff
    at: datetime
    approval_number: str


def _approve_many(db: Session, what: Confirming) -> str:
    approved, refused = approve_proposed(db, what.proposal_id, what.by, what.at)
    words = [f"编号 {number}：{why}" for number, why in refused.items()]
    return f"通过 {len(approved)} 条。" + (f"没有通过的：{''.join(words)}" if words else "")


def _requalify(db: Session, what: Confirming) -> None:
    requalify(db, what.proposal_id, what.by, what.at)


def _merge(db: Session, what: Confirming) -> None:
    confirm_merge(db, what.proposal_id, what.by, what.at)


def _merge_sessions(db: Session, what: Confirming) -> None:
    merge_sessions(db, what.proposal_id, what.by, what.at)


def _part_sessions(db: Session, what: Confirming) -> None:
    part_sessions(db, what.proposal_id, what.by, what.at)


def _grant(db: Session, what: Confirming) -> None:
    what.by.require(Role.SIGNER)
    grant_exception(db, what.proposal_id, what.by, what.at)


def _rules(db: Session, what: Confirming) -> None:
    what.by.require(Role.SIGNER)
    sign_rules(db, what.proposal_id, what.by, what.at, what.approval_number)


def _definition(db: Session, what: Confirming) -> None:
    sign_definition(db, what.proposal_id, what.by, what.at, what.approval_number)


def _lock(db: Session, what: Confirming) -> None:
    given = library_counts(db, shanghai_day(what.at))
    sign_lock(db, what.proposal_id, what.by, what.at, given)


def _late_seed(db: Session, what: Confirming) -> None:
    sign_late_seed(db, what.proposal_id, what.by, what.at)


CONFIRMED: dict[ProposalKind, Callable[[Session, Confirming], str | None]] = {
    ProposalKind.APPROVE_MANY: _approve_many,
    ProposalKind.REQUALIFY: _requalify,
    ProposalKind.MERGE_PEOPLE: _merge,
    ProposalKind.MERGE_SESSIONS: _merge_sessions,
    ProposalKind.PART_SESSIONS: _part_sessions,
    ProposalKind.LOCK_EXCEPTION: _grant,
    ProposalKind.RULES: _rules,
    ProposalKind.DEFINITION: _definition,
    ProposalKind.LOCK: _lock,
    ProposalKind.LATE_SEED: _late_seed,
}
DISTRICT_MATTERS = frozenset(
    {
        ProposalKind.LOCK_EXCEPTION,
        ProposalKind.RULES,
        ProposalKind.DEFINITION,
        ProposalKind.LOCK,
        ProposalKind.LATE_SEED,
        ProposalKind.MERGE_PEOPLE,
    }
)
# Whoever refuses needs the role of whoever would confirm.
DECIDERS: dict[ProposalKind, tuple[Role, ...]] = {
    ProposalKind.APPROVE_MANY: (Role.REVIEWER,),
    ProposalKind.REQUALIFY: (Role.REVIEWER,),
    ProposalKind.MERGE_PEOPLE: (Role.HANDLER, Role.REVIEWER),
    ProposalKind.MERGE_SESSIONS: (Role.HANDLER, Role.REVIEWER),
    ProposalKind.PART_SESSIONS: (Role.HANDLER, Role.REVIEWER),
}
