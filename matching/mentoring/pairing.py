"""A mentor asked for a need: the proposal, which leases a seat, and the pairing it becomes."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.mentors.facts import Load
from storage.database import Base

ANSWER_WITHIN = timedelta(days=3)
REMIND_AFTER = timedelta(days=2)


class PairingState(StrEnum):
    """Where a pairing stands."""

    PROPOSED = "proposed"  # the mentor has until the deadline
    ACCEPTED = "accepted"  # no meeting yet
    ACTIVE = "active"  # they have met
    COMPLETED = "completed"
    ENDED = "ended"  # before its time, with a reason
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"  # by the person, by the staff or by a better run


# These hold a seat of the mentor.
SEATED = (PairingState.PROPOSED, PairingState.ACCEPTED, PairingState.ACTIVE)
RUNNING = (PairingState.ACCEPTED, PairingState.ACTIVE)
_SEATED = text("state IN ('proposed', 'accepted', 'active')")


class DeclineReason(StrEnum):
    """Why a mentor says no, as chips."""

    NO_TIME = "no_time"
    WRONG_FIELD = "wrong_field"
    WRONG_STAGE = "wrong_stage"
    TOO_FAR = "too_far"
    CONFLICT = "conflict"
    OTHER = "other"


DECLINE_NAMES = {
    DeclineReason.NO_TIME: "最近没时间",
    DeclineReason.WRONG_FIELD: "行业或主题不对口",
    DeclineReason.WRONG_STAGE: "阶段不合适",
    DeclineReason.TOO_FAR: "太远、不方便",
    DeclineReason.CONFLICT: "需要回避",
    DeclineReason.OTHER: "其他",
}


PAIRING_NAMES = {
    PairingState.PROPOSED: "等导师答复",
    PairingState.ACCEPTED: "已接受，待见面",
    PairingState.ACTIVE: "正在指导",
    PairingState.COMPLETED: "圆满结束",
    PairingState.ENDED: "提前结束",
    PairingState.DECLINED: "导师未接",
    PairingState.EXPIRED: "逾期未答",
    PairingState.WITHDRAWN: "已撤回",
}


class PairingNotFound(LookupError):
    """There is no such pairing, or it is another's."""


class Pairing(Base):
    """One mentor asked for one need; of a need at most one is open or running."""

    __tablename__ = "pairings"
    __table_args__ = (
        Index(
            "uq_pairings_need_seated",
            "need_id",
            unique=True,
            sqlite_where=_SEATED,
            postgresql_where=_SEATED,
        ),
        Index("ix_pairings_mentor_code_state", "mentor_code", "state"),
        Index("ix_pairings_state_deadline_at", "state", "deadline_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    need_id: Mapped[int] = mapped_column(ForeignKey("mentoring_needs.id"), index=True)
    mentor_code: Mapped[str] = mapped_column(String(32))
    state: Mapped[PairingState]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("assignment_runs.id"))
    proposed_by: Mapped[str]  # "account:7" or "system"
    reasons: Mapped[dict[str, Any]]  # as they were when proposed
    proposed_at: Mapped[datetime]
    deadline_at: Mapped[datetime]
    reminded_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(default="")  # code of a decline
    words: Mapped[str] = mapped_column(default="")  # why declined or ended
    other_time: Mapped[str] = mapped_column(default="")  # when to meet, as last proposed
    time_from: Mapped[str] = mapped_column(String(32), default="")  # "mentor" or "person"
    time_agreed_at: Mapped[datetime | None]
    meetings: Mapped[int] = mapped_column(default=0)
    rating: Mapped[int | None]  # 1 to 5, by the person
    # Declined, not answered, or withdrawn by the person: not brought together again.
    barred: Mapped[bool] = mapped_column(default=False)

    @property
    def subject(self) -> str:
        """How the audit log names the pairing."""
        return f"pairing:{self.id}"


class AssignmentRecord(Base):
    """A stored run: who would be proposed to whom, with the proof that none is better."""

    __tablename__ = "assignment_runs"

    id: Mapped[int] = mapped_column(primary_key=True)
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    certificate: Mapped[dict[str, Any]]
    pairs: Mapped[dict[str, Any]]  # need's code -> mentor's code, all of them
    new_pairs: Mapped[dict[str, Any]]
    dropped_pairs: Mapped[dict[str, Any]]
    floor: Mapped[str] = mapped_column(default="")  # what serving the favoured groups costs
    applied_at: Mapped[datetime | None]


def find_pairing(db: Session, pairing_id: int) -> Pairing:
    """Return a pairing as it is now. Raises PairingNotFound."""
    pairing = db.get(Pairing, pairing_id, populate_existing=True)
    if pairing is None:
        raise PairingNotFound("没有这条邀请或结对，请从列表重新选择。")
    return pairing


def pairings_of_mentor(
    db: Session, code: str, states: Collection[PairingState]
) -> Sequence[Pairing]:
    """Return a mentor's pairings in some states, oldest first."""
    found = select(Pairing).where(Pairing.mentor_code == code, Pairing.state.in_(states))
    return db.scalars(found.order_by(Pairing.id)).all()


def pairings_in(db: Session, states: Collection[PairingState]) -> Sequence[Pairing]:
    """Return all pairings in some states, the next deadline first."""
    found = select(Pairing).where(Pairing.state.in_(states))
    return db.scalars(found.order_by(Pairing.deadline_at, Pairing.id)).all()


def pairings_of_needs(db: Session, need_ids: Collection[int]) -> dict[int, list[Pairing]]:
    """Return need -> all its pairings, oldest first."""
    found: dict[int, list[Pairing]] = {number: [] for number in need_ids}
    rows = select(Pairing).where(Pairing.need_id.in_(need_ids)).order_by(Pairing.id)
    for pairing in db.scalars(rows):
        found[pairing.need_id].append(pairing)
    return found


def seated_pairing(db: Session, need_id: int) -> Pairing | None:
    """Return the open or running pairing of a need."""
    return db.scalar(select(Pairing).where(Pairing.need_id == need_id, Pairing.state.in_(SEATED)))


def loads(db: Session, at: datetime, mentor_code: str | None = None) -> dict[str, Load]:
    """Return mentor's code -> what each carries, or one alone.

    New are those proposed in the last 7 or 365 days whose seat is held or who were
    mentored; a no gives its place back.
    """
    of_one = () if mentor_code is None else (Pairing.mentor_code == mentor_code,)
    counted = (*SEATED, PairingState.COMPLETED, PairingState.ENDED)

    def count(*conditions: Any) -> dict[str, int]:
        rows = select(Pairing.mentor_code, func.count()).where(*conditions, *of_one)
        return {code: int(n) for code, n in db.execute(rows.group_by(Pairing.mentor_code))}

    held = count(Pairing.state.in_(SEATED))
    new = Pairing.state.in_(counted)
    week = count(new, Pairing.proposed_at > at - timedelta(days=7))
    year = count(new, Pairing.proposed_at > at - timedelta(days=365))
    codes = held.keys() | week.keys() | year.keys()
    return {c: Load(held.get(c, 0), week.get(c, 0), year.get(c, 0)) for c in codes}
