"""Weights learnt from what happened, anchored to the published ones and published only on proof.

A logistic model sees the published score, scaled so that ridge hardly touches it, and
every term: as the penalty grows, the model becomes the published weighting. With few or
noisy events nothing is proposed at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.learning.scikit import scikit_learn

Floats = NDArray[np.float64]

ANCHOR = 50.0  # scale of the published score: its coefficient is practically unpenalised
PENALTIES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)  # C of scikit-learn, strongest first
LEAST_EVENTS = 30
LEAST_OF_A_KIND = 8
ONE_SIDED_95 = 1.64
MOST_FOLDS = 5
MOST_RANK_WEIGHT = 3.0


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was shown or proposed and what came of it.

    `person` groups the events of one person: they are never split between fitting and
    checking. `rank` is the place in the list, from 1.
    """

    person: str
    terms: Mapping[str, float]
    good: bool
    rank: int = 1


@dataclass(frozen=True, slots=True)
class Learnt:
    """What learning came to.

    `weights` are the proposed ones, or the published ones when nothing is `proposed`;
    `gain` is the out-of-fold gain in log-loss an event over the published weighting, and
    `gain_low` its one-sided 95 % lower bound; `why` says it in Chinese.
    """

    proposed: bool
    weights: dict[str, float]
    events: int
    good: int
    gain: float
    gain_low: float
    why: str


def learn(published: Mapping[str, float], events: Sequence[Event]) -> Learnt:
    """Propose weights, or keep the published ones and say why. Deterministic."""
    good = sum(event.good for event in events)
    kept = dict(published)

    def keep(why: str, gain: float = 0.0, low: float = 0.0) -> Learnt:
        return Learnt(False, kept, len(events), good, gain, low, why)

    if len(events) < LEAST_EVENTS or min(good, len(events) - good) < LEAST_OF_A_KIND:
        return keep(
            f"记录还太少：至少要 {LEAST_EVENTS} 条，成与不成各至少 {LEAST_OF_A_KIND} 条，"
            f"现有 {len(events)} 条，其中成 {good} 条。"
        )
    data = _Data.of(published, events)
    if data.folds < 2:
        return keep("记录都来自同一个人，不能代表大家。")
    chosen = _choose(data)
    if chosen is None:
        return keep("现行权重与记录相符，没有更好的。")
    penalty, gain, low = chosen
    if low <= 0:
        return keep("看起来有改进，但证据还不够，先不改。", gain, low)
    weights = _weights_of(published, _fit(data.features, data.good, data.weights, penalty))
    if weights is None:
        return keep("记录与现行权重的方向相反，请先查明原因。", gain, low)
    return Learnt(True, weights, len(events), good, gain, low, "有足够证据表明新权重更准。")


@dataclass(frozen=True, slots=True, eq=False)
class _Data:
    features: Floats  # (e, 1 + t): the anchored score, then the terms
    good: NDArray[np.bool_]  # (e,)
    weights: Floats  # (e,): what stood far down and was taken all the same says more
    people: NDArray[np.int64]  # (e,)

    @classmethod
    def of(cls, published: Mapping[str, float], events: Sequence[Event]) -> "_Data":
        terms = np.array([[event.terms[name] for name in published] for event in events])
        shares = np.array(list(published.values()))
        score = terms @ (shares / shares.sum())
        # Centred: the intercept is not penalised, and the terms' means are its business.
        centred = np.column_stack([ANCHOR * (score - score.mean()), terms - terms.mean(axis=0)])
        ranks = np.array([event.rank for event in events], dtype=np.float64)
        _, people = np.unique([event.person for event in events], return_inverse=True)
        return cls(
            centred,
            np.array([event.good for event in events]),
            np.minimum(np.log2(ranks + 1), MOST_RANK_WEIGHT),
            people.astype(np.int64),
        )

    @property
    def folds(self) -> int:
        return min(MOST_FOLDS, int(self.people.max()) + 1)


def _fit(features: Floats, good: NDArray[np.bool_], weights: Floats, penalty: float) -> Floats:
    """Return the coefficients, the intercept last; (f + 1,)."""
    if good.all() or not good.any():
        # A fold without one kind says nothing about the terms: its base rate alone.
        rate = np.clip(good.mean(), 0.02, 0.98)
        return np.append(np.zeros(features.shape[1]), np.log(rate / (1 - rate)))
    model = scikit_learn().linear_model.LogisticRegression(
        C=penalty, solver="newton-cholesky", max_iter=200
    )
    model.fit(features, good, sample_weight=weights)
    return np.append(model.coef_[0], model.intercept_[0])


def _losses(data: _Data, columns: slice, penalty: float) -> Floats:
    """Return each event's log-loss, predicted by a model that never saw its person; (e,)."""
    loss = np.empty(len(data.good))
    features = data.features[:, columns]
    for seen, unseen in (
        scikit_learn()
        .model_selection.GroupKFold(data.folds)
        .split(features, data.good, data.people)
    ):
        fitted = _fit(features[seen], data.good[seen], data.weights[seen], penalty)
        logits = features[unseen] @ fitted[:-1] + fitted[-1]
        loss[unseen] = np.logaddexp(0.0, np.where(data.good[unseen], -logits, logits))
    return loss


def _choose(data: _Data) -> tuple[float, float, float] | None:
    """Return the penalty with its gain and the gain's lower bound; None keeps the published.

    The strongest penalty within one standard error of the best is taken; keeping the
    published weighting is one of the choices, the strongest of all.
    """
    published = _losses(data, slice(0, 1), PENALTIES[-1])
    gains = [_gain(data, published - _losses(data, slice(None), c)) for c in PENALTIES]
    best_gain, error = max(gains)
    if best_gain - error <= 0:
        return None
    for penalty, (gain, own_error) in zip(PENALTIES, gains, strict=True):
        if gain >= best_gain - error:
            return penalty, gain, gain - ONE_SIDED_95 * own_error
    return None


def _gain(data: _Data, gains: Floats) -> tuple[float, float]:
    """Return the weighted mean gain and its standard error, clustered by person."""
    total = data.weights.sum()
    mean = float(data.weights @ gains / total)
    deviations = np.bincount(data.people, weights=data.weights * (gains - mean))
    people = len(deviations)
    error = float(np.sqrt((deviations**2).sum() * people / (people - 1)) / total)
    return mean, error


def _weights_of(published: Mapping[str, float], fitted: Floats) -> dict[str, float] | None:
    """Turn coefficients into weights with the published sum; None where the anchor is lost."""
    shares = np.array(list(published.values()))
    total = float(shares.sum())
    combined = ANCHOR * fitted[0] * shares / total + fitted[1:-1]
    positive = np.maximum(combined, 0.0)
    if positive.sum() <= 0:
        return None
    scaled = positive * total / positive.sum()
    return {name: round(float(w), 4) for name, w in zip(published, scaled, strict=True)}
