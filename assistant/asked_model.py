"""What kind of answer a question asks for, weighed over all its words.

A pattern sees one turn of phrase and the first of several decides. Here every run of one to
four characters speaks for or against each kind, and the pattern is one voice among them. The
weights are made by `python -m evaluation.training` from made-up questions, none of which
stands among the questions that the assistant is judged by.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant.asked import Asked

LONGEST = 4  # characters of a run
READ = 120  # characters of the beginning and of the end that are read
SCALE = 100  # the file holds whole hundredths

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AskedModel:
    """Logistic regression, one kind against the others. `weights`: run -> shape (kinds,)."""

    kinds: tuple[Asked, ...]
    bias: Weights
    weights: dict[str, Weights]

    def shares(self, text: str, by_pattern: Asked) -> dict[Asked, float]:
        """Return how likely each kind is for a normalised question; the shares add up to 1."""
        total = self.bias.copy()
        for feature in features_of(text, by_pattern):
            weight = self.weights.get(feature)
            if weight is not None:
                total += weight
        odds = 1.0 / (1.0 + np.exp(-total))
        return dict(zip(self.kinds, (odds / odds.sum()).tolist(), strict=True))


def features_of(text: str, by_pattern: Asked) -> list[str]:
    """Return the runs of characters of a question, ends marked, and what its pattern says."""
    read = f"^{text}$" if len(text) <= 2 * READ else f"^{text[:READ]} {text[-READ:]}$"
    runs = {
        read[i : i + size] for size in range(1, LONGEST + 1) for i in range(len(read) - size + 1)
    }
    return [f"#{by_pattern}", *sorted(runs)]


@cache
def asked_model() -> AskedModel:
    """Read the shipped weights."""
    return read_model(json.loads((resources.files("assistant") / "asked.json").read_text("utf-8")))


def read_model(data: Mapping[str, Any]) -> AskedModel:
    """Return the model that a file holds.

    `kinds` and `bias` are lists of one length; `weights` maps a run of characters to kind,
    hundredths, kind, hundredths ... of the kinds it speaks for or against.
    """
    kinds = tuple(map(Asked, data["kinds"]))
    weights: dict[str, Weights] = {}
    for feature, pairs in data["weights"].items():
        row = np.zeros(len(kinds))
        row[pairs[::2]] = np.array(pairs[1::2]) / SCALE
        weights[feature] = row
    return AskedModel(kinds, np.array(data["bias"]) / SCALE, weights)
