"""Two references, one person: what happens to sessions when identities are merged (D8)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import SYSTEM, append_event
from guidance.counting.tally import move_person_years
from guidance.lifecycle import HOLDS_DAY, SessionState
from guidance.people.identity import absorb, digest_of, holder_of
from guidance.periods.adjustment import propose_void
from guidance.review.proposal import Proposal, ProposalKind, decide, open_proposals, propose
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from guidance.transition import day_holder, find_session, move, take_ledger

# Of two sessions of one day the one further on stays; among equals the earlier one.
STANDING = (
    SessionState.QUALIFIED,
    SessionState.RETURNED,
    SessionState.PENDING,
    SessionState.APPROVED,
    SessionState.LOCKED,
)


class SamePersonAlready(ValueError):
    """Both references are one person already."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge did: sessions taken together, and voids proposed in locked quarters."""

    kept: str
    sessions: tuple[int, ...]
    voids: tuple[int, ...]


def propose_merge(
    db: Session, kept: str, absorbed: str, by: Staff, at: datetime, reason: str
) -> Proposal:
    """Propose that two references are one person; another account confirms.

    Raises SamePersonAlready.
    """
    by.require(Role.HANDLER, Role.REVIEWER, Role.MENTOR)
    first, second = holder_of(db, kept), holder_of(db, absorbed)
    if first == second:
        raise SamePersonAlready("这两个身份已经是同一人，不需要合并。")
    content = {"kept": first, "absorbed": second, "reason": reason}
    subject = f"person:{digest_of(first)}"
    return propose(db, ProposalKind.MERGE_PEOPLE, subject, by, at, content)


def propose_by_system(
    db: Session, kept: str, absorbed: str, at: datetime, reason: str
) -> Proposal | None:
    """Propose that two people are one where the proof is old; staff confirm.

    Returns None when they are one already, or the same waits to be confirmed.
    """
    first, second = holder_of(db, kept), holder_of(db, absorbed)
    pair = {first, second}
    if len(pair) == 1:
        return None
    for one in open_proposals(db, ProposalKind.MERGE_PEOPLE):
        if {one.details["kept"], one.details["absorbed"]} == pair:
            return None
    content = {"kept": first, "absorbed": second, "reason": reason}
    subject = f"person:{digest_of(first)}"
    return propose(db, ProposalKind.MERGE_PEOPLE, subject, None, at, content)


def join_people(db: Session, one: str, other: str, at: datetime, why: str) -> str:
    """Make two references one person that are proven to be; return whom their sessions count for.

    The person of `one` stays. `why` names the proof in the log: "phone", "code", "login",
    "unionid". Nothing happens when they are one already.
    """
    take_ledger(db)
    kept, absorbed = holder_of(db, one), holder_of(db, other)
    if kept != absorbed:
        merge_people(db, kept, absorbed, at, why)
    return kept


def confirm_merge(db: Session, proposal_id: int, by: Staff, at: datetime) -> Merged:
    """Merge as the second person: one session of a day stays, locked ones are to be voided."""
    by.require(Role.HANDLER, Role.REVIEWER)
    proposal = decide(db, proposal_id, by, at, confirm=True)
    kept = holder_of(db, proposal.details["kept"])
    absorbed = holder_of(db, proposal.details["absorbed"])
    if kept == absorbed:
        raise SamePersonAlready("这两个身份已经是同一人，不需要合并。")
    return merge_people(db, kept, absorbed, at, f"proposal {proposal_id}")


def merge_people(db: Session, kept: str, absorbed: str, at: datetime, why: str = "") -> Merged:
    """Merge two people who are known to be one. It is never undone.

    `why` names the proof in the log.
    """
    take_ledger(db)
    absorb(db, kept, absorbed, at)
    merged: list[int] = []
    voids: list[int] = []
    own = select(GuidanceSession.id).where(
        GuidanceSession.counts_for == absorbed, GuidanceSession.state != SessionState.OPEN
    )
    for session_id in db.scalars(own.order_by(GuidanceSession.id)).all():
        session = find_session(db, session_id)
        other_id = day_holder(db, kept, session)
        if session.state in HOLDS_DAY and other_id is not None:
            loser = _settle(db, session, find_session(db, other_id))
            if loser.state is SessionState.LOCKED:
                reason = "合并身份后，同一人同一天有两次计数。"
                voids.append(propose_void(db, loser, at, reason).id)
            else:
                merged.append(loser.id)
        if session.state is not SessionState.LOCKED:
            session.counts_for = kept
            db.flush()
    move_person_years(db, absorbed, kept)
    said = {"absorbed": digest_of(absorbed), "why": why, "sessions": merged, "voids": voids}
    append_event(db, "person.merged", f"person:{digest_of(kept)}", SYSTEM, said)
    return Merged(kept, tuple(merged), tuple(voids))


def _settle(db: Session, one: GuidanceSession, other: GuidanceSession) -> GuidanceSession:
    """Merge the weaker of two sessions into the other and return it; a locked one is left."""
    ranked = sorted((one, other), key=lambda session: (-STANDING.index(session.state), session.id))
    winner, loser = ranked
    if loser.state is not SessionState.LOCKED:
        changes = {"merged_into_id": winner.id}
        move(loser, "session.merged", changes=changes, details={"into": winner.id})
    db.flush()
    return loser
