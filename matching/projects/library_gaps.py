"""What the library lacks: projects that nobody is shown, and wishes that no project meets."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matching.profile.profile import Profile, profile_of
from matching.projects.facts import ProjectFacts
from matching.recommending.impression import Impression, RecommendationList
from matching.recommending.project_table import ProjectTable
from matching.recommending.recommender import WISH_NAMES
from matching.recommending.rules import ALL_WISHES, broken_wishes, limits_of
from matching.target_group import GROUP_NAMES, TargetGroup

MOST_DEMANDS = 5_000  # the latest; older ones say little of what is wanted now
BUDGETS = (
    (10_000, "1 万元以内"),
    (30_000, "1 万至 3 万元"),
    (50_000, "3 万至 5 万元"),
    (100_000, "5 万至 10 万元"),
    (200_000, "10 万至 20 万元"),
)
MORE = "20 万元以上"
UNSAID = "没说"


@dataclass(frozen=True, slots=True)
class Demand:
    """What one person had told when a list was made, and how many projects met all of it."""

    profile: Profile
    fitting: int


@dataclass(frozen=True, slots=True)
class NeverShown:
    """A project that is published and was in no list, with why."""

    project: ProjectFacts
    fitting: int  # demands whose every wish it meets: there only better ones came first
    reasons: tuple[tuple[str, int], ...]  # wish it breaks, how many demands; most first
    why: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A cell of the map: people who wanted it, and for how many of them nothing fitted."""

    interest: str
    budget: str
    group: str
    demands: int
    unmet: int


def latest_demands(db: Session, since: datetime) -> list[Demand]:
    """Return what was asked for since a moment, one demand a person, the latest; at most 5,000.

    Lists of people who had themselves erased stand for themselves.
    """
    query = (
        select(RecommendationList.person, RecommendationList.facts, RecommendationList.fitting)
        .where(RecommendationList.shown_at >= since)
        .order_by(RecommendationList.id.desc())
        .limit(MOST_DEMANDS)
    )
    seen: set[tuple[str, str]] = set()
    demands = []
    for person, facts, fitting in db.execute(query):
        key = (person, repr(sorted(_wanted(facts).items())))
        if not person or key not in seen:
            seen.add(key)
            demands.append(Demand(profile_of(facts), fitting))
    return demands


def _wanted(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {key: facts.get(key) for key in ("interests", "budget_yuan", "groups")}


def times_shown(db: Session) -> dict[str, int]:
    """Return code -> in how many lists a project was."""
    query = select(Impression.project_code, func.count()).group_by(Impression.project_code)
    return {row[0]: row[1] for row in db.execute(query)}


def never_shown(
    projects: Sequence[ProjectFacts],
    shown: Mapping[str, int],
    demands: Sequence[Demand],
    on: date,
) -> list[NeverShown]:
    """Return the recommendable projects that were in no list, those fitting fewest first."""
    table = ProjectTable(tuple(p for p in projects if p.is_recommendable(on)))
    hidden = [p for p in table.projects if not shown.get(p.code)]
    if not hidden:
        return []
    profiles = Counter(demand.profile for demand in demands)
    masks = np.zeros((len(profiles), len(table)), np.int64)
    for row, profile in enumerate(profiles):
        masks[row] = broken_wishes(table, profile, limits_of(table, profile))
    weights = np.array(list(profiles.values()), np.int64)
    found = [_explain(p, masks[:, table.rows[p.code]], weights) for p in hidden]
    return sorted(found, key=lambda one: (one.fitting, one.project.code))


def _explain(project: ProjectFacts, masks: Any, weights: Any) -> NeverShown:
    fitting = int(weights[masks == 0].sum()) if len(weights) else 0
    broken = Counter(
        {
            WISH_NAMES[wish]: int(weights[(masks & int(wish)) != 0].sum())
            for wish in ALL_WISHES
            if len(weights)
        }
    )
    reasons = tuple((name, count) for name, count in broken.most_common(3) if count)
    return NeverShown(project, fitting, reasons, _why(fitting, reasons, int(weights.sum())))


def _why(fitting: int, reasons: tuple[tuple[str, int], ...], asked: int) -> str:
    if not asked:
        return "还没有人来找过项目。"
    if fitting:
        return f"有 {fitting} 人的条件全都符合，只是别的项目更合适，排在了前面。"
    said = "；".join(f"对 {count} 人来说{name}" for name, count in reasons)
    return f"{asked} 人里没有一个人的条件全都符合：{said}。"


def gap_map(demands: Sequence[Demand]) -> list[Gap]:
    """Count demands by industry × budget × group; only cells in which something is unmet.

    Somebody who wants two trades or belongs to two groups stands in each of the cells.
    Most unmet first.
    """
    asked: Counter[tuple[str, str, str]] = Counter()
    unmet: Counter[tuple[str, str, str]] = Counter()
    for demand in demands:
        profile = demand.profile
        groups = [GROUP_NAMES[TargetGroup(g)] for g in profile.groups] or [UNSAID]
        for interest in profile.interests or (UNSAID,):
            for group in groups:
                cell = (interest, budget_band(profile.budget_yuan), group)
                asked[cell] += 1
                unmet[cell] += demand.fitting == 0
    found = [Gap(*cell, demands=asked[cell], unmet=count) for cell, count in unmet.items() if count]
    return sorted(found, key=lambda gap: (-gap.unmet, gap.interest, gap.budget, gap.group))


def budget_band(yuan: int | None) -> str:
    """Return the band of the map in which an amount lies; the upper bound belongs to it."""
    if yuan is None:
        return UNSAID
    return next((name for most, name in BUDGETS if yuan <= most), MORE)
