"""What was recommended: every list that was shown, for learning and for the gap map."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base, storable


class ShownIn(StrEnum):
    """Where a list was shown."""

    CHAT = "chat"
    PAGE = "page"
    API = "api"


class RecommendationList(Base):
    """One list as it was shown: to whom, on what facts, by which weights. Only added to."""

    __tablename__ = "recommendation_lists"
    __table_args__ = (Index("ix_recommendation_lists_person_id", "person", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]  # "" once the person had it erased
    shown_in: Mapped[ShownIn]
    turn_id: Mapped[int | None]
    shown_at: Mapped[datetime] = mapped_column(index=True)
    weight_version: Mapped[str]
    library_version: Mapped[str]
    facts: Mapped[dict[str, Any]]  # what was known when it was made
    fitting: Mapped[int]  # projects that met every wish; 0 is a gap of the library
    relaxed: Mapped[bool]  # whether a wish had to be given up


class Impression(Base):
    """One project at one place of a list, with the chance that it was shown there."""

    __tablename__ = "impressions"
    __table_args__ = (UniqueConstraint("list_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("recommendation_lists.id"))
    position: Mapped[int]  # from 1
    project_code: Mapped[str] = mapped_column(index=True)
    score: Mapped[float]
    propensity: Mapped[float]  # 1 where the rule alone decides
    terms: Mapped[dict[str, Any]]  # score term -> value in [0, 1]


@dataclass(frozen=True, slots=True)
class ShownItem:
    """One item of a list to be logged."""

    code: str
    score: float
    terms: Mapping[str, float]
    propensity: float = 1.0


@dataclass(frozen=True, slots=True)
class ShownList:
    """A list to be logged, in the order in which it was shown."""

    shown_in: ShownIn
    items: Sequence[ShownItem]
    weight_version: str
    library_version: str
    facts: Mapping[str, Any]
    fitting: int
    relaxed: bool


def log_list(db: Session, person: str, shown: ShownList, turn_id: int | None, at: datetime) -> int:
    """Log a list that was shown; return its id."""
    row = RecommendationList(
        person=person,
        shown_in=shown.shown_in,
        turn_id=turn_id,
        shown_at=at,
        weight_version=shown.weight_version,
        library_version=shown.library_version,
        facts=storable(dict(shown.facts)),
        fitting=shown.fitting,
        relaxed=shown.relaxed,
    )
    db.add(row)
    db.flush()
    db.add_all(
        Impression(
            list_id=row.id,
            position=position,
            project_code=item.code,
            score=item.score,
            propensity=item.propensity,
            terms=dict(item.terms),
        )
        for position, item in enumerate(shown.items, 1)
    )
    db.flush()
    return row.id


def last_list_with(db: Session, person: str, project_code: str) -> int | None:
    """Return the latest list in which a person was shown a project."""
    return db.scalar(
        select(RecommendationList.id)
        .join(Impression, Impression.list_id == RecommendationList.id)
        .where(RecommendationList.person == person, Impression.project_code == project_code)
        .order_by(RecommendationList.id.desc())
        .limit(1)
    )


def forget_whom_it_was_shown(db: Session, person: str) -> None:
    """Take a person out of the log; what was shown stays for the statistics."""
    db.execute(
        update(RecommendationList).where(RecommendationList.person == person).values(person="")
    )
