"""How likely a sentence answers a question: both read together by the encoder's upper layers.

Words and vectors tell what a sentence is about, not whether it says what is asked: "贷款要不要
担保人" is near every sentence about loans. Here question and sentence look at each other.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from itertools import islice
from math import sqrt

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from knowledge.encoder import Encoder, States
from knowledge.off_topic import OffTopic
from knowledge.weights.model_folder import ANSWERING_FILE

QUESTION_TOKENS = 48
SENTENCE_TOKENS = 80
TITLE_CHARACTERS = 20
_BEGINNING = 12  # characters by which a heading and its sentence are known to be the same
REMEMBERED_SENTENCES = 3_000  # about 30 kB each
REMEMBERED_SCORES = 20_000

FloatArray = NDArray[np.float32]


def sentence_in_place(heads: str, sentence: str) -> str:
    """Return a sentence behind its document's title and the heading nearest above it.

    Args:
        heads: the title and what heads the clause and all above it, one a line.
        sentence: the sentence.
    """
    title, *above = heads.split("\n")
    others = [h for h in above if not _begin_alike(h, sentence)]
    place = title[:TITLE_CHARACTERS]
    if others:
        place += " " + others[-1][:TITLE_CHARACTERS]
    return f"{place}\uff1a{sentence}"


def nearness_features(
    question: str, sentences: Sequence[str], nearness: FloatArray, best: float
) -> FloatArray:
    """Return what the network is told beside both texts, float32 (n, 3).

    Args:
        question: the question.
        sentences: the sentences alone.
        nearness: how near each is in meaning, standard deviations, shape (n,).
        best: the nearness of the nearest sentence of all.
    """
    asked = _pairs(question)
    shared = [
        2 * len(asked & pairs) / ((sqrt(len(pairs)) + 1) * (sqrt(len(asked)) + 1))
        for pairs in map(_pairs, sentences)
    ]
    columns = [nearness / 3, np.array(shared), (nearness - best) / 3]
    return np.stack(columns, axis=1).astype(np.float32)


class AnswerScorer:
    """The network in memory. Safe to call from many threads; equal input, equal score."""

    def __init__(self, encoder: Encoder) -> None:
        """Load the upper layers that belong to an encoder."""
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            encoder.model.path / ANSWERING_FILE, options, providers=["CPUExecutionProvider"]
        )
        self.encoder = encoder
        self._off_topic = OffTopic(encoder)
        self._states: OrderedDict[str, States] = OrderedDict()
        self._scores: OrderedDict[tuple[str, str, bytes], float] = OrderedDict()
        self._lock = threading.Lock()

    def scores(self, question: str, sentences: Sequence[str], features: FloatArray) -> FloatArray:
        """Return the log odds that each sentence answers a question, float32 (n,).

        Args:
            question: as asked, follow-ups completed.
            sentences: n of them, each in its place (`sentence_in_place`).
            features: float32 (n, 3), see `nearness_features`.
        """
        rows = zip(sentences, features, strict=True)
        return np.array([self._score(question, s, f) for s, f in rows], np.float32)

    def read_ahead(self, sentences: Iterable[str]) -> None:
        """Read sentences in their places, as many as are remembered."""
        for sentence in islice(sentences, REMEMBERED_SENTENCES):
            self._sentence(sentence)

    def off_topic(self, message: str) -> float:
        """Return the log odds that a message is no matter of the desk."""
        return self._off_topic.odds(message)

    def _score(self, question: str, sentence: str, features: FloatArray) -> float:
        key = (question, sentence, features.tobytes())
        with self._lock:
            if (known := self._scores.get(key)) is not None:
                return known
        asked = cut_states(self.encoder.read_query(question).states, QUESTION_TOKENS)
        inputs = {
            "question": asked[None].astype(np.float32),
            "sentence": self._sentence(sentence)[None].astype(np.float32),
            "nearness": features,
        }
        score = float(self._session.run(["score"], inputs)[0][0])
        with self._lock:
            self._scores[key] = score
            if len(self._scores) > REMEMBERED_SCORES:
                self._scores.popitem(last=False)
        return score

    def _sentence(self, text: str) -> States:
        with self._lock:
            if (known := self._states.get(text)) is not None:
                self._states.move_to_end(text)
                return known
        states = cut_states(self.encoder.read_passage(text).states, SENTENCE_TOKENS)
        with self._lock:
            self._states[text] = states
            if len(self._states) > REMEMBERED_SENTENCES:
                self._states.popitem(last=False)
        return states


def cut_states(states: States, tokens: int) -> States:
    """Return the states of a text cut to a number of tokens, the last of them its end."""
    return states if len(states) <= tokens else np.concatenate([states[: tokens - 1], states[-1:]])


def _pairs(text: str) -> set[str]:
    return {text[i : i + 2] for i in range(len(text) - 1)}


def _begin_alike(heading: str, sentence: str) -> bool:
    return sentence.startswith(heading[:_BEGINNING]) or heading.startswith(sentence[:_BEGINNING])


def load_answering(encoder: Encoder) -> AnswerScorer | None:
    """Return the network that belongs to an encoder; None where it was not trained for one."""
    return AnswerScorer(encoder) if encoder.trained else None
