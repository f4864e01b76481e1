"""Proof that a matching is optimal, which an auditor can check without any solver.

A price for a seat with each mentor bounds what any matching can be worth: each need
gains at most its best pair less the price, each seat at most its price less its cost.
A matching worth exactly that bound is optimal (duality of linear programming). All
numbers are whole, so "exactly" means exactly.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from matching.assignment.problem import NO_EDGE, UNMATCHED, Ints, Problem

_NEVER = -(1 << 60)  # lower than any sum of gains
_BLOCK_ROWS = 2_000


class NotOptimal(ValueError):
    """No prices support the matching: another one is worth more."""


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """Seat prices (m,) int64 in millionths, what the matching is worth, and the bound."""

    prices: Ints
    worth: int
    bound: int

    @property
    def valid(self) -> bool:
        """Whether the prices prove the matching optimal."""
        return self.worth == self.bound


def supporting_prices(problem: Problem, match: Ints, needs: Ints, mentors: Ints) -> Ints:
    """Return the lowest prices at which nobody wants another seat, over the given pairs.

    Maximum-plus relaxation over mentors: whoever holds a seat with j must not rather
    have one with k, so p_k >= p_j + (what that need would gain more with k). Raises
    NotOptimal when prices would rise for ever or above what a seat may cost.
    """
    lowest, highest = _price_limits(problem, match)
    held = match[needs]
    waiting = held == UNMATCHED
    np.maximum.at(lowest, mentors[waiting], problem.gains(needs[waiting], mentors[waiting]))
    rows, columns, seats = needs[~waiting], mentors[~waiting], held[~waiting]
    envy = np.full((len(lowest), len(lowest)), _NEVER, dtype=np.int64)
    more = problem.values[rows, columns] - problem.values[rows, seats]
    np.maximum.at(envy, (seats, columns), more)
    prices = lowest
    for _ in range(len(lowest) + 1):
        raised = np.maximum(prices, (prices[:, None] + envy).max(axis=0, initial=_NEVER))
        if (raised > highest).any():
            break
        if (raised == prices).all():
            return prices
        prices = raised
    raise NotOptimal("没有能支持这一分配的名额价格：它不是最优的。")


def _price_limits(problem: Problem, match: Ints) -> tuple[Ints, Ints]:
    """The lowest and highest price of each mentor's seats that fits the seats taken.

    The last seat taken costs at most the price, the next free one at least the price;
    with all seats taken only the needs that hold them limit it.
    """
    loads, mentors = problem.loads(match), np.arange(len(problem.seats))
    costs = np.pad(problem.seat_costs, ((0, 0), (0, 1)))
    lowest = costs[mentors, np.maximum(loads - 1, 0)].copy()
    highest = np.where(loads < problem.seats, costs[mentors, loads], -_NEVER)
    matched = np.flatnonzero(match >= 0)
    np.minimum.at(highest, match[matched], problem.gains(matched, match[matched]))
    return lowest, np.asarray(highest, dtype=np.int64)


def bound_at(problem: Problem, prices: Ints) -> int:
    """Return what no matching can exceed, given seat prices."""
    needs = sum(int(surplus.sum()) for _, _, surplus in surpluses(problem, prices))
    ranks = np.arange(problem.seat_costs.shape[1])[None, :]
    earned = np.maximum(prices[:, None] - problem.seat_costs, 0)
    return needs + int(earned[ranks < problem.seats[:, None]].sum())


def surpluses(problem: Problem, prices: Ints) -> Iterator[tuple[slice, Ints, Ints]]:
    """Yield, in blocks of needs, what each pair leaves after the price and the best of it.

    The pairs' array is (b, m), impossible pairs far below zero; the best is (b,) and at
    least zero, what staying unmatched leaves.
    """
    for start in range(0, len(problem.values), _BLOCK_ROWS):
        rows = slice(start, start + _BLOCK_ROWS)
        values = problem.values[rows]
        constant = problem.coverage + problem.bonus[rows, None]
        left = np.where(values != NO_EDGE, values + constant - prices, _NEVER)
        yield rows, left, left.max(axis=1, initial=0)
