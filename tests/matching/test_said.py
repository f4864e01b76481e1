"""What a message says of its writer, over everyday sentences kept as data."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from evaluation.case import read_cases
from knowledge.lexicon import people_groups
from matching.profile.amount import find_amounts, spoken_number
from matching.profile.patterns import PATTERNS
from matching.profile.said import LIST_KEYS, facts_said, find_said, labels_in
from matching.target_group import TargetGroup

HERE = Path(__file__).parent
KEYS = LIST_KEYS | {"budget_yuan", "premises", "premises_m2", "street", "people", "hours", "risk"}


def sentences(name: str) -> list[list[Any]]:
    return yaml.safe_load((HERE / name).read_text("utf-8"))  # type: ignore[no-any-return]


def known_after(messages: list[str]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for message in messages:
        known.update(facts_said(message, known))
        known = {key: value for key, value in known.items() if value is not None}
    return known


@pytest.mark.parametrize("name", ["said_sentences.yaml", "said_held_out.yaml"])
def test_sentences_are_understood(name: str) -> None:
    wrong = [(say, facts_said(say)) for say, want in sentences(name) if facts_said(say) != want]
    assert wrong == []


@pytest.mark.parametrize(("messages", "want"), sentences("said_dialogues.yaml"))
def test_later_messages_correct_earlier_ones(messages: list[str], want: dict[str, Any]) -> None:
    assert known_after(messages) == want


def test_questions_about_policies_give_no_money() -> None:
    cases = read_cases(HERE.parents[1] / "evaluation" / "cases" / "plan.jsonl")
    assert [case.question for case in cases if "budget_yuan" in facts_said(case.question)] == []


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("三五万", 50_000), ("小十万", 100_000), ("万把块", 10_000), ("一万五", 15_000), ("5w", 50_000),
        ("3到5万", 50_000), ("三到五万", 50_000), ("十几万", 150_000), ("二十多万", 200_000), ("两三千块", 3_000),
        ("八千", 8_000), ("8万5", 85_000), ("5.5万元", 55_000), ("十五六万", 160_000), ("五千块钱", 5_000),
        ("1万2", 12_000), ("50000元", 50_000),
    ],
)  # fmt: skip
def test_spoken_sums(words: str, value: int) -> None:
    assert [amount.value for amount in find_amounts(words)] == [value]


@pytest.mark.parametrize(
    "words", ["一千人", "第三万", "2万株", "三个部门", "2008年", "几块内容", "多少万"]
)
def test_other_numbers_are_no_money(words: str) -> None:
    assert find_amounts(words) == []


def test_areas() -> None:
    found = [(a.value, a.is_area) for a in find_amounts("二十平的门面,三亩地,100平方米")]
    assert found == [(20, True), (2000, True), (100, True)]


def test_numbers_that_are_none() -> None:
    assert spoken_number("半") == 0.5
    assert spoken_number("万千百") is None


def test_words_of_a_fact_can_be_shown() -> None:
    text = "我有五万块,会做饭"
    assert [(s.key, text[s.start : s.end]) for s in find_said(text)] == [
        ("budget_yuan", "五万块"),
        ("skills", "做饭"),
    ]


def test_a_wish_ends_the_aversion() -> None:
    known = facts_said("不想干餐饮")
    assert facts_said("还是想开个饭馆", known) == {"interests": ["餐饮"], "avoids": None}


def test_labels_of_a_project_text() -> None:
    assert labels_in("需要会烘焙和收银", "skills") == ("面点烘焙", "销售")


def test_every_group_is_one_that_projects_name() -> None:
    assert set(PATTERNS.groups) <= set(TargetGroup)
    assert people_groups()


def test_every_industry_is_a_division() -> None:
    assert all(len(code) == 2 for codes in PATTERNS.industries.values() for code in codes)


@given(st.text(max_size=120))
def test_any_text_gives_plain_facts(text: str) -> None:
    facts = facts_said(text)
    assert set(facts) <= KEYS
    assert facts == facts_said(text)


@given(
    st.lists(st.sampled_from("我有不会想五万块做饭开店在家里三亩地,。朋友贷款只上午"), max_size=40)
)
def test_any_row_of_our_words_is_read(parts: list[str]) -> None:
    message = "".join(parts)
    for said in find_said(message):
        assert 0 <= said.start < said.end <= len(message)
