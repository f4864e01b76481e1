import pytest

from knowledge.register import bodies_responsible, build_register, split_bodies
from tests.fixtures.policies import PLAN, Source, corpus_of


@pytest.mark.parametrize(
    ("sentence", "bodies"),
    [
        ("区财政局负责落实贴息资金。", ["区财政局"]),
        ("区人力资源和社会保障局负责组织创业培训。", ["区人力资源和社会保障局"]),
        ("区国税局、地税分局和区财政局共同落实减免。", ["区国税局", "地税分局", "区财政局"]),
        ("区教育局与区人力资源和社会保障局负责统计。", ["区教育局", "区人力资源和社会保障局"]),
        ("区发展和改革委员会会同区财政局制定办法。", ["区发展和改革委员会", "区财政局"]),
        ("财政部门应当及时拨付资金。", ["财政部门"]),
        ("县级以上地方人民政府应当安排资金。", ["县级以上地方人民政府"]),
        ("妇联负责宣传发动。", ["妇联"]),
        ("区妇联、区残联、工会组织比赛。", ["区妇联", "区残联", "工会"]),
        ("创业担保贷款由人力资源社会保障部门审核,由银行发放。", ["人力资源社会保障部门", "银行"]),
        ("申请人应向当地人社部门提出申请。", ["人社部门"]),
        ("到户籍所在地街道办事处登记。", ["街道办事处"]),
        ("有问题的,可以向区监察局投诉。", ["区监察局"]),
        ("各街道办事处、社区居委会要做好统计。", ["各街道办事处", "社区居委会"]),
        ("全年创业培训不少于600人。", []),
        ("提高部门效率。", []),
        ("", []),
    ],
)
def test_the_bodies_that_a_sentence_makes_act(sentence: str, bodies: list[str]) -> None:
    assert list(bodies_responsible(sentence)) == bodies


@pytest.mark.parametrize(
    ("names", "bodies"),
    [
        ("区国税局、地税分局", ["区国税局", "地税分局"]),
        ("区财政局和区教育局", ["区财政局", "区教育局"]),
        ("人力资源和社会保障局", ["人力资源和社会保障局"]),
        ("区财政局、区教育局以及区民政局", ["区财政局", "区教育局", "区民政局"]),
        ("身份证、户口本", []),
    ],
)
def test_names_are_parted(names: str, bodies: list[str]) -> None:
    assert split_bodies(names) == bodies


def test_hundreds_of_names_in_a_row_are_read_at_once() -> None:
    """Every 局和 could end a name or stand in one: 2^100 ways to cut this sentence."""
    sentence = "由" + "区甲局和" * 100
    assert bodies_responsible(sentence) == ()
    assert bodies_responsible("区甲局和" * 99 + "区乙局负责。") == ("区甲局", "区乙局")


STYLES = {
    "一、": "办法\n\n一、分工\n区财政局负责拨款。并定期公布结果。\n",
    "第一条": "办法\n\n第一条 区财政局负责拨款。并定期公布结果。\n",
    "(一)": "办法\n\n(一)分工。区财政局负责拨款。并定期公布结果。\n",
    "1.": "办法\n\n1. 区财政局负责拨款。并定期公布结果。\n",
    "①": "办法\n\n一、分工\n① 区财政局负责拨款。并定期公布结果。\n",
}


@pytest.mark.parametrize("text", STYLES.values(), ids=STYLES)
def test_duties_are_read_in_every_numbering(text: str) -> None:
    register = build_register(corpus_of(Source(text)))
    assert [(duty.departments, duty.statement.text) for duty in register.duties] == [
        (("区财政局",), "区财政局负责拨款。"),
        (("区财政局",), "并定期公布结果。"),  # goes on with its subject
    ]


def test_a_subject_ends_with_its_clause() -> None:
    text = "办法\n\n第一条 区财政局负责拨款。\n第二条 培训不少于600人。\n"
    register = build_register(corpus_of(Source(text)))
    assert [duty.statement.text for duty in register.duties] == ["区财政局负责拨款。"]


def test_another_subject_goes_not_on() -> None:
    register = build_register(
        corpus_of(Source("办法\n\n一、分工\n区财政局负责拨款。期限为3年。\n"))
    )
    assert [duty.statement.text for duty in register.duties] == ["区财政局负责拨款。"]


def test_who_decides_is_no_subject_of_the_next_sentence() -> None:
    text = "办法\n\n第一条 贷款由区财政局审核。并可以展期。\n"
    register = build_register(corpus_of(Source(text)))
    assert [duty.statement.text for duty in register.duties] == ["贷款由区财政局审核。"]


def test_the_register_holds_every_statement_once_and_in_order() -> None:
    corpus = corpus_of(Source(PLAN), Source(STYLES["一、"]))
    register = build_register(corpus)
    places = [(s.document_id, s.start) for s in register.statements]
    assert places == sorted(set(places))
    assert tuple(s for found in register.by_clause.values() for s in found) == register.statements
    assert {d.statement for d in register.duties} <= set(register.statements)


def test_departments_of_a_clause() -> None:
    corpus = corpus_of(Source(PLAN))
    register = build_register(corpus)
    clause = corpus.at_address(1, "二¶3")
    assert clause is not None
    assert register.departments(clause.id) == ("区财政局",)
    assert register.departments(10_000) == ()
