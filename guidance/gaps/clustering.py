"""Questions gathered by meaning: each joins the nearest leader, or leads a new cluster."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Of sharpened vectors, api/gaps/work.py: paraphrases of one question lie above it, questions
# that differ by their subject or by what they ask for lie below. Rather two gaps than a wrong one.
SAME_MEANING = 0.8
_BLOCK = 256  # questions compared at once: bounds the memory to 256 x leaders

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clustering:
    """Which leader each question follows.

    `leader_of[i]` is an index into the known leaders followed by the new ones; `new` are the
    questions that lead a cluster of their own, in the order in which they came.
    """

    leader_of: NDArray[np.int64]
    new: tuple[int, ...]


def cluster(questions: Vectors, leaders: Vectors, threshold: float = SAME_MEANING) -> Clustering:
    """Assign each question to its nearest leader; deterministic, in the order given.

    Args:
        questions: unit vectors, float32 (n, d).
        leaders: unit vectors of the clusters there are, float32 (m, d); m may be 0.
        threshold: the least cosine of a question and the leader that it follows.
    """
    count = len(questions)
    leader_of = np.full(count, -1, np.int64)
    room = np.empty((len(leaders) + count, questions.shape[1]), np.float32)
    room[: len(leaders)] = leaders
    known = len(leaders)
    new: list[int] = []
    for start in range(0, count, _BLOCK):
        block = questions[start : start + _BLOCK]
        before = known
        best, score = _nearest(block, room[:before])
        among = block @ block.T
        first_of_block: list[int] = []  # rows of this block that lead a cluster
        for row in range(len(block)):
            place, likeness = best[row], score[row]
            if first_of_block:
                own = int(np.argmax(among[row, first_of_block]))
                if among[row, first_of_block[own]] > likeness:
                    place, likeness = before + own, among[row, first_of_block[own]]
            if likeness < threshold:
                room[known] = block[row]
                place = known
                known += 1
                first_of_block.append(row)
                new.append(start + row)
            leader_of[start + row] = place
    return Clustering(leader_of, tuple(new))


def _nearest(block: Vectors, leaders: Vectors) -> tuple[NDArray[np.int64], Vectors]:
    if not len(leaders):
        return np.full(len(block), -1, np.int64), np.full(len(block), -2.0, np.float32)
    scores = block @ leaders.T
    best = scores.argmax(axis=1)
    return best, scores[np.arange(len(block)), best]
