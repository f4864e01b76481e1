"""BM25 of candidate passages, from counts that a passage index hands out."""

import numpy as np
from numpy.typing import NDArray

K1 = 1.2
B = 0.75

Vector = NDArray[np.float32]


def inverse_frequency(frequency: Vector, passages: int) -> Vector:
    """Return the non-negative idf of Lucene, shape as `frequency`.

    Args:
        frequency: passages that hold each term.
        passages: passages in all.
    """
    return np.log1p((passages - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)


def bm25(counts: Vector, lengths: Vector, mean_length: float, weights: Vector) -> Vector:
    """Return the BM25 scores of c passages for t terms, shape (c,).

    Args:
        counts: of each term in each passage, shape (c, t).
        lengths: terms of each passage, shape (c,).
        mean_length: of all passages of the index.
        weights: idf of each term times its weight in the query, shape (t,).

    Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009, eq. 3.15.
    """
    norm = K1 * (1 - B + B * lengths / mean_length)
    scores = (counts * (K1 + 1) / (counts + norm[:, np.newaxis])) @ weights
    return np.asarray(scores, np.float32)
