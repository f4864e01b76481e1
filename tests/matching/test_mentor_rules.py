from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from matching.assignment.edges import possible_pairs
from matching.assignment.pair_table import PairTable
from matching.assignment.rules import EDGE_RULES, SEAT_RULES, Pair, broken_rules, is_possible
from matching.mentors.facts import Conflicts, Load, MentorFacts, MentorNeed, MentorState
from tests.matching.mentors import DAY, any_district, free, mentor, need


def codes(asking: MentorNeed, asked: MentorFacts) -> list[str]:
    return [one.code for one in broken_rules(Pair(asking, asked, DAY), EDGE_RULES + SEAT_RULES)]


def test_a_plain_pair_breaks_no_rule() -> None:
    assert codes(need(), mentor()) == []


@pytest.mark.parametrize(
    ("asking", "asked", "code"),
    [
        (need(), mentor(state=MentorState.DISMISSED), "not_in_office"),
        (need(), mentor(term_end_on=date(2026, 3, 1)), "outside_term"),
        (need(), mentor(pauses=((DAY, DAY),)), "paused"),
        (need(languages=frozenset({"四川话"})), mentor(), "no_common_language"),
        (
            need(half_hours=free("周一 9-10")),
            mentor(half_hours=free("周一 9:30-11")),
            "no_common_hour",
        ),
        (
            need(street="东街", online=False),
            mentor(streets=frozenset({"西街"})),
            "region_not_covered",
        ),
        (need(topics=("财务税务",), industry="01"), mentor(), "no_common_field"),
        (need(unit="甲"), mentor(conflicts=Conflicts(units=frozenset({"甲"}))), "same_unit"),
        (
            need(person_name="张三"),
            mentor(conflicts=Conflicts(relatives=frozenset({"张三"}))),
            "relative",
        ),
        (
            need(projects=frozenset({"X"})),
            mentor(conflicts=Conflicts(franchises=frozenset({"X"}))),
            "sells_project",
        ),
        (
            need(companies=frozenset({"乙"})),
            mentor(conflicts=Conflicts(companies=frozenset({"乙"}))),
            "own_company",
        ),
        (
            need(companies=frozenset({"乙"})),
            mentor(conflicts=Conflicts(investments=frozenset({"乙"}))),
            "invested",
        ),
        (need(reviewers=frozenset({"M1"})), mentor(), "reviewed_application"),
        (need(refused=frozenset({"M1"})), mentor(), "tried_before"),
        (need(minor=True), mentor(), "not_for_minors"),
        (need(), mentor(load=Load(held=2)), "full_now"),
        (need(), mentor(load=Load(new_this_year=5)), "full_this_year"),
        (need(), mentor(load=Load(new_this_week=2)), "full_this_week"),
    ],
)
def test_each_rule_names_what_it_objects_to(
    asking: MentorNeed, asked: MentorFacts, code: str
) -> None:
    assert codes(asking, asked) == [code]


def test_every_rule_has_a_code_of_its_own_and_says_why_in_full_sentences() -> None:
    findings = [rule(Pair(need(), mentor(), DAY)) for rule in EDGE_RULES + SEAT_RULES]
    assert len({finding.code for finding in findings}) == len(findings)
    assert all(finding.message.endswith("。") for finding in findings)


def test_what_is_unknown_excludes_nobody() -> None:
    nothing_known = MentorNeed("N")
    assert is_possible(Pair(nothing_known, mentor(half_hours=free("周一 9-12")), DAY))


def test_writing_to_each_other_replaces_a_common_hour() -> None:
    asking = need(half_hours=free("周一 9-12"), asynchronous=True)
    asked = mentor(half_hours=free("周二 9-12"), asynchronous=True)
    assert is_possible(Pair(asking, asked, DAY))
    assert not is_possible(Pair(replace(asking, asynchronous=False), asked, DAY))


@given(any_district())
def test_rules_for_whole_districts_agree_with_the_single_rules(
    district: tuple[list[MentorNeed], list[MentorFacts]],
) -> None:
    needs, mentors = district
    table = PairTable(needs, mentors)
    mask = possible_pairs(table, slice(0, len(needs)), DAY)
    expected = [[is_possible(Pair(asking, asked, DAY)) for asked in mentors] for asking in needs]
    assert mask.tolist() == expected
