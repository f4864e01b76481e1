"""Which pairs are possible, for whole districts at once; agrees with `rules`."""

from collections import defaultdict
from collections.abc import Callable, Collection, Hashable
from datetime import date

import numpy as np

from matching.assignment.pair_table import Mask, PairTable
from matching.assignment.rules import Pair, in_office, in_term, not_paused
from matching.mentors.facts import MentorFacts, MentorNeed

# What the need names, and what mentors declare: a common name is a conflict of interest.
_CONFLICTS: tuple[
    tuple[Callable[[MentorNeed], Collection[str]], Callable[[MentorFacts], Collection[str]]], ...
] = (
    (lambda n: {n.unit} - {""}, lambda m: m.conflicts.units),
    (lambda n: {n.person, n.person_name} - {""}, lambda m: m.conflicts.relatives),
    (lambda n: n.projects, lambda m: m.conflicts.franchises),
    (lambda n: n.companies, lambda m: m.conflicts.companies | m.conflicts.investments),
    (lambda n: n.reviewers | n.refused, lambda m: {m.code}),
)


def possible_pairs(table: PairTable, rows: slice, day: date) -> Mask:
    """Return whether each need of the rows and each mentor break no rule; (b, m) bool."""
    adult = table.of_needs(rows, lambda n: not n.minor)
    mask: Mask = adult | table.of_mentors(lambda m: m.guides_minors)
    mask &= _serving(table, day)
    mask &= _can_talk(table, rows)
    mask &= _can_meet(table, rows)
    mask &= _shares_field(table, rows)
    mask &= ~_conflicting(table, rows)
    return mask


def _serving(table: PairTable, day: date) -> Mask:
    """Which mentors are in office; of the need these rules ask nothing."""
    nobody = MentorNeed("")
    rules = (in_office, in_term, not_paused)
    mask: Mask = table.of_mentors(lambda m: all(rule(Pair(nobody, m, day)).ok for rule in rules))
    return mask


def _can_talk(table: PairTable, rows: slice) -> Mask:
    """A common language, and a common hour or an arrangement."""
    by_arrangement = table.of_needs(rows, lambda n: not n.half_hours) | table.of_mentors(
        lambda m: not m.half_hours
    )
    by_message = table.of_needs(rows, lambda n: n.asynchronous) & table.of_mentors(
        lambda m: m.asynchronous
    )
    time: Mask = by_arrangement | by_message | (table.common_hours(rows) > 0)
    return time & (table.common_languages(rows) > 0)


def _can_meet(table: PairTable, rows: slice) -> Mask:
    def serves(need: MentorNeed, mentor: MentorFacts) -> float:
        near = not mentor.streets or not need.street or need.street in mentor.streets
        online = need.online and mentor.online
        return float(online or (need.onsite and mentor.onsite and near))

    def way(need: MentorNeed) -> Hashable:
        return need.street, need.online, need.onsite

    return table.by_kind(rows, "meet", way, serves) > 0


def _shares_field(table: PairTable, rows: slice) -> Mask:
    def same_division(need: MentorNeed, mentor: MentorFacts) -> float:
        return float(need.industry[:2] in {code[:2] for code in mentor.industries})

    industry = table.by_kind(rows, "division", lambda n: n.industry[:2], same_division) > 0
    industry &= table.of_needs(rows, lambda n: bool(n.industry))
    unknown = table.of_needs(rows, lambda n: not (n.topics or n.industry))
    mask: Mask = (table.common_topics(rows) > 0) | industry | unknown
    return mask


def _conflicting(table: PairTable, rows: slice) -> Mask:
    """Whether the pair is barred; names are few, so each is looked up."""
    barred = np.zeros((rows.stop - rows.start, len(table.mentors)), dtype=bool)
    for of_need, of_mentor in _CONFLICTS:
        columns: dict[str, list[int]] = defaultdict(list)
        for column, mentor in enumerate(table.mentors):
            for name in of_mentor(mentor):
                columns[name].append(column)
        for row, need in enumerate(table.needs[rows]):
            for name in of_need(need):
                if name in columns:
                    barred[row, columns[name]] = True
    return barred
