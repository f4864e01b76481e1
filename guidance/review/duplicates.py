"""One consultation that was recorded twice: made one by two people, and parted again (T4)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import append_event
from guidance.lifecycle import HOLDS_DAY, SessionState, TransitionRefused, check_transition
from guidance.people.identity import holder_of
from guidance.review.decisions import promote_sibling, take_open
from guidance.review.proposal import (
    Proposal,
    ProposalKind,
    decide,
    open_proposals,
    propose,
)
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, move

NEAR = timedelta(days=1)  # a talk past midnight, or a day typed wrong
ENDED = (
    SessionState.OPEN,
    SessionState.MERGED,
    SessionState.REJECTED,
    SessionState.WITHDRAWN,
)
MOST = 20  # that are shown beside one


class NotDuplicates(TransitionRefused):
    """The two cannot be the same consultation, or the wrong one would stay."""


def propose_session_merge(
    db: Session, session_id: int, into_id: int, by: Staff, at: datetime, reason: str
) -> Proposal:
    """Propose that a session is the same consultation as another one, which stays."""
    by.require(Role.HANDLER, Role.REVIEWER)
    session = take_open(db, session_id, at)
    _check_pair(db, session, find_session(db, into_id))
    _check_free(db, ProposalKind.MERGE_SESSIONS, session)
    content = {"into": into_id, "reason": reason}
    return propose(db, ProposalKind.MERGE_SESSIONS, session.subject, by, at, content)


def merge_sessions(db: Session, proposal_id: int, by: Staff, at: datetime) -> GuidanceSession:
    """Merge as the second person; another one of the day may take the place (D9)."""
    by.require(Role.HANDLER, Role.REVIEWER)
    proposal = decide(db, proposal_id, by, at, confirm=True)
    session = take_open(db, _session_of(proposal), at)
    into = find_session(db, proposal.details["into"])
    _check_pair(db, session, into)
    details = {"into": into.id, "proposal": proposal.id, "proposed_by": proposal.proposed_by}
    move(session, "session.merged", by, changes={"merged_into_id": into.id}, details=details)
    append_event(db, "session.absorbed", into.subject, by.actor, {"session": session.id})
    promote_sibling(db, session)
    return session


def propose_parting(db: Session, session_id: int, by: Staff, at: datetime, reason: str) -> Proposal:
    """Propose that a merged session was a consultation of its own after all."""
    by.require(Role.HANDLER, Role.REVIEWER)
    session = take_open(db, session_id, at)
    _check_merged(session)
    _check_free(db, ProposalKind.PART_SESSIONS, session)
    content = {"from": session.merged_into_id, "reason": reason}
    return propose(db, ProposalKind.PART_SESSIONS, session.subject, by, at, content)


def part_sessions(db: Session, proposal_id: int, by: Staff, at: datetime) -> GuidanceSession:
    """Part them as the second person: it is recorded once more, judged and reviewed anew."""
    by.require(Role.HANDLER, Role.REVIEWER)
    proposal = decide(db, proposal_id, by, at, confirm=True)
    session = take_open(db, _session_of(proposal), at)
    _check_merged(session)
    changes = {"merged_into_id": None, "codes": ""}
    details = {
        "out_of": session.merged_into_id, "proposal": proposal.id,
        "proposed_by": proposal.proposed_by,
    }  # fmt: skip
    move(session, "session.parted", by, changes=changes, details=details)
    return session


def near_sessions(
    db: Session, sessions: Sequence[GuidanceSession]
) -> dict[int, list[GuidanceSession]]:
    """Return the other sessions of the same person from the day before to the day after each."""
    if not sessions:
        return {}
    s = GuidanceSession
    people = {one.counts_for for one in sessions}
    opened = [one.opened_at for one in sessions]
    rows = db.scalars(
        select(s)
        .where(
            s.counts_for.in_(people),
            s.opened_at.between(min(opened) - 2 * NEAR, max(opened) + 2 * NEAR),
        )
        .order_by(s.opened_at, s.id)
    )
    by_person: dict[str, list[GuidanceSession]] = defaultdict(list)
    for row in rows:
        by_person[row.counts_for].append(row)
    return {
        one.id: [
            other
            for other in by_person[one.counts_for]
            if other.id != one.id and abs(other.count_on - one.count_on) <= NEAR
        ][:MOST]
        for one in sessions
    }


def may_stay(session: GuidanceSession, other: GuidanceSession) -> bool:
    """Whether a session may be merged into another one, as both stand."""
    if other.state in ENDED or abs(session.count_on - other.count_on) > NEAR:
        return False
    waits = other.codes == "Q8" and other.count_on == session.count_on
    lost = session.state in HOLDS_DAY and other.state is SessionState.UNQUALIFIED and not waits
    return not lost


def _check_pair(db: Session, session: GuidanceSession, other: GuidanceSession) -> None:
    check_transition("session.merged", session.state)
    if session.id == other.id:
        raise NotDuplicates("请选择另一条记录。")
    if holder_of(db, session.counts_for) != holder_of(db, other.counts_for):
        raise NotDuplicates("两条记录不是同一位咨询人；确是同一人的，请先合并身份。")
    if abs(session.count_on - other.count_on) > NEAR:
        raise NotDuplicates("两条记录相隔超过一天，不是同一次咨询。")
    if not may_stay(session, other):
        raise NotDuplicates("要保留的那条不能计数；请反过来合并，或者选择别的记录。")


def _check_merged(session: GuidanceSession) -> None:
    check_transition("session.parted", session.state)
    if session.erased_at is not None:
        raise NotDuplicates("咨询人已要求删除，原始记录已清空，不能再分开。")


def _check_free(db: Session, kind: ProposalKind, session: GuidanceSession) -> None:
    if any(one.subject == session.subject for one in open_proposals(db, kind)):
        raise NotDuplicates("这条记录已有同样的提议，请另一位同事确认。")


def _session_of(proposal: Proposal) -> int:
    return int(proposal.subject.split(":")[1])
