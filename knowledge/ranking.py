"""Fusion of word, character and dense scores into one; measured in docs/decisions/0006."""

import numpy as np
from numpy.typing import NDArray

WORD_SHARE = 0.25  # of the lexical score; characters and bigrams have the rest
DENSE_WEIGHT = 8.0  # of a cosine where every candidate shares as many terms as the best
HEAD = 100  # best lexical scores that tell how far the best one stands out
AMBIGUITY = (0.1, 0.8)  # bounds of the share of the best score that the others reach

Vector = NDArray[np.float32]


def fuse(words: Vector, grams: Vector, cosines: Vector) -> Vector:
    """Return the fused score of c candidates, shape (c,); each argument has that shape.

    `words` and `grams` are shares of the question's term weight, 0 to 1. Every
    candidate carries all three exact scores, also where only one ranking found it.
    The score is the lexical share minus a weighted distance in meaning from the nearest
    candidate: 1 at most, comparable between candidates of one question.
    """
    if not len(words):
        return words
    lexical = WORD_SHARE * words + (1 - WORD_SHARE) * grams
    weight = DENSE_WEIGHT * ambiguity(lexical)
    return np.asarray(lexical - weight * (cosines.max() - cosines), np.float32)


def ambiguity(lexical: Vector) -> float:
    """Return how little the best lexical score stands out, as the share others reach of it.

    Where many passages hold as many terms of the question as the best, terms decide
    little and meaning has to.
    """
    best = float(lexical.max())
    if best <= 0:
        return AMBIGUITY[1]
    head = -np.partition(-lexical, min(HEAD, len(lexical)) - 1)[:HEAD]
    return float(np.clip(head.mean() / best, *AMBIGUITY))
