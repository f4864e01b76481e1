"""The terms of both sides' scores: each is a number in [0, 1] for every pair of a block."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

import numpy as np

from matching.industry import section_letter
from matching.mentor import MOST_TOPICS
from matching.mentor_facts import PUTONGHUA, MentorFacts, MentorNeed, Stage
from matching.pair_table import Floats, Mask, PairTable

NEUTRAL = 0.5  # a term of which nothing is known
ENOUGH_HALF_HOURS = 3  # starts of common hours: three make two hours
BY_MESSAGE = 0.4  # how well writing to each other makes up for no common hour


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """The pairs of some rows of needs that `mask` (b, m) marks; terms are (e,) in its order."""

    table: PairTable
    rows: slice
    mask: Mask


def _topics(block: Block) -> Floats:
    wanted = _of_need(block, lambda n: len(set(n.topics)))
    share = block.table.common_topics(block.rows)[block.mask] / np.maximum(wanted, 1.0)
    return np.where(wanted > 0, share, NEUTRAL)


def _industry(block: Block) -> Floats:
    def likeness(need: MentorNeed, mentor: MentorFacts) -> float:
        if not need.industry:
            return NEUTRAL
        if need.industry[:2] in {code[:2] for code in mentor.industries}:
            return 1.0
        letters = {section_letter(code) for code in mentor.industries}
        return 0.5 if section_letter(need.industry) in letters - {""} else 0.0

    return block.table.by_kind(block.rows, "industry", lambda n: n.industry[:2], likeness)[
        block.mask
    ]


def _time(block: Block) -> Floats:
    common = np.minimum(block.table.common_hours(block.rows)[block.mask], ENOUGH_HALF_HOURS)
    by_message = _of_need(block, lambda n: n.asynchronous) * _of_mentor(
        block, lambda m: m.asynchronous
    )
    unknown = _of_need(block, lambda n: not n.half_hours) + _of_mentor(
        block, lambda m: not m.half_hours
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

    return block.table.by_kind(block.rows, "nearness", _way, near)[block.mask]


def _stage(block: Block) -> Floats:
    def fit(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.stage is None:
            return NEUTRAL
        if not mentor.stages:
            return 0.7  # all are welcome
        return 1.0 if need.stage in mentor.stages else _neighbouring(need.stage, mentor.stages)

    return block.table.by_kind(block.rows, "stage", lambda n: n.stage, fit)[block.mask]


def _neighbouring(stage: Stage, stages: frozenset[Stage]) -> float:
    order = list(Stage)
    apart = min(abs(order.index(stage) - order.index(other)) for other in stages)
    return 0.4 if apart == 1 else 0.0


def _rating(block: Block) -> Floats:
    return _of_mentor(block, lambda m: m.rating)


def _language(block: Block) -> Floats:
    speaks_dialect = _of_need(block, lambda n: bool(n.languages - {PUTONGHUA}))
    common = block.table.common_dialects(block.rows)[block.mask] > 0
    return np.where(speaks_dialect > 0, common, NEUTRAL)


def _continuity(block: Block) -> Floats:
    return block.table.marked(block.rows, lambda n: n.known_mentors)[block.mask].astype(np.float64)


def _specialism(block: Block) -> Floats:
    """The first topic named counts 1, the sixth 7/12."""
    best = np.zeros(int(block.mask.sum()))
    for rank in range(block.table.topic_ranks):
        worth = 1.0 - rank / (2 * MOST_TOPICS)
        np.maximum(best, block.table.topic_at_rank(block.rows, rank)[block.mask] * worth, out=best)
    wanted = _of_need(block, lambda n: bool(n.topics))
    return np.where(wanted > 0, best, NEUTRAL)


def _field(block: Block) -> Floats:
    def rank(need: MentorNeed, mentor: MentorFacts) -> float:
        if not need.industry:
            return NEUTRAL
        divisions = [code[:2] for code in mentor.industries]
        if need.industry[:2] not in divisions:
            return 0.0
        return 1.0 - divisions.index(need.industry[:2]) / (2 * len(divisions))

    return block.table.by_kind(block.rows, "field", lambda n: n.industry[:2], rank)[block.mask]


def _acceptance(block: Block) -> Floats:
    return _of_mentor(block, lambda m: m.acceptance)


def _wished_stage(block: Block) -> Floats:
    def wished(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.stage is None or not mentor.stages:
            return NEUTRAL
        return float(need.stage in mentor.stages)

    return block.table.by_kind(block.rows, "wished stage", lambda n: n.stage, wished)[block.mask]


def _effort(block: Block) -> Floats:
    def ease(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.online and mentor.online:
            return 1.0
        return 0.8 if need.street and need.street in mentor.streets else 0.4

    return block.table.by_kind(block.rows, "effort", _way, ease)[block.mask]


def _way(need: MentorNeed) -> Hashable:
    return need.street, need.online, need.onsite


def _of_need(block: Block, value: Callable[[MentorNeed], float]) -> Floats:
    column = block.table.of_needs(block.rows, value).astype(np.float64)
    return np.repeat(column[:, 0], block.mask.sum(axis=1))


def _of_mentor(block: Block, value: Callable[[MentorFacts], float]) -> Floats:
    row = block.table.of_mentors(value).astype(np.float64)
    return np.asarray(row[0, np.nonzero(block.mask)[1]])


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
