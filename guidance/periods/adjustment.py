"""Adjustments: how a locked figure is corrected without being changed."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Select, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.session import GuidanceSession
from storage.database import Base, unique_where

POSTED = "status = 'posted' AND kind <> 'reclassify'"
ADDED = "status = 'posted' AND kind = 'add'"


class AdjustmentKind(StrEnum):
    """What is corrected."""

    VOID = "void"  # -1: it should not have counted
    ADD = "add"  # +1: it should have
    RECLASSIFY = "reclassify"  # it belongs to another unit


ADJUSTMENT_NAMES = {
    AdjustmentKind.VOID: "核减",
    AdjustmentKind.ADD: "补计",
    AdjustmentKind.RECLASSIFY: "改归单位",
}


class AdjustmentStatus(StrEnum):
    """How it stands; posted ones take effect and stay."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REFUSED = "refused"


class Adjustment(Base):
    """One correction of a locked quarter, posted in the quarter that is open then.

    The database allows one of a kind for a session, and one that adds for a person and
    day, as it allows one session of them that counts.
    """

    __tablename__ = "adjustments"
    __table_args__ = (
        unique_where("uq_adjustments_posted", POSTED, "session_id", "kind"),
        unique_where("uq_adjustments_added", ADDED, "person", "count_on"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[AdjustmentKind]
    period: Mapped[str] = mapped_column(String(8), index=True)  # the locked one
    posted_in: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("guidance_sessions.id"))
    person: Mapped[str]  # whom the session counted for when it was posted
    count_on: Mapped[date]
    org_unit: Mapped[str]  # where the session counted until then
    to_unit: Mapped[str]
    reference: Mapped[str]
    evidence_digest: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    status: Mapped[AdjustmentStatus]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime | None]


def posted_of(db: Session, period: str) -> list[Adjustment]:
    """Return the posted adjustments of a quarter, oldest first."""
    posted = select(Adjustment).where(
        Adjustment.period == period, Adjustment.status == AdjustmentStatus.POSTED
    )
    return list(db.scalars(posted.order_by(Adjustment.decided_at, Adjustment.id)))


def posted_on(db: Session, session_ids: Iterable[int]) -> dict[int, list[Adjustment]]:
    """Return what was posted on each of some sessions, oldest first; most have none."""
    posted = select(Adjustment).where(
        Adjustment.session_id.in_(tuple(session_ids)),
        Adjustment.status == AdjustmentStatus.POSTED,
    )
    found: dict[int, list[Adjustment]] = defaultdict(list)
    for one in db.scalars(posted.order_by(Adjustment.decided_at, Adjustment.id)):
        found[one.session_id or 0].append(one)
    return dict(found)


def is_posted(db: Session, session_id: int, kind: AdjustmentKind) -> bool:
    """Whether a session was voided, or added, by an adjustment in force."""
    found = select(Adjustment.id).where(
        Adjustment.session_id == session_id, Adjustment.kind == kind, text(POSTED)
    )
    return db.scalar(found) is not None


def added_sessions(*periods: str) -> Select[Any]:
    """Return the query of the sessions that count by an adjustment, or will once it is decided.

    Their words prove a published figure as those of any session that counts. Without
    `periods` those of every quarter.
    """
    added = select(Adjustment.session_id).where(
        Adjustment.kind == AdjustmentKind.ADD,
        Adjustment.status != AdjustmentStatus.REFUSED,
        Adjustment.session_id.is_not(None),
    )
    return added.where(Adjustment.period.in_(periods)) if periods else added


def unit_now(db: Session, session: GuidanceSession) -> str:
    """Return the unit that a session counts for, since it was moved to another or not."""
    return unit_after(session.org_unit, posted_on(db, [session.id]).get(session.id, []))


def unit_after(org_unit: str, changes: Iterable[Adjustment]) -> str:
    """Return where a session of a unit counts once it was moved by adjustments."""
    units = Counter([org_unit])
    for change in changes:
        if change.kind is AdjustmentKind.RECLASSIFY:
            units[change.org_unit] -= 1
            units[change.to_unit] += 1
    return next((unit for unit, times in units.items() if times > 0), org_unit)
