"""Exact solvers for an assignment over candidate pairs: SciPy, and OR-Tools when installed."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from matching.assignment.problem import UNMATCHED, Ints, Problem

Solver = Callable[[Problem, Ints, Ints], Ints]


class NotSolved(RuntimeError):
    """A solver gave up; it says so instead of returning something worse."""


def solve_with_scipy(problem: Problem, needs: Ints, mentors: Ints) -> Ints:
    """Solve over the candidate pairs (needs[e], mentors[e]); (n,) int64, UNMATCHED for none.

    Every seat becomes a column of its own and every need gets a column "unmatched", so
    that a full matching exists: Jonker and Volgenant's algorithm for sparse matrices
    (`scipy.sparse.csgraph.min_weight_full_bipartite_matching`). Weights are whole
    numbers below 2^53, which its floats hold exactly.
    """
    # Read when something is matched: a part of every start would go into it.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import min_weight_full_bipartite_matching

    many, seats = len(problem.values), problem.seats
    all_seats = int(seats.sum())
    first_seat = np.concatenate([[0], np.cumsum(seats)])
    copies = seats[mentors]
    rank = np.arange(copies.sum()) - np.repeat(np.cumsum(copies) - copies, copies)
    of = np.repeat(mentors, copies)
    gains = np.repeat(problem.gains(needs, mentors), copies) - problem.seat_costs[of, rank]
    top = int(gains.max(initial=0)) + 1  # SciPy takes a weight of zero for "no edge"
    rows = np.concatenate([np.repeat(needs, copies), np.arange(many)])
    columns = np.concatenate([first_seat[of] + rank, all_seats + np.arange(many)])
    costs = np.concatenate([top - gains, np.full(many, top)]).astype(np.float64)
    table = coo_array((costs, (rows, columns)), shape=(many, all_seats + many)).tocsr()
    _, chosen = min_weight_full_bipartite_matching(table)
    mentor_of_seat = np.append(np.repeat(np.arange(len(seats)), seats), UNMATCHED)
    return np.asarray(mentor_of_seat[np.minimum(chosen, all_seats)], dtype=np.int64)


def solve_with_ortools(problem: Problem, needs: Ints, mentors: Ints) -> Ints:
    """Solve the same as a minimum-cost flow; its costs are whole numbers throughout."""
    many, seats = len(problem.values), problem.seats
    sink = many + len(seats)
    flow = _min_cost_flow().SimpleMinCostFlow()
    every_need, one = np.arange(many), np.ones(many, dtype=np.int64)
    flow.add_arcs_with_capacity_and_unit_cost(
        needs, many + mentors, np.ones(len(needs), dtype=np.int64), -problem.gains(needs, mentors)
    )
    flow.add_arcs_with_capacity_and_unit_cost(every_need, np.full(many, sink), one, 0 * one)
    of = np.repeat(np.arange(len(seats)), seats)
    rank = np.arange(len(of)) - np.repeat(np.cumsum(seats) - seats, seats)
    flow.add_arcs_with_capacity_and_unit_cost(
        many + of, np.full(len(of), sink), np.ones_like(of), problem.seat_costs[of, rank]
    )
    flow.set_nodes_supplies(every_need, one)
    flow.set_node_supply(sink, -many)
    if (status := flow.solve()) != flow.OPTIMAL:
        raise NotSolved(f"min-cost flow ended with status {status}")
    used = flow.flows(np.arange(len(needs))) > 0
    match = np.full(many, UNMATCHED, dtype=np.int64)
    match[needs[used]] = mentors[used]
    return match


@dataclass(frozen=True, slots=True)
class Engine:
    """A solver with the number of pairs up to which it is given all of them at once."""

    name: str
    solve: Solver
    pairs_at_once: int


SCIPY = Engine("scipy", solve_with_scipy, 150_000)
ORTOOLS = Engine("ortools", solve_with_ortools, 4_000_000)


@cache
def installed_engine() -> Engine:
    """Return the best solver of this machine: OR-Tools where the extra is installed."""
    try:
        _min_cost_flow()
    except ImportError:
        return SCIPY
    return ORTOOLS


@cache
def _min_cost_flow() -> Any:
    return importlib.import_module("ortools.graph.python.min_cost_flow")
