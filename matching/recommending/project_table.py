"""The library as arrays: one row a project, built once for each version of the library."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from matching.industry import section_letter
from matching.profile.patterns import PATTERNS
from matching.profile.said import labels_in
from matching.projects.facts import PremisesKind, ProjectFacts, WorkingHours
from matching.projects.state import PUBLISHED
from matching.target_group import TargetGroup

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Vectors = NDArray[np.float32]

PREMISES = tuple(PremisesKind)
GROUPS = tuple(TargetGroup)
SKILLS = tuple(PATTERNS.skills)
INTERESTS = (*PATTERNS.interests, *PATTERNS.formats)


@dataclass(frozen=True)
class ProjectTable:
    """Projects with what rules and scores read of them; unknown numbers are NaN.

    Args:
        projects: the recommendable ones, in the order of their codes.
        vectors: unit vectors of their texts, float32 (n, d), or None without an encoder.
    """

    projects: tuple[ProjectFacts, ...]
    vectors: Vectors | None = None

    def __len__(self) -> int:
        return len(self.projects)

    def part(self, rows: NDArray[np.int64]) -> "ProjectTable":
        """Return the table of some rows, ascending, equal to one made of their projects."""
        vectors = None if self.vectors is None else self.vectors[rows]
        part = ProjectTable(tuple(self.projects[row] for row in rows), vectors)
        for name in _COLUMNS:
            part.__dict__[name] = getattr(self, name)[rows]
        part.__dict__["streets"] = tuple((name, there[rows]) for name, there in self.streets)
        return part

    @cached_property
    def version(self) -> str:
        """A digest that changes whenever anything of a project does."""
        return sha256(repr(self.projects).encode()).hexdigest()[:16]

    @cached_property
    def rows(self) -> dict[str, int]:
        """Code -> row."""
        return {project.code: row for row, project in enumerate(self.projects)}

    @cached_property
    def least_cash(self) -> Floats:
        """Yuan to open as small as possible and to last until takings carry it; (n,)."""
        return _numbers([least_cash_yuan(p) for p in self.projects])

    @cached_property
    def full_cash(self) -> Floats:
        """Yuan of the first year at the upper end of the investment; (n,)."""
        return _numbers(
            [p.first_year_cash.total_yuan if p.first_year_cash else None for p in self.projects]
        )

    @cached_property
    def staff(self) -> Floats:
        """People it takes at least; (n,)."""
        return _numbers([p.staff_min for p in self.projects])

    @cached_property
    def payback(self) -> Floats:
        """Months until the investment is back; (n,)."""
        return _numbers([p.payback_months for p in self.projects])

    @cached_property
    def risk(self) -> Floats:
        """1 low to 3 high; (n,)."""
        return _numbers([p.risk_level for p in self.projects])

    @cached_property
    def area(self) -> Floats:
        """Square metres it takes at least; (n,)."""
        return _numbers([p.premises_m2 for p in self.projects])

    @cached_property
    def premises(self) -> NDArray[np.int64]:
        """Index into PREMISES; (n,)."""
        return np.array([PREMISES.index(p.premises_kind) for p in self.projects], np.int64)

    @cached_property
    def stated(self) -> Mask:
        """Whether it is published with its risks, whatever the day; (n,)."""
        return np.array(
            [p.state in PUBLISHED and bool(p.risk_text.strip()) for p in self.projects], bool
        )

    @cached_property
    def last_days(self) -> Floats:
        """Ordinal of the last day on which it holds, infinite without one; (n,)."""
        return np.array(
            [p.valid_until.toordinal() if p.valid_until else np.inf for p in self.projects]
        )

    @cached_property
    def full_time(self) -> Mask:
        """Whether it takes all one's time; (n,)."""
        return np.array([p.hours is WorkingHours.FULL for p in self.projects], bool)

    @cached_property
    def anywhere(self) -> Mask:
        """Whether it can be done in every street; (n,)."""
        return np.array([p.remote_capable or not p.streets for p in self.projects], bool)

    @cached_property
    def streets(self) -> tuple[tuple[str, Mask], ...]:
        """Each street that a project names, with the projects that name it; (n,) each."""
        names = sorted({street for p in self.projects for street in p.streets})
        return tuple(
            (name, np.array([name in p.streets for p in self.projects], bool)) for name in names
        )

    @cached_property
    def groups(self) -> Floats:
        """Whom each suits, 0 or 1; (n, groups)."""
        return _members([p.groups for p in self.projects], GROUPS)

    @cached_property
    def skills(self) -> Floats:
        """Which abilities each asks for, 0 or 1; (n, skills)."""
        found = [labels_in("、".join((*p.skills,)), "skills") for p in self.projects]
        return _members(found, SKILLS)

    @cached_property
    def asked_skills(self) -> Floats:
        """How many abilities each asks for; (n,)."""
        return np.asarray(self.skills.sum(axis=1), np.float64)

    @cached_property
    def named_groups(self) -> Floats:
        """How many groups each names; (n,)."""
        return np.asarray(self.groups.sum(axis=1), np.float64)

    @cached_property
    def interests(self) -> Floats:
        """How much each is of a trade: 1 by its name, 0.6 by its industry; (n, trades)."""
        table = np.zeros((len(self.projects), len(INTERESTS)))
        for row, project in enumerate(self.projects):
            named = labels_in(f"{project.title}\n{project.industry_label}", "interests")
            division = project.industry_code[:2]
            for column, label in enumerate(INTERESTS):
                if label in named:
                    table[row, column] = 1.0
                elif division and division in PATTERNS.industries.get(label, ()):
                    table[row, column] = 0.6
                elif label in PATTERNS.formats:
                    table[row, column] = _fits_format(label, project)
        return table

    @cached_property
    def divisions(self) -> NDArray[np.str_]:
        """Two digits of GB/T 4754, "" unknown; (n,)."""
        return np.array([p.industry_code[:2] for p in self.projects], dtype=np.str_)

    @cached_property
    def sections(self) -> NDArray[np.str_]:
        """The section's letter; (n,)."""
        return np.array([section_letter(p.industry_code) for p in self.projects], dtype=np.str_)


# What `part` takes rows out of, instead of reading the projects' texts again.
_COLUMNS = (
    "least_cash",
    "full_cash",
    "staff",
    "payback",
    "risk",
    "area",
    "premises",
    "stated",
    "last_days",
    "full_time",
    "anywhere",
    "groups",
    "skills",
    "asked_skills",
    "named_groups",
    "interests",
    "divisions",
    "sections",
)


def least_cash_yuan(project: ProjectFacts) -> int | None:
    """Return the money to open at the lower end and to last until takings carry the costs."""
    least = project.investment_min_yuan
    if least is None:
        least = project.investment_max_yuan
    if least is None:
        return None
    return least + (project.monthly_cost_yuan or 0) * (project.reserve_months or 0)


def _fits_format(label: str, project: ProjectFacts) -> float:
    kinds = {
        "开店": (PremisesKind.SHOP,),
        "摆摊": (PremisesKind.STALL, PremisesKind.VEHICLE),
        "小生意": (PremisesKind.STALL, PremisesKind.SHOP, PremisesKind.HOME),
    }
    return 0.65 if project.premises_kind in kinds.get(label, ()) else 0.4


def _numbers(values: Sequence[int | None]) -> Floats:
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _members(rows: Sequence[Sequence[str]], columns: Sequence[str]) -> Floats:
    place = {name: column for column, name in enumerate(columns)}
    table = np.zeros((len(rows), len(columns)))
    for row, names in enumerate(rows):
        for name in names:
            if name in place:
                table[row, place[name]] = 1.0
    return table
