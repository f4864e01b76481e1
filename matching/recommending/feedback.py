"""“不合适，因为……”: which projects a person turned down, why, and what follows from it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, take_turns


class DeclineReason(StrEnum):
    """Why a project does not suit; each but the last two changes what is recommended next."""

    TOO_EXPENSIVE = "too_expensive"
    TOO_RISKY = "too_risky"
    NOT_MY_TRADE = "not_my_trade"
    NO_PREMISES = "no_premises"
    NO_TIME = "no_time"
    CANNOT_DO = "cannot_do"
    TOO_SLOW = "too_slow"
    DONE_BEFORE = "done_before"
    OTHER = "other"


REASON_NAMES = {
    DeclineReason.TOO_EXPENSIVE: "钱不够",
    DeclineReason.TOO_RISKY: "风险太大",
    DeclineReason.NOT_MY_TRADE: "不喜欢这一行",
    DeclineReason.NO_PREMISES: "没有场地",
    DeclineReason.NO_TIME: "没时间",
    DeclineReason.CANNOT_DO: "不会做",
    DeclineReason.TOO_SLOW: "回本太慢",
    DeclineReason.DONE_BEFORE: "已经在做",
    DeclineReason.OTHER: "其他原因",
}


@dataclass(frozen=True, slots=True)
class Decline:
    """One project turned down."""

    project_code: str
    reason: DeclineReason


class ProjectFeedback(Base):
    """A person's “不合适” about one project; it can be taken back."""

    __tablename__ = "project_feedback"
    __table_args__ = (UniqueConstraint("person", "project_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]
    project_code: Mapped[str]
    reason: Mapped[DeclineReason]
    list_id: Mapped[int | None]  # the recommendation it answers
    given_at: Mapped[datetime]


def decline(
    db: Session,
    person: str,
    declined: Decline,
    list_id: int | None,
    at: datetime,
) -> None:
    """Keep that a project does not suit a person; a second reason replaces the first."""
    take_turns(db, f"entrepreneur {person}")
    query = select(ProjectFeedback).where(
        ProjectFeedback.person == person,
        ProjectFeedback.project_code == declined.project_code,
    )
    row = db.scalar(query)
    if row is None:
        row = ProjectFeedback(person=person, project_code=declined.project_code)
        db.add(row)
    row.reason, row.list_id, row.given_at = declined.reason, list_id, at
    db.flush()


def take_back(db: Session, person: str, project_code: str) -> None:
    """Forget that a project did not suit a person."""
    db.execute(
        delete(ProjectFeedback).where(
            ProjectFeedback.person == person, ProjectFeedback.project_code == project_code
        )
    )
