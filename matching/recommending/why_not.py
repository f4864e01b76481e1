"""Why a project was not recommended: a truthful answer for every project of the library."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from matching.recommending.project_table import ProjectTable
from matching.recommending.recommender import WISH_NAMES, Judged, choose, judge, terms_of
from matching.recommending.rules import ALL_WISHES, Wish, broken_rules
from matching.recommending.scoring import ProjectWeights, Wanted
from matching.recommending.why import Pairing, Reason, reasons_for, weakness_of

TERM_NAMES = {
    "trade": "想做的行业",
    "skills": "会的手艺",
    "meaning": "说的想法",
    "money": "钱够不够",
    "risk": "风险",
    "groups": "适合人群",
    "place": "地方",
    "premises": "场地",
    "payback": "回本快慢",
}


@dataclass(frozen=True, slots=True)
class Fit:
    """How one project fits a person: its place among all, and what keeps it back.

    `place` counts from 1 among the projects that may be recommended; 0 when a rule bars it.
    `obstacles` are rules and wishes in words, `behind` the terms in which the last project
    of the list is better, largest first.
    """

    code: str
    place: int
    shown: bool
    score: float
    reasons: tuple[Reason, ...]
    weakness: str
    obstacles: tuple[str, ...]
    behind: tuple[str, ...]


def fit_of(
    table: ProjectTable,
    code: str,
    wanted: Wanted,
    weights: ProjectWeights,
    day: date,
    k: int = 3,
) -> Fit:
    """Return how a project of the table fits a person. Raises KeyError for an unknown code."""
    row = table.rows[code]
    profile = wanted.profile
    judged = judge(table, profile, weights, day, wanted.vector)
    rows = choose(table, judged, k)
    terms = terms_of(judged, row)
    pairing = Pairing(table.projects[row], profile)
    barred = broken_rules(table.projects[row], profile, day)
    broken = Wish(int(judged.masks[row]))
    obstacles = [rule.message for rule in barred]
    obstacles += [WISH_NAMES[wish] for wish in ALL_WISHES if wish in broken]
    return Fit(
        code=code,
        place=0 if barred else place_of(judged, row),
        shown=row in rows,
        score=float(judged.scores[row]),
        reasons=reasons_for(pairing, terms, weights),
        weakness=weakness_of(pairing, terms, weights),
        obstacles=tuple(obstacles),
        behind=() if row in rows or not rows else _behind(judged, row, rows[-1], weights),
    )


def place_of(judged: Judged, row: int) -> int:
    """Return a project's place, from 1: fewer broken wishes first, then the score."""
    bits = np.array([int(mask).bit_count() for mask in judged.masks], np.int64)
    order = np.lexsort((np.arange(len(bits)), -judged.scores, bits))
    ranked = [int(other) for other in order if judged.allowed[other]]
    return ranked.index(row) + 1


def _behind(judged: Judged, row: int, other: int, weights: ProjectWeights) -> tuple[str, ...]:
    shares = weights.shares()
    ours, theirs = terms_of(judged, row), terms_of(judged, other)
    gaps = {name: shares[name] * (theirs[name] - ours[name]) for name in shares}
    found = sorted((name for name in gaps if gaps[name] > 0), key=lambda n: (-gaps[n], n))
    return tuple(TERM_NAMES[name] for name in found)
