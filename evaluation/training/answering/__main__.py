"""Make knowledge/weights/answering.npz anew: `python -m evaluation.training.answering`.

About half an hour on two cores. Says how well questions are judged that were not learned from:
those kept apart, those of another author, and those about other documents. With `--further` the
training goes on from the shipped file, with half the rate; with `--check` nothing is written.
"""

import json
import sys
from pathlib import Path

import numpy as np

import knowledge.weights
from evaluation.training.answering.learning import RATE, Example, examples_of, learn, measure
from evaluation.training.answering.network import JointNetwork
from evaluation.training.answering.questions import (
    LEARNED,
    MEASURED,
    AskedQuestion,
    read_questions,
    sentences_of,
)
from knowledge.encoder import Encoder, load_encoder
from knowledge.weights.answering_graph import CHANGES_FILE
from knowledge.weights.packaged import PackagedWeights, packaged_file

EVERY = 25  # steps between two lines


def main() -> None:
    """Learn, report on standard output, and write the file."""
    encoder = load_encoder(Path("var"))
    learned, apart = _examples(encoder, LEARNED)
    network = JointNetwork(PackagedWeights(packaged_file().read_bytes()))
    further = "--further" in sys.argv[1:]
    if further:
        with np.load(_target(), allow_pickle=False) as shipped:
            network.take(dict(shipped))
    learn(network, learned, _say, RATE / 2 if further else RATE)
    report = {"kept_apart": measure(network, apart)}
    for source, names in MEASURED.items():
        report["_".join(names)] = measure(network, sum(_examples(encoder, {source: names}), []))
    print(json.dumps(report))  # noqa: T201
    if "--check" not in sys.argv[1:]:
        np.savez_compressed(_target(), allow_pickle=False, **network.changes())


def _target() -> Path:
    return Path(knowledge.weights.__file__).parent / CHANGES_FILE


def _examples(
    encoder: Encoder, files: dict[str, tuple[str, ...]]
) -> tuple[list[Example], list[Example]]:
    """Return the examples of some files, and those kept apart."""
    learned: list[Example] = []
    apart: list[Example] = []
    for source, names in files.items():
        sentences = sentences_of(source)
        questions = read_questions(source, names, sentences)
        for group, kept in ((learned, False), (apart, True)):
            some: list[AskedQuestion] = [q for q in questions if q.kept_apart is kept]
            group += examples_of(encoder, sentences, some)
    return learned, apart


def _say(step: int, steps: int, loss: float) -> None:
    if step % EVERY == 0:
        print(f"{step} / {steps}: {loss:.3f}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
