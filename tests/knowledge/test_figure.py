import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.figure import FigureKind, find_figures, number_values

MONEY, SHARE, RATIO, AREA, PEOPLE, TIMES, DURATION, AGE, CLOCK, DATE, COUNT = FigureKind


@pytest.mark.parametrize(
    ("text", "figures"),
    [
        ("贷款10万元", [("10万元", MONEY)]),
        ("贷款额度15万", [("15万", MONEY)]),
        ("补贴5,000元", [("5,000元", MONEY)]),
        ("补贴1.5万元", [("1.5万元", MONEY)]),
        ("补贴五千元", [("五千元", MONEY)]),
        ("补贴两万元", [("两万元", MONEY)]),
        ("补贴3000至5000元", [("3000至5000元", MONEY)]),
        ("投入2亿元", [("2亿元", MONEY)]),
        ("每人每月300元", [("300元", MONEY)]),
        ("占20%", [("20%", SHARE)]),
        ("占20％", [("20％", SHARE)]),
        ("占30%—50%", [("30%", SHARE), ("50%", SHARE)]),
        ("百分之二十", [("百分之二十", SHARE)]),
        ("百分之二点五", [("百分之二点五", SHARE)]),
        ("三分之二", [("三分之二", SHARE)]),
        ("提高5个百分点", [("5个百分点", SHARE)]),
        ("三成左右", [("三成", SHARE)]),
        ("按1:3配比", [("1:3", RATIO)]),
        ("一比三", [("一比三", RATIO)]),
        ("面积3000平方米", [("3000平方米", AREA)]),
        ("两千平方米以上", [("两千平方米", AREA)]),
        ("200亩", [("200亩", AREA)]),
        ("培训600人", [("600人", PEOPLE)]),
        ("培训六百人", [("六百人", PEOPLE)]),
        ("600余人", [("600余人", PEOPLE)]),
        ("6000多人", [("6000多人", PEOPLE)]),
        ("三十五名学员", [("三十五名", PEOPLE)]),
        ("指导1400人次", [("1400人次", TIMES)]),
        ("每月两次", [("两次", TIMES)]),
        ("期限3年", [("3年", DURATION)]),
        ("不超过三年", [("三年", DURATION)]),
        ("15个工作日", [("15个工作日", DURATION)]),
        ("十五个工作日内", [("十五个工作日", DURATION)]),
        ("年满18周岁", [("18周岁", AGE)]),
        ("工作日8:30至17:00", [("8:30", CLOCK), ("17:00", CLOCK)]),
        ("每半年结算", [("每半年", DURATION)]),
        ("次年一季度", [("一季度", DURATION)]),
        ("公示两周", [("两周", DURATION)]),
        ("2026年6月30日前", [("2026年6月30日", DATE)]),
        ("2026-06-30", [("2026-06-30", DATE)]),
        ("2008年", [("2008年", DATE)]),
        ("二〇〇八年", [("二〇〇八年", DATE)]),
        ("12月31日", [("12月31日", DATE)]),
        ("不少于50个项目", [("50个", COUNT)]),
        ("十一项任务", [("十一项", COUNT)]),
        ("二十一个部门", [("二十一个", COUNT)]),
        ("一百零一家", [("一百零一家", COUNT)]),
        ("27", [("27", COUNT)]),
    ],
)
def test_a_figure_is_found_with_its_kind(text: str, figures: list[tuple[str, FigureKind]]) -> None:
    found = find_figures(text)
    assert [(figure.text, figure.kind) for figure in found] == figures
    assert all(text[figure.start : figure.end] == figure.text for figure in found)


@pytest.mark.parametrize(
    "text",
    [
        "一批项目", "一定条件", "进一步完善", "一次性奖励", "第三年", "第十五条", "第二十五条", "第二十一项",
        "第3条", "成立大会", "三成员", "万元户", "单位:万元", "上千人", "一个部门", "统一管理", "十分重要",
        "",
    ],
)  # fmt: skip
def test_words_and_ordinals_are_no_figures(text: str) -> None:
    assert find_figures(text) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("6,000人", {"6000"}),
        ("六千人", {"6000"}),
        ("6000人", {"6000"}),
        ("６０００人", {"6000"}),
        ("1.50万元", {"1.5"}),
        ("两万元", {"20000"}),
        ("百分之二十", {"20"}),
        ("20%", {"20"}),
        ("百分之二十点五", {"20.5"}),
        ("三分之二", {"3", "2"}),
        ("一比三", {"1", "3"}),
        ("三成", {"3"}),
        ("十五个工作日", {"15"}),
        ("二〇〇八年", {"2008"}),
        ("3至5年", {"3", "5"}),
        ("六两十八年", {"六两十八"}),  # no number: kept as it stands
        ("没有数字", set()),
    ],
)
def test_the_same_number_has_one_spelling(text: str, values: set[str]) -> None:
    assert number_values(text) == values


@given(st.integers(min_value=2, max_value=99_999_999))
def test_grouped_digits_are_the_number(number: int) -> None:
    assert number_values(f"{number:,}元") == number_values(f"{number}元") == {str(number)}


@given(
    st.text("零〇一二两三四五六七八九十百千万亿半点分之比成人个项%年月日第余多1.,２", max_size=40)
    | st.text(max_size=200)
)
def test_any_text_has_its_figures_in_place(text: str) -> None:
    figures = find_figures(text)
    number_values(text)
    assert all(text[figure.start : figure.end] == figure.text for figure in figures)
    ends = [0, *(figure.end for figure in figures)]
    assert all(figure.start >= end for figure, end in zip(figures, ends, strict=False))
