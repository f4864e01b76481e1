"""Two references, one person: what happens to sessions when identities are merged (D8)."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import SYSTEM, append_event
from guidance.counting.tally import move_person_years
from guidance.lifecycle import COUNTED, SessionState
from guidance.people.identity import absorb, digest_of, holder_of, references_of
from guidance.periods.adjusting import propose_void
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus, is_posted
from guidance.periods.carrying import carry_late
from guidance.person_day import claims_on
from guidance.review.proposal import Proposal, ProposalKind, decide, open_proposals, propose
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, move, take_ledger

# Of two sessions of one day the locked one stays, else the one further on; then the earlier.
STANDING = (
    SessionState.QUALIFIED,
    SessionState.RETURNED,
    SessionState.PENDING,
    SessionState.APPROVED,
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
    days = _days_of(db, references_of(db, absorbed))
    absorb(db, kept, absorbed, at)
    merged: list[int] = []
    voids: list[int] = []
    for day in days:
        for loser in _settle(db, kept, day):
            if loser.state is SessionState.MERGED:
                merged.append(loser.id)
            else:
                reason = "合并身份后，同一人同一天有两次计数。"
                voids.append(propose_void(db, loser, at, reason).id)
    db.execute(
        update(GuidanceSession)
        .where(
            GuidanceSession.counts_for == absorbed,
            GuidanceSession.state.not_in([SessionState.OPEN, SessionState.LOCKED]),
        )
        .values(counts_for=kept)
        .execution_options(synchronize_session="fetch")
    )
    voids += _give_back(db, kept, at)
    move_person_years(db, absorbed, kept)
    said = {"absorbed": digest_of(absorbed), "why": why, "sessions": merged, "voids": voids}
    append_event(db, "person.merged", f"person:{digest_of(kept)}", SYSTEM, said)
    return Merged(kept, tuple(merged), tuple(voids))


def _give_back(db: Session, person: str, at: datetime) -> list[int]:
    """Let others decide on what a person approved who turns out to be the client (G1).

    Return the voids proposed for what is locked.
    """
    references = references_of(db, person)
    own = select(GuidanceSession.id).where(
        GuidanceSession.counts_for.in_(references),
        GuidanceSession.approver.in_(references),
        GuidanceSession.state.in_(COUNTED),
    )
    voids: list[int] = []
    for session_id in db.scalars(own.order_by(GuidanceSession.id)).all():
        session = find_session(db, session_id)
        reason = "合并身份后，复核人就是咨询人。"
        if session.state is SessionState.APPROVED:
            move(session, "review.unapproved", reason=reason)
            carry_late(db, session, at)
        elif not _to_be_voided(db, [session_id]) and not is_posted(
            db, session_id, AdjustmentKind.VOID
        ):
            voids.append(propose_void(db, session, at, reason).id)
    return voids


def _days_of(db: Session, references: list[str]) -> list[date]:
    """Return the days on which a person has a session that is over."""
    days = select(GuidanceSession.count_on).where(
        GuidanceSession.counts_for.in_(references), GuidanceSession.state != SessionState.OPEN
    )
    return list(db.scalars(days.distinct().order_by(GuidanceSession.count_on)))


def _settle(db: Session, person: str, day: date) -> list[GuidanceSession]:
    """Leave one session to count on a person's day; return the others.

    Those that only an adjustment can take out come back as they are, for it to be proposed;
    the rest are merged into the one that stays.
    """
    claims = claims_on(db, person, day)
    locked = [one for one in claims if one.locked and one.holds]
    counting = [one for one in locked if not one.voided]
    to_be_voided = _to_be_voided(db, [one.session_id for one in counting])
    counting.sort(key=lambda one: (one.session_id in to_be_voided, one.added, one.session_id))
    others = [one for one in claims if not one.locked]
    others.sort(key=lambda one: (-STANDING.index(one.state), one.session_id))
    staying = [*counting, *locked, *others][:1]
    losers = [
        find_session(db, one.session_id)
        for one in counting[1:]
        if one.session_id not in to_be_voided
    ]
    for one in others:
        if one not in staying:
            loser = find_session(db, one.session_id)
            into = staying[0].session_id
            changes = {"merged_into_id": into}
            move(loser, "session.merged", changes=changes, details={"into": into})
            losers.append(loser)
    return losers


def _to_be_voided(db: Session, session_ids: list[int]) -> set[int]:
    """Return those of some sessions that it is proposed to void."""
    proposed = select(Adjustment.session_id).where(
        Adjustment.session_id.in_(session_ids),
        Adjustment.kind == AdjustmentKind.VOID,
        Adjustment.status == AdjustmentStatus.PROPOSED,
    )
    return {number for number in db.scalars(proposed) if number is not None}
