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

    def __init__(self, matrix: Matrix) -> None:
        count, dimension = matrix.shape
        self._exact = count <= EXACT_LIMIT
        self._faiss: Any
        if self._exact:
            self._faiss = faiss.IndexFlatIP(dimension)
        else:
            lists = int(4 * count**0.5)
            self._faiss = faiss.index_factory(
                dimension, f"IVF{lists},Flat", faiss.METRIC_INNER_PRODUCT
            )
            # 64 points a list place the centres well enough, and keep training short.
            self._faiss.train(matrix[:: max(1, count // (lists * 64))])
        self._faiss.add(np.ascontiguousarray(matrix, np.float32))
        if not self._exact:
            self._faiss.make_direct_map()

    def __len__(self) -> int:
        return int(self._faiss.ntotal)

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
