"""Needs and mentors put into the whole numbers of a problem: values, seats, costs, urgency."""

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from matching.assignment.problem import NO_EDGE, Ints, Problem
from matching.assignment.rulebook import AssignmentPolicy, Rulebook
from matching.assignment.scoring import UNITS, value_matrix
from matching.mentors.facts import MentorFacts, MentorNeed


def build_problem(
    needs: Sequence[MentorNeed],
    mentors: Sequence[MentorFacts],
    day: date,
    open_pairs: Mapping[str, str],
    rulebook: Rulebook,
) -> Problem:
    """Put needs and mentors, in the given order, into whole numbers."""
    policy = rulebook.policy
    values = value_matrix(needs, mentors, day, rulebook.weights)
    columns = {mentor.code: column for column, mentor in enumerate(mentors)}
    opened = np.zeros(len(mentors), dtype=np.int64)
    for row, need in enumerate(needs):
        column = columns.get(open_pairs.get(need.code, ""))
        if column is not None:
            opened[column] += 1
            if values[row, column] != NO_EDGE:
                values[row, column] += round(policy.churn * UNITS)
        for wished in need.wishes:
            column = columns.get(wished)
            if column is not None and values[row, column] != NO_EDGE:
                values[row, column] += round(policy.wish_bonus(need, wished) * UNITS)
    seats = np.array([_seats(m, int(o)) for m, o in zip(mentors, opened, strict=True)], dtype=int)
    carried = np.array([mentor.load.held for mentor in mentors], dtype=int) - opened
    caps = np.array([max(1, mentor.concurrent_cap) for mentor in mentors], dtype=int)
    ranks = np.arange(max(1, int(seats.max(initial=0))))
    filled = np.maximum(carried, 0)[:, None] + ranks[None, :]
    costs = np.rint(policy.fairness * UNITS * filled / caps[:, None]).astype(np.int64)
    return Problem(values, urgencies(needs, policy), seats.astype(np.int64), costs)


def urgencies(needs: Sequence[MentorNeed], policy: AssignmentPolicy) -> Ints:
    """Return what is added to every pair of each need, int64 (needs,)."""
    return np.array([round(policy.urgency(need) * UNITS) for need in needs], dtype=np.int64)


def _seats(mentor: MentorFacts, opened: int) -> int:
    """How many needs of the run the mentor may get, seats of open proposals included."""
    load = mentor.load
    return max(
        0,
        min(
            mentor.concurrent_cap - load.held,
            mentor.yearly_cap - load.new_this_year,
            mentor.weekly_cap - load.new_this_week,
        )
        + opened,
    )
