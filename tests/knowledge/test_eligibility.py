from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.eligibility.condition import Comparison, Joint, Junction, leaves_of
from knowledge.eligibility.fact import Facts, elapsed_range, months_before, read_range, write_range
from knowledge.eligibility.formula import InvalidFormula, compute, names_in, spell_out
from knowledge.eligibility.inquiry import next_inquiry, options_for
from knowledge.eligibility.quantity import InvalidQuantity, read_quantity, show_quantity
from knowledge.eligibility.rule import Outcome, Rule, judge
from knowledge.eligibility.rule_file import InvalidRule, read_rule
from knowledge.eligibility.rulebook import (
    LOCAL_FILE,
    RULES,
    Rulebook,
    load_rulebook,
    rules_in_force,
)
from knowledge.register import build_register
from tests.fixtures.policies import LOAN, Source, corpus_of

TODAY = date(2026, 6, 30)
MET, NOT_MET, MISSING = Outcome.MET, Outcome.NOT_MET, Outcome.MISSING


BOOK = load_rulebook()


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return BOOK


def rule(book: Rulebook, code: str) -> Rule:
    return next(r for r in book.rules if r.code == code)


def facts(book: Rulebook, on: date = TODAY, **known: Any) -> Facts:
    return book.facts_of(known, on)


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("30万元", 300_000, "元"),
        ("三分之二", Fraction(2, 3), "%"),
        ("4%", Fraction(1, 25), "%"),
        ("半年", Fraction(1, 2), "年"),
        ("两百人", 200, "人"),
        ("2,000元", 2000, "元"),
        ("1.5万", 15_000, ""),
    ],
)
def test_quantities_are_read_as_they_are_written(text: str, value: Fraction, unit: str) -> None:
    quantity = read_quantity(text)
    assert (quantity.value, quantity.unit) == (value, unit)


@pytest.mark.parametrize("text", ["", "很多", "万元", "1.2.3元"])
def test_what_is_no_quantity_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InvalidQuantity):
        read_quantity(text)


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (Fraction(660_000), "元", "66万元"),
        (Fraction(4000), "元", "4000元"),
        (Fraction(10, 3), "元", "约3.33元"),
        (Fraction(1, 24), "%", "约4.17%"),
        (Fraction(1, 10), "%", "10%"),
        (Fraction(3), "人", "3人"),
    ],
)
def test_values_are_shown_in_plain_chinese(value: Fraction, unit: str, shown: str) -> None:
    assert show_quantity(value, unit) == shown


def test_formulas_are_exact_and_spelt_out() -> None:
    formula = "最小(本金, 上限) × (利率 \u2212 1%的数) ÷ 2"
    assert names_in(formula) == ("本金", "上限", "利率")
    values = {"本金": Fraction(3), "上限": Fraction(2), "利率": Fraction(1, 3)}
    assert compute("最小(本金, 上限) × 利率 ÷ 2", values) == Fraction(1, 3)
    assert spell_out("本金 × 利率", {"本金": "20万元", "利率": "4%"}) == "20万元 × 4%"


def test_an_instalment_repays_the_loan() -> None:
    names = {"本金": Fraction(200_000), "利率": Fraction(4, 100), "期": Fraction(36)}
    left = names["本金"]
    paid = compute("每期等额本息(本金, 利率, 期)", names)
    for _ in range(36):
        left = left * (1 + names["利率"] / 12) - paid
    assert left == 0
    assert compute("每期等额本息(本金, 0, 期)", names) * 36 == names["本金"]


@pytest.mark.parametrize("formula", ["", "1 +", "(1", "1)", "最小(1)", "最小 1", "没有", "1 ÷ 0"])
def test_a_wrong_formula_is_refused(formula: str) -> None:
    with pytest.raises(InvalidFormula):
        compute(formula, {})


@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)), st.integers(0, 600))
def test_months_are_counted_back(day: date, months: int) -> None:
    earlier = months_before(day, months)
    assert (day.year - earlier.year) * 12 + day.month - earlier.month == months
    assert earlier.day <= day.day


