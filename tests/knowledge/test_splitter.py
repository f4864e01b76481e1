"""The clause tree: addresses, nesting, spans that partition the text, linear time."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.clause_draft import ClauseDraft
from knowledge.document import ClauseKind
from knowledge.splitter import split

PLAN = Path(__file__).parents[2].parent / "shared" / "plan" / "plan.txt"


def numbered(text: str) -> list[str]:
    return [draft.address for draft in split(text) if draft.label]


def by_address(text: str) -> dict[str, ClauseDraft]:
    return {draft.address: draft for draft in split(text)}


def plan_addresses() -> list[str]:
    """The 52 numbered addresses of the district plan, generated from their counts."""
    han = "一二三四五六七八九十"
    items = {"一": 0, "二": 5, "三": 5, "四": 11, "五": 4, "六": 4}
    below = {"三(一)": 2, "三(二)": 5, "三(三)": 4, "三(四)": 3, "三(五)": 3}
    found = []
    for part, count in items.items():
        found.append(part)
        for number in range(count):
            item = f"{part}({(han[number] if number < 10 else '十' + han[number - 10])})"
            found.append(item)
            found += [f"{item}{n + 1}" for n in range(below.get(item, 0))]
    return found


@pytest.mark.skipif(not PLAN.exists(), reason="the plan file is not part of the repository")
def test_the_plan_has_its_52_headings_at_the_right_depth() -> None:
    text = PLAN.read_text(encoding="utf-8")
    drafts = split(text)
    assert [d.address for d in drafts if d.label] == plan_addresses()
    assert len(plan_addresses()) == 52
    for draft in drafts:
        if draft.label:
            assert draft.depth == 1 + draft.address.count("(") + draft.address[-1].isdigit()
    assert "".join(d.text for d in drafts) == text


@pytest.mark.skipif(not PLAN.exists(), reason="the plan file is not part of the repository")
def test_a_sentence_broken_by_a_page_is_one_clause() -> None:
    duties = [
        d for d in split(PLAN.read_text(encoding="utf-8")) if d.address.startswith("三(一)2¶")
    ]
    assert len(duties) == 20
    assert "\n\n" in duties[0].text.strip()  # the break stands inside the first duty
    assert duties[1].text.startswith("区委宣传部")


def test_sentence_goes_on_behind_a_page_break() -> None:
    text = "一、任务\n\n区教育局负责把创业教育纳入课程,面向在校学生和毕业\n\n年级学生开展指导。\n\n区妇联负责妇女创业。\n"
    assert [d.address for d in split(text)] == ["一", "一¶1", "一¶2"]


def test_a_title_without_full_stop_is_not_joined_with_its_paragraph() -> None:
    text = "一、加强组织领导,落实工作责任,形成工作合力\n各单位要认真履行职责。\n申请材料\n身份证、营业执照和申请表。\n"
    assert [d.address for d in split(text)] == ["一", "一¶1", "一¶2", "一¶3"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("一、甲\n(一)乙\n1、丙\n(1)丁\n①戊\n②己\n(2)庚\n2、辛\n(二)壬\n二、癸", ["一", "一(一)", "一(一)1", "一(一)1(1)", "一(一)1(1)①", "一(一)1(1)②", "一(一)1(2)", "一(一)2", "一(二)", "二"]),
        ("1. 甲\n(1) 乙\n(2) 丙\n2. 丁\n(1) 戊", ["1", "1(1)", "1(2)", "2", "2(1)"]),
        ("1.甲\n(一)乙\n(二)丙\n2.丁\n(一)戊\n(二)己\n3.庚", ["1", "1(一)", "1(二)", "2", "2(一)", "2(二)", "3"]),
        ("第一章 总则\n第一条 甲\n(一)乙\n1.丙\n2.丁\n(二)戊\n第二条 己\n第二章 分则\n第三条 庚", ["第一章", "第一条", "第一条(一)", "第一条(一)1", "第一条(一)2", "第一条(二)", "第二条", "第二章", "第三条"]),
        ("第一编 总则\n第一章 甲\n第一节 乙\n第一条 丙\n第二节 丁\n第二条 戊\n第二编 己\n第一章 庚\n第三条 辛", ["第一编", "第一编第一章", "第一编第一章第一节", "第一条", "第一编第一章第二节", "第二条", "第二编", "第二编第一章", "第三条"]),
        ("一、总则\n第一条 甲\n第二条 乙\n二、分则\n第三条 丙", ["一", "第一条", "第二条", "二", "第三条"]),
        ("第一条 甲:\n一、乙\n二、丙\n第二条 丁:\n一、戊", ["第一条", "第一条一", "第一条二", "第二条", "第二条一"]),
        ("第十二条之一 甲\n第十三条 乙", ["第十二条之一", "第十三条"]),
        ("第12条 甲\n第13条 乙", ["第12条", "第13条"]),
        ("\uff08一\uff09甲\n\uff08二\uff09乙\n\uff11\uff0e丙\n\uff12\uff0e丁", ["(一)", "(二)", "(二)1", "(二)2"]),
        ("1、甲\n2.乙\n3、丙", ["1", "2", "3"]),
        ("1、甲\n1)乙\n2)丙\n2、丁", ["1", "1.1)", "1.2)", "2"]),
        ("1 甲\n1.1 乙\n1.2 丙\n2.1 丁\n2.2 戊", ["1.1", "1.2", "2.1", "2.2"]),
        ("1.甲\n1.1 乙\n1.2 丙\n2.丁\n2.1 戊\n2.2 己", ["1", "1.1", "1.2", "2", "2.1", "2.2"]),
        ("一、\n(一)甲\n(二)乙", ["一", "一(一)", "一(二)"]),
        ("第一条 (一)甲。\n(二)乙。\n第二条 丙", ["第一条", "第一条(一)", "第一条(二)", "第二条"]),
        ("附件1\n一、甲\n二、乙\n附件2\n一、丙", ["附件1", "附件1一", "附件1二", "附件2", "附件2一"]),
        ("三、甲\n四、乙\n五、丙", ["三", "四", "五"]),
        ("一、甲\n三、乙\n四、丙", ["一", "三", "四"]),
        ("⒈甲\n⑴乙\n⑵丙\n⒉丁", ["1", "1(1)", "1(2)", "2"]),
        ("一、甲\n一、乙", ["一", "一#2"]),
        ("**一、甲**\n## (一)乙\n> (二)丙", ["一", "一(一)", "一(二)"]),
        ("一、甲\n(一)乙\n(二)丙\n二、丁\n(三)戊\n(四)己", ["一", "一(一)", "一(二)", "二", "二(三)", "二(四)"]),
    ],
)  # fmt: skip
def test_labels_nest(text: str, expected: list[str]) -> None:
    assert numbered(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        "2026.",
        "1.5倍以内的部分由财政承担。",
        "3.15消费者权益日开展宣传。",
        "2025年3月1日前完成。",
        "第十条规定的条件之一即可。",
        "第三条第二款所称人员。",
        "二、三产业技能培训。",
        "(2025)12号文件执行。",
        "12.5%的比例。",
        "10:30开始。",
        "A. Smith 先生。",
        "7、8月份开展检查。",
        "(五)是指上一款。",
    ],
)
def test_figures_and_references_at_a_line_start_are_text(line: str) -> None:
    assert numbered(f"一、甲\n(一)乙。\n{line}\n(二)丙。") == ["一", "一(一)", "一(二)"]


def test_reference_to_a_later_article_does_not_break_the_count() -> None:
    text = "第一条 甲。\n第二条 乙,适用\n第十五条 丙的例外。\n第三条 丁。\n第四条 戊。"
    assert numbered(text) == ["第一条", "第二条", "第三条", "第四条"]


def test_paragraphs_of_an_article_behind_its_list() -> None:
    found = by_address(
        "第一条 甲包括:\n(一)乙;\n(二)丙。\n前款不适用于丁。\n有下列情形的除外:\n(一)戊;\n(二)己。\n第二条 庚:\n(一)标题\n正文一段。\n"
    )
    assert list(found) == [
        "第一条", "第一条(一)", "第一条(二)", "第一条¶1", "第一条¶2", "第一条(一)#2", "第一条(二)#2",
        "第二条", "第二条(一)", "第二条(一)¶1",
    ]  # fmt: skip
    assert found["第一条¶1"].parent == 0
    assert found["第一条(一)#2"].parent == 0


def test_paragraph_and_item_units_need_a_mark_behind_them() -> None:
    assert numbered("第一条 甲。\n第一款罪名从重。\n第二条 乙。") == ["第一条", "第二条"]
    assert numbered("第一条 甲。\n第一款 乙。\n第一项 丙。\n第二项 丁。\n第二款 戊。") == [
        "第一条", "第一条第一款", "第一条第一款第一项", "第一条第一款第二项", "第一条第二款",
    ]  # fmt: skip


def test_enumeration_inside_a_line() -> None:
    found = by_address("一、材料包括:(1)身份证;(2)申请表;(3)营业执照。\n以上材料交窗口。\n二、其他")
    assert [d.text for a, d in found.items() if a.startswith("一(")] == [
        "(1)身份证;",
        "(2)申请表;",
        "(3)营业执照。\n",
    ]
    assert found["一"].text == "一、材料包括:"
    assert found["一¶1"].text == "以上材料交窗口。\n"


@pytest.mark.parametrize(
    "text",
    [
        "一、按照(1)和(2)的规定执行。",
        "一、分三类:(1)甲;(3)乙;(4)丙。",
        "一、奖励:(1)一等;(2)二等。以上奖励不重复。另行通知。",
        "一、见:(2)甲;(3)乙。",
    ],
)
def test_an_unclean_enumeration_stays_text(text: str) -> None:
    assert numbered(text) == ["一"]


def test_headings() -> None:
    found = by_address(
        "一、指导思想\n坚持自主创业。\n二、成立机构。由区政府牵头。\n三、宣传阶段:召开会议。\n四、比例达到1:6,人数增加。\n"
        "五、" + "长" * 41 + "。\n"
    )
    assert [found[a].heading for a in "一二三四五"] == [
        "指导思想",
        "成立机构",
        "宣传阶段",
        "比例达到1:6,人数增加",
        "",
    ]


def test_article_headings_only_where_they_are_set_off() -> None:
    found = by_address(
        "第一条 为了促进就业,制定本办法。\n第二条[适用范围]本区企业。\n第三条 资金来源  由财政安排。\n"
    )
    assert [d.heading for d in found.values()] == ["", "适用范围", "资金来源"]


def test_front_matter_is_one_clause_and_long_ones_are_cut() -> None:
    short = split("关于印发方案的通知\n区发〔2025〕1号\n各街道:\n现将方案印发给你们。\n一、目标\n")
    assert [(d.kind, d.address) for d in short] == [
        (ClauseKind.FRONT, ""),
        (ClauseKind.HEADING, "一"),
    ]
    long = split(
        "关于印发方案的通知\n各街道:\n" + "现将情况通报如下。" * 100 + "\n请认真执行。\n一、目标\n"
    )
    assert [d.address for d in long] == ["", "¶1", "¶2", "一"]


def test_a_text_without_numbers_is_cut_into_paragraphs() -> None:
    assert [d.address for d in split("创业培训补贴\n符合条件的人员可以申请。\n到窗口办理。")] == [
        "",
        "¶1",
        "¶2",
    ]
    assert [d.kind for d in split("无民事行为能力人实施的行为无效。")] == [ClauseKind.PARAGRAPH]


def test_signature_belongs_to_no_number() -> None:
    found = by_address(
        "标题\n一、目标\n本办法自发布之日起施行。\n区人力资源和社会保障局\n区财政局\n2025年3月1日\n附件1\n一、表格\n"
    )
    assert list(found) == ["", "一", "一¶1", "落款", "附件1", "附件1一"]
    assert found["落款"].text == "区人力资源和社会保障局\n区财政局\n2025年3月1日\n"
    assert found["落款"].parent is None


def test_tables_have_rows_below_their_header() -> None:
    text = "一、标准\n| 对象 | 金额 |\n| --- | --- |\n| 毕业生 | 1000元 |\n| 退役军人 | 2000元 |\n说明如上。\n"
    drafts = split(text)
    assert [(d.kind.value, d.address, d.parent) for d in drafts] == [
        ("heading", "一", None),
        ("table", "一表1", 0),
        ("row", "一表1行1", 1),
        ("row", "一表1行2", 1),
        ("paragraph", "一¶1", 0),
    ]


def test_unnumbered_headings() -> None:
    text = "# 办事指南\n说明。\n## 申请条件\n1. 甲\n2. 乙\n## 申请材料\n1. 丙\n### 备注\n丁。\n"
    assert [d.address for d in split(text)] == [
        "",
        "§1",
        "§1.1",
        "§1.2",
        "§2",
        "§2.1",
        "§2§1",
        "§2§1¶1",
    ]


def test_table_of_contents_is_front_matter() -> None:
    text = "条例\n目录\n第一章 总则\n第二章 附则\n第一章 总则\n第一条 甲\n第二章 附则\n第二条 乙\n"
    assert numbered(text) == ["第一章", "第一条", "第二章", "第二条"]


SNIPPETS = st.sampled_from(
    [
        "一、",
        "(一)",
        "1、",
        "1.",
        "(1)",
        "①",
        "第一条",
        "第二章",
        "\n",
        "\n\n",
        "。",
        ",",
        "|",
        "| a |\n",
        "目录\n",
        "# ",
        "## 甲\n",
        "2025年1月1日\n",
        "附件1\n",
        "甲",
        "1.1 ",
        ":",
        ";",
        "\u3000",
        "\r",
        "\x00",
        "Ⅰ、",
        "a.",
    ]
)


@given(st.one_of(st.text(max_size=300), st.lists(SNIPPETS, max_size=60).map("".join)))
@settings(max_examples=400, deadline=None)
def test_clauses_partition_any_text(text: str) -> None:
    drafts = split(text)
    assert "".join(d.text for d in drafts) == text
    for position, draft in enumerate(drafts):
        assert draft.position == position
        assert draft.text == text[draft.start : draft.end]
        assert draft.text
        if draft.parent is not None:
            assert draft.parent < position
            assert drafts[draft.parent].depth < draft.depth
    addresses = [d.address for d in drafts]
    assert len(set(addresses)) == len(addresses)


@st.composite
def outlines(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A generated plan and the addresses its numbers must get."""
    han = "一二三四五六七八九十"
    lines, addresses = ["工作方案"], []
    for part in range(draw(st.integers(1, 6))):
        lines.append(f"{han[part]}、第{part}部分标题")
        addresses.append(han[part])
        for item in range(draw(st.integers(0, 5))):
            lines.append(f"\uff08{han[item]}\uff09事项。具体内容。")
            addresses.append(f"{han[part]}({han[item]})")
            lines += ["没有编号的一段。"] * draw(st.integers(0, 2))
            for point in range(draw(st.integers(0, 4))):
                lines.append(f"{point + 1}.要点。内容。")
                addresses.append(f"{addresses[-1].rstrip('123456789')}{point + 1}")
    return "\n".join(lines), addresses


