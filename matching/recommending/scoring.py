"""How well projects suit a person: published terms in [0, 1], weights as data, exact sums."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from math import fsum
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.yaml_text import read_yaml
from matching.profile.profile import Profile
from matching.projects.facts import PremisesKind
from matching.recommending.project_table import (
    GROUPS,
    INTERESTS,
    PREMISES,
    SKILLS,
    Floats,
    ProjectTable,
    Vectors,
)
from matching.recommending.rules import reached

SOURCE = Path(__file__).with_name("weights.yaml")
NEUTRAL = 0.5  # a term of which nothing is known
DIGITS = 6  # of a term: a machine's last bits change no score
SLOW_MONTHS = 36.0
DEAR_YUAN = 200_000.0
SPREAD = 4.0  # standard deviations of likeness between the terms 0 and 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """A person, and the meaning of what they wrote.

    `vector` is the unit vector of their words, float32 (d,), from the encoder that made
    the table's; None leaves the term of meaning neutral. `unable` are codes of projects
    that the person said they cannot do.
    """

    profile: Profile
    vector: Vectors | None = None
    unable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ProjectWeights:
    """Published weights, as read from their file or published by the administrators."""

    version: str
    terms: Mapping[str, float]

    @classmethod
    def read(cls, data: Mapping[str, Any]) -> "ProjectWeights":
        """Take weights from their stored form; raises ValueError where a term is unknown."""
        terms = {name: float(weight) for name, weight in data["terms"].items()}
        if set(terms) != set(TERMS):
            raise ValueError("权重表的项目与系统的评分项不一致。")
        if min(terms.values()) < 0 or not sum(terms.values()):
            raise ValueError("权重不能是负数，也不能全为零。")
        return cls(str(data["version"]), terms)

    def shares(self) -> dict[str, float]:
        """Return each weight divided by their sum."""
        total = fsum(self.terms.values())
        return {name: weight / total for name, weight in self.terms.items()}


@cache
def load_weights() -> ProjectWeights:
    """Read the shipped weights."""
    return ProjectWeights.read(read_yaml(SOURCE.read_text("utf-8")))


def score_terms(table: ProjectTable, wanted: Wanted) -> dict[str, Floats]:
    """Return every term of every project; (n,) each, in [0, 1]."""
    return {name: np.round(term(table, wanted), DIGITS) for name, term in TERMS.items()}


def scores_of(terms: Mapping[str, Floats], weights: ProjectWeights) -> Floats:
    """Return the weighted sums; (n,). The order of summation is that of TERMS, always."""
    shares = weights.shares()
    total = np.zeros_like(next(iter(terms.values())))
    for name in TERMS:
        total = total + shares[name] * terms[name]
    return total


def contributions(terms: Mapping[str, float], weights: ProjectWeights) -> dict[str, float]:
    """Return what each term adds to one project's score; their sum is the score."""
    return {name: share * terms[name] for name, share in weights.shares().items()}


def _trade(table: ProjectTable, wanted: Wanted) -> Floats:
    profile = wanted.profile
    columns = [INTERESTS.index(label) for label in profile.interests if label in INTERESTS]
    if columns:
        best: Floats = table.interests[:, columns].max(axis=1)
        return best
    past = [INTERESTS.index(label) for label in profile.experience if label in INTERESTS]
    if past:
        familiar: Floats = np.maximum(NEUTRAL, table.interests[:, past].max(axis=1))
        return familiar
    return np.full(len(table), NEUTRAL)


def _skills(table: ProjectTable, wanted: Wanted) -> Floats:
    profile = wanted.profile
    own = np.zeros(len(SKILLS))
    for label in (*profile.skills, *profile.experience):
        if label in SKILLS:
            own[SKILLS.index(label)] = 1.0
    asked = table.asked_skills
    held = table.skills @ own
    if own.any():
        # Nothing asked is neutral; one of two asked is more than half way.
        share = np.sqrt(held / np.maximum(asked, 1.0))
        result = np.where(asked > 0, share, NEUTRAL * 0.8)
    else:
        result = np.where(asked > 0, NEUTRAL, NEUTRAL * 1.2)
    for code in wanted.unable & set(table.rows):
        lacking = table.skills[table.rows[code]] * (1.0 - own)
        result = np.where((table.skills @ lacking) > 0, 0.0, result)
    return result


