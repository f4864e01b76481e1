from datetime import date
from pathlib import Path

import pytest

from assistant import wording
from assistant.answer import AnswerStatus, Question
from assistant.lists import (
    bodies_listed,
    duties_about,
    duties_of,
    help_for,
    leading_duty,
    nearest_duties,
)
from assistant.parts import ordinal_in, parts_about, parts_named, size_named
from assistant.pipeline import answer_question
from assistant.reading import read_question
from knowledge.department import find_department
from knowledge.knowledge_base import Knowledge
from tests.assistant.conftest import Ask
from tests.fixtures.policies import SOURCES, TODAY, Source, knowledge_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("指标是哪五个", 5),
        ("三项原则分别是什么", 3),
        ("那两个阶段指的是什么", 2),
        ("十条措施都有哪些", 10),
        ("有哪些措施", None),
        ("三个月内要办什么", None),
    ],
)
def test_how_many_parts_a_question_says_there_are(text: str, size: int | None) -> None:
    assert size_named(text) == size


@pytest.mark.parametrize(
    ("text", "size", "place"),
    [
        ("第一个阶段", 3, 0),
        ("第二步是什么", 3, 1),
        ("第3条", 3, 2),
        ("第四阶段", 3, None),
        ("第10项", 11, 9),
        ("第十项", 11, 9),
        ("最后一个阶段", 4, 3),
        ("最后阶段", 4, 3),
        ("分几个阶段", 4, None),
        ("第一", 0, None),
    ],
)
def test_ordinals(text: str, size: int, place: int | None) -> None:
    assert ordinal_in(text, size) == place


@pytest.mark.parametrize(
    ("text", "bodies"),
    [
        ("成员单位有区财政局、区教育局和区妇联。", ["区财政局", "区教育局", "区妇联"]),
        ("参加的是区财政局、区人力资源和社会保障局。", ["区财政局", "区人力资源和社会保障局"]),
        ("材料有身份证、户口本。", []),
        ("没有名单。", []),
    ],
)
def test_bodies_that_a_sentence_lists(text: str, bodies: list[str]) -> None:
    assert bodies_listed(text) == bodies


def in_force(knowledge: Knowledge, day: date) -> frozenset[int]:
    return knowledge.corpus.valid_documents(day)


def test_the_duty_nearest_to_the_topic_is_first(knowledge: Knowledge) -> None:
    for question, department in (
        ("谁负责组织创业培训", "区人力资源和社会保障局"),
        ("贴息资金谁负责落实", "区财政局"),
        ("个体工商户登记找谁", "区工商分局"),
    ):
        ranked = duties_about(read_question(question), knowledge, in_force(knowledge, TODAY))
        assert ranked[0].duty.departments == (department,)
        assert ranked[0].coverage > 0.5


def test_duties_hold_on_the_day_only(knowledge: Knowledge) -> None:
    late = TODAY.replace(year=2030)
    department = find_department("区财政局")
    assert department is not None
    assert duties_of(department, knowledge, in_force(knowledge, TODAY))
    assert duties_of(department, knowledge, in_force(knowledge, late)) == []
    assert all(
        d.duty.statement.document_id == 3
        for d in duties_about(read_question("贷款谁审核"), knowledge, in_force(knowledge, late))
    )
    assert leading_duty(knowledge, in_force(knowledge, late)) is None


def test_the_parts_of_a_clause_are_complete_and_in_order(knowledge: Knowledge) -> None:
    parts = parts_about(read_question("工作步骤分几个阶段"), knowledge, in_force(knowledge, TODAY))
    assert [part.address for part in parts] == ["三(一)", "三(二)", "三(三)"]
    assert [p.address for p in parts_named(parts, "宣传发动阶段做什么")] == ["三(一)"]
    assert not parts_about(read_question("红烧肉怎么做"), knowledge, in_force(knowledge, TODAY))


def test_help_for_a_group_is_all_there_is(knowledge: Knowledge) -> None:
    own, others = help_for(
        ["残疾人"], read_question("残疾人"), knowledge, in_force(knowledge, TODAY)
    )
    assert [s.text for s in own] == ["对残疾人开办企业的,给予一次性奖励8000元。"]
    assert others == []
    late = TODAY.replace(year=2030)
    assert help_for(["残疾人"], read_question("残疾人"), knowledge, in_force(knowledge, late)) == (
        [],
        [],
    )


DUTIES = """南山区创业工作分工

一、职责分工
区教育局负责统计并报送本系统创业人数,每季度报送一次创业情况。
区民政局负责统计并报送本系统创业人数,每季度报送一次创业情况。
区教育局负责开展创业培训100人,按期报送培训情况和培训名册。
区教育局负责开展创业指导200人,按期报送指导情况和指导名册。
二、工作安排
(一)第一季度培训人数不少于100人并按时上报。
(二)第二季度培训人数不少于200人并按时上报。
(三)第三季度培训人数不少于300人并按时上报。
"""


def test_items_that_differ_in_a_figure_are_all_listed(tmp_path: Path) -> None:
    built = knowledge_of(tmp_path, *SOURCES, Source(DUTIES))
    answer = answer_question(Question("二、工作安排有哪几项工作安排", TODAY), built)
    assert answer.status is AnswerStatus.ANSWERED
    for figure in ("100人", "200人", "300人"):
        assert figure in answer.text
    leads = [c for s in answer.sentences if (c := wording.stated_count(s.text))]
    assert leads in ([], ["3"])


def test_like_duties_of_two_departments_are_both_listed(tmp_path: Path) -> None:
    built = knowledge_of(tmp_path, *SOURCES, Source(DUTIES))
    answer = answer_question(Question("教育局和民政局的职责", TODAY), built)
    assert "区教育局负责统计并报送" in answer.text
    assert "区民政局负责统计并报送" in answer.text


def test_duties_near_in_meaning_are_ranked_with_the_others(knowledge: Knowledge) -> None:
    documents = in_force(knowledge, TODAY)
    reading = read_question("腿脚不便的人想学手艺归谁管")
    near = nearest_duties(reading, knowledge, documents)
    assert 0 < len(near) <= 10
    ranked = duties_about(reading, knowledge, documents, near)
    assert set(near) <= {d.duty for d in ranked}
    assert all(d.closeness == pytest.approx(d.coverage + 0.3 * d.nearness) for d in ranked)


def test_without_a_known_topic_nobody_is_made_responsible(ask: Ask) -> None:
    answer = ask("我家的狗丢了找谁")
    assert answer.status in (AnswerStatus.OUT_OF_SCOPE, AnswerStatus.NOT_IN_POLICY)
