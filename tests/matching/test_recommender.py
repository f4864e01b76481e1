"""Recommending projects: rules, exact sums, minimal relaxations, variety, why-not."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from functools import cached_property
from itertools import combinations
from math import fsum

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.profile.profile import Profile, profile_of
from matching.profile.said import facts_said
from matching.projects.facts import PremisesKind
from matching.projects.state import ProjectState
from matching.recommending.feedback import Decline, DeclineReason
from matching.recommending.next_question import OPTIONS, next_question
from matching.recommending.project_table import ProjectTable
from matching.recommending.recommender import judge, recommend, recommend_neutrally
from matching.recommending.relaxation import minimal_masks, relaxations
from matching.recommending.rules import RuleCode, Wish, broken_rules, broken_wishes, limits_of
from matching.recommending.scoring import TERMS, ProjectWeights, Wanted, load_weights
from matching.recommending.why import money_of
from matching.recommending.why_not import fit_of
from tests.matching.projects import DAY, LIBRARY, project, random_library

TABLE = ProjectTable(LIBRARY)
WEIGHTS = load_weights()
COOK = profile_of(facts_said("我有五万块,会做饭,在小寨附近,想开个小店"))

profiles = st.builds(
    Profile,
    budget_yuan=st.none() | st.integers(0, 400_000),
    skills=st.sampled_from([(), ("烹饪",), ("汽修", "财会")]),
    interests=st.sampled_from([(), ("餐饮",), ("开店",), ("养殖", "电商")]),
    avoids=st.sampled_from([(), ("餐饮",)]),
    groups=st.sampled_from([(), ("veteran",), ("disabled", "woman")]),
    street=st.sampled_from(["", "甲街道", "乙街道"]),
    premises=st.none() | st.sampled_from(list(PremisesKind)),
    premises_m2=st.none() | st.integers(0, 300),
    people=st.none() | st.integers(1, 6),
    hours=st.none() | st.integers(0, 60),
    risk=st.none() | st.integers(1, 3),
    payback_months=st.none() | st.integers(1, 40),
)


def codes(profile: Profile, k: int = 3) -> list[str]:
    return [item.project.code for item in recommend(TABLE, profile, WEIGHTS, DAY, k).items]


def test_a_cook_with_little_money_gets_what_fits() -> None:
    found = recommend(TABLE, COOK, WEIGHTS, DAY)
    first = found.items[0]
    assert first.project.code == "P01"
    assert first.broken == Wish(0)
    assert "用得上您会的烹饪" in [reason.text for reason in first.reasons]
    assert all(item.weakness for item in found.items)
    assert first.cash is not None
    assert first.cash.total_yuan == 30_000 + 4_000 * 2


def test_what_is_wanted_comes_before_what_is_not() -> None:
    assert codes(Profile(interests=("养殖",)))[0] == "P05"
    assert "P01" not in codes(Profile(avoids=("餐饮",)), k=6)
    assert codes(Profile(premises=PremisesKind.HOME, hours=15, risk=1))[0] == "P03"


@pytest.mark.parametrize(
    ("profile", "code", "wish"),
    [
        (Profile(budget_yuan=50_000), "P02", Wish.BUDGET),
        (Profile(premises=PremisesKind.NONE), "P02", Wish.PREMISES),
        (Profile(premises=PremisesKind.SHOP, premises_m2=20), "P02", Wish.PREMISES),
        (Profile(people=1), "P02", Wish.STAFF),
        (Profile(street="小寨"), "P05", Wish.PLACE),
        (Profile(hours=20), "P01", Wish.HOURS),
        (Profile(payback_months=18), "P05", Wish.PAYBACK),
        (Profile(risk=2), "P07", Wish.RISK),
        (Profile(groups=("graduate",)), "P05", Wish.GROUP),
        (Profile(avoids=("养殖",)), "P05", Wish.TRADE),
    ],
)
def test_every_wish_is_seen(profile: Profile, code: str, wish: Wish) -> None:
    masks = broken_wishes(TABLE, profile, limits_of(TABLE, profile))
    assert Wish(int(masks[TABLE.rows[code]])) & wish


@pytest.mark.parametrize("street", ["南山镇", "南山", "家在南山镇东头"])
def test_a_part_of_a_place_is_enough(street: str) -> None:
    masks = broken_wishes(TABLE, Profile(street=street), limits_of(TABLE, Profile()))
    assert not Wish(int(masks[TABLE.rows["P05"]])) & Wish.PLACE


def test_hard_rules_have_codes_and_remove() -> None:
    bad = replace(
        LIBRARY[0], state=ProjectState.ADMITTED, valid_until=date(2026, 1, 1), risk_text=" "
    )
    found = broken_rules(bad, Profile(declined=(Decline("P01", DeclineReason.OTHER),)), DAY)
    assert [rule.code for rule in found] == [
        RuleCode.NOT_PUBLISHED, RuleCode.EXPIRED, RuleCode.NO_RISK_TEXT, RuleCode.DECLINED,
    ]  # fmt: skip
    table = ProjectTable((bad, LIBRARY[1]))
    assert [i.project.code for i in recommend(table, COOK, WEIGHTS, DAY, 5).items] == ["P02"]


@pytest.mark.parametrize(
    ("reason", "code", "wish"),
    [
        (DeclineReason.TOO_EXPENSIVE, "P01", Wish.BUDGET),
        (DeclineReason.TOO_RISKY, "P02", Wish.RISK),
        (DeclineReason.NO_TIME, "P01", Wish.HOURS),
        (DeclineReason.NO_PREMISES, "P06", Wish.PREMISES),
        (DeclineReason.NOT_MY_TRADE, "P01", Wish.TRADE),
        (DeclineReason.TOO_SLOW, "P05", Wish.PAYBACK),
    ],
)
def test_a_decline_hides_the_project_and_tightens_the_wish(
    reason: DeclineReason, code: str, wish: Wish
) -> None:
    profile = Profile(declined=(Decline(code, reason),))
    assert code not in codes(profile, k=8)
    masks = broken_wishes(TABLE, profile, limits_of(TABLE, profile))
    assert Wish(int(masks[TABLE.rows[code]])) & wish


def test_cannot_do_lowers_what_asks_for_the_same() -> None:
    before = judge(TABLE, Profile(), WEIGHTS, DAY)
    profile = Profile(declined=(Decline("P01", DeclineReason.CANNOT_DO),))
    after = judge(TABLE, profile, WEIGHTS, DAY)
    assert after.scores[TABLE.rows["P02"]] < before.scores[TABLE.rows["P02"]]
    assert after.scores[TABLE.rows["P04"]] == before.scores[TABLE.rows["P04"]]


def test_giving_up_a_wish_has_its_price() -> None:
    profile = Profile(budget_yuan=10_000)
    found = recommend(TABLE, profile, WEIGHTS, DAY, 3)
    offers = [offer.text for offer in found.relaxations]
    assert found.items
    assert found.fitting == 1
    assert offers == ["预算加 1.5万元，就多 1 个"]


def test_several_wishes_in_one_price() -> None:
    table = ProjectTable((LIBRARY[1],))
    profile = Profile(budget_yuan=50_000, people=1, risk=1)
    found = recommend(table, profile, WEIGHTS, DAY)
    assert found.items[0].relaxed == ("超出您的预算", "要的人手更多", "风险比您能接受的高")
    assert (
        found.relaxations[0].text == "预算加 2万元，并且凑到 2 个人，并且能接受较高风险，就多 1 个"
    )


def test_variety_over_industries() -> None:
    many = [project(f"F{i}", f"餐馆{i}", "62", skills=("做饭",)) for i in range(5)]
    table = ProjectTable((*many, LIBRARY[2], LIBRARY[5]))
    found = recommend(table, Profile(skills=("烹饪",)), WEIGHTS, DAY, 3)
    assert len({item.project.industry_code for item in found.items}) >= 2
    assert found.items[0].project.industry_code == "62"


def test_the_meaning_of_words_is_one_term() -> None:
    vectors = np.eye(len(LIBRARY), dtype=np.float32)
    table = ProjectTable(LIBRARY, vectors)
    judged = judge(table, Profile(), WEIGHTS, DAY, vectors[3])
    assert int(np.argmax(judged.terms["meaning"])) == 3
    assert judged.terms["meaning"].max() <= 1.0


def test_the_price_of_more_of_the_wanted_trade() -> None:
    profile = Profile(budget_yuan=20_000, interests=("餐饮",))
    found = recommend(TABLE, profile, WEIGHTS, DAY)
    assert found.fitting == 1
    assert [offer.text for offer in found.relaxations] == ["预算加 5000元，就多 1 个餐饮项目"]


def test_neutral_order_uses_the_wishes_and_nothing_else() -> None:
    profile = Profile(budget_yuan=50_000, skills=("烹饪",))
    days = [date(2026, 11, day) for day in range(1, 29)]
    lists = [recommend_neutrally(TABLE, profile, WEIGHTS, day, 3) for day in days]
    assert len({found.items[0].project.code for found in lists}) > 3
    assert all(item.broken == Wish(0) for found in lists for item in found.items)
    assert lists[0] == recommend_neutrally(TABLE, profile, WEIGHTS, days[0], 3)


def test_projects_seen_before_are_left_out() -> None:
    first = codes(COOK)
    assert not set(first) & set(codes(replace(COOK, seen=tuple(first))))


def test_an_empty_library_gives_an_empty_list() -> None:
    found = recommend(ProjectTable(()), COOK, WEIGHTS, DAY)
    assert (found.items, found.relaxations, found.fitting) == ((), (), 0)
    assert next_question(ProjectTable(()), COOK, WEIGHTS, DAY) is None


@settings(max_examples=60, deadline=None)
@given(profile=profiles, seed=st.integers(0, 5), k=st.integers(1, 6))
def test_any_profile_gets_a_list_whose_sums_are_exact(profile: Profile, seed: int, k: int) -> None:
    table = ProjectTable(random_library(seed, 40))
    found = recommend(table, profile, WEIGHTS, DAY, k)
    assert len(found.items) == k
    assert found == recommend(table, profile, WEIGHTS, DAY, k)
    for item in found.items:
        assert abs(fsum(item.contributions.values()) - item.score) <= 1e-9
        assert all(0.0 <= value <= 1.0 for value in item.terms.values())
        assert len(item.reasons) <= 3
    assert (found.fitting >= k) == (not any(item.broken for item in found.items))
    assert found.relaxations or found.fitting >= k or found.fitting == len(table)


@settings(max_examples=60, deadline=None)
@given(masks=st.lists(st.integers(0, 511), max_size=30))
def test_minimal_masks_agree_with_brute_force(masks: list[int]) -> None:
    distinct = set(masks)
    minimal = {m for m in distinct if not any(o != m and o & m == o for o in distinct)}
    assert set(minimal_masks(masks)) == minimal


@settings(max_examples=40, deadline=None)
@given(profile=profiles, seed=st.integers(0, 3))
def test_relaxations_are_subset_minimal(profile: Profile, seed: int) -> None:
    """Giving up less than a relaxation says leads to no further project: checked by trying."""
    table = ProjectTable(random_library(seed, 12))
    limits = limits_of(table, profile)
    masks = broken_wishes(table, profile, limits)
    for offer in relaxations(table, profile, limits, masks, np.ones(len(table), bool)):
        bits = [wish for wish in Wish if wish in offer.wishes]
        assert offer.projects == len(offer.rows) >= 1
        assert all(int(masks[row]) & ~int(offer.wishes) == 0 for row in offer.rows)
        for size in range(1, len(bits)):
            for smaller in combinations(bits, size):
                given_up = sum(int(wish) for wish in smaller)
                assert not any(m and (m & ~given_up) == 0 for m in map(int, masks))


def test_renaming_codes_changes_no_score() -> None:
    renamed = ProjectTable(tuple(replace(p, code=f"X{p.code}") for p in LIBRARY))
    assert (
        judge(TABLE, COOK, WEIGHTS, DAY).scores == judge(renamed, COOK, WEIGHTS, DAY).scores
    ).all()


def test_the_version_names_the_content() -> None:
    assert ProjectTable(LIBRARY).version == TABLE.version
    assert ProjectTable((*LIBRARY[1:],)).version != TABLE.version


def test_why_not_has_an_answer_for_every_project() -> None:
    shown = codes(COOK)
    for one in LIBRARY:
        fit = fit_of(TABLE, one.code, Wanted(COOK), WEIGHTS, DAY)
        assert fit.shown == (one.code in shown)
        assert fit.shown or fit.obstacles or fit.behind
    assert fit_of(TABLE, "P02", Wanted(COOK), WEIGHTS, DAY).obstacles == ("超出您的预算",)
    declined = replace(COOK, declined=(Decline("P01", DeclineReason.OTHER),))
    barred = fit_of(TABLE, "P01", Wanted(declined), WEIGHTS, DAY)
    assert (barred.place, barred.obstacles) == (0, ("您说过它不合适（其他原因）",))


def test_weights_must_be_complete() -> None:
    terms = dict.fromkeys(TERMS, 1.0)
    assert ProjectWeights.read({"version": "x", "terms": terms}).version == "x"
    for broken in ({**terms, "money": -1.0}, {"money": 1.0}, dict.fromkeys(TERMS, 0.0)):
        with pytest.raises(ValueError, match="权重"):
            ProjectWeights.read({"version": "x", "terms": broken})


def test_answers_to_tap_are_understood() -> None:
    for option in OPTIONS:
        for message, facts in option.answers.items():
            assert facts_said(message) == facts, message


def test_only_questions_that_change_the_list_are_asked() -> None:
    ask = next_question(TABLE, Profile(), WEIGHTS, DAY)
    assert ask is not None
    assert ask.value >= 0.2
    known = replace(COOK, premises=PremisesKind.SHOP, hours=50, people=1, risk=2)
    assert next_question(TABLE, known, WEIGHTS, DAY) is None
    one = ProjectTable((LIBRARY[0],))
    assert next_question(one, Profile(), WEIGHTS, DAY, k=1) is None


def test_money_in_words() -> None:
    assert money_of(LIBRARY[0]) == "投资 1.5万元至3万元，第一年最多要备 3.8万元现金"
    assert (
        money_of(replace(LIBRARY[0], reserve_months=None, investment_min_yuan=None))
        == "投资约 3万元"
    )


WIDE = ProjectTable(
    tuple(project(f"W{n:02}", f"项目{n}", "62", payback_months=n + 1) for n in range(20))
)


def test_nothing_is_left_to_chance_without_a_person() -> None:
    found = recommend(WIDE, Profile(), WEIGHTS, DAY)
    assert [item.propensity for item in found.items] == [1.0, 1.0, 1.0]
    assert not any(item.explored for item in found.items)


def test_last_place_explores_for_each_person_and_day_with_the_chance_it_says() -> None:
    plain = recommend(WIDE, Profile(), WEIGHTS, DAY)
    best = [item.project.code for item in plain.items]
    seen: Counter[str] = Counter()
    for number in range(600):
        told = Profile(draw=f"p{number}")
        found = recommend(WIDE, told, WEIGHTS, DAY)
        assert found == recommend(WIDE, told, WEIGHTS, DAY)
        assert [item.project.code for item in found.items[:2]] == best[:2]
        last = found.items[2]
        assert last.propensity == pytest.approx(0.1)
        assert last.explored == (last.project.code != best[2])
        assert last.broken == Wish(0)
        assert last.score == pytest.approx(fsum(last.contributions.values()))
        seen[last.project.code] += 1
    assert len(seen) == 10
    assert all(30 <= count <= 95 for count in seen.values())  # 60 each, within 4.8 deviations
    days = {
        recommend(WIDE, Profile(draw="p1"), WEIGHTS, DAY + timedelta(days=n)).items[2].project.code
        for n in range(30)
    }
    assert len(days) > 5


@pytest.mark.parametrize("many", [3, 4])
def test_short_lists_do_not_explore(many: int) -> None:
    table = ProjectTable(WIDE.projects[:many])
    found = recommend(table, Profile(draw="p1"), WEIGHTS, DAY)
    assert found.items == recommend(table, Profile(), WEIGHTS, DAY).items
    two = recommend(WIDE, Profile(draw="p1"), WEIGHTS, DAY, 2)
    assert two.items == recommend(WIDE, Profile(), WEIGHTS, DAY, 2).items


@given(profiles, st.integers(0, 50))
def test_exploring_breaks_no_wish_and_repeats_nothing(profile: Profile, seed: int) -> None:
    table = ProjectTable(random_library(seed, 60))
    plain = recommend(table, profile, WEIGHTS, DAY)
    found = recommend(table, replace(profile, draw="somebody"), WEIGHTS, DAY)
    assert [i.broken for i in found.items] == [i.broken for i in plain.items]
    assert len({i.project.code for i in found.items}) == len(plain.items)
    assert (found.fitting, found.relaxations) == (plain.fitting, plain.relaxations)


@given(st.integers(0, 50), profiles)
def test_part_of_a_table_is_the_table_of_its_projects(seed: int, profile: Profile) -> None:
    table = ProjectTable(random_library(seed, 40))
    rows = np.arange(0, 40, 3)
    anew = ProjectTable(tuple(table.projects[row] for row in rows))
    part = table.part(rows)
    columns = [n for n, one in vars(ProjectTable).items() if isinstance(one, cached_property)]
    for name in set(columns) - {"streets", "rows", "version"}:
        np.testing.assert_array_equal(getattr(part, name), getattr(anew, name))
        assert getattr(part, name).dtype == getattr(anew, name).dtype or name in {
            "divisions",
            "sections",
        }  # texts may keep the width of the whole table
    assert recommend(part, profile, WEIGHTS, DAY) == recommend(anew, profile, WEIGHTS, DAY)
