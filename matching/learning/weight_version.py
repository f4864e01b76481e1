"""Versions of weights: proposed with their evidence, published by a second person, rolled back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import Actor, append_event
from matching.assignment.scoring import MentorWeights
from matching.assignment.scoring import load_weights as shipped_mentor_weights
from matching.learning.fit import Learnt
from matching.recommending.scoring import ProjectWeights
from matching.recommending.scoring import load_weights as shipped_project_weights
from storage.database import Base, take_turns


class WeightVersionRefused(ValueError):
    """A version cannot be published or rolled back; the message says why."""


class LearningSubject(StrEnum):
    """Whose weights."""

    PROJECTS = "projects"  # projects for a person
    MENTEE = "mentee"  # a mentor for a person: the person's side
    MENTOR = "mentor"  # a mentor for a person: the mentor's side


class WeightState(StrEnum):
    """Where a version stands."""

    PROPOSED = "proposed"
    PUBLISHED = "published"  # one at most for each subject
    RETIRED = "retired"


SUBJECT_NAMES = {
    LearningSubject.PROJECTS: "项目推荐",
    LearningSubject.MENTEE: "导师匹配（创业者一侧）",
    LearningSubject.MENTOR: "导师匹配（导师一侧）",
}


class WeightVersion(Base):
    """One set of weights with where it comes from; its numbers never change."""

    __tablename__ = "weight_versions"
    __table_args__ = (
        UniqueConstraint("subject", "number"),
        Index(
            "uq_weight_versions_published_subject",
            "subject",
            unique=True,
            sqlite_where=text("state = 'published'"),
            postgresql_where=text("state = 'published'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject: Mapped[LearningSubject]
    number: Mapped[int]  # from 1 within a subject
    state: Mapped[WeightState]
    weights: Mapped[dict[str, Any]]
    base: Mapped[str]  # name of the version it was learnt from
    evidence: Mapped[dict[str, Any]]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    published_by: Mapped[str] = mapped_column(default="")
    published_at: Mapped[datetime | None]

    @property
    def name(self) -> str:
        """How lists and proposals name it: projects-learnt-3."""
        return f"{self.subject}-learnt-{self.number}"


def propose(
    db: Session, subject: LearningSubject, learnt: Learnt, actor: Actor, at: datetime
) -> WeightVersion:
    """Store proposed weights with their evidence. Raises WeightVersionRefused without any."""
    if not learnt.proposed:
        raise WeightVersionRefused(learnt.why)
    take_turns(db, f"weights {subject}")
    version = WeightVersion(
        subject=subject,
        number=1 + max((one.number for one in versions_of(db, subject)), default=0),
        state=WeightState.PROPOSED,
        weights=dict(learnt.weights),
        base=current_name(db, subject),
        evidence={
            "events": learnt.events,
            "good": learnt.good,
            "gain": learnt.gain,
            "gain_low": learnt.gain_low,
        },
        proposed_by=actor.id,
        proposed_at=at,
    )
    db.add(version)
    db.flush()
    append_event(db, "weights.proposed", f"weights:{version.name}", actor, version.evidence)
    return version


def publish(db: Session, version_id: int, actor: Actor, reason: str, at: datetime) -> WeightVersion:
    """Put a proposed or an earlier version into force; the one in force is retired.

    Publishing an earlier version again is how to roll back to it. A proposal needs a
    second person and a reason, and has to be learnt from what is in force. Raises
    WeightVersionRefused.
    """
    version = db.get(WeightVersion, version_id)
    if version is None:
        raise WeightVersionRefused("没有这个权重版本，请回到列表重新选择。")
    take_turns(db, f"weights {version.subject}")
    db.refresh(version)
    if version.state is WeightState.PUBLISHED:
        raise WeightVersionRefused("这个版本已经在用。")
    if version.state is WeightState.PROPOSED:
        if version.proposed_by == actor.id:
            raise WeightVersionRefused("提出的人不能自己发布，请由另一位同事核对后发布。")
        if version.base != current_name(db, version.subject):
            raise WeightVersionRefused("提出之后在用的权重已经变了，请重新学习一次。")
    _check_reason(reason)
    retired = _retire(db, version.subject)
    version.state = WeightState.PUBLISHED
    version.published_by, version.published_at = actor.id, at
    db.flush()
    details = {"weights": version.weights, "before": retired}
    append_event(db, "weights.published", f"weights:{version.name}", actor, details, reason)
    return version


def return_to_shipped(db: Session, subject: LearningSubject, actor: Actor, reason: str) -> None:
    """Put the shipped weights back into force. Raises WeightVersionRefused."""
    _check_reason(reason)
    take_turns(db, f"weights {subject}")
    retired = _retire(db, subject)
    if not retired:
        raise WeightVersionRefused("现在用的就是随附的权重。")
    append_event(db, "weights.returned", f"weights:{subject}", actor, {"before": retired}, reason)


def published_version(db: Session, subject: LearningSubject) -> WeightVersion | None:
    """Return the version in force; None means the shipped weights."""
    return db.scalar(
        select(WeightVersion).where(
            WeightVersion.subject == subject, WeightVersion.state == WeightState.PUBLISHED
        )
    )


def versions_of(db: Session, subject: LearningSubject) -> Sequence[WeightVersion]:
    """Return all versions of a subject, newest first."""
    rows = select(WeightVersion).where(WeightVersion.subject == subject)
    return db.scalars(rows.order_by(WeightVersion.number.desc())).all()


def current_weights(db: Session, subject: LearningSubject) -> Mapping[str, float]:
    """Return the weights in force, by term."""
    version = published_version(db, subject)
    return version.weights if version is not None else _shipped(subject)[1]


def current_name(db: Session, subject: LearningSubject) -> str:
    """Return the name of the weights in force."""
    version = published_version(db, subject)
    return version.name if version is not None else _shipped(subject)[0]


def project_weights(db: Session) -> ProjectWeights:
    """Return the weights in force for projects."""
    name = current_name(db, LearningSubject.PROJECTS)
    return ProjectWeights(name, current_weights(db, LearningSubject.PROJECTS))


def mentor_weights(db: Session) -> MentorWeights:
    """Return the weights in force for mentors, of both sides."""
    shipped = shipped_mentor_weights()
    sides = (LearningSubject.MENTEE, LearningSubject.MENTOR)
    names = dict.fromkeys(current_name(db, side) for side in sides)
    mentee, mentor = (current_weights(db, side) for side in sides)
    return MentorWeights("+".join(names), mentee, mentor, shipped.mentee_share)


def _shipped(subject: LearningSubject) -> tuple[str, Mapping[str, float]]:
    if subject is LearningSubject.PROJECTS:
        projects = shipped_project_weights()
        return projects.version, projects.terms
    mentors = shipped_mentor_weights()
    side = mentors.mentee if subject is LearningSubject.MENTEE else mentors.mentor
    return mentors.version, side


def _retire(db: Session, subject: LearningSubject) -> str:
    """Retire the version in force; return its name, "" for the shipped weights."""
    version = published_version(db, subject)
    if version is None:
        return ""
    version.state = WeightState.RETIRED
    db.flush()
    return version.name


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise WeightVersionRefused("请写明理由，理由会记入审计日志。")
