"""From an assignment problem to a proven optimum: few candidate pairs, then prices.

Most pairs of a large district matter to nobody. The solver sees the best pairs of each
need and of each mentor; the prices of its solution are then held against all pairs, and
those that would beat them join the candidates. When none is left the solution is optimal
over all pairs, and its prices prove it.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.assignment.certificate import Certificate, bound_at, supporting_prices, surpluses
from matching.assignment.problem import NO_EDGE, Ints, Problem
from matching.assignment.solvers import Engine

BEST_OF_NEED = 24
SPREAD_A_SEAT = 2  # best needs of each mentor, for each seat: nobody's seats are forgotten
ADDED_OF_NEED = 6
_NONE = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """An optimal matching (n,) int64 with its certificate; `rounds` of candidate pairs."""

    match: Ints
    certificate: Certificate
    rounds: int
    candidates: int


def find_optimum(problem: Problem, engine: Engine) -> Optimum:
    """Solve and prove. Raises NotSolved, or NotOptimal for a solver that errs."""
    # Pairs with mentors whose seats are all taken are looked at too: they set the price.
    possible = problem.values != NO_EDGE
    pairs = int(possible.sum())
    few = pairs <= engine.pairs_at_once
    chosen = np.flatnonzero(possible) if few else _candidates(problem, possible)
    rounds = 0
    while True:
        rounds += 1
        needs, mentors = np.divmod(chosen, len(problem.seats))
        match = engine.solve(problem, needs, mentors)
        prices = supporting_prices(problem, match, needs, mentors)
        missing = _better_pairs(problem, prices, chosen) if len(chosen) < pairs else _NONE
        if not len(missing):
            proof = Certificate(prices, problem.worth(match), bound_at(problem, prices))
            return Optimum(match, proof, rounds, len(chosen))
        chosen = np.union1d(chosen, missing)


def _candidates(problem: Problem, possible: NDArray[np.bool_]) -> Ints:
    """Return the first candidate pairs as need x m + mentor, in order."""
    needs, mentors = problem.values.shape
    value = np.where(possible, problem.values, np.int32(NO_EDGE))
    best = _largest(value, BEST_OF_NEED) + np.arange(needs)[:, None] * mentors
    spread = SPREAD_A_SEAT * int(np.ceil(problem.seats.mean()))
    of_mentors = _largest(value.T, spread) * mentors + np.arange(mentors)[:, None]
    chosen = np.union1d(best, of_mentors)
    return np.asarray(chosen[possible.ravel()[chosen]])


def _largest(table: NDArray[Any], many: int) -> Ints:
    """Return the columns of the largest entries of each row, in no order."""
    if many >= table.shape[1]:
        return np.broadcast_to(np.arange(table.shape[1]), table.shape)
    return np.argpartition(table, -many, axis=1)[:, -many:]


def _better_pairs(problem: Problem, prices: Ints, chosen: Ints) -> Ints:
    """Return the pairs that at these prices leave more than the need's best candidate."""
    mentors = len(problem.seats)
    of, candidate = np.divmod(chosen, mentors)
    best = np.zeros(len(problem.values), dtype=np.int64)
    np.maximum.at(best, of, problem.gains(of, candidate) - prices[candidate])
    found = []
    for rows, left, most in surpluses(problem, prices):
        lacking = np.flatnonzero(most > best[rows]) + rows.start
        if len(lacking):
            excess = left[lacking - rows.start] - best[lacking, None]
            top = _largest(excess, min(ADDED_OF_NEED, mentors))
            pairs = lacking[:, None] * mentors + top
            found.append(pairs[np.take_along_axis(excess, top, axis=1) > 0])
    return np.concatenate(found) if found else _NONE