def _meaning(table: ProjectTable, wanted: Wanted) -> Floats:
    if table.vectors is None or wanted.vector is None or len(table) < 2:
        return np.full(len(table), NEUTRAL)
    likeness = (table.vectors @ wanted.vector).astype(np.float64).round(DIGITS)
    deviation = float(likeness.std())
    if deviation < 10.0**-DIGITS:
        return np.full(len(table), NEUTRAL)
    standard = (likeness - likeness.mean()) / (deviation * SPREAD) + NEUTRAL
    return np.asarray(np.clip(standard, 0.0, 1.0), np.float64)


def _money(table: ProjectTable, wanted: Wanted) -> Floats:
    need = np.where(np.isnan(table.full_cash), table.least_cash, table.full_cash)
    if wanted.profile.budget_yuan is None:  # a little for what takes less
        return np.clip(NEUTRAL - np.nan_to_num(need, nan=DEAR_YUAN) / (4 * DEAR_YUAN), 0.25, 0.5)
    lasts = wanted.profile.budget_yuan / np.maximum(need, 1.0)
    # All of the first year is 0.9; twice as much 1; half of it 0.3.
    score = np.where(lasts >= 1.0, 0.9 + 0.1 * np.minimum(lasts - 1.0, 1.0), 1.2 * lasts - 0.3)
    return np.where(np.isnan(need), NEUTRAL * 0.8, np.clip(score, 0.0, 1.0))


def _risk(table: ProjectTable, wanted: Wanted) -> Floats:
    level = np.nan_to_num(table.risk, nan=2.0)
    wish = wanted.profile.risk
    if wish is None:
        return np.asarray(0.7 - 0.1 * level, np.float64)  # a little for the safer one
    return np.asarray(1.0 - 0.5 * np.abs(level - wish), np.float64)


def _groups(table: ProjectTable, wanted: Wanted) -> Floats:
    own = [i for i, group in enumerate(GROUPS) if group.value in wanted.profile.groups]
    if not own:
        return np.full(len(table), NEUTRAL)
    meant = table.groups[:, own].sum(axis=1) > 0
    return np.where(meant, 1.0, np.where(table.named_groups > 0, 0.3, NEUTRAL))


def _place(table: ProjectTable, wanted: Wanted) -> Floats:
    if not wanted.profile.street:
        return np.full(len(table), NEUTRAL)
    near = reached(table, wanted.profile.street)
    return np.where(near, np.where(table.anywhere, 0.7, 1.0), 0.0)


def _premises(table: ProjectTable, wanted: Wanted) -> Floats:
    kind = wanted.profile.premises
    if kind is None:
        return np.full(len(table), NEUTRAL)
    light = np.isin(
        table.premises,
        [PREMISES.index(k) for k in (PremisesKind.NONE, PremisesKind.HOME, PremisesKind.STALL)],
    )
    if kind is PremisesKind.NONE:
        return np.where(light, 1.0, 0.2)
    return np.where(table.premises == PREMISES.index(kind), 1.0, np.where(light, 0.6, 0.2))


def _payback(table: ProjectTable, _wanted: Wanted) -> Floats:
    months = np.nan_to_num(table.payback, nan=SLOW_MONTHS / 2)
    return np.clip(1.0 - months / SLOW_MONTHS, 0.0, 1.0)


TERMS: Mapping[str, Callable[[ProjectTable, Wanted], Floats]] = {
    "trade": _trade,
    "skills": _skills,
    "meaning": _meaning,
    "money": _money,
    "risk": _risk,
    "groups": _groups,
    "place": _place,
    "premises": _premises,
    "payback": _payback,
}
