"""Make knowledge/weights/meaning.npz and answering.npz: `python -m evaluation.training.answering`.

About an hour on two cores. First the vectors of questions and sentences are learned, then what
judges pairs. Says how well questions are judged that were not learned from: those kept apart,
and those about other documents. With `--further` judging goes on from the shipped file, less
long; with `--more` it does so from the files of NEW and a sample of the others, and vectors stay
as they are shipped, a quarter of an hour; with `--check` nothing is written.
"""

import json
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import knowledge.weights
from evaluation.training.answering.learning import Example, examples_of, learn, measure
from evaluation.training.answering.meaning import (
    Asking,
    Key,
    Reader,
    askings_of,
    learn_meaning,
)
from evaluation.training.answering.network import JointNetwork, MeaningNetwork
from evaluation.training.answering.questions import (
    LEARNED,
    MEASURED,
    AskedQuestion,
    Sentence,
    read_questions,
    sentences_of,
)
from knowledge.encoder import States, load_encoder
from knowledge.weights.packaged import PackagedWeights, packaged_file
from knowledge.weights.trained import ANSWERING_CHANGES, MEANING_CHANGES

FURTHER = 0.4  # of the epochs and of the rate, where judging was learned before
EVERY = 25  # steps between two lines
NEW = frozenset({"documents_g", "pack_minimal", "off_topic"})  # that vectors have not learned from
REPLAYED = 2_600  # questions of the others that `--more` goes through again, against forgetting

Asked = tuple[str, list[Sentence], list[AskedQuestion]]
Choice = Callable[[AskedQuestion], bool]


def main() -> None:
    """Learn, report on standard output, and write the files."""
    options = sys.argv[1:]
    read = Reader(load_encoder(Path("var")))
    weights = PackagedWeights(packaged_file().read_bytes())
    asked = _asked(LEARNED)
    network, share = JointNetwork(weights), 1.0
    if "--further" in options or "--more" in options:
        network.take(_shipped(ANSWERING_CHANGES))
        share = FURTHER
    if "--more" in options:
        meaning = MeaningNetwork(weights)
        meaning.take(_shipped(MEANING_CHANGES))
        learned = _examples(read, asked, _is_new, meaning)
        learned += _examples(read, asked, _replayed(asked), meaning)
    else:
        meaning = _meaning(read, weights, asked, _learned_from)
        learned = _placed_by_others(read, weights, asked)
    learn(network, learned, _say, share)
    if "--check" not in options:
        if "--more" not in options:
            np.savez_compressed(_target(MEANING_CHANGES), allow_pickle=False, **meaning.changes())
        np.savez_compressed(_target(ANSWERING_CHANGES), allow_pickle=False, **network.changes())
    apart = _examples(read, asked, _kept_apart, meaning)
    report = {"kept_apart": measure(network, apart)}
    for source, names in MEASURED.items():
        other = _examples(read, _asked({source: names}), _any, meaning)
        report["_".join(names)] = measure(network, other)
    print(json.dumps(report))  # noqa: T201


def _placed_by_others(read: Reader, weights: PackagedWeights, asked: list[Asked]) -> list[Example]:
    """Place each half by what has learned from the other only.

    A question that was learned from lies nearer to its answer than one that nobody has seen.
    """
    learned: list[Example] = []
    for half in (0, 1):
        others = _meaning(read, weights, asked, partial(_in_half, 1 - half))
        learned += _examples(read, asked, partial(_in_half, half), others)
    return learned


def _shipped(name: str) -> dict[str, NDArray[np.float16]]:
    with np.load(_target(name), allow_pickle=False) as shipped:
        return dict(shipped)


def _is_new(question: AskedQuestion) -> bool:
    return _learned_from(question) and question.file in NEW


def _replayed(asked: list[Asked]) -> Choice:
    known = [q for _, _, questions in asked for q in questions]
    known = [q for q in known if _learned_from(q) and q.file not in NEW]
    chosen = frozenset(random.Random(0).sample(known, REPLAYED))  # noqa: S311  # nothing secret
    return lambda question: question in chosen


def _kept_apart(question: AskedQuestion) -> bool:
    return question.kept_apart


def _learned_from(question: AskedQuestion) -> bool:
    return not question.kept_apart


def _in_half(half: int, question: AskedQuestion) -> bool:
    return _learned_from(question) and question.half == half


def _any(_question: AskedQuestion) -> bool:
    return True


def _asked(files: dict[str, tuple[str, ...]]) -> list[Asked]:
    found = []
    for source, names in files.items():
        sentences = sentences_of(source)
        found.append((source, sentences, read_questions(names, sentences)))
    return found


def _meaning(
    read: Reader, weights: PackagedWeights, asked: list[Asked], chosen: Choice
) -> MeaningNetwork:
    """Return a network that has learned from the chosen questions."""
    askings: list[Asking] = []
    states: dict[Key, States] = {}
    for source, sentences, questions in asked:
        some = [question for question in questions if chosen(question)]
        more, tokens = askings_of(read, source, sentences, some)
        askings += more
        states |= tokens
    network = MeaningNetwork(weights)
    learn_meaning(network, askings, states, _say)
    return network


def _examples(
    read: Reader, asked: list[Asked], chosen: Choice, meaning: MeaningNetwork
) -> list[Example]:
    """Return the chosen questions as examples."""
    found: list[Example] = []
    for _, sentences, questions in asked:
        some = [question for question in questions if chosen(question)]
        if some:
            found += examples_of(read, sentences, some, meaning)
    return found


def _target(name: str) -> Path:
    return Path(knowledge.weights.__file__).parent / name


def _say(step: int, steps: int, loss: float) -> None:
    if step % EVERY == 0:
        print(f"{step} / {steps}: {loss:.3f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
