"""Make knowledge/weights/off_topic.npz: `python -m evaluation.training.off_topic`.

Which vectors of messages are no matter of the desk: a recipe, the weather, small talk. Says how
many of those kept apart are known as such, and how many of the others are taken for such.
"""

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import knowledge.weights
from evaluation.training.answering.questions import (
    LEARNED,
    MEASURED,
    AskedQuestion,
    read_questions,
    sentences_of,
)
from knowledge.encoder import Encoder, load_encoder
from knowledge.off_topic import OFF_TOPIC_FILE, OffTopic

STRENGTH = 0.1  # C of the regression; flat between 0.05 and 0.3
SCALE = 10.0  # vectors of length 1 differ by little from their mean
OFF_TOPIC_COUNTS = 10.0  # there are twenty times as many questions of the desk


def main() -> None:
    """Learn, report on standard output, and write the file."""
    encoder = load_encoder(Path("var"))
    asked = _asked(LEARNED)
    learned = [q for q in asked if not q.kept_apart]
    weights, bias = _fitted(_vectors(encoder, learned), _wanted(learned))
    target = Path(knowledge.weights.__file__).parent / OFF_TOPIC_FILE
    np.savez_compressed(target, allow_pickle=False, weights=weights, bias=bias)
    shipped = OffTopic(encoder)
    report: dict[str, object] = {"learned": len(learned)}
    for name, some in {
        "kept_apart": [q for q in asked if q.kept_apart],
        "_".join(MEASURED): _asked(MEASURED),
    }.items():
        taken = np.array([shipped.odds(q.text) > 0 for q in some])
        off = _wanted(some)
        report[name] = {
            "off_topic": int(off.sum()),
            "known": round(float(taken[off].mean()), 3),
            "others": int((~off).sum()),
            "mistaken": round(float(taken[~off].mean()), 3),
        }
    print(json.dumps(report))  # noqa: T201


def _asked(sources: Mapping[str, tuple[str, ...]]) -> list[AskedQuestion]:
    return [q for s, names in sources.items() for q in read_questions(names, sentences_of(s))]


def _vectors(encoder: Encoder, questions: list[AskedQuestion]) -> NDArray[np.float32]:
    return encoder.encode_queries([question.text for question in questions])


def _wanted(questions: list[AskedQuestion]) -> NDArray[np.bool_]:
    return np.array([not question.of_the_desk for question in questions])


def _fitted(
    vectors: NDArray[np.float32], off: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], float]:
    """Return weights of a vector, float32 (d,), and what is added."""
    usual = vectors[~off].mean(axis=0)
    model = LogisticRegression(C=STRENGTH, max_iter=3_000, class_weight={0: 1, 1: OFF_TOPIC_COUNTS})
    model.fit((vectors - usual) * SCALE, off)
    weights = (model.coef_[0] * SCALE).astype(np.float32)
    return weights, float(model.intercept_[0] - weights @ usual)


if __name__ == "__main__":
    main()
