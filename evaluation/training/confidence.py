"""Fit how sure it is that anything answers: `python -m evaluation.training.confidence`.

The figures that assistant/judging.py combines are taken from the pipeline itself, for questions
that the network has not learned from. Prints the weights for its constants, and how much better
they part answered from unanswered questions than the likeliest sentence alone, each source by
what the others taught.
"""

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from api.startup import snapshot_builder
from assistant import judging
from assistant.answer import Question
from assistant.judging import Judged, figures_of
from assistant.pipeline import answer_question
from evaluation.training.answering.questions import (
    DAY,
    LEARNED,
    MEASURED,
    loaded,
    read_questions,
    sentences_of,
)
from knowledge.encoder import load_encoder

Row = tuple[str, bool, tuple[float, ...]]  # source, whether it is answered, figures
STRENGTH = 0.3  # C of the regression; flat between 0.1 and 3


def main() -> None:
    """Read every question that nothing was learned from, fit, and report."""
    judging.SURELY = float("inf")  # every question is judged in full
    rows = [row for source in {**LEARNED, **MEASURED} for row in _rows(source)]
    sources = np.array([source for source, _, _ in rows])
    answered = np.array([answered for _, answered, _ in rows])
    figures = np.array([row for _, _, row in rows])
    model = _fitted(figures, answered)
    weights = [round(float(w), 2) for w in (*model.intercept_, *model.coef_[0])]
    areas = {}
    for source in dict.fromkeys(sources.tolist()):
        own = sources == source
        sure = _fitted(figures[~own], answered[~own]).decision_function(figures[own])
        areas[source] = [
            round(float(roc_auc_score(answered[own], by)), 3) for by in (figures[own, 0], sure)
        ]
    print(json.dumps({"questions": len(rows), "weights": weights, "areas": areas}))  # noqa: T201


def _fitted(figures: NDArray[np.float64], answered: NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, max_iter=2_000).fit(figures, answered)


def _rows(source: str) -> Iterator[Row]:
    encoder, sentences = load_encoder(Path("var")), sentences_of(source)
    learned = read_questions(LEARNED.get(source, ()), sentences)
    asked = [question for question in learned if question.kept_apart]
    asked += read_questions(MEASURED.get(source, ()), sentences)
    with tempfile.TemporaryDirectory() as name, loaded(source, Path(name)) as database:
        workings = snapshot_builder(encoder, Path(name))(database).workings
        if workings is None:
            raise AssertionError("a snapshot that is built has its workings")
        for question in asked:
            judged: list[Judged] = []

            def note(step: str, made: Any, judged: list[Judged] = judged) -> None:
                if step == "judged":
                    judged.append(made)

            answer_question(Question(question.text, DAY), workings.knowledge, note=note)
            if judged and judged[0].odds:
                yield source, bool(question.answers), figures_of(judged[0].odds)


if __name__ == "__main__":
    main()
