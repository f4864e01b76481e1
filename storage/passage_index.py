"""What a passage index is: it finds candidates and hands out what they are scored from.

Two engines do it: `memory_index` in the process, `postgres_index` in the database.
Neither scores: BM25, fusion, validity and ranking exist once, in `knowledge.retriever`.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FIELDS = ("word", "gram")  # of terms, each counted for itself

Ids = NDArray[np.int64]
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class PassageRow:
    """One passage as an engine stores it."""

    id: int
    document_id: int
    key: int  # digest of all it was made from; a different key is a different row
    terms: Mapping[str, Mapping[str, int]]  # per field: term -> count
    vector: Vector  # (d,), unit length


@dataclass(frozen=True, slots=True)
class TermStatistics:
    """What BM25 needs to know of one field of the whole index."""

    passages: int
    mean_length: float  # terms per passage
    frequency: dict[str, int]  # term -> passages that hold it; absent terms are left out


@dataclass(frozen=True, slots=True)
class Candidates:
    """Everything that c candidates are scored from, in ascending order of their ids."""

    ids: Ids  # (c,)
    document_ids: Ids  # (c,)
    counts: dict[str, Vector]  # per field: (c, t), columns in the order of the asked terms
    lengths: dict[str, Vector]  # per field: (c,)
    vectors: Vector  # (c, d)


class PassageIndex(Protocol):
    """A candidate engine. `allowed` is the set of document ids to look in, None for all."""

    def keys(self) -> dict[int, int]:
        """Return the key of every stored passage by its id."""

    def replace(self, rows: Iterable[PassageRow], removed: Collection[int]) -> None:
        """Remove passages and store rows, over those with the same ids, in one step."""

    def statistics(self, field: str, terms: Sequence[str]) -> TermStatistics:
        """Return the size of a field and in how many passages each term stands."""

    def matching(
        self, field: str, weights: Mapping[str, float], allowed: frozenset[int] | None, limit: int
    ) -> Ids:
        """Return ids of up to `limit` passages that hold most of the weighted terms."""

    def nearest(self, vector: Vector, allowed: frozenset[int] | None, limit: int) -> Ids:
        """Return ids of up to `limit` passages with the largest inner product."""

    def fetch(self, ids: Ids, terms: Mapping[str, Sequence[str]]) -> Candidates:
        """Return what the passages with these ids are scored from; unknown ids are skipped."""
