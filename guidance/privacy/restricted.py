"""Words under lock: what counts and had to be erased, until the statutory period is over.

Nobody reads them in the course of work: an auditor asks and says why, a second one agrees,
and for a week the first may read (统计法实施条例 §22, PIPL art. 47).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from accounts.role import Role
from audit.log import append_event
from guidance.indicators.evidence import EvidenceFile, SessionEvidence
from guidance.lifecycle import COUNTED
from guidance.periods.adjustment import AdjustmentKind, is_posted
from guidance.periods.record import PeriodRecord
from guidance.review.proposal import required_reason
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from storage.database import Base, storable

UNLOCKED_FOR = timedelta(days=7)


class RecordNotFound(LookupError):
    """There is no such record under lock."""


class StillLocked(PermissionError):
    """A second auditor has not agreed, or not lately."""


class RestrictedSession(Base):
    """The words of a counted session, kept for the statutory period alone."""

    __tablename__ = "restricted_sessions"

    session_id: Mapped[int] = mapped_column(ForeignKey("guidance_sessions.id"), primary_key=True)
    words: Mapped[dict[str, Any]]
    restricted_at: Mapped[datetime]
    asked_by: Mapped[str]
    asked_reason: Mapped[str]
    unlocked_by: Mapped[str]
    unlocked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class UnderLock:
    """One record under lock without its words: whose session, until when, who may read."""

    record: RestrictedSession
    session: GuidanceSession
    kept_until: datetime | None  # None: its quarter is not locked yet, the time has not begun

    def is_open(self, at: datetime) -> bool:
        """Whether the auditor who asked may read it at a moment."""
        since = self.record.unlocked_at
        return since is not None and at - since <= UNLOCKED_FOR

    @property
    def open_until(self) -> datetime | None:
        """When the second auditor's consent ends."""
        since = self.record.unlocked_at
        return None if since is None else since + UNLOCKED_FOR


def under_lock(
    db: Session, kept_for: timedelta, org_unit: str = "", after: int = 0, limit: int = 50
) -> Sequence[UnderLock]:
    """Return what is under lock behind a session's number, without its words.

    `kept_for` is the statutory period from the lock of the quarter; `org_unit` "" is all.
    """
    rows = (
        select(RestrictedSession, GuidanceSession, PeriodRecord.locked_at)
        .join(GuidanceSession, GuidanceSession.id == RestrictedSession.session_id)
        .outerjoin(PeriodRecord, PeriodRecord.period == GuidanceSession.period)
        .where(RestrictedSession.session_id > after)
        .order_by(RestrictedSession.session_id)
        .options(defer(RestrictedSession.words))
        .limit(limit)
    )
    if org_unit:
        rows = rows.where(GuidanceSession.org_unit == org_unit)
    return [
        UnderLock(record, session, None if locked is None else locked + kept_for)
        for record, session, locked in db.execute(rows)
    ]


def ask_to_read(db: Session, session_id: int, by: Staff, reason: str) -> None:
    """Ask to read words under lock, as an auditor; a second one has to agree."""
    by.require(Role.AUDITOR)
    row = _restricted(db, session_id)
    row.asked_by, row.asked_reason = by.reference, required_reason(str(storable(reason)))
    row.unlocked_by, row.unlocked_at = "", None
    db.flush()
    append_event(db, "restricted.asked", f"session:{session_id}", by.actor, reason=reason)


def agree_to_read(db: Session, session_id: int, by: Staff, at: datetime) -> None:
    """Agree as the second auditor; it holds for a week. Raises DutiesNotSeparate."""
    by.require(Role.AUDITOR)
    row = _restricted(db, session_id)
    if not row.asked_by:
        raise StillLocked("还没有人申请查阅这条记录。")
    if by.is_one_of(row.asked_by):
        raise DutiesNotSeparate("申请人不能同意自己的申请，请由另一位审计人员办理。")
    row.unlocked_by, row.unlocked_at = by.reference, at
    db.flush()
    append_event(db, "restricted.unlocked", f"session:{session_id}", by.actor)


def read_restricted(db: Session, session_id: int, by: Staff, at: datetime) -> dict[str, Any]:
    """Return words under lock to the auditor who asked; that they were read is an event."""
    row = _opened(db, session_id, by, at)
    append_event(db, "restricted.read", f"session:{session_id}", by.actor)
    return row.words


def files_under_lock(db: Session, session_id: int) -> Sequence[EvidenceFile]:
    """Return the files that prove a session under lock, without their content loaded."""
    files = (
        select(EvidenceFile)
        .join(SessionEvidence, SessionEvidence.digest == EvidenceFile.digest)
        .where(SessionEvidence.session_id == session_id, EvidenceFile.size_bytes > 0)
    )
    return db.scalars(files.order_by(EvidenceFile.digest)).all()


def read_file(db: Session, session_id: int, digest: str, by: Staff, at: datetime) -> EvidenceFile:
    """Return a file under lock to the auditor who asked; that it was read is an event."""
    _opened(db, session_id, by, at)
    known = {one.digest: one for one in files_under_lock(db, session_id)}
    if digest not in known:
        raise RecordNotFound("没有这份材料，可能已经到期删除。")
    append_event(db, "restricted.read", f"session:{session_id}", by.actor, {"digest": digest})
    return known[digest]


def must_be_kept(db: Session, session: GuidanceSession, at: datetime, kept_for: timedelta) -> bool:
    """Return whether the statutory period of a counted session's words is not over yet."""
    if session.state not in COUNTED and not is_posted(db, session.id, AdjustmentKind.ADD):
        return False
    locked = select(PeriodRecord.locked_at).where(PeriodRecord.period == session.period)
    locked_at = db.scalar(locked)
    return locked_at is None or at < locked_at + kept_for


def _opened(db: Session, session_id: int, by: Staff, at: datetime) -> RestrictedSession:
    by.require(Role.AUDITOR)
    row = _restricted(db, session_id)
    open_since = row.unlocked_at
    if open_since is None or at - open_since > UNLOCKED_FOR or not by.is_one_of(row.asked_by):
        raise StillLocked("这条记录已限制处理，须由两位审计人员共同解锁后，由申请人查阅。")
    return row


def _restricted(db: Session, session_id: int) -> RestrictedSession:
    row = db.get(RestrictedSession, session_id, with_for_update=True)
    if row is None:
        raise RecordNotFound("没有这条限制处理的记录，可能已经到期删除。")
    return row
