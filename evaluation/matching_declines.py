"""What happens when mentors decline or do not answer: six rounds of three days."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from evaluation.matching_instance import draw_district
from evaluation.matching_solving import FIT_ALONE, Sided, first_come_first_served, sided
from matching.assignment.problem import NO_EDGE, UNMATCHED, Ints, Problem
from matching.assignment.rulebook import load_rulebook
from matching.assignment.scoring import UNITS
from matching.assignment.search import find_optimum

ROUNDS = 6
RESPONDING = 0.7
LONGEST_LIST = 5

Propose = Callable[[Sided, int], Ints]


@dataclass(slots=True)
class _Tally:
    matched: float = 0.0
    first_round: float = 0.0
    utility: float = 0.0
    contacts: int = 0
    accepted: int = 0
    shares: list[float] = field(default_factory=list)  # of the needs that were met, by seed


def decline_table(
    needs: int, mentors: int, seeds: int, seats: tuple[float, ...] = (0.8, 1.2)
) -> dict[str, dict[str, dict[str, float]]]:
    """Compare ways to go on after a decline; acceptance depends on the mentor's side.

    `matched` and `first_round` are shares of the needs, `utility` the mean value a need,
    `contacts` the proposals sent for each pairing that came about. `worst_matched` is the
    share of the worst seed.
    """
    table: dict[str, dict[str, dict[str, float]]] = {}
    for share in seats:
        tallies = {name: _Tally() for name in _POLICIES}
        for seed in range(seeds):
            district = draw_district(needs, mentors, seats_per_need=share, seed=seed)
            sides = sided(district, replace(load_rulebook(), policy=FIT_ALONE))
            for name, propose in _POLICIES.items():
                _simulate(sides, propose, np.random.default_rng(seed), tallies[name])
        table[f"{share} seats"] = {
            name: {
                "matched": round(tally.matched / seeds, 3),
                "worst_matched": round(min(tally.shares), 3),
                "first_round": round(tally.first_round / seeds, 3),
                "utility": round(tally.utility / seeds, 3),
                "contacts": round(tally.contacts / max(1, tally.accepted), 2),
            }
            for name, tally in tallies.items()
        }
    return table


def _simulate(sides: Sided, propose: Propose, random: np.random.Generator, tally: _Tally) -> None:
    """Play the rounds: who accepts keeps the seat, any other answer bans the pair."""
    needs = len(sides.value)
    value, seats = sides.value.copy(), sides.seats.copy()
    # One draw for each pair: every policy meets the same mentors.
    answers = random.random(value.shape) < RESPONDING * _willing(sides)
    done = 0
    for number in range(ROUNDS):
        match = propose(Sided(value, sides.mentee, sides.mentor, seats), number)
        asked = np.flatnonzero(match >= 0)
        tally.contacts += len(asked)
        free = seats.copy()
        for need in asked.tolist():
            mentor = int(match[need])
            if answers[need, mentor] and free[mentor] > 0:
                free[mentor] -= 1
                seats[mentor] -= 1
                tally.utility += float(sides.value[need, mentor]) / UNITS / needs
                value[need] = NO_EDGE
                done += 1
            else:
                value[need, mentor] = NO_EDGE
        if number == 0:
            tally.first_round += done / needs
    tally.matched += done / needs
    tally.shares.append(done / needs)
    tally.accepted += done


def _willing(sides: Sided) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.clip(0.15 + 1.1 * sides.mentor / UNITS, 0.0, 0.95)


def _optimal(sides: Sided, _round: int) -> Ints:
    bonus = np.zeros(len(sides.value), dtype=np.int64)
    costs = np.zeros((len(sides.seats), max(1, int(sides.seats.max()))), dtype=np.int64)
    problem = Problem(sides.value, bonus, sides.seats, costs)
    return find_optimum(problem, load_rulebook().engine).match


def _next_best(sides: Sided, _round: int) -> Ints:
    return first_come_first_served(sides)


def _in_order(sides: Sided, number: int) -> Ints:
    """Each person writes down five favourites once and asks them one after the other."""
    best = np.where(sides.value >= 0, sides.mentee, NO_EDGE).argmax(axis=1)
    possible = sides.value[np.arange(len(best)), best] >= 0
    if number >= LONGEST_LIST:
        possible &= False
    return np.where(possible, best, UNMATCHED).astype(np.int64)


_POLICIES: dict[str, Propose] = {
    "forwarded_in_order": _in_order,
    "first_come_next_best": _next_best,
    "optimised_again": _optimal,
}