@given(outlines())
@settings(max_examples=150, deadline=None)
def test_generated_plans_get_their_addresses(plan: tuple[str, list[str]]) -> None:
    text, addresses = plan
    assert numbered(text) == addresses
    assert "".join(d.text for d in split(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "(1)" * 100_000,
        ":(1)" * 100_000,
        "1、\n" * 100_000,
        "一、(一)1、(1)①" * 50_000,
        "\n" * 1_000_000,
        "2025年1月1日\n" * 50_000,
        "| |\n" * 100_000,
        "## 甲\n" * 100_000,
        "\u3000" * 1_000_000 + "甲",
        ("一、甲\n(一)乙丙丁戊。\n1.己庚辛壬癸。\n" + "某部门负责某项工作,按规定办理。\n" * 20) * 4_500,
    ],
    ids=["brackets", "labels", "separated", "restarts", "chain", "empty", "dates", "tables", "marks", "spaces", "5MB"],
)  # fmt: skip
def test_hostile_and_large_input_takes_linear_time(text: str) -> None:
    begun = time.process_time()
    drafts = split(text)
    assert time.process_time() - begun < 6
    assert drafts[-1].end == len(text)


def test_a_heading_may_begin_with_a_number_that_does_not_count_on() -> None:
    text = "通知\n\n一、对象\n\n大学生。\n\n二、一次性创业补贴\n\n标准8000元。\n"
    assert [draft.label for draft in split(text) if draft.label] == ["一、", "二、"]
    broken = "通知\n\n一、对象\n\n发展第\n二、三产业的人员。\n"
    assert [draft.label for draft in split(broken) if draft.label] == ["一、"]
