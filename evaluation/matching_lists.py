"""Project lists: how fast at 5,000 projects, and whether every relaxation offered is minimal."""

import time
from dataclasses import fields, replace
from typing import Any

import numpy as np

from evaluation.matching_instance import DAY, STREETS
from matching.profile.profile import Profile
from matching.projects.facts import PremisesKind, ProjectFacts
from matching.projects.pack import shipped_projects
from matching.projects.state import ProjectState
from matching.recommending.project_table import GROUPS, INTERESTS, SKILLS, ProjectTable
from matching.recommending.recommender import judge, recommend
from matching.recommending.relaxation import minimal_masks
from matching.recommending.scoring import load_weights

_FIELDS = {field.name for field in fields(ProjectFacts)}


def list_row(projects: int, profiles: int, seed: int = 0) -> dict[str, float | int]:
    """Measure recommending three projects out of so many, and check every empty list.

    `ms` is what a person waits, `cpu_ms` what it costs: on a busy machine they differ.
    """
    random = np.random.default_rng(seed)
    table = ProjectTable(_library(random, projects))
    weights = load_weights()
    people = [_profile(random) for _ in range(profiles)]
    recommend(table, people[0], weights, DAY)  # what is built once is not a list's latency
    took, spent, wrong, without_way = [], [], 0, 0
    for profile in people:
        began, working = time.perf_counter(), time.thread_time()
        found = recommend(table, profile, weights, DAY)
        spent.append((time.thread_time() - working) * 1000)
        took.append((time.perf_counter() - began) * 1000)
        judged = judge(table, profile, weights, DAY)
        masks = judged.masks[judged.allowed]
        wrong += _minimal_by_trying(masks) != set(minimal_masks(masks[masks > 0].tolist()))
        without_way += not found.items and bool(judged.allowed.any())
    p50, p95, p99 = np.percentile(took, [50, 95, 99]).tolist()
    cpu_p50, cpu_p95, cpu_p99 = np.percentile(spent, [50, 95, 99]).tolist()
    return {
        "projects": projects,
        "profiles": profiles,
        "ms_p50": round(p50, 2),
        "ms_p95": round(p95, 2),
        "ms_p99": round(p99, 2),
        "cpu_ms_p50": round(cpu_p50, 2),
        "cpu_ms_p95": round(cpu_p95, 2),
        "cpu_ms_p99": round(cpu_p99, 2),
        "relaxations_not_minimal": wrong,
        "empty_lists": without_way,
    }


def list_metamorphic(projects: int, profiles: int, seed: int = 0) -> dict[str, int]:
    """Count how often a change that must not matter to a list does; every number should be 0."""
    random = np.random.default_rng(seed)
    library, weights = _library(random, projects), load_weights()
    table = ProjectTable(library)
    renamed = ProjectTable(tuple(replace(one, code=f"R{one.code}") for one in library))
    closed = replace(library[0], code="Z", state=ProjectState.RETIRED)
    joined = ProjectTable((*library, closed))
    found = dict.fromkeys(
        ("renamed_differs", "closed_project_matters", "more_money_fits_fewer", "chance_in_front"),
        0,
    )
    for _ in range(profiles):
        profile = _profile(random)
        plain = recommend(table, profile, weights, DAY)
        codes = [item.project.code for item in plain.items]
        other = recommend(renamed, profile, weights, DAY)
        found["renamed_differs"] += [
            (f"R{item.project.code}", item.score) for item in plain.items
        ] != [(item.project.code, item.score) for item in other.items]
        found["closed_project_matters"] += codes != [
            item.project.code for item in recommend(joined, profile, weights, DAY).items
        ]
        richer = replace(profile, budget_yuan=2 * (profile.budget_yuan or 1))
        found["more_money_fits_fewer"] += (
            recommend(table, richer, weights, DAY).fitting < plain.fitting
        )
        drawn = recommend(table, replace(profile, draw="somebody"), weights, DAY)
        found["chance_in_front"] += codes[:2] != [i.project.code for i in drawn.items[:2]]
    return found


def _minimal_by_trying(masks: Any) -> set[int]:
    """Find the minimal sets of wishes to give up by trying every set, smallest first."""
    broken = {int(mask) for mask in masks if mask}
    width = max(broken, default=0).bit_length()
    found: list[int] = []
    for given_up in sorted(range(1, 1 << width), key=int.bit_count):
        if any(smaller & given_up == smaller for smaller in found):
            continue
        if any(mask & ~given_up == 0 for mask in broken):
            found.append(given_up)
    return set(found)


def _library(random: np.random.Generator, many: int) -> tuple[ProjectFacts, ...]:
    """Vary the shipped projects in money, area and place until there are enough."""
    shipped = [
        ProjectFacts(
            **{name: value for name, value in one.values.items() if name in _FIELDS}
            | {"state": ProjectState.PROMOTED}
        )
        for one in shipped_projects()
    ]
    drawn = []
    for number in range(many):
        model = shipped[number % len(shipped)]
        factor = float(random.uniform(0.5, 2.0))
        drawn.append(
            replace(
                model,
                code=f"E{number:05d}",
                investment_min_yuan=round((model.investment_min_yuan or 20_000) * factor),
                investment_max_yuan=round((model.investment_max_yuan or 40_000) * factor),
                streets=(str(random.choice(STREETS)),) if random.random() < 0.3 else (),
                risk_level=int(random.integers(1, 4)),
                valid_until=None,
            )
        )
    return tuple(drawn)


def _profile(random: np.random.Generator) -> Profile:
    def some(values: tuple[str, ...], most: int) -> tuple[str, ...]:
        many = int(random.integers(0, most + 1))
        return tuple(str(value) for value in random.choice(values, many, replace=False))

    return Profile(
        budget_yuan=int(random.choice([10_000, 30_000, 50_000, 100_000, 200_000])),
        skills=some(SKILLS, 2),
        interests=some(INTERESTS, 2),
        groups=some(tuple(str(group) for group in GROUPS), 1),
        street=str(random.choice(STREETS)),
        premises=PremisesKind(str(random.choice([kind.value for kind in PremisesKind]))),
        premises_m2=int(random.integers(0, 100)),
        people=int(random.integers(1, 4)),
        hours=int(random.choice([15, 50])),
        risk=int(random.integers(1, 4)),
        payback_months=int(random.choice([6, 12, 24])),
    )