@given(st.dates(date(1950, 1, 1), date(2090, 1, 1)), st.integers(0, 5000))
def test_a_range_of_days_is_stored_and_read_back(low: date, days: int) -> None:
    high = date.fromordinal(low.toordinal() + days)
    assert read_range(write_range(low, high)) == (low, high)


def test_relative_dates_end_on_the_day_they_are_said() -> None:
    assert elapsed_range("今年", TODAY) == "2026"
    assert read_range(elapsed_range("满12个月", TODAY)) == (date.min, date(2025, 6, 30))
    assert read_range(elapsed_range("不满24个月", TODAY)) == (date(2024, 7, 1), TODAY)
    with pytest.raises(ValueError, match="应写成"):
        elapsed_range("很久", TODAY)


@pytest.mark.parametrize(
    ("left_school_on", "outcome"),
    [
        ("2024-06-30", True),
        ("2024-06-29", False),
        ("2024", None),  # somewhere in the year of the limit
        ("2025", True),
        ("../2024-05-01", False),
    ],
)
def test_two_years_after_school_end_to_the_day(
    book: Rulebook, left_school_on: str, outcome: bool | None
) -> None:
    within = next(
        test
        for condition in rule(book, "start-up-subsidy").conditions
        for test in leaves_of(condition)
        if test.comparison is Comparison.WITHIN
    )
    assert within.truth(facts(book, left_school_on=left_school_on)) is outcome


TRUTHS = (True, False, None)


@pytest.mark.parametrize("one", TRUTHS)
@pytest.mark.parametrize("other", TRUTHS)
def test_conditions_follow_kleene(book: Rulebook, one: bool | None, other: bool | None) -> None:
    known = {k: v for k, v in (("disabled", one), ("veteran", other)) if v is not None}
    parts = tuple(
        next(t for r in book.rules for c in r.conditions for t in leaves_of(c) if t.fact == name)
        for name in ("残疾", "退役军人")
    )
    basis = parts[0].basis
    of = facts(book, TODAY, **known)

    def joined(joint: Joint) -> bool | None:
        return Junction(joint, parts, basis, "").truth(of)

    both, values = {one, other}, [one, other]
    assert joined(Joint.ALL) is (False if False in both else None if None in both else True)
    assert joined(Joint.ANY) is (True if True in both else None if None in both else False)
    negated = Junction(Joint.NOT, parts[:1], basis, "").truth(of)
    assert negated is (None if values[0] is None else not values[0])


@settings(deadline=None)
@given(st.data())
def test_knowing_more_never_takes_a_settled_condition_back(data: st.DataObject) -> None:
    """Kleene's logic is monotone: what holds whatever is unknown goes on to hold."""
    book = BOOK
    yes_no = sorted(f.key for f in book.facts.values() if f.kind == "是否")
    known = data.draw(st.dictionaries(st.sampled_from(yes_no), st.booleans(), max_size=8))
    more = data.draw(st.dictionaries(st.sampled_from(yes_no), st.booleans(), max_size=8))
    before, after = facts(book, TODAY, **known), facts(book, TODAY, **{**more, **known})
    for one in book.rules:
        for condition in one.conditions:
            truth = condition.truth(before)
            assert truth is None or condition.truth(after) is truth


@pytest.mark.parametrize(
    ("code", "known", "outcome"),
    [
        ("loan-person", {"graduate": True}, MET),
        ("loan-person", {}, MISSING),
        ("loan-person", {"identity": True}, NOT_MET),
        ("loan-person", {"graduate": True, "borrowed": True, "loans_before": 3}, NOT_MET),
        ("loan-person", {"graduate": True, "applicant": "小微企业"}, NOT_MET),
        ("loan-enterprise", {"applicant": "小微企业", "staff": 100, "new_hires": 9}, NOT_MET),
        ("loan-enterprise", {"applicant": "小微企业", "staff": 101, "new_hires": 6}, MISSING),
        ("tax-veterans", {"veteran": True, "form": "个体工商户"}, MISSING),
        ("vat-small", {"small_taxpayer": True, "monthly_sales": 100_000}, MET),
        ("vat-small", {"small_taxpayer": True, "monthly_sales": 100_001}, NOT_MET),
        ("incubator", {"founder": True}, MISSING),  # its terms are left to the district
    ],
)
def test_the_shipped_rules_turn_at_their_limits(
    book: Rulebook, code: str, known: dict[str, Any], outcome: Outcome
) -> None:
    assert judge(rule(book, code), facts(book, **known)).outcome is outcome


