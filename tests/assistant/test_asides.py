"""What is neither small talk nor told by policies: memory, unknown names, "还有吗"."""

from collections.abc import Callable

import pytest

from assistant import wording
from assistant.answer import Answer, AnswerStatus, Question
from assistant.pipeline import answer_question
from assistant.unknown_name import unknown_name
from knowledge.knowledge_base import Knowledge
from tests.fixtures.policies import TODAY


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("“春蕾贷”怎么申请", "春蕾贷"),
        ("听说有个青年筑梦行动，给钱吗", "青年筑梦行动"),
        ("“李四贷”是什么", "李四贷"),
        ("有没有贷款计划", None),
        ("我能贷吗", None),
        ("申请公司那种经营贷要什么条件", None),
        ("想贷多少", None),
    ],
)
def test_a_programme_that_no_policy_names_is_told_as_such(
    knowledge: Knowledge, ask: Callable[..., Answer], text: str, name: str | None
) -> None:
    found = unknown_name(text, knowledge)
    assert (found[0] if found else None) == name
    if name:
        answer = ask(text)
        assert answer.status is AnswerStatus.NOT_IN_POLICY
        assert f"没有名为“{name}”的" in answer.text


def test_a_name_that_a_policy_holds_is_none_of_these(knowledge: Knowledge) -> None:
    assert unknown_name("“场地补贴”怎么申请", knowledge) is None


@pytest.mark.parametrize("text", ["把我前面说的都忘掉", "清除我的信息", "刚才我讲的情况请删掉"])
def test_what_was_said_is_forgotten_on_request(knowledge: Knowledge, text: str) -> None:
    known = {"eligibility.disabled": True, "groups": ["disabled"]}
    answer = answer_question(Question(text, TODAY, (), known), knowledge)
    assert answer.text == wording.FORGOTTEN
    assert answer.learned == {"eligibility.disabled": None, "groups": None}


def test_what_is_remembered_is_told(knowledge: Knowledge) -> None:
    known = {"eligibility.age": 45}
    told = answer_question(Question("你还记得我的情况吗", TODAY, (), known), knowledge)
    assert "年龄45岁" in told.text
    assert answer_question(Question("你记得我是谁吗", TODAY), knowledge).text != told.text


def test_more_is_what_was_not_said_yet(talk: Callable[..., list[Answer]]) -> None:
    first, more, _ = talk("创业担保贷款有贴息吗", "还有别的吗", "还有吗")
    said = {citation.clause_id for citation in first.citations}
    assert not said & {citation.clause_id for citation in more.citations}


@pytest.mark.parametrize("text", ["现在几点了", "今天星期几"])
def test_the_time_is_no_matter_of_the_desk(talk: Callable[..., list[Answer]], text: str) -> None:
    assert talk("培训多少人", text)[-1].status is AnswerStatus.OUT_OF_SCOPE
