"""Make assistant/asked.json anew: `python -m evaluation.training`.

Says how often the kind of answer is read right off the questions written one by one, when
these are not learned from, by the patterns alone and by the weights.
"""

import json
from pathlib import Path

import assistant
from assistant.asked_model import AskedModel, read_model
from assistant.reading import by_pattern
from evaluation.training.asked import learn_asked
from evaluation.training.questions import (
    THINGS_EACH,
    TrainingQuestion,
    made_up_questions,
    written_questions,
)

WRITTEN_COUNTS = 1.0  # a question written by itself, as much as a turn of phrase


def main() -> None:
    """Learn, report on standard output, and write the file."""
    written = [question for question in written_questions() if question.of_ours]
    made_up = made_up_questions()
    counts = [1 / THINGS_EACH] * len(made_up)
    unseen = read_model(learn_asked(made_up, counts))
    patterns = sum(by_pattern(q.text)[0] is q.asked for q in written)
    weighed = sum(_likeliest(unseen, q) is q.asked for q in written)
    print(f"written {len(written)}: patterns {patterns}, weights {weighed}")  # noqa: T201
    learned = learn_asked([*made_up, *written], [*counts, *([WRITTEN_COUNTS] * len(written))])
    text = json.dumps(learned, ensure_ascii=False, separators=(",", ":"))
    (Path(assistant.__file__).parent / "asked.json").write_text(text + "\n", encoding="utf-8")


def _likeliest(model: AskedModel, question: TrainingQuestion) -> str:
    shares = model.shares(question.text, by_pattern(question.text)[0])
    return max(shares, key=lambda kind: shares[kind])


if __name__ == "__main__":
    main()
