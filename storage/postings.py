"""Term postings of one field: which passages hold a term, and how often."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

MAX_COUNT = 255  # a larger count of one term in one passage is stored as this

Rows = NDArray[np.int32]


@dataclass(frozen=True)
class Postings:
    """Compressed sparse columns over n passages and v terms.

    The postings of term t are rows[offsets[t]:offsets[t + 1]], ascending, with counts.
    """

    vocabulary: dict[str, int]  # term -> t
    offsets: NDArray[np.int64]  # (v + 1,)
    rows: Rows  # (p,)
    counts: NDArray[np.uint8]  # (p,)
    lengths: NDArray[np.float32]  # (n,) terms of each passage

    @cached_property
    def mean_length(self) -> float:
        """Mean number of terms of a passage, 1 when there are none."""
        return (float(self.lengths.mean()) if len(self.lengths) else 0.0) or 1.0

    def frequency(self, term: str) -> int:
        """Return how many passages hold a term."""
        t = self.vocabulary.get(term)
        return 0 if t is None else int(self.offsets[t + 1] - self.offsets[t])

    def of(self, term: str) -> tuple[Rows, NDArray[np.uint8]]:
        """Return the rows that hold a term, ascending, and its count in each."""
        t = self.vocabulary.get(term)
        if t is None:
            return self.rows[:0], self.counts[:0]
        span = slice(self.offsets[t], self.offsets[t + 1])
        return self.rows[span], self.counts[span]

    def counts_in(self, positions: NDArray[np.int64], term: str) -> NDArray[np.float32]:
        """Return the counts of a term in the given rows, shape (len(positions),)."""
        rows, counts = self.of(term)
        if not len(rows):
            return np.zeros(len(positions), np.float32)
        at = np.minimum(np.searchsorted(rows, positions), len(rows) - 1)
        return np.where(rows[at] == positions, counts[at], 0).astype(np.float32)


class PostingsBuilder:
    """Collects the terms of one passage after the other, in row order, in little memory."""

    def __init__(self) -> None:
        self._vocabulary: dict[str, int] = {}
        self._terms, self._counts = array("i"), array("B")
        self._sizes, self._lengths = array("i"), array("f")

    def add(self, passage: Mapping[str, int]) -> None:
        """Append a passage, given as term -> count."""
        terms = self._vocabulary
        self._terms.extend([terms.setdefault(term, len(terms)) for term in passage])
        self._counts.extend([min(count, MAX_COUNT) for count in passage.values()])
        self._sizes.append(len(passage))
        self._lengths.append(sum(passage.values()))

    def build(self) -> Postings:
        """Return the postings of what was added."""
        sizes = np.asarray(self._sizes, np.int32)
        return _sort(
            self._vocabulary,
            np.asarray(self._terms, np.int32),
            np.repeat(np.arange(len(sizes), dtype=np.int32), sizes),
            np.asarray(self._counts, np.uint8),
            np.asarray(self._lengths, np.float32),
        )


def build_postings(passages: Iterable[Mapping[str, int]]) -> Postings:
    """Build the postings of passages, each a mapping of term to count, in row order."""
    builder = PostingsBuilder()
    for passage in passages:
        builder.add(passage)
    return builder.build()


def merge_postings(
    old: Postings, new: Postings, kept: NDArray[np.bool_], order: NDArray[np.int64]
) -> Postings:
    """Join the kept rows of `old` and all rows of `new`.

    Args:
        old: postings of n passages.
        new: postings of m passages.
        kept: which of the old rows stay, shape (n,).
        order: for each row of the result, its place in kept old rows followed by new ones.
    """
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order), dtype=np.int32)
    renumber = np.cumsum(kept) - 1
    stays = kept[old.rows]
    vocabulary = dict(old.vocabulary)
    into = np.fromiter(
        (vocabulary.setdefault(term, len(vocabulary)) for term in new.vocabulary),
        np.int32,
        len(new.vocabulary),
    )
    old_terms, new_terms = _terms(old)[stays], into[_terms(new)]
    first_new = int(kept.sum())
    return _sort(
        vocabulary,
        np.concatenate([old_terms, new_terms]),
        np.concatenate([place[renumber[old.rows[stays]]], place[first_new + new.rows]]),
        np.concatenate([old.counts[stays], new.counts]),
        np.concatenate([old.lengths[kept], new.lengths])[order],
    )


def _terms(postings: Postings) -> NDArray[np.int32]:
    t = np.arange(len(postings.vocabulary), dtype=np.int32)
    return np.repeat(t, np.diff(postings.offsets))


def _sort(
    vocabulary: dict[str, int],
    terms: NDArray[np.int32],
    rows: Rows,
    counts: NDArray[np.uint8],
    lengths: NDArray[np.float32],
) -> Postings:
    order = np.argsort(terms.astype(np.int64) * max(len(lengths), 1) + rows, kind="stable")
    offsets = np.zeros(len(vocabulary) + 1, np.int64)
    np.cumsum(np.bincount(terms, minlength=len(vocabulary)), out=offsets[1:])
    return Postings(vocabulary, offsets, rows[order], counts[order], lengths)
