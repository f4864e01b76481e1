"""BM25 of candidate passages, from counts that a passage index hands out."""

import numpy as np
from numpy.typing import NDArray

K1 = 1.0
B = 0.7

Vector = NDArray[np.float32]


def inverse_frequency(frequency: Vector, passages: int) -> Vector:
    """Return the non-negative idf of Lucene, shape as `frequency`.

    Args:
        frequency: passages that hold each term.
        passages: passages in all.
    """
    return np.log1p((passages - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def bm25(counts: Vector, lengths: Vector, mean_length: float, weights: Vector) -> Vector:
    """Return the BM25 scores of c passages for t terms, shape (c,), as shares of the largest.

    The largest possible score, 1, is that of a passage that holds nothing but every
    term without end; it makes scores of different questions comparable.

    Args:
        counts: of each term in each passage, shape (c, t).
        lengths: terms of each passage, shape (c,).
        mean_length: of all passages of the index; 0 where none of them has a term.
        weights: idf of each term times its weight in the query, shape (t,).

    Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, eq. 3.15.
    """
    norm = K1 * (1 - B + B * lengths / (mean_length or 1.0))
    shares = counts / (counts + norm[:, np.newaxis])
    # Not `@`: on some processors BLAS raises the flags of divisions that it never made.
    scores = np.einsum("ct,t->c", shares, weights)
    return np.asarray(scores / max(float(weights.sum()), 1e-6), np.float32)
