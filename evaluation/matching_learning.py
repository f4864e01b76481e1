"""Whether learning can do harm: hidden truth, position-biased logs, unseen people, many seeds."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from matching.learning.fit import Event, learn

Floats = NDArray[np.float64]

TERMS = tuple(f"t{number}" for number in range(6))
TRUTH = np.array([0.34, 0.24, 0.16, 0.12, 0.09, 0.05])
WRONG_PRIOR = np.array([0.05, 0.10, 0.15, 0.15, 0.25, 0.30])
SHARPNESS = 9.0  # of the hidden choice
ITEMS = 40
SHOWN = 5
UNSEEN_PEOPLE = 200


def learning_table(
    seeds: Sequence[int], sizes: Sequence[int] = (20, 50, 100, 200)
) -> dict[str, dict[str, dict[str, float]]]:
    """Return, for a wrong and a right prior and each number of events, what learning does.

    `mean` and `worst` are the change of NDCG@5 on people never seen, over the seeds;
    `published` the share of seeds in which the gate let new weights through.
    """
    table: dict[str, dict[str, dict[str, float]]] = {}
    for name, prior in (("prior_wrong", WRONG_PRIOR), ("prior_right", TRUTH)):
        table[name] = {}
        for size in sizes:
            outcomes = [_once(prior, size, seed) for seed in seeds]
            changes = [change for change, _ in outcomes]
            table[name][str(size)] = {
                "mean": round(float(np.mean(changes)), 4),
                "worst": round(float(np.min(changes)), 4),
                "published": round(float(np.mean([proposed for _, proposed in outcomes])), 3),
            }
    return table


def _once(prior: Floats, size: int, seed: int) -> tuple[float, bool]:
    random = np.random.default_rng(seed)
    published = dict(zip(TERMS, prior.tolist(), strict=True))
    learnt = learn(published, _events(random, prior, size))
    unseen = random.random((UNSEEN_PEOPLE, ITEMS, len(TERMS)))
    before, after = (_ndcg(unseen, _array(weights)) for weights in (published, learnt.weights))
    return after - before, learnt.proposed


def _events(random: np.random.Generator, prior: Floats, size: int) -> list[Event]:
    """Show people the prior's best, with a fifth drawn at random; who looks, answers."""
    events: list[Event] = []
    person = 0
    while len(events) < size:
        person += 1
        items = random.random((ITEMS, len(TERMS)))
        order = np.argsort(-(items @ prior))
        shown = [*order[: SHOWN - 1], random.choice(order[SHOWN - 1 :])]
        for rank, item in enumerate(shown, start=1):
            if random.random() > 1 / np.log2(rank + 1):
                continue  # the further down, the less it is looked at
            liked = 1 / (1 + np.exp(-SHARPNESS * (items[item] @ TRUTH - 0.58)))
            terms = dict(zip(TERMS, items[item].tolist(), strict=True))
            events.append(Event(f"p{person}", terms, bool(random.random() < liked), rank))
    return events[:size]


def _ndcg(items: Floats, weights: Floats) -> float:
    """Mean NDCG@5 of ranking by weights, gains by the hidden truth."""
    gains = np.exp2(4 * (items @ TRUTH)) - 1
    discounts = 1 / np.log2(np.arange(2, SHOWN + 2))
    order = np.argsort(-(items @ weights), axis=1)[:, :SHOWN]
    got = np.take_along_axis(gains, order, axis=1) @ discounts
    best = -np.sort(-gains, axis=1)[:, :SHOWN] @ discounts
    return float((got / best).mean())


def _array(weights: Mapping[str, float]) -> Floats:
    return np.array([weights[name] for name in TERMS])
