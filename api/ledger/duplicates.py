"""Sessions that may stand for one consultation: what the pages show of them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.orm import Session

from accounts.role import Role
from api.signed_in import SignedIn
from guidance.lifecycle import TRANSITIONS, SessionState
from guidance.review.duplicates import may_stay, near_sessions
from guidance.session import GuidanceSession


def beside(
    db: Session, sessions: Sequence[GuidanceSession], account: SignedIn
) -> dict[int, list[GuidanceSession]]:
    """Return the same person's other sessions near each, those that the account may open."""
    found = near_sessions(db, sessions)
    return {
        number: [one for one in others if account.sees(one.org_unit)]
        for number, others in found.items()
    }


def of_one(
    db: Session, session: GuidanceSession, account: SignedIn, *, taken: bool
) -> dict[str, Any]:
    """Return what a session's page shows of others near it, and whether they may be made one."""
    near = beside(db, [session], account)[session.id]
    decides = taken and bool({Role.HANDLER, Role.REVIEWER} & set(account.roles))
    mergeable = decides and session.state in TRANSITIONS["session.merged"].sources
    merged = session.state is SessionState.MERGED and session.erased_at is None
    return {
        "near": near,
        "staying": [one for one in near if may_stay(session, one)] if mergeable else [],
        "may_part": decides and merged,
    }
