"""Projects for a person: rules first, then the score, varied, with reasons and with prices."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from matching.profile.profile import Profile
from matching.projects.facts import CashNeed, ProjectFacts
from matching.recommending.exploration import EXPLORING_FROM, Placed, with_last_place_drawn
from matching.recommending.project_table import Floats, Mask, ProjectTable, Vectors
from matching.recommending.relaxation import Relaxation, relaxations
from matching.recommending.rules import (
    ALL_WISHES,
    Limits,
    Wish,
    allowed,
    broken_wishes,
    limits_of,
    of_wanted_trade,
)
from matching.recommending.scoring import (
    ProjectWeights,
    Wanted,
    contributions,
    score_terms,
    scores_of,
)
from matching.recommending.why import Pairing, Reason, reasons_for, weakness_of

LAMBDA = 0.7  # of the score against variety (Carbonell and Goldstein 1998)
POOL = 60  # the best among which variety chooses
EXPLORED = 9  # that the list leaves out and the last place may show instead
NEUTRAL_ORDER = "neutral"
WISH_NAMES = {
    Wish.BUDGET: "超出您的预算",
    Wish.PREMISES: "要另找场地",
    Wish.STAFF: "要的人手更多",
    Wish.PLACE: "不在您那一片",
    Wish.HOURS: "要全职做",
    Wish.PAYBACK: "回本比您希望的慢",
    Wish.RISK: "风险比您能接受的高",
    Wish.GROUP: "主要面向别的人群",
    Wish.TRADE: "是您不想做的行业",
}


@dataclass(frozen=True, slots=True)
class Recommended:
    """One project for a person; `score` is the sum of `contributions` to within 1e-9."""

    project: ProjectFacts
    score: float
    contributions: Mapping[str, float]
    terms: Mapping[str, float]
    reasons: tuple[Reason, ...]
    weakness: str
    broken: Wish  # wishes given up for it
    propensity: float = 1.0  # the chance that it came to its place
    explored: bool = False  # drawn, where the score would have put another

    @property
    def cash(self) -> CashNeed | None:
        """The money of the first year with its formula."""
        return self.project.first_year_cash

    @property
    def relaxed(self) -> tuple[str, ...]:
        """The wishes given up, in words."""
        return tuple(WISH_NAMES[wish] for wish in ALL_WISHES if wish in self.broken)


@dataclass(frozen=True, slots=True)
class Recommendation:
    """A list for a person, what it was made with, and what else would be possible."""

    items: tuple[Recommended, ...]
    fitting: int  # projects that meet every wish
    relaxations: tuple[Relaxation, ...]
    weight_version: str
    library_version: str


@dataclass(frozen=True, slots=True)
class Judged:
    """Every project of a library judged for one person; (n,) arrays."""

    terms: Mapping[str, Floats]
    scores: Floats
    masks: NDArray[np.int64]
    allowed: Mask
    limits: Limits


def judge(
    table: ProjectTable,
    profile: Profile,
    weights: ProjectWeights,
    day: date,
    vector: Vectors | None = None,
) -> Judged:
    """Judge every project of the library for a person."""
    limits = limits_of(table, profile)
    terms = score_terms(table, Wanted(profile, vector, limits.unable))
    return Judged(
        terms=terms,
        scores=scores_of(terms, weights),
        masks=broken_wishes(table, profile, limits),
        allowed=allowed(table, profile, day),
        limits=limits,
    )


def recommend(
    table: ProjectTable,
    profile: Profile,
    weights: ProjectWeights,
    day: date,
    k: int = 3,
    vector: Vectors | None = None,
) -> Recommendation:
    """Return the best projects for a person; never empty while one may be recommended.

    What meets every wish comes first, varied over industries; where that is less than
    `k`, projects follow that break as few wishes as possible. Equal scores are ordered
    by code. The last place explores for who has a `draw`, see `explore`. The same
    arguments give the same list to the byte.
    """
    judged = judge(table, profile, weights, day, vector)
    best = choose(table, judged, k)
    placed = explore(table, judged, best, profile.draw, day)
    fits = judged.allowed & (judged.masks == 0)
    fitting = int(fits.sum())
    wanted = of_wanted_trade(table, profile)
    offers: tuple[Relaxation, ...] = ()
    if int((fits & wanted).sum()) < k:
        offers = relaxations(table, profile, judged.limits, judged.masks, judged.allowed & wanted)
    if not offers and fitting < k:
        offers = relaxations(
            table, replace(profile, interests=()), judged.limits, judged.masks, judged.allowed
        )
    return Recommendation(
        items=tuple(
            replace(
                _recommended(table, judged, table.rows[place.code], profile, weights),
                propensity=place.propensity,
                explored=table.rows[place.code] != row,
            )
            for place, row in zip(placed, best, strict=True)
        ),
        fitting=fitting,
        relaxations=offers,
        weight_version=weights.version,
        library_version=table.version,
    )


def recommend_neutrally(
    table: ProjectTable, profile: Profile, weights: ProjectWeights, day: date, k: int = 3
) -> Recommendation:
    """Filter by what a profile asks and order neutrally: for who wants no profile used.

    The order is drawn anew each day, the same for everybody (PIPL art. 24: an option that
    does not rest on personal traits).
    """
    judged = judge(table, profile, weights, day)
    bits = np.bitwise_count(judged.masks)
    rows = sorted(
        (int(row) for row in np.flatnonzero(judged.allowed)),
        key=lambda row: (bits[row], _drawn(table.projects[row].code, day)),
    )[:k]
    return Recommendation(
        items=tuple(_recommended(table, judged, row, profile, weights) for row in rows),
        fitting=int((judged.allowed & (judged.masks == 0)).sum()),
        relaxations=(),
        weight_version=NEUTRAL_ORDER,
        library_version=table.version,
    )


def _drawn(code: str, day: date) -> bytes:
    return sha256(f"{day.isoformat()} {code}".encode()).digest()


def choose(table: ProjectTable, judged: Judged, k: int) -> list[int]:
    """Return the rows of a list of at most `k`, best first."""
    fitting = np.flatnonzero(judged.allowed & (judged.masks == 0))
    chosen = _varied(table, judged, fitting, k)
    if len(chosen) < k:
        others = np.flatnonzero(judged.allowed & (judged.masks != 0))
        bits = np.bitwise_count(judged.masks[others])
        order = np.lexsort((others, -judged.scores[others], bits))
        chosen += [int(row) for row in others[order][: k - len(chosen)]]
    return chosen


def explore(
    table: ProjectTable, judged: Judged, best: list[int], draw: str, day: date
) -> tuple[Placed, ...]:
    """Return the list with its last place drawn among it and the next best that fit as well.

    Drawn from the person, the day and the library: who asks again on that day sees the
    same. Everything drawn meets every wish, so that no reason shown is untrue.
    """
    fitting = np.flatnonzero(judged.allowed & (judged.masks == 0))
    codes = [table.projects[row].code for row in best]
    if not draw or len(fitting) < EXPLORING_FROM:
        return tuple(Placed(code, 1.0) for code in codes)
    left = fitting[~np.isin(fitting, best)]
    order = np.lexsort((left, -judged.scores[left]))[:EXPLORED]
    ranked = [*codes, *(table.projects[int(row)].code for row in left[order])]
    return with_last_place_drawn(ranked, len(best), f"{draw} {day.isoformat()} {table.version}")


def _varied(table: ProjectTable, judged: Judged, rows: NDArray[np.int64], k: int) -> list[int]:
    """Choose by score and by unlikeness to what was chosen; the first is the best score."""
    order = np.lexsort((rows, -judged.scores[rows]))
    pool = rows[order][:POOL]
    likeness = np.zeros(len(pool))
    open_places = np.ones(len(pool), bool)
    chosen: list[int] = []
    while len(chosen) < min(k, len(pool)):
        gain = LAMBDA * judged.scores[pool] - (1.0 - LAMBDA) * 0.5 * likeness
        at = int(np.argmax(np.where(open_places, gain, -np.inf)))
        open_places[at] = False
        chosen.append(int(pool[at]))
        likeness = np.maximum(likeness, _alike(table, pool, int(pool[at])))
    return chosen


def _alike(table: ProjectTable, rows: NDArray[np.int64], row: int) -> Floats:
    """Return 1 for the same division of industry, 0.5 for the same section, else 0."""
    same_division = (table.divisions[rows] == table.divisions[row]) & (table.divisions[row] != "")
    same_section = (table.sections[rows] == table.sections[row]) & (table.sections[row] != "")
    return np.where(same_division, 1.0, np.where(same_section, 0.5, 0.0))


def terms_of(judged: Judged, row: int) -> dict[str, float]:
    """Return the terms of one project."""
    return {name: float(values[row]) for name, values in judged.terms.items()}


def _recommended(
    table: ProjectTable, judged: Judged, row: int, profile: Profile, weights: ProjectWeights
) -> Recommended:
    terms = terms_of(judged, row)
    pairing = Pairing(table.projects[row], profile)
    return Recommended(
        project=table.projects[row],
        score=float(judged.scores[row]),
        contributions=contributions(terms, weights),
        terms=terms,
        reasons=reasons_for(pairing, terms, weights),
        weakness=weakness_of(pairing, terms, weights),
        broken=Wish(int(judged.masks[row])),
    )
