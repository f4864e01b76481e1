"""Which mentors suit a person or a project: ranked, with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matching.mentor_edges import possible_pairs
from matching.mentor_facts import MentorFacts, MentorNeed
from matching.mentor_reasons import Explanation, explain
from matching.mentor_rules import EDGE_RULES, SEAT_RULES, Pair, broken_rules
from matching.mentor_scoring import UNITS, MentorWeights, Scores, load_weights, score_pairs
from matching.mentor_topics import topics_in
from matching.pair_table import PairTable
from matching.project_facts import ProjectFacts


@dataclass(frozen=True, slots=True)
class SuitableMentor:
    """One mentor who suits: the value of the pair in [0, 1], and why."""

    mentor: MentorFacts
    value: float
    explanation: Explanation
    weight_version: str


def suitable_mentors(
    need: MentorNeed,
    mentors: Sequence[MentorFacts],
    day: date,
    limit: int = 2,
    weights: MentorWeights | None = None,
) -> tuple[SuitableMentor, ...]:
    """Return the best mentors with a free seat who break no rule, best first.

    Equal values are ordered by the free seats, then by code. The list is a view, not an
    assignment: it takes no seat.
    """
    weights = weights or load_weights()
    table = PairTable((need,), mentors)
    rows = slice(0, 1)
    free = np.array([mentor.free_seats for mentor in mentors], dtype=int)
    possible = possible_pairs(table, rows, day)[0] & (free > 0) if mentors else free > 0
    if not possible.any():
        return ()
    scores = score_pairs(table, rows, weights)
    order = sorted(
        np.flatnonzero(possible).tolist(),
        key=lambda j: (-int(scores.value[0, j]), -int(free[j]), mentors[j].code),
    )
    return tuple(
        SuitableMentor(
            mentors[j],
            int(scores.value[0, j]) / UNITS,
            explain(Pair(need, mentors[j], day), pair_terms(scores, 0, j), weights),
            weights.version,
        )
        for j in order[:limit]
    )


def why_not(need: MentorNeed, mentor: MentorFacts, day: date) -> tuple[str, ...]:
    """Return what bars this mentor for this need, in words; nothing when he or she may be asked."""
    findings = broken_rules(Pair(need, mentor, day), EDGE_RULES + SEAT_RULES)
    return tuple(finding.message for finding in findings)


def need_for_project(need: MentorNeed, project: ProjectFacts) -> MentorNeed:
    """Return a person's need with what a project adds: its industry and what it turns on."""
    about = "\n".join((project.title, project.industry_label, project.summary))
    topics = dict.fromkeys((*need.topics, *topics_in(about)))
    return replace(
        need,
        topics=tuple(topics)[:3],
        industry=project.industry_code[:2] or need.industry,
        projects=need.projects | {project.code},
    )


def pair_terms(scores: Scores, row: int, column: int) -> dict[str, float]:
    """Return the terms of one pair out of a block."""
    return {
        name: float(np.broadcast_to(term, scores.value.shape)[row, column])
        for name, term in scores.terms.items()
    }
