"""The terms of both sides' scores: each is a number in [0, 1] for every pair of a block."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.assignment.pair_table import Floats, PairTable
from matching.industry import section_letter
from matching.mentors.facts import PUTONGHUA, MentorFacts, MentorNeed, Stage
from matching.mentors.mentor import MOST_TOPICS

NEUTRAL = 0.5  # a term of which nothing is known
ENOUGH_HALF_HOURS = 3  # starts of common hours: three make two hours
BY_MESSAGE = 0.4  # how well writing to each other makes up for no common hour


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Some pairs of the rows of needs; terms are (e,) float64, one entry a pair.

    `places` (e,) are their positions, row by row, in the array of all pairs of the rows.
    """

    table: PairTable
    rows: slice
    places: NDArray[np.intp]

    def pick(self, dense: NDArray[Any]) -> Floats:
        """Return the entries of the block's pairs out of an array of all pairs."""
        return np.take(dense, self.places).astype(np.float64, copy=False)

    def of_needs(self, value: Callable[[MentorNeed], float]) -> Floats:
        """Return a value of each pair's need."""
        column = self.table.of_needs(self.rows, value).astype(np.float64)
        return np.take(column, self.places // len(self.table.mentors))

    def of_mentors(self, value: Callable[[MentorFacts], float]) -> Floats:
        """Return a value of each pair's mentor."""
        row = self.table.of_mentors(value).astype(np.float64)
        return np.take(row, self.places % len(self.table.mentors))


def _topics(block: Block) -> Floats:
    wanted = block.of_needs(lambda n: len(set(n.topics)))
    share = block.pick(block.table.common_topics(block.rows)) / np.maximum(wanted, 1.0)
    return np.where(wanted > 0, share, NEUTRAL)


def _industry(block: Block) -> Floats:
    def likeness(need: MentorNeed, mentor: MentorFacts) -> float:
        if not need.industry:
            return NEUTRAL
        if need.industry[:2] in {code[:2] for code in mentor.industries}:
            return 1.0
        letters = {section_letter(code) for code in mentor.industries}
        return 0.5 if section_letter(need.industry) in letters - {""} else 0.0

    return block.pick(
        block.table.by_kind(block.rows, "industry", lambda n: n.industry[:2], likeness)
    )


def _time(block: Block) -> Floats:
    common = np.minimum(block.pick(block.table.common_hours(block.rows)), ENOUGH_HALF_HOURS)
    by_message = block.of_needs(lambda n: n.asynchronous) * block.of_mentors(
        lambda m: m.asynchronous
    )
    unknown = block.of_needs(lambda n: not n.half_hours) + block.of_mentors(
        lambda m: not m.half_hours
    )
    known = np.maximum(common / float(ENOUGH_HALF_HOURS), by_message * BY_MESSAGE)
    return np.where(unknown > 0, NEUTRAL, known)


def _nearness(block: Block) -> Floats:
    def near(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.onsite and mentor.onsite:
            if need.street and need.street in mentor.streets:
                return 1.0
            if not mentor.streets:
                return 0.7
            if not need.street:
                return NEUTRAL
        return 0.5 if need.online and mentor.online else 0.0

    return block.pick(block.table.by_kind(block.rows, "nearness", _way, near))


def _stage(block: Block) -> Floats:
    def fit(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.stage is None:
            return NEUTRAL
        if not mentor.stages:
            return 0.7  # all are welcome
        return 1.0 if need.stage in mentor.stages else _neighbouring(need.stage, mentor.stages)

    return block.pick(block.table.by_kind(block.rows, "stage", lambda n: n.stage, fit))


def _neighbouring(stage: Stage, stages: frozenset[Stage]) -> float:
    order = list(Stage)
    apart = min(abs(order.index(stage) - order.index(other)) for other in stages)
    return 0.4 if apart == 1 else 0.0


def _rating(block: Block) -> Floats:
    return block.of_mentors(lambda m: m.rating)


def _language(block: Block) -> Floats:
    speaks_dialect = block.of_needs(lambda n: bool(n.languages - {PUTONGHUA}))
    common = block.pick(block.table.common_dialects(block.rows)) > 0
    return np.where(speaks_dialect > 0, common, NEUTRAL)


def _continuity(block: Block) -> Floats:
    return block.pick(block.table.marked(block.rows, lambda n: n.known_mentors))


def _specialism(block: Block) -> Floats:
    """The first topic named counts 1, the sixth 7/12."""
    best = np.zeros(len(block.places))
    for rank in range(block.table.topic_ranks):
        worth = 1.0 - rank / (2 * MOST_TOPICS)
        np.maximum(best, block.pick(block.table.topic_at_rank(block.rows, rank)) * worth, out=best)
    wanted = block.of_needs(lambda n: bool(n.topics))
    return np.where(wanted > 0, best, NEUTRAL)


def _field(block: Block) -> Floats:
    def rank(need: MentorNeed, mentor: MentorFacts) -> float:
        if not need.industry:
            return NEUTRAL
        divisions = [code[:2] for code in mentor.industries]
        if need.industry[:2] not in divisions:
            return 0.0
        return 1.0 - divisions.index(need.industry[:2]) / (2 * len(divisions))

    return block.pick(block.table.by_kind(block.rows, "field", lambda n: n.industry[:2], rank))


def _acceptance(block: Block) -> Floats:
    return block.of_mentors(lambda m: m.acceptance)


def _wished_stage(block: Block) -> Floats:
    def wished(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.stage is None or not mentor.stages:
            return NEUTRAL
        return float(need.stage in mentor.stages)

    return block.pick(block.table.by_kind(block.rows, "wished stage", lambda n: n.stage, wished))


def _effort(block: Block) -> Floats:
    def ease(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.online and mentor.online:
            return 1.0
        return 0.8 if need.street and need.street in mentor.streets else 0.4

    return block.pick(block.table.by_kind(block.rows, "effort", _way, ease))


def _way(need: MentorNeed) -> Hashable:
    return need.street, need.online, need.onsite


Term = Callable[[Block], Floats]
MENTEE_TERMS: dict[str, Term] = {
    "topics": _topics,
    "industry": _industry,
    "time": _time,
    "nearness": _nearness,
    "stage": _stage,
    "rating": _rating,
    "language": _language,
    "continuity": _continuity,
}
MENTOR_TERMS: dict[str, Term] = {
    "specialism": _specialism,
    "field": _field,
    "acceptance": _acceptance,
    "wished_stage": _wished_stage,
    "effort": _effort,
}
