"""Learning from the questions, and how well those are judged that were not learned from."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from evaluation.training.answering.meaning import Reader, vectors_of
from evaluation.training.answering.network import Floats, JointNetwork, MeaningNetwork, Pair
from evaluation.training.answering.questions import AskedQuestion, Sentence
from knowledge.answering import QUESTION_TOKENS, SENTENCE_TOKENS, cut_states, nearness_features
from knowledge.encoder import States

EPOCHS = 4
QUESTIONS_A_STEP = 16
WRONG_EACH = 4  # sentences beside those that answer, the nearest more often
RIGHT_EACH = 2
RATE = 2e-4
WARM_UP_STEPS = 50
NEAREST, ALIKE = 16, 8  # sentences compared with a question: by meaning, by shared characters
JUDGED = 10


@dataclass(frozen=True, slots=True)
class Example:
    """A question with the sentences compared with it; `right` are those that answer."""

    asked: States
    candidates: tuple[int, ...]
    right: tuple[int, ...]
    features: Floats  # of every sentence of its source, (n, 3)
    sentences: Sequence[States]

    def pair(self, sentence: int) -> Pair:
        """Return what the network reads of one sentence."""
        return self.asked, self.sentences[sentence], self.features[sentence]


def examples_of(
    read: Reader,
    sentences: Sequence[Sentence],
    questions: Sequence[AskedQuestion],
    meaning: MeaningNetwork,
) -> list[Example]:
    """Read every text by the lower layers, and find what each question is compared with.

    `meaning` has not learned from these questions: otherwise they would seem nearer to their
    answers than a question that nobody has seen.
    """
    vectors = vectors_of(meaning, [read.passage(s.text).states for s in sentences])
    states = [cut_states(read.passage(s.in_place).states, SENTENCE_TOKENS) for s in sentences]
    texts = [s.text for s in sentences]
    asked_states = [read.question(question.text).states for question in questions]
    found = []
    asked_vectors = vectors_of(meaning, asked_states)
    for question, tokens, vector in zip(questions, asked_states, asked_vectors, strict=True):
        cosines = vectors @ vector
        near = (cosines - cosines.mean()) / max(float(cosines.std()), 1e-6)
        features = nearness_features(question.text, texts, near, float(near.max()))
        nearest = np.argsort(-near)[:NEAREST]
        alike = np.argsort(-features[:, 1])[:ALIKE]
        candidates = tuple(dict.fromkeys(int(i) for i in (*nearest, *alike)))
        asked = cut_states(tokens, QUESTION_TOKENS)
        found.append(Example(asked, candidates, question.answers, features, states))
    return found


def learn(
    network: JointNetwork,
    examples: Sequence[Example],
    said: Callable[[int, int, float], None],
    share: float = 1.0,
) -> None:
    """Train the network; `said` is told the step, their number and the loss.

    `share` of the epochs and of the rate is enough for a network that has learned before.
    """
    choice = random.Random(0)
    torch.manual_seed(0)
    steps = int(EPOCHS * share * len(examples) / QUESTIONS_A_STEP)
    optimizer = torch.optim.AdamW(network.parameters(), lr=RATE, weight_decay=0.01)
    network.train()
    waiting: list[Example] = []
    for step in range(steps):
        if len(waiting) < QUESTIONS_A_STEP:
            waiting = list(examples)
            choice.shuffle(waiting)
        some, waiting = waiting[:QUESTIONS_A_STEP], waiting[QUESTIONS_A_STEP:]
        rate = min(1.0, step / WARM_UP_STEPS) * max(0.03, 1 - step / steps)
        for group in optimizer.param_groups:
            group["lr"] = RATE * share * rate
        loss = _loss(network, some, choice)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        said(step + 1, steps, float(loss.detach()))


def measure(network: JointNetwork, examples: Sequence[Example]) -> dict[str, float]:
    """Say how well questions are judged: area under the curve, and what is refused at what price.

    "refused_at_5" is the share of unanswered questions refused where 5 % of the answered are;
    "nearest_right" and "among_judged" say where the sentence that answers stands by meaning alone.
    """
    network.eval()
    answered: list[float] = []
    unanswered: list[float] = []
    first = nearest = among = 0
    with torch.no_grad():
        for example in examples:
            judged = example.candidates[:JUDGED]
            odds = network([example.pair(c) for c in judged]).numpy()
            (answered if example.right else unanswered).append(float(odds.max()))
            first += judged[int(odds.argmax())] in example.right
            nearest += judged[0] in example.right
            among += not set(judged).isdisjoint(example.right)
    good, bad = np.array(answered), np.array(unanswered)
    report = {
        "questions": float(len(examples)),
        "first_right": first / max(1, len(good)),
        "nearest_right": nearest / max(1, len(good)),
        "among_judged": among / max(1, len(good)),
        "area": float((good[:, None] > bad[None]).mean()),
    }
    for percent in (3, 5, 10):
        report[f"refused_at_{percent}"] = float((bad < np.quantile(good, percent / 100)).mean())
    return {name: round(value, 3) for name, value in report.items()}


def _loss(network: JointNetwork, examples: Sequence[Example], choice: random.Random) -> Tensor:
    """Each pair for itself, and the answering among all of a question, "none" being one of them."""
    pairs: list[Pair] = []
    right: list[float] = []
    owner: list[int] = []
    for number, example in enumerate(examples):
        picked = choice.sample(example.right, min(RIGHT_EACH, len(example.right)))
        wrong = _wrong(example, choice)
        pairs += [example.pair(sentence) for sentence in (*picked, *wrong)]
        right += [1.0] * len(picked) + [0.0] * len(wrong)
        owner += [number] * (len(picked) + len(wrong))
    scores, wanted, of = network(pairs), torch.tensor(right), torch.tensor(owner)
    loss = 0.5 * functional.binary_cross_entropy_with_logits(scores, wanted, reduction="sum")
    for number in range(len(examples)):
        own = scores[of == number]
        answering = own[wanted[of == number] > 0]
        best = torch.logsumexp(answering, 0) if len(answering) else torch.zeros(())
        loss = loss + torch.logsumexp(torch.cat([torch.zeros(1), own]), 0) - best
    return loss / len(examples)


def _wrong(example: Example, choice: random.Random) -> list[int]:
    wrong = [c for c in example.candidates if c not in example.right]
    weights = [1 / (1 + rank / 4) for rank in range(len(wrong))]
    picked: list[int] = []
    while wrong and len(picked) < WRONG_EACH:
        at = choice.choices(range(len(wrong)), weights)[0]
        picked.append(wrong.pop(at))
        weights.pop(at)
    return picked
