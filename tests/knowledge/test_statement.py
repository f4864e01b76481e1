import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.statement import MAX_STATEMENT_CHARACTERS, Statement, statements_of
from tests.fixtures.policies import PLAN, Source, corpus_of

LINE = "个人申请创业担保贷款,应当向户籍所在地的街道提出书面申请,经审核同意后期限"  # a full line


def cut(text: str) -> list[Statement]:
    (document,) = corpus_of(Source(text)).documents.values()
    return list(statements_of(document))


def texts(body: str) -> list[str]:
    return [s.text for s in cut(f"试行办法\n\n一、规定\n{body}\n") if s.text != "规定"]


@pytest.mark.parametrize(
    ("body", "statements"),
    [
        ("甲方负责。乙方配合!丙方呢？", ["甲方负责。", "乙方配合!", "丙方呢？"]),
        ("甲方负责；乙方配合。", ["甲方负责；", "乙方配合。"]),
        ("按照《办法》(试行。暂行)办理。", ["按照《办法》(试行。暂行)办理。"]),
        ("按照（甲。乙）办理。", ["按照（甲。乙）办理。"]),
        ("提出“先贷款。后贴息”的办法。", ["提出“先贷款。后贴息”的办法。"]),
        ("他说“先贷款。”然后贴息。", ["他说“先贷款。”", "然后贴息。"]),
        (f"{LINE}最长不超过\n三年。", [f"{LINE}最长不超过三年。"]),
        (f"{LINE}包括贷款、\n补贴。", [f"{LINE}包括贷款、补贴。"]),
        ("年培训1,600人,补贴1.5万元。", ["年培训1,600人,补贴1.5万元。"]),
        ("没有句号", ["没有句号"]),
        ("。。。", []),
    ],
)
def test_sentences_are_cut_where_they_end(body: str, statements: list[str]) -> None:
    assert texts(body) == statements


def test_an_unclosed_bracket_does_not_swallow_a_chapter() -> None:
    found = texts("开头(没有结束。" + "后面还有一句话。" * 200)
    assert len(found) > 2
    assert all(len(text) <= MAX_STATEMENT_CHARACTERS + 10 for text in found)


def test_headings_are_told_from_sentences() -> None:
    found = {s.text: s.is_heading for s in cut(PLAN)}
    assert found["培训目标。"]
    assert found["部门职责"]
    assert not found["全年创业培训不少于600人。"]
    assert not found["申请场地补贴应当提交下列材料:"]
    assert not found["区财政局负责落实贴息资金。"]


def test_a_whole_sentence_alone_is_no_heading() -> None:
    (statement,) = cut("办法\n\n1. 建立创业孵化基地。\n")
    assert statement.text == "建立创业孵化基地。"
    assert not statement.is_heading


def test_a_row_is_one_statement_and_the_header_none() -> None:
    found = cut(PLAN)
    rows = [s for s in found if "档次：" in s.text]
    assert [row.text for row in rows] == [
        "档次：一档；带动就业：3人；奖励：6000元",
        "档次：二档；带动就业：10人；奖励：20000元",
    ]
    assert [figure.text for figure in rows[0].figures] == ["3人", "6000元"]
    assert not any("---" in s.text or "|" in s.text for s in found)


def test_a_statement_knows_its_figures_and_its_place() -> None:
    statement = next(s for s in cut(PLAN) if "3000" in s.text)
    assert [figure.text for figure in statement.figures] == ["3000平方米", "1个", "40户"]
    assert PLAN[statement.start : statement.end] == statement.text


def test_labels_and_front_matter_give_no_statement() -> None:
    found = [s.text for s in cut(PLAN)]
    assert not any(text.startswith(("(一)", "一、", "1.")) for text in found)
    assert "青河区创业促进工作方案" not in found


@given(st.text("一二三、(（)）《》“”。；!\n 甲乙丙|1.第条章", max_size=120) | st.text(max_size=200))
def test_statements_of_any_text_stand_in_it_one_after_the_other(body: str) -> None:
    text = "办法\n\n" + body.replace("\r", "\n")
    found = cut(text)
    place = 0
    for statement in found:
        assert place <= statement.start < statement.end <= len(text)
        place = statement.end
        if "|" not in text and "\t" not in text:
            source = text[statement.start : statement.end]
            assert "".join(source.split()) == "".join(statement.text.split())
