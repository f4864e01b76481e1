"""What fairness costs: load between mentors, and a floor for groups the plan favours."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.assignment.problem import NO_EDGE
from matching.assignment.rulebook import Rulebook
from matching.assignment.run import AssignmentRun, assign, with_priority
from matching.mentors.facts import MentorFacts, MentorNeed

HIGHEST_PRIORITY = 8.0  # in the unit of a pair's value, whose most is 1
PRIORITY_STEP = 1 / 64


@dataclass(frozen=True, slots=True)
class FloorRun:
    """A run that serves at least a share of some groups, and what that costs.

    `served` and `served_without` count the groups' people with and without the floor;
    `price` is the utility given up. Where the floor cannot be reached, `most` says how
    many of the group any matching can serve, and the run is the best for them.
    """

    run: AssignmentRun
    priority: float
    members: int
    served: int
    served_without: int
    price: float
    reached: bool
    most: int

    @property
    def text(self) -> str:
        """The result in a sentence for staff, before they publish it."""
        share = f"重点群体 {self.members} 人中安排 {self.served} 人"
        share += f"（不设下限时 {self.served_without} 人）"
        if self.reached:
            return f"{share}，总匹配值减少 {self.price:.2f}。"
        return f"{share}；受规则和名额所限最多能安排 {self.most} 人，达不到下限。"


@dataclass(frozen=True, slots=True)
class Floor:
    """At least this share of the people of these groups is to be served."""

    groups: frozenset[str]
    share: float


def assign_with_floor(
    needs: Sequence[MentorNeed],
    mentors: Sequence[MentorFacts],
    day: date,
    floor: Floor,
    rulebook: Rulebook,
    open_pairs: Mapping[str, str] | None = None,
) -> FloorRun:
    """Keep a floor, at the lowest priority that does.

    How many of the group are served never falls with the priority, so the lowest is
    found by halving. Coverage is never given up: any group of people who can be served
    at once can be served within a largest matching.
    """

    policy = replace(rulebook.policy, priority=0.0, priority_groups=floor.groups)
    plain = replace(rulebook, policy=policy)
    without = assign(needs, mentors, day, open_pairs=open_pairs, rulebook=plain)

    def run_at(priority: float) -> AssignmentRun:
        return with_priority(without, priority, floor.groups, rulebook.engine)

    members = {need.code for need in needs if need.groups & floor.groups}
    wanted = int(np.ceil(floor.share * len(members)))
    run, priority = without, 0.0
    if _served(run, members) < wanted:
        priority, run = HIGHEST_PRIORITY, run_at(HIGHEST_PRIORITY)
        low = 0.0
        while _served(run, members) >= wanted and priority - low > PRIORITY_STEP:
            middle = (low + priority) / 2
            tried = run_at(middle)
            if _served(tried, members) >= wanted:
                priority, run = middle, tried
            else:
                low = middle
    served = _served(run, members)
    return FloorRun(
        run,
        priority,
        len(members),
        served,
        _served(without, members),
        without.utility - run.utility,
        served >= wanted,
        most_served(run, members),
    )


def most_served(run: AssignmentRun, members: Collection[str]) -> int:
    """Return how many of these needs any matching of the run's pairs and seats can serve."""
    from scipy.sparse import csr_array  # not at every start, see solvers.py
    from scipy.sparse.csgraph import maximum_flow

    rows = [row for row, need in enumerate(run.needs) if need.code in members]
    possible = run.problem.values[rows] != NO_EDGE
    needs, mentors = np.nonzero(possible)
    many, seats = len(rows), run.problem.seats
    source, sink = many + len(seats), many + len(seats) + 1
    tails = np.concatenate([np.full(many, source), needs, many + np.arange(len(seats))])
    heads = np.concatenate([np.arange(many), many + mentors, np.full(len(seats), sink)])
    capacities = np.concatenate([np.ones(many + len(needs), dtype=np.int64), seats])
    network = csr_array((capacities.astype(np.int32), (tails, heads)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(network, source, sink).flow_value)


def gini(loads: NDArray[np.float64]) -> float:
    """Return the Gini coefficient of loads: 0 for all alike, towards 1 for one who has all."""
    total = float(loads.sum())
    if total == 0:
        return 0.0
    ordered = np.sort(loads)
    ranks = np.arange(1, len(ordered) + 1)
    return float((2 * ranks - len(ordered) - 1) @ ordered / (len(ordered) * total))


def load_gini(run: AssignmentRun) -> float:
    """Return the Gini coefficient of the mentors' loads as shares of their caps."""
    caps = np.array([max(1, mentor.concurrent_cap) for mentor in run.mentors], dtype=np.float64)
    carried = np.array([mentor.load.held for mentor in run.mentors], dtype=np.float64)
    for mentor_code in run.open_pairs.values():
        carried[run.column_of(mentor_code)] -= 1
    return gini((carried + run.problem.loads(run.match)) / caps)


def _served(run: AssignmentRun, members: Collection[str]) -> int:
    return sum(code in run.pairs for code in members)
