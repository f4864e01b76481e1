from collections import Counter
from dataclasses import replace
from itertools import product
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluation.matching_instance import draw_district
from matching.assignment.certificate import (
    Certificate,
    NotOptimal,
    bound_at,
    supporting_prices,
)
from matching.assignment.pair_reasons import PairVerdictKind, explain_pair
from matching.assignment.problem import NO_EDGE, UNMATCHED, Ints, Problem
from matching.assignment.rulebook import Rulebook, load_policy
from matching.assignment.run import AssignmentRun, assign
from matching.assignment.scoring import load_weights
from matching.assignment.search import find_optimum
from matching.assignment.solvers import ORTOOLS, SCIPY, Engine
from matching.mentors.facts import Load, MentorFacts, MentorNeed, Stage
from tests.matching.mentors import DAY, any_district, mentor, need

ENGINES = [SCIPY, ORTOOLS]
# Forced to look at few pairs first and to price the rest.
PRICING = Engine("scipy", SCIPY.solve, 0)


def rulebook(engine: Engine = SCIPY, **policy: float) -> Rulebook:
    return Rulebook(load_weights(), replace(load_policy(), **cast(dict[str, Any], policy)), engine)


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    needs, mentors = draw(st.integers(1, 5)), draw(st.integers(1, 3))
    values = st.one_of(st.just(NO_EDGE), st.integers(0, 10))
    rows = draw(
        st.lists(
            st.lists(values, min_size=mentors, max_size=mentors), min_size=needs, max_size=needs
        )
    )
    seats = draw(st.lists(st.integers(0, 3), min_size=mentors, max_size=mentors))
    steps = draw(
        st.lists(
            st.lists(st.integers(0, 4), min_size=3, max_size=3), min_size=mentors, max_size=mentors
        )
    )
    bonus = draw(st.lists(st.integers(0, 3), min_size=needs, max_size=needs))
    return Problem(
        np.array(rows, dtype=np.int32),
        np.array(bonus, dtype=np.int64),
        np.array(seats, dtype=np.int64),
        np.cumsum(np.array(steps, dtype=np.int64), axis=1),
    )


def is_feasible(problem: Problem, match: Ints) -> bool:
    """Whether every matched pair is possible and no mentor has more than the seats."""
    needs = np.flatnonzero(match >= 0)
    return bool(
        match.shape == (len(problem.values),)
        and (match < len(problem.seats)).all()
        and (match >= UNMATCHED).all()
        and (problem.values[needs, match[needs]] >= 0).all()
        and (problem.loads(match) <= problem.seats).all()
    )


def certify(problem: Problem, match: Ints) -> Certificate:
    needs, mentors = np.nonzero(problem.values != NO_EDGE)
    prices = supporting_prices(problem, match, needs, mentors)
    return Certificate(prices, problem.worth(match), bound_at(problem, prices))


def best_by_trying(problem: Problem) -> tuple[int, int]:
    """Matched and worth of the best matching: all are tried, cardinality first."""
    mentors = len(problem.seats)
    worths = []
    for choice in product(range(-1, mentors), repeat=len(problem.values)):
        match = np.array(choice, dtype=np.int64)
        if is_feasible(problem, match):
            worths.append((int((match >= 0).sum()), problem.worth(match)))
    return max(worths)


@pytest.mark.parametrize("engine", [*ENGINES, PRICING], ids=["scipy", "ortools", "pricing"])
@given(problem=problems())
@settings(max_examples=60)
def test_optimum_is_the_best_of_all_matchings(engine: Engine, problem: Problem) -> None:
    found = find_optimum(problem, engine)
    assert is_feasible(problem, found.match)
    matched = int((found.match >= 0).sum())
    assert (matched, problem.worth(found.match)) == best_by_trying(problem)
    assert found.certificate.valid


