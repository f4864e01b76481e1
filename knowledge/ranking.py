"""Fusion of word, bigram and dense scores into one."""

import numpy as np
from numpy.typing import NDArray

HEAD = 100  # best scores whose mean and spread bring a ranking to the common scale
DENSE_SHARE = 0.4  # of the fused score; the rest is shared by words and bigrams

Vector = NDArray[np.float32]


def standardize(scores: Vector) -> Vector:
    """Return scores with mean 0 and deviation 1 over the best HEAD of them, shape kept."""
    head = scores if len(scores) <= HEAD else -np.partition(-scores, HEAD)[:HEAD]
    return np.asarray((scores - head.mean()) / (head.std() + 1e-6), np.float32)


def fuse(words: Vector, bigrams: Vector, cosines: Vector) -> Vector:
    """Return the fused score of c candidates, shape (c,); each argument has that shape.

    Every candidate carries all three exact scores, also where only one ranking found
    it. Fused scores order the candidates of one query; they are no probabilities.
    """
    lexical = standardize(standardize(words) + standardize(bigrams))
    return (1 - DENSE_SHARE) * lexical + DENSE_SHARE * standardize(cosines)
