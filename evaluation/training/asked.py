"""Making assistant/asked.json: which runs of characters speak for which kind of answer."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression

from assistant.asked_model import SCALE, features_of
from assistant.reading import by_pattern
from evaluation.training.questions import TrainingQuestion

STRENGTH = 4.0  # C of the regression: flat between 1 and 10
SEEN_AT_LEAST = 3  # questions that hold a run of characters
LEAST_WEIGHT = 0.08  # what weighs less is left out of the file


def learn_asked(questions: Sequence[TrainingQuestion], weights: Sequence[float]) -> dict[str, Any]:
    """Fit one kind against the others and return what assistant/asked.json holds.

    Args:
        questions: what to learn from.
        weights: how much each question counts.
    """
    counted = CountVectorizer(analyzer=_features, binary=True, min_df=SEEN_AT_LEAST)
    held = counted.fit_transform([question.text for question in questions])
    kinds = sorted({question.asked for question in questions})
    rows, bias = [], []
    for kind in kinds:
        model = LogisticRegression(C=STRENGTH, solver="liblinear", random_state=0)
        model.fit(held, [question.asked is kind for question in questions], weights)
        rows.append(model.coef_[0])
        bias.append(float(model.intercept_[0]))
    table = np.array(rows).T
    names = counted.get_feature_names_out()
    return {
        "kinds": [str(kind) for kind in kinds],
        "bias": [round(SCALE * b) for b in bias],
        "weights": {
            str(names[i]): _pairs(table[i])
            for i in range(len(names))
            if np.abs(table[i]).max() >= LEAST_WEIGHT
        },
    }


def _features(text: str) -> list[str]:
    return features_of(text, by_pattern(text)[0])


def _pairs(row: NDArray[np.float64]) -> list[int]:
    """Return kind, hundredths, kind, hundredths ... of what weighs anything."""
    kept = [(i, round(SCALE * float(w))) for i, w in enumerate(row) if abs(w) >= LEAST_WEIGHT]
    return [value for pair in kept for value in pair]
