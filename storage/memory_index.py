"""The passage index in the process: postings in arrays, vectors in FAISS, one file on disk."""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from storage.passage_index import FIELDS, Candidates, Ids, PassageRow, TermStatistics, Vector
from storage.postings import Postings, PostingsBuilder, merge_postings
from storage.vectors import Vectors, index_exactly, index_vectors

POSTINGS_LIMIT = 400_000  # postings read per field and query, heaviest terms first

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Contents:
    """All that an index holds, n passages in ascending order of their ids."""

    ids: Ids  # (n,)
    document_ids: Ids  # (n,)
    keys: Ids  # (n,)
    postings: dict[str, Postings]  # per field
    vectors: Vectors
    masks: dict[frozenset[int], Mask] = field(default_factory=dict)  # rows of an allowed set

    def mask(self, allowed: frozenset[int]) -> Mask:
        """Return which rows belong to a set of documents, shape (n,)."""
        mask = self.masks.get(allowed)
        if mask is None:
            mask = np.isin(self.document_ids, np.fromiter(allowed, np.int64, len(allowed)))
            if len(self.masks) >= 16:
                self.masks.clear()
            self.masks[allowed] = mask
        return mask


class MemoryIndex:
    """A `PassageIndex` in the memory of this process.

    Contents are replaced as a whole, so any number of threads may read meanwhile.
    """

    def __init__(self, dimension: int, contents: Contents | None = None) -> None:
        self.dimension = dimension
        self.contents = contents or _gather((), dimension)

    def __len__(self) -> int:
        return len(self.contents.ids)

    def keys(self) -> dict[int, int]:
        """Return the key of every stored passage by its id."""
        return dict(zip(self.contents.ids.tolist(), self.contents.keys.tolist(), strict=True))

    def replace(self, rows: Iterable[PassageRow], removed: Collection[int]) -> None:
        """Remove passages and store rows, over those with the same ids, in one step."""
        old, new = self.contents, _gather(rows, self.dimension)
        gone = np.concatenate([np.fromiter(removed, np.int64, len(removed)), new.ids])
        kept = ~np.isin(old.ids, gone)
        order = np.argsort(np.concatenate([old.ids[kept], new.ids]))

        def joined(before: Ids, after: Ids) -> Ids:
            return np.concatenate([before[kept], after])[order]

        self.contents = Contents(
            joined(old.ids, new.ids),
            joined(old.document_ids, new.document_ids),
            joined(old.keys, new.keys),
            {
                name: merge_postings(old.postings[name], new.postings[name], kept, order)
                for name in FIELDS
            },
            index_vectors(np.concatenate([old.vectors.all()[kept], new.vectors.all()])[order]),
        )

    def statistics(self, field: str, terms: Sequence[str]) -> TermStatistics:
        """Return the size of a field and in how many passages each term stands."""
        postings = self.contents.postings[field]
        frequency = {term: n for term in terms if (n := postings.frequency(term))}
        return TermStatistics(len(postings.lengths), postings.mean_length, frequency)

    def matching(
        self, field: str, weights: Mapping[str, float], allowed: frozenset[int] | None, limit: int
    ) -> Ids:
        """Return ids of up to `limit` passages that hold most of the weighted terms."""
        contents = self.contents
        postings = contents.postings[field]
        length = postings.lengths / postings.mean_length
        rough = np.zeros(len(contents.ids), np.float32)
        read = 0
        for term, weight in sorted(weights.items(), key=lambda pair: (-pair[1], pair[0])):
            rows, counts = postings.of(term)
            read += len(rows)
            if read > POSTINGS_LIMIT and rough.any():
                break
            rough[rows] += weight * counts / (counts + length[rows])
        if allowed is not None:
            rough[~contents.mask(allowed)] = 0
        return contents.ids[_largest(rough, limit)]

    def nearest(self, vector: Vector, allowed: frozenset[int] | None, limit: int) -> Ids:
        """Return ids of up to `limit` passages with the largest inner product."""
        contents = self.contents
        mask = None if allowed is None else contents.mask(allowed)
        return contents.ids[contents.vectors.nearest(vector, mask, limit)]

    def fetch(self, ids: Ids, terms: Mapping[str, Sequence[str]]) -> Candidates:
        """Return what the passages with these ids are scored from; unknown ids are skipped."""
        contents = self.contents
        rows = _rows_of(contents.ids, ids)
        counts = {
            name: np.stack(
                [contents.postings[name].counts_in(rows, term) for term in asked], axis=1
            )
            if asked
            else np.zeros((len(rows), 0), np.float32)
            for name, asked in terms.items()
        }
        return Candidates(
            contents.ids[rows],
            contents.document_ids[rows],
            counts,
            {name: contents.postings[name].lengths[rows] for name in terms},
            contents.vectors.at(rows),
        )


def _gather(rows: Iterable[PassageRow], dimension: int) -> Contents:
    ids, documents, keys = array("q"), array("q"), array("q")
    numbers = array("f")
    terms = {name: PostingsBuilder() for name in FIELDS}
    for row in rows:
        ids.append(row.id)
        documents.append(row.document_id)
        keys.append(row.key)
        numbers.frombytes(np.asarray(row.vector, np.float32).tobytes())
        for name in FIELDS:
            terms[name].add(row.terms[name])
    return Contents(
        np.asarray(ids, np.int64),
        np.asarray(documents, np.int64),
        np.asarray(keys, np.int64),
        {name: builder.build() for name, builder in terms.items()},
        index_exactly(np.asarray(numbers, np.float32).reshape(-1, dimension)),
    )


def _rows_of(stored: Ids, ids: Ids) -> NDArray[np.int64]:
    """Return the rows of the given ids among stored ones, both ascending; unknown ones left out."""
    wanted = np.unique(ids)
    if not len(stored):
        return wanted[:0]
    at = np.minimum(np.searchsorted(stored, wanted), len(stored) - 1)
    rows: NDArray[np.int64] = at[stored[at] == wanted]
    return rows


def _largest(scores: Vector, limit: int) -> NDArray[np.int64]:
    """Return the rows of the largest positive scores, earlier rows first among equals."""
    rows = np.flatnonzero(scores)
    if len(rows) > limit:
        least = -np.partition(-scores[rows], limit - 1)[limit - 1]
        rows = rows[scores[rows] >= least]
    return rows[np.lexsort((rows, -scores[rows]))][:limit]
