from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from evaluation.matching_instance import draw_district
from matching.assignment.building import build_problem
from matching.assignment.fairness import Floor, assign_with_floor, gini, load_gini
from matching.assignment.problem import Problem
from matching.assignment.rulebook import Rulebook, load_policy, load_rulebook
from matching.assignment.run import assign
from matching.assignment.scoring import load_weights
from matching.assignment.solvers import SCIPY
from matching.target_group import TargetGroup
from tests.matching.mentors import DAY, mentor, need

RULEBOOK = Rulebook(load_weights(), load_policy(), SCIPY)
PROTECTED = frozenset({TargetGroup.DISABLED, TargetGroup.HARD_TO_EMPLOY, TargetGroup.RETURNEE})


def test_gini_is_nothing_for_equal_loads_and_near_one_for_a_single_bearer() -> None:
    assert gini(np.array([2.0, 2.0, 2.0])) == 0.0
    assert gini(np.array([0.0] * 99 + [7.0])) == pytest.approx(0.99)
    assert gini(np.zeros(4)) == 0.0


def test_dearer_later_seats_spread_the_load_without_losing_a_match() -> None:
    district = draw_district(120, 20, seats_per_need=1.6, seed=1)
    runs = []
    for fairness in (0.0, 0.4):
        policy = load_policy().__class__("test", fairness=fairness)
        rulebook = Rulebook(load_weights(), policy, SCIPY)
        runs.append(assign(district.needs, district.mentors, district.day, rulebook=rulebook))
    plain, fair = runs
    assert len(fair.pairs) == len(plain.pairs)
    assert load_gini(fair) < load_gini(plain)
    assert fair.utility > 0.95 * plain.utility


def test_floor_is_met_at_a_printed_price_without_losing_coverage() -> None:
    district = draw_district(80, 12, seats_per_need=0.5, seed=2, floor_group=True)
    found = assign_with_floor(
        district.needs, district.mentors, district.day, Floor(PROTECTED, 0.6), RULEBOOK
    )
    assert found.reached
    assert found.served >= 0.6 * found.members
    assert found.served > found.served_without
    assert found.price >= 0
    assert f"安排 {found.served} 人" in found.text
    plain = assign(district.needs, district.mentors, district.day, rulebook=RULEBOOK)
    assert len(found.run.pairs) == len(plain.pairs)
    assert found.run.certificate.valid


def test_a_floor_builds_the_problem_once_and_finds_what_building_it_anew_would(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    district = draw_district(80, 12, seats_per_need=0.5, seed=2, floor_group=True)
    opened = {district.needs[0].code: district.mentors[0].code}
    built = []

    def build(*given: Any) -> Problem:
        built.append(build_problem(*given))
        return built[-1]

    monkeypatch.setattr("matching.assignment.run.build_problem", build)
    floor = Floor(PROTECTED, 0.6)
    found = assign_with_floor(
        district.needs, district.mentors, district.day, floor, RULEBOOK, opened
    )
    assert len(built) == 1
    assert found.priority > 0
    policy = replace(RULEBOOK.policy, priority=found.priority, priority_groups=PROTECTED)
    anew = assign(
        district.needs, district.mentors, district.day, open_pairs=opened,
        rulebook=replace(RULEBOOK, policy=policy),
    )  # fmt: skip
    assert found.run.pairs == anew.pairs
    assert found.run.utility == anew.utility
    assert found.run.policy == anew.policy
    for name in ("values", "bonus", "seats", "seat_costs"):
        assert (getattr(found.run.problem, name) == getattr(anew.problem, name)).all()
    assert (found.run.certificate.prices == anew.certificate.prices).all()


def test_floor_that_nobody_can_reach_says_how_many_are_possible() -> None:
    group = frozenset({TargetGroup.DISABLED.value})
    needs = [need(f"N{n}", groups=group) for n in range(3)]
    found = assign_with_floor(
        needs, [mentor(concurrent_cap=2)], DAY, Floor(group, 1.0), load_rulebook()
    )
    assert not found.reached
    assert (found.served, found.most) == (2, 2)
    assert "最多能安排 2 人" in found.text