def test_what_is_presumed_helps_and_is_named(book: Rulebook) -> None:
    verdict = judge(rule(book, "loan-person"), facts(book, veteran=True))
    assert verdict.outcome is MET
    assert set(verdict.presumed) == {"申请人", "贷过"}
    enterprise = judge(rule(book, "loan-enterprise"), facts(book))
    assert enterprise.outcome is MISSING  # 个人 is presumed, but turns nobody away


def test_who_names_one_identity_is_told_which_others_would_matter(book: Rulebook) -> None:
    old = facts(book, graduate=True, left_school_on="2020")
    verdict = judge(rule(book, "start-up-subsidy"), old)
    assert verdict.outcome is NOT_MET
    assert verdict.unmentioned == ("就业困难", "脱贫人口", "返乡农民工", "退役军人")
    poor = facts(book, low_income=True, unemployed=True, form="个体工商户")
    assert judge(rule(book, "tax-key-groups"), poor).outcome is MISSING  # registered, perhaps


def test_the_question_that_settles_most_is_asked(book: Rulebook) -> None:
    loans = [rule(book, "loan-person"), rule(book, "loan-enterprise")]
    first = next_inquiry(loans, facts(book, applicant="个人"), book.inquiries)
    assert first is not None
    assert first.key == "identity"
    laid_off = next_inquiry(loans, facts(book, unemployed=True), book.inquiries)
    assert laid_off is not None
    assert laid_off.key == "registration"
    assert next_inquiry(loans, facts(book, applicant="个人", identity=True), book.inquiries) is None


def test_only_identities_that_matter_are_offered(book: Rulebook) -> None:
    identity = book.inquiry("identity")
    assert identity is not None
    offered = options_for(identity, [rule(book, "insurance-subsidy")], facts(book))
    assert [option.label for option, _ in offered] == ["就业困难人员", "高校毕业生", "都不是"]


def test_every_open_rule_has_a_question_or_waits_for_the_district(book: Rulebook) -> None:
    asked = {name for q in book.inquiries for name in q.facts}
    for one in book.rules:
        for condition in one.conditions:
            for test in leaves_of(condition):
                sources = facts(book).sources_of(test.fact)
                assert test.comparison is Comparison.LOCAL or set(sources) <= asked, test


def test_every_answer_to_tap_changes_something(book: Rulebook) -> None:
    for inquiry in book.inquiries:
        for option, values in options_for(inquiry, book.rules, facts(book)):
            assert values, (inquiry.key, option.label)


CLAUSES = {"对象": {"文件": "series-1", "条款": "第一条"}}
SMALL: dict[str, Any] = {
    "编号": "small",
    "名称": "小贷款",
    "类别": "贷款",
    "说法": ["贷款"],
    "条款": CLAUSES,
    "条件": [{"残疾": "是", "依据": "对象", "原文": "个人申请创业担保贷款"}],
    "得到": [{"依据": "对象", "原文": "期限最长不超过3年"}],
    "参数": {"年限": {"值": "3年", "依据": "对象", "原文": "最长不超过3年"}},
}


