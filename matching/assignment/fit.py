"""Which mentors suit a person or a project: ranked, with reasons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from matching.assignment.edges import possible_pairs
from matching.assignment.pair_table import PairTable
from matching.assignment.reasons import Explanation, explain
from matching.assignment.rules import EDGE_RULES, SEAT_RULES, Pair, broken_rules
from matching.assignment.scoring import UNITS, MentorWeights, load_weights, score_pairs
from matching.mentors.facts import MentorFacts, MentorNeed
from matching.mentors.topics import topics_in
from matching.projects.facts import ProjectFacts


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
    scores = score_pairs(table, rows, possible[None, :], weights)
    columns = np.flatnonzero(possible).tolist()

    def rank(place: int) -> tuple[int, int, str]:
        mentor = mentors[columns[place]]
        return -int(scores.value[place]), -mentor.free_seats, mentor.code

    return tuple(
        SuitableMentor(
            mentors[columns[place]],
            int(scores.value[place]) / UNITS,
            explain(Pair(need, mentors[columns[place]], day), scores.of(place), weights),
            weights.version,
        )
        for place in sorted(range(len(columns)), key=rank)[:limit]
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
