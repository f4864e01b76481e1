"""Which projects count toward the plan's "not fewer than 50": defined here and nowhere else.

Source: the plan, 三(三) — a project library with at least 50 projects. A project counts
when it is published, its risks are stated, people of the district have reviewed or
verified it, it is not expired, and no earlier code has the same name. What comes with the
product counts from the day on which somebody here has vouched for it: the local rules
that are known (Guangdong 2015, Zhengzhou 2016) ask for a review by experts first.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import ActorKind
from matching.projects.facts import ProjectFacts
from matching.projects.project import Project, ProjectStep
from matching.projects.state import PUBLISHED, ProjectAction

PLAN_TARGET = 50
_REVIEWS = (ProjectAction.PASS_REVIEW, ProjectAction.VERIFY)
_DECORATION = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Counting:
    """One project with whether it counts; `why_not` is empty when it does."""

    project: ProjectFacts
    why_not: str
    awaits_review: bool = False  # it would count, had anybody of the district reviewed it

    @property
    def counts(self) -> bool:
        """Whether it counts."""
        return not self.why_not


@dataclass(frozen=True, slots=True)
class LibraryCount:
    """All projects judged, in the order of their codes."""

    rows: tuple[Counting, ...]

    @property
    def counted(self) -> int:
        """How many count."""
        return sum(row.counts for row in self.rows)

    @property
    def awaiting_review(self) -> int:
        """How many would count as soon as somebody of the district has reviewed them."""
        return sum(row.awaits_review for row in self.rows)

    @property
    def industries(self) -> int:
        """How many divisions of GB/T 4754 those that count cover."""
        return len({row.project.industry_code[:2] for row in self.rows if row.counts} - {""})


def count_library(
    projects: Sequence[ProjectFacts], reviewed_here: Collection[str], on: date
) -> LibraryCount:
    """Judge every project; `reviewed_here` holds the codes that the district reviewed."""
    names: dict[str, str] = {}
    rows = []
    # Reviewed ones first: a name belongs to a project that somebody here has vouched for.
    order = sorted(projects, key=lambda one: (one.code not in reviewed_here, one.code))
    for project in order:
        why_not = _why_not(project, names, on)
        if not why_not:
            names[name_key(project.title)] = project.code
        awaits = not why_not and project.code not in reviewed_here
        if awaits:
            why_not = "系统随附，待本区核实" if project.shipped else "没有评审或核实记录"
        rows.append(Counting(project, why_not, awaits))
    return LibraryCount(tuple(sorted(rows, key=lambda row: row.project.code)))


def _why_not(project: ProjectFacts, names: dict[str, str], on: date) -> str:
    if project.state not in PUBLISHED:
        return "还没有发布推介"
    if not project.risk_text.strip():
        return "没有写主要风险"
    if project.is_expired(on):
        return "有效期已过"
    twin = names.get(name_key(project.title))
    return f"与 {twin} 重名" if twin else ""


def name_key(title: str) -> str:
    """Return what two titles share that differ only in width, case, spaces and marks."""
    return _DECORATION.sub("", unicodedata.normalize("NFKC", title).casefold())


def reviewed_here(db: Session) -> frozenset[str]:
    """Return the codes that an account has passed through review or verified."""
    query = (
        select(Project.code)
        .join(ProjectStep, ProjectStep.project_id == Project.id)
        .where(ProjectStep.action.in_(_REVIEWS), ProjectStep.actor_kind == ActorKind.ACCOUNT)
    )
    return frozenset(db.scalars(query))
