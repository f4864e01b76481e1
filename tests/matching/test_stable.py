from itertools import product

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from matching.assignment.problem import NO_EDGE
from matching.assignment.stable import count_blocking_pairs, stable_by_value, stable_match

PEOPLE = ("甲", "乙", "丙", "丁")
MENTORS = ("A", "B", "C")


@st.composite
def both_rankings(
    draw: st.DrawFn,
) -> tuple[dict[str, list[str]], dict[str, list[str]], dict[str, int]]:
    wishes = {p: draw(st.permutations(MENTORS))[: draw(st.integers(0, 3))] for p in PEOPLE}
    rankings = {m: draw(st.permutations(PEOPLE))[: draw(st.integers(0, 4))] for m in MENTORS}
    return wishes, rankings, {m: draw(st.integers(0, 2)) for m in MENTORS}


def is_stable(
    match: dict[str, str],
    wishes: dict[str, list[str]],
    rankings: dict[str, list[str]],
    seats: dict[str, int],
) -> bool:
    for person, mentor in product(PEOPLE, MENTORS):
        if mentor not in wishes[person] or person not in rankings[mentor]:
            continue
        got = match.get(person)
        wants = got is None or wishes[person].index(mentor) < wishes[person].index(got)
        held = [p for p, m in match.items() if m == mentor]
        ranks = rankings[mentor]
        takes = len(held) < seats[mentor] or any(ranks.index(person) < ranks.index(p) for p in held)
        if wants and takes and seats[mentor]:
            return False
    return True


@given(both_rankings())
def test_nobody_would_rather_leave_for_each_other(
    given_rankings: tuple[dict[str, list[str]], dict[str, list[str]], dict[str, int]],
) -> None:
    wishes, rankings, seats = given_rankings
    match = stable_match(wishes, rankings, seats)
    assert is_stable(match, wishes, rankings, seats)
    assert all(list(match.values()).count(m) <= seats[m] for m in MENTORS)
    assert all(m in wishes[p] and p in rankings[m] for p, m in match.items())


@given(both_rankings())
def test_it_is_the_stable_matching_best_for_every_person(
    given_rankings: tuple[dict[str, list[str]], dict[str, list[str]], dict[str, int]],
) -> None:
    wishes, rankings, seats = given_rankings
    match = stable_match(wishes, rankings, seats)

    def rank(found: dict[str, str], person: str) -> int:
        return wishes[person].index(found[person]) if person in found else len(MENTORS)

    for choice in product((None, *MENTORS), repeat=len(PEOPLE)):
        other = {p: m for p, m in zip(PEOPLE, choice, strict=True) if m is not None}
        possible = all(m in wishes[p] and p in rankings[m] for p, m in other.items())
        fits = all(list(other.values()).count(m) <= seats[m] for m in MENTORS)
        if possible and fits and is_stable(other, wishes, rankings, seats):
            assert all(rank(match, person) <= rank(other, person) for person in PEOPLE)


@given(st.data())
def test_by_value_leaves_no_blocking_pair(data: st.DataObject) -> None:
    values = np.array(
        data.draw(
            st.lists(st.lists(st.integers(-1, 6), min_size=3, max_size=3), min_size=1, max_size=6)
        ),
        dtype=np.int32,
    )
    seats = np.array(data.draw(st.lists(st.integers(0, 2), min_size=3, max_size=3)), dtype=np.int64)
    match = stable_by_value(values, seats)
    assert count_blocking_pairs(values, values, seats, match) == 0
    nobody = np.full(len(values), -1, dtype=np.int64)
    open_seats = (values != NO_EDGE) & (seats > 0)
    assert count_blocking_pairs(values, values, seats, nobody) == int(open_seats.sum())
