"""Learning to place questions beside the sentences that answer them."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from torch import Tensor

from evaluation.training.answering.network import Floats, MeaningNetwork
from evaluation.training.answering.questions import AskedQuestion, Sentence
from knowledge.answering import QUESTION_TOKENS, SENTENCE_TOKENS, cut_states
from knowledge.encoder import Encoder, Reading, States

EPOCHS = 1.5  # more of them learn the questions by heart
QUESTIONS_A_STEP = 32
WRONG_EACH = 3  # sentences near the question that do not answer it
NEAREST = 16  # of which they are drawn
RATE = 1e-4
WARM_UP_STEPS = 20
TEMPERATURE = 0.03
AT_ONCE = 96

Key = tuple[str, int]  # which source, which of its sentences


@dataclass(frozen=True, slots=True)
class Asking:
    """A question that is answered: what answers it, and what is near and does not."""

    asked: States
    source: str
    right: tuple[int, ...]
    wrong: tuple[int, ...]

    def pick(self, choice: random.Random) -> list[Key]:
        """Return an answer and some of what is near, as the question is compared with."""
        some = choice.sample(self.wrong, min(WRONG_EACH, len(self.wrong)))
        return [(self.source, one) for one in (choice.choice(self.right), *some)]


class Reader:
    """Reads texts by the lower layers, each once."""

    def __init__(self, encoder: Encoder) -> None:
        self.question: Callable[[str], Reading] = cache(encoder.read_query)
        self.passage: Callable[[str], Reading] = cache(encoder.read_passage)


def askings_of(
    read: Reader, source: str, sentences: Sequence[Sentence], asked: Sequence[AskedQuestion]
) -> tuple[list[Asking], dict[Key, States]]:
    """Return the questions that are answered, and the states of all sentences."""
    readings = [read.passage(sentence.text) for sentence in sentences]
    vectors = np.stack([reading.embedding for reading in readings])
    found = []
    for question in asked:
        if not question.answers:
            continue
        reading = read.question(question.text)
        near = np.argsort(-(vectors @ reading.embedding))[: NEAREST + len(question.answers)]
        wrong = tuple(int(i) for i in near if int(i) not in question.answers)[:NEAREST]
        asked_states = cut_states(reading.states, QUESTION_TOKENS)
        found.append(Asking(asked_states, source, question.answers, wrong))
    states = [cut_states(reading.states, SENTENCE_TOKENS) for reading in readings]
    return found, {(source, i): one for i, one in enumerate(states)}


def learn_meaning(
    network: MeaningNetwork,
    askings: Sequence[Asking],
    states: dict[Key, States],
    said: Callable[[int, int, float], None],
) -> None:
    """Train the network; `said` is told the step, their number and the loss."""
    choice = random.Random(0)
    torch.manual_seed(0)
    steps = int(EPOCHS * len(askings) / QUESTIONS_A_STEP)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    network.train()
    waiting: list[Asking] = []
    for step in range(steps):
        if len(waiting) < QUESTIONS_A_STEP:
            waiting = list(askings)
            choice.shuffle(waiting)
        some, waiting = waiting[:QUESTIONS_A_STEP], waiting[QUESTIONS_A_STEP:]
        share = min(1.0, (step + 1) / WARM_UP_STEPS) * max(0.03, 1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = RATE * share
        loss = _loss(network, some, states, choice)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        said(step + 1, steps, float(loss.detach()))
    network.eval()


def vectors_of(network: MeaningNetwork, texts: Sequence[States]) -> Floats:
    """Return the vectors of texts as the trained network gives them, (n, hidden)."""
    network.eval()
    with torch.no_grad():
        parts = [network(texts[k : k + AT_ONCE]).numpy() for k in range(0, len(texts), AT_ONCE)]
    return np.concatenate(parts)


def _loss(
    network: MeaningNetwork,
    askings: Sequence[Asking],
    states: dict[Key, States],
    choice: random.Random,
) -> Tensor:
    """Each question among the sentences of all questions of the step: the answering ones first."""
    keys = list(dict.fromkeys(key for asking in askings for key in asking.pick(choice)))
    at = {key: index for index, key in enumerate(keys)}
    questions = network([asking.asked for asking in askings])
    nearness = questions @ network([states[key] for key in keys]).T / TEMPERATURE
    loss = torch.zeros(())
    for row, asking in enumerate(askings):
        right = [at[asking.source, i] for i in asking.right if (asking.source, i) in at]
        loss = loss + torch.logsumexp(nearness[row], 0) - torch.logsumexp(nearness[row, right], 0)
    return loss / len(askings)
