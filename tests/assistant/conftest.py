from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest

from assistant.answer import Answer, PastTurn, Question
from assistant.pipeline import answer_question
from knowledge.knowledge_base import Knowledge
from tests.fixtures.policies import SOURCES, TODAY, knowledge_of


@pytest.fixture(scope="session")
def knowledge(tmp_path_factory: pytest.TempPathFactory) -> Knowledge:
    """Three tiny policies: a district's plan, an old and a new national rule."""
    folder: Path = tmp_path_factory.mktemp("vectors")
    return knowledge_of(folder, *SOURCES)


Ask = Callable[..., Answer]


@pytest.fixture(scope="session")
def ask(knowledge: Knowledge) -> Ask:
    def answer(text: str, as_of: date = TODAY, history: Sequence[PastTurn] = ()) -> Answer:
        return answer_question(Question(text, as_of, tuple(history)), knowledge)

    return answer


@pytest.fixture(scope="session")
def talk(knowledge: Knowledge) -> Callable[..., list[Answer]]:
    """Ask one message after the other, each with the turns before it."""

    def answers(*messages: str) -> list[Answer]:
        history: list[PastTurn] = []
        given = []
        for message in messages:
            answer = answer_question(Question(message, TODAY, tuple(history)), knowledge)
            given.append(answer)
            history.append(answer.as_past(message))
        return given

    return answers
