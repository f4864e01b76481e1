"""What the network's odds decide beside the rules."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from assistant.answer import Answer, AnswerStatus, Question
from assistant.judging import read_ahead
from assistant.pipeline import answer_question
from knowledge.knowledge_base import Knowledge
from tests.fixtures.policies import TODAY

RULE = "个人申请创业担保贷款,额度最高不超过30万元,期限最长不超过3年。"
OTHER = "创业担保贷款由人力资源社会保障部门审核,由银行发放。"
THIRD = "贷款利息由财政给予贴息,贴息比例为50%。"
LIKELY, CLOSE_BEHIND, UNLIKELY, HOPELESS = 0.8, 0.2, -1.2, -3.0


@dataclass(frozen=True)
class Odds:
    """A stand-in network: the odds of each sentence by what it holds."""

    of: Mapping[str, float]
    off: float = -5.0
    read: set[str] = field(default_factory=set)
    scored: set[str] = field(default_factory=set)

    def read_ahead(self, sentences: Iterable[str]) -> None:
        self.read.update(sentences)

    def off_topic(self, _message: str) -> float:
        return self.off

    def scores(
        self, _question: str, sentences: Sequence[str], _features: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        self.scored.update(sentences)
        found = [max((o for t, o in self.of.items() if t in s), default=-5.0) for s in sentences]
        return np.array(found, np.float32)


def ask(knowledge: Knowledge, text: str, of: Mapping[str, float]) -> Answer:
    return answer_question(Question(text, TODAY), replace(knowledge, answering=Odds(of)))


@pytest.mark.parametrize(
    ("of", "first"),
    [
        ({RULE: LIKELY, OTHER: LIKELY}, RULE),  # what rules chose stands
        ({RULE: UNLIKELY, OTHER: CLOSE_BEHIND}, RULE),  # doubted, and said first all the same
        ({RULE: HOPELESS, OTHER: LIKELY}, OTHER),  # it does not answer, the other one does
    ],
)
def test_what_hardly_answers_gives_way_to_what_does(
    knowledge: Knowledge, of: Mapping[str, float], first: str
) -> None:
    answer = ask(knowledge, "个人申请创业担保贷款怎么规定", of)
    said = [s.text for s in answer.sentences if s.citations]
    assert said[0] == first


def test_every_sentence_that_is_judged_was_read_ahead(knowledge: Knowledge) -> None:
    odds = Odds({RULE: HOPELESS, OTHER: LIKELY})
    knows = replace(knowledge, answering=odds)
    read_ahead(knows)
    for text in ("个人申请创业担保贷款怎么规定", "场地补贴要交哪些材料", "培训补贴找谁"):
        answer_question(Question(text, TODAY), knows)
    assert odds.scored
    assert odds.scored <= odds.read


def test_where_the_old_rule_says_it_too_it_is_not_the_past_alone(knowledge: Knowledge) -> None:
    # The network doubts the words of the rule in force; those of the old one are the same.
    answer = ask(knowledge, "个人申请创业担保贷款怎么规定", {RULE: HOPELESS})
    assert answer.status is AnswerStatus.PARTLY_ANSWERED
    assert RULE in [s.text for s in answer.sentences if s.citations]


def test_what_stands_beside_is_said_before_the_rest_of_the_clause(knowledge: Knowledge) -> None:
    answer = ask(knowledge, "个人申请创业担保贷款怎么规定", {RULE: UNLIKELY, THIRD: CLOSE_BEHIND})
    said = [s.text for s in answer.sentences if s.citations]
    assert said[:2] == [RULE, THIRD]


@pytest.mark.parametrize(("group", "said"), [("残疾人", True), ("退役军人", False)])
def test_a_figure_of_another_group_is_no_answer(
    knowledge: Knowledge, group: str, said: bool
) -> None:
    rule = "对残疾人开办企业的,给予一次性奖励8000元"
    answer = ask(knowledge, f"{group}开办企业一次性奖励多少元", {rule: LIKELY})
    assert (answer.status is AnswerStatus.ANSWERED and "8000元" in answer.text) == said


@pytest.mark.parametrize(
    ("text", "off", "status"),
    [
        # Its words name nothing of the policies: what it speaks of is known by its meaning.
        ("老天爷今儿个会不会掉眼泪", -2.0, AnswerStatus.ANSWERED),
        ("老天爷今儿个会不会掉眼泪", 2.0, AnswerStatus.OUT_OF_SCOPE),
        ("奥特曼和孙悟空谁厉害", 2.0, AnswerStatus.OUT_OF_SCOPE),
        ("个人申请创业担保贷款怎么规定", 2.0, AnswerStatus.ANSWERED),
    ],
)
def test_what_is_off_topic_is_not_answered_however_likely(
    knowledge: Knowledge, text: str, off: float, status: AnswerStatus
) -> None:
    answer = answer_question(
        Question(text, TODAY), replace(knowledge, answering=Odds({RULE: LIKELY}, off))
    )
    assert answer.status is status
