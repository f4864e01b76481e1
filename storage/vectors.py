"""Unit vectors in FAISS: exact search while that is fast, inverted lists above."""

from typing import Any

import faiss
import numpy as np
from numpy.typing import NDArray

EXACT_LIMIT = 100_000  # vectors searched exactly, 8 ms of one core; more go to inverted lists
PROBES = 32  # inverted lists read per query

Rows = NDArray[np.int64]
Matrix = NDArray[np.float32]


class Vectors:
    """An immutable matrix of n vectors of d dimensions, searched by inner product."""

    def __init__(self, index: Any) -> None:
        """Take a FAISS index, flat or with inverted lists and a direct map."""
        self._faiss = index
        self._exact = isinstance(index, faiss.IndexFlat)

    def __len__(self) -> int:
        return int(self._faiss.ntotal)

    def to_bytes(self) -> NDArray[np.uint8]:
        """Return the index as bytes, trained lists included: reading them back is fast."""
        return np.asarray(faiss.serialize_index(self._faiss), np.uint8)

    def all(self) -> Matrix:
        """Return every vector, shape (n, d)."""
        return np.asarray(self._faiss.reconstruct_n(0, len(self)), np.float32).reshape(
            len(self), self._faiss.d
        )

    def at(self, rows: Rows) -> Matrix:
        """Return the vectors of some rows, shape (len(rows), d)."""
        if not len(rows):
            return np.empty((0, self._faiss.d), np.float32)
        return np.asarray(self._faiss.reconstruct_batch(rows), np.float32)

    def nearest(self, vector: Matrix, mask: NDArray[np.bool_] | None, limit: int) -> Rows:
        """Return up to `limit` rows of largest inner product, only rows in the mask if given."""
        wanted = min(limit, len(self))
        if not wanted:
            return np.empty(0, np.int64)
        selector = None
        if mask is not None:
            # Kept in a name: FAISS reads the bits while it searches.
            bits = np.packbits(mask, bitorder="little")
            selector = faiss.IDSelectorBitmap(len(mask), faiss.swig_ptr(bits))
        # The published types of FAISS do not know that these take their fields by name.
        library: Any = faiss
        if self._exact:
            parameters = library.SearchParameters(sel=selector)
        else:
            parameters = library.SearchParametersIVF(sel=selector, nprobe=PROBES)
        _, rows = self._faiss.search(vector[np.newaxis, :], wanted, params=parameters)
        return np.asarray(rows[0][rows[0] >= 0], np.int64)


def index_exactly(matrix: Matrix) -> Vectors:
    """Index a matrix of shape (n, d) without any approximation."""
    index = faiss.IndexFlatIP(matrix.shape[1])
    index.add(np.ascontiguousarray(matrix, np.float32))
    return Vectors(index)


def index_vectors(matrix: Matrix) -> Vectors:
    """Index a matrix of shape (n, d); above EXACT_LIMIT rows in inverted lists."""
    count, dimension = matrix.shape
    if count <= EXACT_LIMIT:
        return index_exactly(matrix)
    lists = int(2 * count**0.5)
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT
    )
    # 40 points a list place the centres well enough, and keep training short.
    index.train(np.ascontiguousarray(matrix[:: max(1, count // (lists * 40))]))
    index.make_direct_map()
    index.add(np.ascontiguousarray(matrix, np.float32))
    return Vectors(index)


def read_vectors(data: NDArray[np.uint8]) -> Vectors:
    """Return the vectors that `to_bytes` wrote."""
    return Vectors(faiss.deserialize_index(data))
