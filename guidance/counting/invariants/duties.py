"""I3: who let a session count had no other part in it, under any of their names."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, literal, or_, select
from sqlalchemy.orm import Session

from accounts.account import Account
from guidance.counting.invariants.violation import MOST
from guidance.lifecycle import COUNTED
from guidance.people.identity import Person, references_of
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.review.proposal import Proposal, ProposalKind, ProposalStatus
from guidance.session import GuidanceSession

AT_ONCE = 500
ACCOUNT = "account:"


def i3_separate(db: Session) -> Iterator[str]:
    """Check all that counts; a mentor's account is the mentor, a merged person is one."""
    s = GuidanceSession
    mixed = s.approver.in_([s.provider, s.recorder, s.submitter])
    alone = (s.approver.in_([s.person, s.counts_for])) & s.id.not_in(_voids())
    unapproved = s.approver == ""
    for session_id in _counted(db, or_(mixed, alone)):
        yield f"咨询记录 {session_id} 的复核人同时是服务人、录入人、提交人或咨询人"
    for session_id in _counted(db, unapproved):
        yield f"咨询记录 {session_id} 计数了，却没有复核人"
    mentors = select(Account.id, Account.mentor_code).where(Account.mentor_code.is_not(None))
    for account, code in db.execute(mentors).all():
        own = (s.approver == f"{ACCOUNT}{account}") & (s.provider == f"mentor:{code}")
        for session_id in _counted(db, own):
            yield f"咨询记录 {session_id} 的复核人就是给予指导的导师"
    for account_name, names in _clients(db).items():
        client = or_(s.person.in_(names), s.counts_for.in_(names))
        own = (s.approver == account_name) & client & s.id.not_in(_voids())
        for session_id in _counted(db, own):
            yield f"咨询记录 {session_id} 的复核人就是咨询人"
    yield from _bulk(db)


def _counted(db: Session, what: ColumnElement[bool]) -> Iterator[int]:
    s = GuidanceSession
    yield from db.scalars(select(s.id).where(s.state.in_(COUNTED), what).limit(MOST))


def _voids() -> Any:
    """Select what is voided, or to be: two references proved to be one after the lock."""
    return select(Adjustment.session_id).where(
        Adjustment.kind == AdjustmentKind.VOID,
        Adjustment.status != AdjustmentStatus.REFUSED,
        Adjustment.session_id.is_not(None),
    )


def _clients(db: Session) -> dict[str, list[str]]:
    """Return the accounts that were clients too, with every reference of theirs."""
    p = Person
    known = select(p.reference, p.merged_into).where(
        or_(p.reference.startswith(ACCOUNT), p.merged_into.startswith(ACCOUNT))
    )
    names: dict[str, list[str]] = defaultdict(list)
    for pair in db.execute(known).all():
        for one in pair:
            if one and one.startswith(ACCOUNT) and one not in names:
                names[one] = references_of(db, one)
    return names


def _bulk(db: Session) -> Iterator[str]:
    """Who proposed to approve many at once had no part in them either, and did not confirm."""
    s = GuidanceSession
    confirmed = select(Proposal).where(
        Proposal.kind == ProposalKind.APPROVE_MANY, Proposal.status == ProposalStatus.CONFIRMED
    )
    for proposal in db.scalars(confirmed.order_by(Proposal.id)):
        by, ids = proposal.proposed_by, proposal.details["sessions"]
        if by == proposal.decided_by:
            yield f"提议 {proposal.id} 由提议人自己确认"
        part = literal(by).in_([s.provider, s.recorder, s.submitter, s.person, s.counts_for])
        for start in range(0, len(ids), AT_ONCE):
            mine = s.id.in_(ids[start : start + AT_ONCE]) & (s.approver == proposal.decided_by)
            for session_id in _counted(db, mine & (s.decided_at == proposal.decided_at) & part):
                yield f"咨询记录 {session_id} 的成批通过由参与过它的人提议"
