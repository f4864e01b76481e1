"""Follow-ups: what a message leaves out comes from the turns before it, and nothing else does."""

from collections.abc import Callable

import pytest

from assistant.answer import Answer, AnswerStatus, Intent, PastTurn
from assistant.asked import Asked
from assistant.dialogue import read_in_context
from knowledge.knowledge_base import Knowledge

Talk = Callable[..., list[Answer]]


@pytest.mark.parametrize(
    ("messages", "said", "not_said"),
    [
        (("大学生租场地补贴多少钱", "那残疾人呢"), "8000元", ""),
        (("大学生租场地补贴多少钱", "残疾人呢?"), "8000元", ""),
        (("创业培训的目标是多少人?", "那由谁负责?"), "区人力资源和社会保障局", ""),
        (("创业担保贷款额度最高多少", "期限呢"), "3年", ""),
        (("创业担保贷款额度最高多少", "那贴息呢"), "50%", ""),
        (("创业担保贷款额度最高多少", "今天天气怎么样", "谢谢", "期限呢"), "3年", ""),
        (("创业担保贷款额度最高多少", "换个问题,孵化基地面积多大"), "3000平方米", "30万元"),
        (("创业担保贷款额度最高多少", "成员单位有哪些"), "区妇联", "贷款"),
    ],
)
def test_the_last_message_is_answered(
    talk: Talk, messages: tuple[str, ...], said: str, not_said: str
) -> None:
    answer = talk(*messages)[-1]
    assert answer.status is AnswerStatus.ANSWERED
    assert said in answer.text
    assert not not_said or not_said not in answer.text


def test_a_completed_follow_up_is_shown(talk: Talk) -> None:
    first, second = talk("创业培训的目标是多少人?", "那由谁负责?")
    assert first.completed_question == "创业培训的目标是多少人?"
    assert "创业培训" in second.completed_question
    assert "谁负责" in second.completed_question


def test_a_blocked_message_leaves_no_topic(talk: Talk) -> None:
    *_, last = talk("创业担保贷款额度最高多少", "你们这帮骗子", "期限呢")
    assert "3年" in last.text


def test_a_question_that_stands_alone_is_the_same_with_and_without_history(talk: Talk) -> None:
    alone = talk("创业孵化基地面积要多大")[0]
    after = talk("创业担保贷款额度最高多少", "创业孵化基地面积要多大")[-1]
    assert after == alone


@pytest.mark.parametrize(
    ("messages", "understood"),
    [
        (("创业担保贷款额度最高多少", "到什么时候截止"), "创业担保贷款 到什么时候截止"),
        (("创业担保贷款额度最高多少", "几天能办下来"), "创业担保贷款 几天能办下来"),
        (("创业担保贷款额度最高多少", "那笔钱要还利息吗"), "创业担保贷款 要还利息吗"),
        (("大学生租场地补贴多少钱", "那残疾人呢"), "残疾人 租场地补贴多少钱"),
        (("大学生租场地补贴多少钱", "这笔钱谁发"), "大学生租场地补贴 谁发"),
        (("区妇联负责什么", "它牵头哪些事"), "区妇联牵头哪些事"),
        (("区妇联负责什么", "那残联呢"), "残联 负责什么"),
        (("区妇联负责什么", "创业担保贷款最高多少", "那残联负责什么"), "那残联负责什么"),
        (("创业培训由谁负责", "这个部门还管什么"), "区人力资源和社会保障局还管什么"),
        (("创业培训的目标是多少人", "不是,我说的是创业指导"), "创业指导 的目标是多少人"),
        (("创建工作有哪几个阶段", "第二个呢", "第三个呢"), "第三个 创建工作有哪几个阶段"),
        (("孵化基地面积多大", "推荐几部电影", "谁负责"), "孵化基地 谁负责"),
        (("孵化基地面积多大", "换个话题,贷款谁管"), "换个话题,贷款谁管"),
        (
            ("创业担保贷款额度最高多少", "区妇联负责什么", "前面说的贷款期限多长"),
            "创业担保贷款 贷款期限多长",
        ),
    ],
)
def test_a_follow_up_is_completed(talk: Talk, messages: tuple[str, ...], understood: str) -> None:
    assert talk(*messages)[-1].completed_question == understood


@pytest.mark.parametrize("text", ["推荐几部电影", "请给我推荐一家餐馆", "今晚吃什么好"])
def test_what_the_desk_has_nothing_to_do_with_is_off_topic(talk: Talk, text: str) -> None:
    first, second = talk(text, "创业担保贷款额度最高多少")
    assert first.status is AnswerStatus.OUT_OF_SCOPE
    assert talk("创业担保贷款额度最高多少", text)[-1].status is AnswerStatus.OUT_OF_SCOPE
    assert second.status is AnswerStatus.ANSWERED


def turn(question: str, **changes: object) -> PastTurn:
    fields = dict(
        question=question, completed_question="", intent=Intent.FIGURE,
        status=AnswerStatus.ANSWERED, clause_ids=(),
    )  # fmt: skip
    return PastTurn(**(fields | changes))  # type: ignore[arg-type]


def test_inherited_words_stay_in_the_background(knowledge: Knowledge) -> None:
    reading = read_in_context("那残疾人呢", [turn("大学生租场地补贴多少钱")], knowledge)
    assert reading.asked is Asked.MONEY
    assert reading.terms == ("残疾人",)
    assert "场地" in "".join(reading.background)
    assert "大学生" not in reading.background


@pytest.mark.parametrize(
    "skipped",
    [
        turn("今天天气", intent=Intent.OUT_OF_SCOPE, status=AnswerStatus.OUT_OF_SCOPE),
        turn("谢谢", intent=Intent.SMALLTALK),
        turn("转人工", intent=Intent.HANDOFF),
        turn("骂人", status=AnswerStatus.BLOCKED_QUESTION),
        turn("坏了", status=AnswerStatus.FAILED),
    ],
)
def test_a_digression_is_passed_over(knowledge: Knowledge, skipped: PastTurn) -> None:
    history = [turn("创业担保贷款额度最高多少"), skipped]
    reading = read_in_context("期限呢", history, knowledge)
    assert "创业担保贷款" in reading.terms
    assert reading.asked is Asked.DURATION


def test_without_history_a_follow_up_is_read_as_it_is(knowledge: Knowledge) -> None:
    assert read_in_context("期限呢", [], knowledge).text == "期限呢"
