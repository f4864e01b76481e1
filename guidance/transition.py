"""Moving a session from one state to the next: the only way there is."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session, object_session

from audit.log import SYSTEM, append_event
from guidance.counting.tally import count_session
from guidance.lifecycle import COUNTED, HOLDS_DAY, TransitionRefused, check_transition
from guidance.person_day import claims_on
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from storage.database import take_turns


class SessionNotFound(LookupError):
    """There is no session with the given number."""


class DayTaken(TransitionRefused):
    """Another session of the same person and day counts already, or is about to."""


def take_ledger(db: Session) -> None:
    """Make the ledger's decisions run one after another; chatting does not wait for them."""
    take_turns(db, "ledger")


def find_session(db: Session, session_id: int) -> GuidanceSession:
    """Return a session as it stands now, also when this transaction read it before.

    Raises SessionNotFound.
    """
    found = db.get(GuidanceSession, session_id, populate_existing=True)
    if found is None:
        raise SessionNotFound("没有找到这条咨询记录，请从列表重新选择。")
    return found


def move(
    session: GuidanceSession,
    action: str,
    by: Staff | None = None,
    *,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Take one step of the table: check it, write it, count it, put it in the audit log.

    `by` is None for the system. The caller holds the ledger (`take_ledger`) and has the
    session from `find_session`. Raises TransitionRefused, DayTaken, NotYourDuty.
    """
    db = object_session(session)
    if db is None:
        raise ValueError("the session belongs to no transaction")
    row = check_transition(action, session.state)
    if by is not None:
        by.require(*row.roles)
    before = session.state
    if row.target in HOLDS_DAY and before not in HOLDS_DAY:
        _take_day(db, session)
    if before in COUNTED and row.target not in COUNTED:
        count_session(db, session, -1)
    written: Any = db.execute(
        update(GuidanceSession)
        .where(GuidanceSession.id == session.id, GuidanceSession.state == before)
        .values(state=row.target, **(changes or {}))
        .execution_options(synchronize_session=False)
    )
    if written.rowcount != 1:
        raise TransitionRefused("这条记录刚被别人处理过，请刷新页面，查看最新状态。")
    db.refresh(session)
    if row.target in COUNTED and before not in COUNTED:
        count_session(db, session, 1)
    said = {"from": before, "to": row.target, **(details or {})}
    append_event(db, action, session.subject, by.actor if by else SYSTEM, said, reason)


def day_holder(db: Session, person: str, session: GuidanceSession) -> int | None:
    """Return the session that holds the person's day, if there is one beside the given.

    One that was added by an adjustment counts as it is and holds its day against itself too.
    """
    for claim in claims_on(db, person, session.count_on):
        if claim.holds and (claim.added or claim.session_id != session.id):
            return claim.session_id
    return None


def _take_day(db: Session, session: GuidanceSession) -> None:
    holder = day_holder(db, session.counts_for, session)
    if holder is not None:
        raise DayTaken(
            f"同一人同一天已有另一条记录（编号 {holder}）计数或正在复核，一天只能计一次。"
        )
