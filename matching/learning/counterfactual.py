"""What another ranking would have brought, estimated from logs of the ranking that was used.

Self-normalised inverse propensity scores (Swaminathan and Joachims 2015) and the doubly
robust estimator (Dudik, Langford and Li 2011), each with a 95 % interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
TWO_SIDED_95 = 1.96


class PropensityMissing(ValueError):
    """Something was logged with no chance of being shown: nothing can be learnt from it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimated mean reward, its 95 % interval, and how many events it really rests on."""

    value: float
    low: float
    high: float
    effective_events: float


def snips(rewards: Floats, logged: Floats, target: Floats) -> Estimate:
    """Estimate the target policy's mean reward.

    `rewards` (e,) of what was shown, `logged` (e,) in (0, 1] the chance that it was, and
    `target` (e,) in [0, 1] the chance that the other policy would show it.
    """
    ratios = _ratios(logged, target)
    total = float(ratios.sum())
    if total == 0:
        return Estimate(0.0, 0.0, 1.0, 0.0)
    value = float(ratios @ rewards / total)
    error = float(np.sqrt((ratios**2 * (rewards - value) ** 2).sum()) / total)
    return _estimate(value, error, ratios)


def doubly_robust(
    rewards: Floats, logged: Floats, target: Floats, predicted: Floats, predicted_target: Floats
) -> Estimate:
    """Estimate with a model of the reward, right if either the model or the log is.

    `predicted` (e,) is the model's reward of what was shown, `predicted_target` (e,) its
    mean reward under the target policy in the same situation.
    """
    ratios = _ratios(logged, target)
    corrected = predicted_target + ratios * (rewards - predicted)
    error = float(corrected.std(ddof=1) / np.sqrt(len(corrected))) if len(corrected) > 1 else 1.0
    return _estimate(float(corrected.mean()), error, ratios)


def _ratios(logged: Floats, target: Floats) -> Floats:
    if (logged <= 0).any():
        raise PropensityMissing("有记录缺少展示概率，不能据此估计。")
    return target / logged


def _estimate(value: float, error: float, ratios: Floats) -> Estimate:
    squares = float((ratios**2).sum())
    effective = float(ratios.sum()) ** 2 / squares if squares else 0.0
    half = TWO_SIDED_95 * error
    return Estimate(value, value - half, value + half, effective)
