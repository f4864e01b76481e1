"""Projects of the library, with the record of their way through it and of their versions."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.industry import section_letter
from matching.projects.facts import (
    PremisesKind,
    ProjectFacts,
    ProjectKind,
    WorkingHours,
)
from matching.projects.origin import HolderRight, SourceChannel
from matching.projects.state import ProjectAction, ProjectState
from storage.database import Base
from storage.word_list import WordList

_FACT_NAMES = frozenset(ProjectFacts.__dataclass_fields__) - {"season_months"}


class ProjectNotFound(LookupError):
    """No project has the given code, or not for this caller."""


class Project(Base):
    """One project of the library (创业项目).

    Money is in yuan, areas in m², `valid_until` is the last day. What is published
    carries its risks: the database itself refuses it otherwise. Holder and contact are
    for the staff only and no part of `facts()`.
    """

    __tablename__ = "projects"
    __table_args__ = (
        CheckConstraint(
            "state NOT IN ('promoted', 'followed') OR length(trim(risk_text)) > 0",
            name="ck_projects_risk_stated",
        ),
        CheckConstraint(
            "risk_level IS NULL OR risk_level BETWEEN 1 AND 3", name="ck_projects_risk_level"
        ),
        CheckConstraint(
            "investment_min_yuan IS NULL OR investment_max_yuan IS NULL"
            " OR investment_min_yuan <= investment_max_yuan",
            name="ck_projects_investment",
        ),
        Index("ix_projects_state_code", "state", "code"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    state: Mapped[ProjectState] = mapped_column(default=ProjectState.SOLICITED)
    version: Mapped[int] = mapped_column(default=1)
    completeness: Mapped[int] = mapped_column(default=0)  # percent
    summary: Mapped[str] = mapped_column(default="")
    kind: Mapped[ProjectKind] = mapped_column(default=ProjectKind.GRASSROOTS)
    industry_code: Mapped[str] = mapped_column(default="", index=True)
    industry_label: Mapped[str] = mapped_column(default="")
    investment_min_yuan: Mapped[int | None]
    investment_max_yuan: Mapped[int | None]
    monthly_profit_min_yuan: Mapped[int | None]
    monthly_profit_max_yuan: Mapped[int | None]
    monthly_cost_yuan: Mapped[int | None]  # rent, wages, materials, power
    reserve_months: Mapped[int | None]  # months until takings carry the costs
    payback_months: Mapped[int | None]
    premises_kind: Mapped[PremisesKind] = mapped_column(default=PremisesKind.NONE)
    premises_min_m2: Mapped[int | None]
    premises_max_m2: Mapped[int | None]
    staff_min: Mapped[int | None]
    staff_max: Mapped[int | None]
    jobs: Mapped[int | None]  # 带动就业
    skills: Mapped[tuple[str, ...]] = mapped_column(WordList, default=())
    equipment: Mapped[tuple[str, ...]] = mapped_column(WordList, default=())
    groups: Mapped[tuple[str, ...]] = mapped_column(WordList, default=())
    hours: Mapped[WorkingHours] = mapped_column(default=WorkingHours.FULL)
    remote_capable: Mapped[bool] = mapped_column(default=False)
    streets: Mapped[tuple[str, ...]] = mapped_column(WordList, default=())
    season_months: Mapped[tuple[str, ...]] = mapped_column(WordList, default=())  # "1" to "12"
    policy_topics: Mapped[tuple[str, ...]] = mapped_column(WordList, default=())
    risk_level: Mapped[int | None]
    activity_text: Mapped[str] = mapped_column(default="")
    earnings_text: Mapped[str] = mapped_column(default="")
    permits_text: Mapped[str] = mapped_column(default="")
    costs_text: Mapped[str] = mapped_column(default="")
    market_text: Mapped[str] = mapped_column(default="")
    risk_text: Mapped[str] = mapped_column(default="")
    success_text: Mapped[str] = mapped_column(default="")
    failure_text: Mapped[str] = mapped_column(default="")
    suits_text: Mapped[str] = mapped_column(default="")
    basis_text: Mapped[str] = mapped_column(default="")
    basis_on: Mapped[date | None]
    valid_until: Mapped[date | None]
    last_verified_on: Mapped[date | None]
    next_review_on: Mapped[date | None] = mapped_column(index=True)
    holder_name: Mapped[str] = mapped_column(default="")
    holder_right: Mapped[HolderRight | None]
    holder_papers: Mapped[str] = mapped_column(default="")  # 营业执照、代理协议 and their expiry
    holder_support: Mapped[tuple[str, ...]] = mapped_column(WordList, default=())
    contact_name: Mapped[str] = mapped_column(default="")  # personal data
    contact_phone: Mapped[str] = mapped_column(default="")  # personal data
    source_channel: Mapped[SourceChannel | None]
    recommended_by: Mapped[str] = mapped_column(default="")  # 推荐单位
    adopted_count: Mapped[int] = mapped_column(default=0)  # 签约采用
    survived_6_months: Mapped[int] = mapped_column(default=0)
    survived_12_months: Mapped[int] = mapped_column(default=0)
    shipped: Mapped[bool] = mapped_column(default=False)
    pack_digest: Mapped[str] = mapped_column(default="")  # of the shipped file it was made from
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    def facts(self) -> ProjectFacts:
        """Return the plain values that computation and public pages use."""
        values = {name: getattr(self, name) for name in _FACT_NAMES}
        return ProjectFacts(**values, season_months=tuple(map(int, self.season_months)))

    @property
    def section(self) -> str:
        """The letter of its section in GB/T 4754-2017, "" without an industry."""
        return section_letter(self.industry_code)


class ProjectStep(Base):
    """One step of a project through the library: who, when, with what opinion. Only added to."""

    __tablename__ = "project_steps"

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    action: Mapped[ProjectAction]
    from_state: Mapped[ProjectState]
    to_state: Mapped[ProjectState]
    version: Mapped[int]  # of the project's content that was judged
    opinion: Mapped[str]
    actor_kind: Mapped[str]  # account or system
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    at: Mapped[datetime]


class ProjectVersion(Base):
    """The content of a project after one change. Only added to."""

    __tablename__ = "project_versions"
    __table_args__ = (UniqueConstraint("project_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    version: Mapped[int]
    content: Mapped[dict[str, Any]]  # column name -> text as in a spreadsheet cell
    reason: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    actor_name: Mapped[str]
    at: Mapped[datetime]


def find_project(db: Session, code: str) -> Project:
    """Return the project with this code, or raise ProjectNotFound."""
    project = db.scalar(select(Project).where(Project.code == code))
    if project is None:
        raise ProjectNotFound(code)
    return project


def library_facts(db: Session) -> list[ProjectFacts]:
    """Return every project of the library in the order of the codes."""
    return [project.facts() for project in db.scalars(select(Project).order_by(Project.code))]


def library_stamp(db: Session) -> tuple[int, int]:
    """Return two numbers of which one grows with every change: for what is kept in memory."""
    stamp = select(
        select(func.max(ProjectVersion.id)).scalar_subquery(),
        select(func.max(ProjectStep.id)).scalar_subquery(),
    )
    versions, steps = db.execute(stamp).one()
    return versions or 0, steps or 0


def steps_of(db: Session, project_id: int) -> Sequence[ProjectStep]:
    """Return the steps of a project, oldest first."""
    query = select(ProjectStep).where(ProjectStep.project_id == project_id)
    return db.scalars(query.order_by(ProjectStep.id)).all()


def versions_of(db: Session, project_id: int) -> Sequence[ProjectVersion]:
    """Return the versions of a project, oldest first."""
    query = select(ProjectVersion).where(ProjectVersion.project_id == project_id)
    return db.scalars(query.order_by(ProjectVersion.version)).all()
