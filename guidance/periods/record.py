"""What is stored of a quarter: open, closed, locked; its frozen values; its second sample."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from guidance.lifecycle import TransitionRefused
from guidance.periods.exceptions import is_excepted
from guidance.session import GuidanceSession
from storage.database import Base


class PeriodState(StrEnum):
    """Where a quarter stands. One without a row is open."""

    OPEN = "open"
    CLOSED = "closed"  # nothing enters without an exception; the sample is checked
    LOCKED = "locked"


PERIOD_STATE_NAMES = {
    PeriodState.OPEN: "未结算，数字仍会变动",
    PeriodState.CLOSED: "已结算，正在抽查",
    PeriodState.LOCKED: "已锁定",
}


class PeriodClosed(TransitionRefused):
    """The quarter takes no more decisions; the message says what is left to do."""


class PeriodRecord(Base):
    """One quarter from the moment its seed is drawn."""

    __tablename__ = "periods"

    period: Mapped[str] = mapped_column(String(8), primary_key=True)
    state: Mapped[PeriodState]
    seed_digest: Mapped[str] = mapped_column(String(64))  # published before the list is frozen
    seed: Mapped[str] = mapped_column(String(64))  # shown after
    committed_at: Mapped[datetime | None]  # when the digest was published
    closed_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    frame_root: Mapped[str] = mapped_column(String(64))  # of the list the sample was drawn from
    prepared_by: Mapped[str]
    signed_by: Mapped[str]
    locked_at: Mapped[datetime | None]
    members_root: Mapped[str] = mapped_column(String(64))
    as_of_seq: Mapped[int]


class PeriodValue(Base):
    """A figure as it was locked: never computed again."""

    __tablename__ = "period_values"

    period: Mapped[str] = mapped_column(ForeignKey("periods.period"), primary_key=True)
    indicator: Mapped[str] = mapped_column(String(16), primary_key=True)
    org_unit: Mapped[str] = mapped_column(primary_key=True)  # WHOLE for the district
    value: Mapped[int]
    definition_version: Mapped[str]
    rule_version: Mapped[str]
    members_root: Mapped[str] = mapped_column(String(64))
    as_of_seq: Mapped[int]


class SampleReason(StrEnum):
    """Why a session is checked a second time."""

    DRAWN = "drawn"
    FLAGGED = "flagged"
    WHOLE_UNIT = "whole_unit"  # the unit's sample was too bad


class SampleOutcome(StrEnum):
    """What the second check found."""

    WAITING = "waiting"
    CONFIRMED = "confirmed"
    NOT_CONFIRMED = "not_confirmed"


class SampleItem(Base):
    """One session of a quarter's second, blind check."""

    __tablename__ = "sample_items"

    period: Mapped[str] = mapped_column(ForeignKey("periods.period"), primary_key=True)
    session_id: Mapped[int] = mapped_column(ForeignKey("guidance_sessions.id"), primary_key=True)
    stratum: Mapped[str]
    why: Mapped[SampleReason]
    outcome: Mapped[SampleOutcome]
    checked_by: Mapped[str]
    checked_at: Mapped[datetime | None]
    note: Mapped[str]


WHOLE = "*"  # the org unit of a figure for the whole district
DISTRICT = "区本级"  # how the part of no unit is called


def state_of(db: Session, period: str) -> PeriodState:
    """Return where a quarter stands."""
    found = db.scalar(select(PeriodRecord.state).where(PeriodRecord.period == period))
    return found or PeriodState.OPEN


def takes_decisions(db: Session, session: GuidanceSession, at: datetime) -> bool:
    """Whether the session's quarter is open, or closed with an exception that holds."""
    state = state_of(db, session.period)
    if state is PeriodState.CLOSED:
        return is_excepted(db, session.period, session.org_unit, at)
    return state is PeriodState.OPEN


def require_open(db: Session, session: GuidanceSession, at: datetime) -> None:
    """Raise PeriodClosed unless the session's quarter takes decisions."""
    if state_of(db, session.period) is PeriodState.LOCKED:
        raise PeriodClosed(f"{session.period} 已经锁定，只能登记调整，不能再改动记录。")
    if not takes_decisions(db, session, at):
        raise PeriodClosed(f"{session.period} 已经结算，如需补办，请先申请补录特批。")