@given(problem=problems(), data=st.data())
def test_certificate_accepts_the_best_matchings_and_no_other(
    problem: Problem, data: st.DataObject
) -> None:
    choices = st.integers(-1, len(problem.seats) - 1)
    match = np.array([data.draw(choices) for _ in problem.values], dtype=np.int64)
    match[
        [match[i] >= 0 and problem.values[i, match[i]] == NO_EDGE for i in range(len(match))]
    ] = -1
    if not is_feasible(problem, match):
        return
    best = best_by_trying(problem)
    if (int((match >= 0).sum()), problem.worth(match)) == best:
        assert certify(problem, match).valid
    else:
        with pytest.raises(NotOptimal):
            certify(problem, match)


def small_run(engine: Engine = SCIPY, seats: float = 0.9, **policy: float) -> AssignmentRun:
    district = draw_district(60, 12, seats_per_need=seats, seed=3)
    return assign(
        district.needs, district.mentors, district.day, rulebook=rulebook(engine, **policy)
    )


def test_pricing_finds_the_same_optimum_as_all_pairs_at_once() -> None:
    district = draw_district(300, 40, seats_per_need=0.95, seed=5)
    runs = [
        assign(district.needs, district.mentors, district.day, rulebook=rulebook(engine))
        for engine in (*ENGINES, PRICING)
    ]
    assert len({run.certificate.worth for run in runs}) == 1
    assert all(run.certificate.valid for run in runs)


@settings(max_examples=25)
@given(st.randoms(use_true_random=False))
def test_order_and_names_change_nothing(random: object) -> None:
    district = draw_district(40, 8, seats_per_need=0.8, seed=1)
    pairs = assign(district.needs, district.mentors, district.day, rulebook=rulebook()).pairs
    needs, mentors = list(district.needs), list(district.mentors)
    random.shuffle(needs)  # type: ignore[attr-defined]
    random.shuffle(mentors)  # type: ignore[attr-defined]
    shuffled = assign(needs, mentors, district.day, rulebook=rulebook())
    assert shuffled.pairs == pairs
    renamed = assign(
        [replace(one, code=one.code[::-1], person=f"z{one.person}") for one in needs],
        [replace(one, code=f"z{one.code}", name="另一个名字") for one in mentors],
        district.day,
        rulebook=rulebook(),
    )
    assert renamed.pairs == {code[::-1]: f"z{by}" for code, by in pairs.items()}


@given(any_district())
def test_every_pair_keeps_the_rules_and_every_cap(
    district: tuple[list[MentorNeed], list[MentorFacts]],
) -> None:
    needs, mentors = district
    run = assign(needs, mentors, DAY, rulebook=rulebook())
    loads = Counter(run.pairs.values())
    assert all(loads[one.code] <= one.free_seats for one in mentors)
    for code, by in run.pairs.items():
        assert explain_pair(run, code, by).kind is PairVerdictKind.MATCHED
    assert len(run.pairs) == (run.match >= 0).sum()


@given(any_district())
def test_every_pair_is_explained(district: tuple[list[MentorNeed], list[MentorFacts]]) -> None:
    needs, mentors = district
    run = assign(needs, mentors, DAY, rulebook=rulebook())
    for asking, asked in product(needs, mentors):
        verdict = explain_pair(run, asking.code, asked.code)
        assert verdict.text.endswith("。")
        assert (verdict.kind is PairVerdictKind.MATCHED) == (
            run.pairs.get(asking.code) == asked.code
        )


def test_a_whole_district_is_explained_with_seats_that_are_needed_elsewhere() -> None:
    run = small_run()
    kinds = Counter(
        explain_pair(run, asking.code, asked.code).kind
        for asking, asked in product(run.needs, run.mentors)
    )
    assert sum(kinds.values()) == 60 * 12
    assert kinds[PairVerdictKind.NEEDED_ELSEWHERE] > 0
    assert kinds[PairVerdictKind.LOWER] > 0
    assert kinds[PairVerdictKind.RULE] > 0


def test_nobody_is_left_out_for_a_better_fit_of_others() -> None:
    anyone = need("N1", topics=("餐饮运营", "营销获客"))
    only_here = need("N2", topics=("营销获客",), industry="", unit="甲")
    both = mentor("M1", concurrent_cap=1)
    other = mentor("M2", concurrent_cap=1, topics=("餐饮运营",), industries=())
    run = assign([anyone, only_here], [both, other], DAY, rulebook=rulebook())
    assert run.pairs == {"N1": "M2", "N2": "M1"}
    assert explain_pair(run, "N1", "M1").kind is PairVerdictKind.NEEDED_ELSEWHERE


