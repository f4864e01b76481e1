"""What needs and mentors have in common, for whole districts at once.

Needs and mentors become rows of small arrays; a block of rows of needs against all
mentors then takes a few matrix products. Counts are small whole numbers, which float32
holds exactly, so the result does not depend on the order of summation.
"""

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matching.mentors.facts import PUTONGHUA, MentorFacts, MentorNeed
from matching.mentors.mentor import MOST_TOPICS
from matching.mentors.weekly_slots import HALF_HOURS_A_WEEK, hour_starts

Floats = NDArray[np.float64]
Counts = NDArray[np.float32]
Mask = NDArray[np.bool_]
Kind = Callable[[MentorNeed], Hashable]
Value = Callable[[MentorNeed, MentorFacts], float]

BLOCK_ROWS = 2_000  # of needs; a block against 1,000 mentors takes 16 MB a term


@dataclass(frozen=True, slots=True)
class Codebook:
    """Which column stands for which value."""

    columns: dict[str, int]

    @classmethod
    def of(cls, *sides: Iterable[Collection[str]]) -> "Codebook":
        """Give every value that occurs a column, in the order of the values."""
        values = sorted({value for side in sides for collection in side for value in collection})
        return cls({value: column for column, value in enumerate(values)})

    def rows(self, collections: Sequence[Collection[str]]) -> Counts:
        """Return one row of 0 and 1 for each collection; (n, columns) float32."""
        table = np.zeros((len(collections), max(1, len(self.columns))), dtype=np.float32)
        for row, collection in enumerate(collections):
            for value in collection:
                table[row, self.columns[value]] = 1.0
        return table


class PairTable:
    """Needs against mentors: (n, m) arrays computed in blocks of rows."""

    def __init__(self, needs: Sequence[MentorNeed], mentors: Sequence[MentorFacts]) -> None:
        self.needs = needs
        self.mentors = mentors
        self._products: dict[str, tuple[slice, Counts]] = {}
        self._kinds: dict[str, dict[Hashable, Floats]] = {}
        topics = Codebook.of((n.topics for n in needs), (m.topics for m in mentors))
        self._need_topics = topics.rows([n.topics for n in needs])
        self._mentor_topics = topics.rows([m.topics for m in mentors])
        self._ranked_topics = _ranked(topics, mentors)
        spoken = [n.languages or {PUTONGHUA} for n in needs]
        languages = Codebook.of(spoken, (m.languages for m in mentors))
        self._need_languages = languages.rows(spoken)
        self._mentor_languages = languages.rows([m.languages for m in mentors])
        self._putonghua = languages.columns.get(PUTONGHUA)
        self._need_hours = _hour_rows([n.half_hours for n in needs])
        self._mentor_hours = _hour_rows([m.half_hours for m in mentors])

    @property
    def shape(self) -> tuple[int, int]:
        """How many needs, how many mentors."""
        return len(self.needs), len(self.mentors)

    def blocks(self) -> Iterator[slice]:
        """Return the rows of needs in portions that fit the processor's cache."""
        for start in range(0, len(self.needs), BLOCK_ROWS):
            yield slice(start, min(start + BLOCK_ROWS, len(self.needs)))

    def of_needs(self, rows: slice, value: Callable[[MentorNeed], Any]) -> NDArray[Any]:
        """Return a value of each need as a column, to be broadcast over mentors."""
        return np.array([value(need) for need in self.needs[rows]])[:, None]

    def of_mentors(self, value: Callable[[MentorFacts], Any]) -> NDArray[Any]:
        """Return a value of each mentor as a row, to be broadcast over needs."""
        return np.array([value(mentor) for mentor in self.mentors])[None, :]

    def common_topics(self, rows: slice) -> Counts:
        """How many of the need's topics the mentor names."""
        return self._once(rows, "topics", self._need_topics, self._mentor_topics)

    def common_languages(self, rows: slice) -> Counts:
        """How many languages both speak."""
        return self._once(rows, "languages", self._need_languages, self._mentor_languages)

    def common_dialects(self, rows: slice) -> Counts:
        """How many languages other than Putonghua both speak."""
        common = self.common_languages(rows)
        if self._putonghua is not None:
            both = self._need_languages[rows, self._putonghua, None]
            return common - both * self._mentor_languages[None, :, self._putonghua]
        return common

    def common_hours(self, rows: slice) -> Counts:
        """At how many half-hours of the week a common free hour begins."""
        return self._once(rows, "hours", self._need_hours, self._mentor_hours)

    def _once(self, rows: slice, name: str, needs: Counts, mentors: Counts) -> Counts:
        """Multiply a block once: rules and scores both ask for it, one after the other."""
        of, product = self._products.get(name, (None, None))
        if product is None or of != rows:
            product = needs[rows] @ mentors.T
            self._products[name] = (rows, product)
        return product

    def topic_at_rank(self, rows: slice, rank: int) -> Counts:
        """Whether the topic that the mentor names at a rank, from 0, is one of the need's."""
        columns = self._ranked_topics[rank]
        named = columns >= 0
        return self._need_topics[rows][:, np.maximum(columns, 0)] * named

    @property
    def topic_ranks(self) -> int:
        """How many topics the mentor with the most topics names."""
        return len(self._ranked_topics)

    def by_kind(self, rows: slice, name: str, kind: Kind, value: Value) -> Floats:
        """Return a value of every pair that depends on the need's kind only.

        It is computed once for each kind that occurs, under a name of its own: streets,
        stages and industries are few where needs are many.
        """
        known = self._kinds.setdefault(name, {})
        found: dict[Hashable, int] = {}
        tables: list[Floats] = []
        index = np.empty(rows.stop - rows.start, dtype=np.intp)
        for row, need in enumerate(self.needs[rows]):
            key = kind(need)
            if key not in found:
                if key not in known:
                    known[key] = np.array([value(need, mentor) for mentor in self.mentors])
                found[key] = len(tables)
                tables.append(known[key])
            index[row] = found[key]
        return np.reshape(tables, (len(tables), len(self.mentors)))[index]

    def marked(self, rows: slice, codes: Callable[[MentorNeed], Collection[str]]) -> Mask:
        """Return which mentors each need names by code."""
        columns = {mentor.code: column for column, mentor in enumerate(self.mentors)}
        marks = np.zeros((rows.stop - rows.start, len(self.mentors)), dtype=bool)
        for row, need in enumerate(self.needs[rows]):
            for code in codes(need):
                if code in columns:
                    marks[row, columns[code]] = True
        return marks


def _ranked(topics: Codebook, mentors: Sequence[MentorFacts]) -> list[NDArray[np.intp]]:
    """For each rank, the column of the topic that each mentor names there; -1 for none."""
    deepest = max((len(mentor.topics) for mentor in mentors), default=0)
    return [
        np.array(
            [topics.columns[m.topics[rank]] if rank < len(m.topics) else -1 for m in mentors],
            dtype=np.intp,
        )
        for rank in range(min(deepest, MOST_TOPICS))
    ]


def _hour_rows(half_hours: Sequence[frozenset[int]]) -> Counts:
    table = np.zeros((len(half_hours), HALF_HOURS_A_WEEK), dtype=np.float32)
    for row, free in enumerate(half_hours):
        table[row, sorted(hour_starts(free))] = 1.0
    return table