def small(**changes: Any) -> dict[str, Any]:
    return {**SMALL, **changes}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"条件": [{"没有的事": "是", "依据": "对象", "原文": "个人"}]}, "没有的事"),
        ({"条件": [{"残疾": "是", "依据": "别处", "原文": "个人"}]}, "没有列在“条款”里"),
        ({"条件": [{"残疾": "是", "依据": "对象", "原文": ""}]}, "没有写原文"),
        ({"条件": [{"年龄": {"至少": "18岁"}, "依据": "对象", "原文": "16岁"}]}, "18岁"),
        ({"条件": [{"年龄": {"满": "1年"}, "依据": "对象", "原文": "1年"}]}, "不能用“满”比较"),
        ({"条件": [{"残疾": "是", "年龄": "是", "依据": "对象", "原文": "个"}]}, "只能写一件事"),
        (
            {"条件": [{"残疾": "是", "依据": "对象", "原文": "个人", "说明": "满60岁的人"}]},
            "60",
        ),
        ({"参数": {"年限": {"值": "5年", "依据": "对象", "原文": "不超过3年"}}}, "5年"),
        ({"金额": [{"名称": "总额", "算式": "年限 × 什么", "单位": "元"}]}, "什么"),
        ({"条件": None}, "small"),
    ],
)
def test_a_wrong_rule_is_refused_with_where_and_why(
    book: Rulebook, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidRule, match=said):
        read_rule(small(**changes), book.facts)


def test_a_rule_is_used_only_while_its_clause_says_so(book: Rulebook) -> None:
    read = read_rule(small(), book.facts)
    one = Rulebook(book.facts, book.inquiries, (read,), "")
    until = date(2026, 12, 31)
    corpus = corpus_of(Source(LOAN.format(limit=30), effective_on=TODAY, expires_on=until))
    register = build_register(corpus)

    def left_out(day: date) -> list[str]:
        return [u.reason for u in rules_in_force(one, corpus, register, day).unusable]

    assert left_out(TODAY) == []
    assert "无效" in left_out(date(2027, 1, 1))[0]
    assert "无效" in left_out(date(2026, 6, 29))[0]
    changed = corpus_of(Source(LOAN.format(limit=30).replace("3年", "5年"), effective_on=TODAY))
    found = rules_in_force(one, changed, build_register(changed), TODAY)
    assert "没有“期限最长不超过3年”这些字" in found.unusable[0].reason
    assert found.rules == ()


def entered(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / LOCAL_FILE
    path.write_text(yaml.safe_dump({"本地参数": list(entries)}, allow_unicode=True), "utf-8")
    return path


LOCAL = {
    "规则": "start-up-subsidy",
    "参数": "本地补贴金额",
    "值": "5000元",
    "自": date(2026, 1, 1),
    "到": date(2026, 12, 31),
    "文号": "某人社发〔2026〕3号",
}


def test_local_figures_hold_on_their_days(tmp_path: Path, book: Rulebook) -> None:
    newer = {**LOCAL, "值": "8000元", "自": date(2027, 1, 1), "到": None}
    with_local = load_rulebook(local=entered(tmp_path, LOCAL, newer))
    parameter = rule(with_local, "start-up-subsidy").parameters["本地补贴金额"]
    values = [parameter.on(date(year, 6, 1)) for year in (2025, 2026, 2027)]
    assert [v and v.quantity.text for v in values] == [None, "5000元", "8000元"]
    assert with_local.digest != book.digest
    assert load_rulebook(local=tmp_path / "missing.yaml").digest == book.digest


@pytest.mark.parametrize(
    "entry",
    [
        {**LOCAL, "规则": "没有"},
        {**LOCAL, "参数": "没有"},
        {**LOCAL, "值": "不少"},
        {**LOCAL, "自": "去年"},
        {k: v for k, v in LOCAL.items() if k != "文号"},
        {**LOCAL, "规则": "loan-person", "参数": "个人最高额度"},  # national: not to be changed
    ],
)
def test_a_wrong_local_figure_is_refused(tmp_path: Path, entry: dict[str, Any]) -> None:
    with pytest.raises(InvalidRule):
        load_rulebook(local=entered(tmp_path, entry))


def test_a_broken_file_says_its_line(tmp_path: Path) -> None:
    for path in RULES.glob("*.yaml"):
        (tmp_path / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / "loan.yaml").write_text("规则:\n  - 编号: [\n", "utf-8")
    with pytest.raises(InvalidRule, match="loan.yaml 第"):
        load_rulebook(tmp_path)
