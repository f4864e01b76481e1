"""Ranking metrics as pure functions of ranked ids and judged ids, checked against trec_eval."""

from collections.abc import Mapping, Sequence
from math import log2


def ndcg_at_k(ranked: Sequence[str], judged: Mapping[str, float], k: int) -> float:
    """Return the discounted gain of the first k over the best possible, 0 to 1.

    The gain of an id is its judged score (linear), its discount log2(rank + 1).
    Järvelin and Kekäläinen, 2002, doi:10.1145/582415.582418.
    """
    best = sorted((gain for gain in judged.values() if gain > 0), reverse=True)[:k]
    gains = [max(judged.get(name, 0.0), 0.0) for name in ranked[:k]]
    return _discounted(gains) / _discounted(best) if best else 0.0


def recall_at_k(ranked: Sequence[str], judged: Mapping[str, float], k: int) -> float:
    """Return the share of the relevant ids (score above 0) among the first k."""
    relevant = {name for name, gain in judged.items() if gain > 0}
    return len(relevant.intersection(ranked[:k])) / len(relevant) if relevant else 0.0


def reciprocal_rank_at_k(ranked: Sequence[str], judged: Mapping[str, float], k: int) -> float:
    """Return 1 / rank of the first relevant id among the first k, 0 if there is none."""
    for rank, name in enumerate(ranked[:k], start=1):
        if judged.get(name, 0.0) > 0:
            return 1 / rank
    return 0.0


def hit_at_1(ranked: Sequence[str], judged: Mapping[str, float]) -> float:
    """Return 1 if the first id is relevant, else 0."""
    return reciprocal_rank_at_k(ranked, judged, 1)


def _discounted(gains: Sequence[float]) -> float:
    return sum(gain / log2(rank + 1) for rank, gain in enumerate(gains, start=1))