def test_a_mentor_who_fits_nobody_changes_nothing_and_more_seats_match_no_fewer() -> None:
    district = draw_district(60, 12, seats_per_need=0.7, seed=9)
    before = assign(district.needs, district.mentors, district.day, rulebook=rulebook(fairness=0.0))
    stranger = replace(mentor("ZZ"), topics=("不存在的主题",), industries=())
    with_stranger = assign(
        district.needs, [*district.mentors, stranger], district.day, rulebook=rulebook(fairness=0.0)
    )
    assert with_stranger.utility == pytest.approx(before.utility)
    assert with_stranger.pairs == before.pairs
    roomier = [
        replace(one, concurrent_cap=one.concurrent_cap + 1, yearly_cap=99, weekly_cap=99)
        for one in district.mentors
    ]
    more = assign(district.needs, roomier, district.day, rulebook=rulebook(fairness=0.0))
    assert len(more.pairs) > len(before.pairs)


def test_waiting_decides_who_gets_the_last_seat() -> None:
    one_seat = mentor("M1", concurrent_cap=1)
    patient = need("N1", waiting_days=20)
    run = assign([need("N2", stage=Stage.IDEA), patient], [one_seat], DAY, rulebook=rulebook())
    assert run.pairs == {"N1": "M1"}
    assert explain_pair(run, "N2", "M1").kind is PairVerdictKind.UNSERVED


def test_declined_pair_is_solved_again_without_moving_the_others() -> None:
    district = draw_district(60, 12, seats_per_need=0.9, seed=2)
    first = assign(district.needs, district.mentors, district.day, rulebook=rulebook())
    declined = sorted(first.pairs.items())[0]
    held = Counter(first.pairs.values()) - Counter([declined[1]])
    mentors = [replace(one, load=Load(held[one.code])) for one in district.mentors]
    still_open = dict(first.pairs)
    del still_open[declined[0]]
    again = assign(
        district.needs,
        mentors,
        district.day,
        open_pairs=still_open,
        banned={declined},
        rulebook=rulebook(),
    )
    assert again.certificate.valid
    assert again.pairs.get(declined[0]) != declined[1]
    assert len(again.pairs) >= len(still_open)
    assert len(again.dropped_pairs) <= 2
    assert explain_pair(again, *declined).kind is PairVerdictKind.BANNED
    loads = Counter(again.pairs.values())
    assert all(loads[one.code] <= one.concurrent_cap for one in mentors)


def test_open_proposal_moves_only_for_a_gain_worth_the_trouble() -> None:
    near = mentor("M1", rating=0.5)
    slightly_better = mentor("M2", rating=0.6)
    held = [replace(near, load=Load(1)), slightly_better]
    kept = assign([need()], held, DAY, open_pairs={"N1": "M1"}, rulebook=rulebook())
    assert kept.pairs == {"N1": "M1"}
    assert (kept.new_pairs, kept.dropped_pairs) == ({}, {})
    assert explain_pair(kept, "N1", "M2").kind is PairVerdictKind.KEPT
    eager = rulebook(churn=0.0, fairness=0.0)
    moved = assign([need()], held, DAY, open_pairs={"N1": "M1"}, rulebook=eager)
    assert (moved.new_pairs, moved.dropped_pairs) == ({"N1": "M2"}, {"N1": "M1"})


def test_nothing_to_match_is_a_run_too() -> None:
    assert assign([], [], DAY, rulebook=rulebook()).pairs == {}
    assert assign([need()], [], DAY, rulebook=rulebook()).pairs == {}
    run = assign([], [mentor()], DAY, rulebook=rulebook())
    assert run.certificate.valid


def test_sparse_solver_is_told_that_nobody_can_be_matched() -> None:
    run = assign([need(topics=("财务税务",), industry="01")], [mentor()], DAY, rulebook=rulebook())
    assert (run.pairs, run.certificate.valid) == ({}, True)
