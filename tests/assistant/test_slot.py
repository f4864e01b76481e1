"""The unit that a question names, how finely it asks for a time, and whose figure it wants."""

import pytest

from assistant.slot import (
    asks_for_one_of_many,
    is_fine_enough,
    is_of_the_whole,
    names_members,
    unit_stated,
)
from knowledge.document import Level
from knowledge.figure import find_figures
from knowledge.statement import Statement


def stated(text: str) -> Statement:
    return Statement(1, 1, 0, len(text), text, is_heading=False, figures=tuple(find_figures(text)))


@pytest.mark.parametrize(
    ("question", "text", "fits"),
    [
        ("一年要教会多少人", "创业培训的目标是600人。", True),
        ("要放几百号人", "提供创业贷款的目标是500人次。", True),
        ("放款多少人次", "累计不超过3次。", False),
        ("活动办几场", "咨询活动的次数不少于5次。", True),
        ("得有几成", "存活率要达到80%以上。", True),
        ("得有几成", "帮助创业成功的目标是500人。", False),
        ("多出来多少家", "新增企业的目标是每年200户。", True),
        ("要多少平方", "面积不少于6000平方米。", True),
        ("要复印几份", "累计不超过3次。", False),
        ("目标是多少", "创业培训的目标是600人。", False),
    ],
)
def test_a_figure_has_to_be_of_the_unit_that_the_question_names(
    question: str, text: str, *, fits: bool
) -> None:
    assert unit_stated(question, stated(text)) is fits


@pytest.mark.parametrize(
    ("question", "text", "fits"),
    [
        ("哪天开园", "近3年在孵创业实体每年不少于30户。", False),
        ("几号截止", "受理截止日期为9月30日。", True),
        ("几月报进展", "每季度报送工作进展情况。", True),
        ("到账要几个工作日", "要正常经营1年以上。", False),
        ("登记要几天", "登记机关在3个工作日内登记。", True),
        ("登记要几天", "登记机关当场登记。", True),
        ("期限几年", "期限最长3年。", True),
    ],
)
def test_a_time_has_to_be_told_as_finely_as_it_is_asked_for(
    question: str, text: str, *, fits: bool
) -> None:
    assert is_fine_enough(question, stated(text)) is fits


def test_a_target_of_the_district_is_no_figure_of_the_country() -> None:
    question, context = "全国平均的指数是多少", "指数要达到20%以上。"
    assert not is_of_the_whole(question, Level.DISTRICT, context)
    assert is_of_the_whole(question, Level.NATIONAL, context)
    assert is_of_the_whole(question, Level.DISTRICT, f"全国{context}")
    assert is_of_the_whole("指数是多少", Level.DISTRICT, context)


@pytest.mark.parametrize("question", ["隔壁县的基地多大面积", "别的区要建几个基地"])
def test_a_figure_of_ones_own_is_none_of_the_neighbours(question: str) -> None:
    context = "基地的面积不少于6000平方米。"
    assert not is_of_the_whole(question, Level.DISTRICT, context)
    assert not is_of_the_whole(question, Level.NATIONAL, context)
    assert is_of_the_whole("别的区的户口能贷多少", Level.NATIONAL, "最高30万元。")


def test_a_target_is_no_share_of_a_street() -> None:
    question = "新增企业的指标分到我们街道是多少户"
    assert not is_fine_enough(question, stated("新增企业的目标是每年200户。"))
    assert is_fine_enough(question, stated("每个街道每年新增企业20户。"))


@pytest.mark.parametrize(
    ("question", "text", "items", "named"),
    [
        ("创业型街道是哪三个", "要创建3个创业型街道。", 0, False),
        ("是哪三个街道", "试点有东街、西街和北街。", 0, True),
        ("给我个名单", "要创建40个创业型社区。", 0, False),
        ("哪4个条件", "要同时符合下列条件:", 4, True),
        ("创业型街道有几个", "要创建3个创业型街道。", 0, True),
        ("上了失信名单能贷款吗", "信用记录要良好。", 0, True),
    ],
)
def test_a_number_does_not_name_the_members(
    question: str, text: str, items: int, *, named: bool
) -> None:
    assert names_members(question, text, items) is named


@pytest.mark.parametrize("question", ["一期多少人", "每批几户", "一个班几个人"])
def test_the_figure_for_each_of_many_is_told_from_the_one_in_all(question: str) -> None:
    assert asks_for_one_of_many(question)
    assert not asks_for_one_of_many("一年多少人")
