import random
from collections import Counter

import pytest

from guidance.review.sampling import (
    Candidate,
    VerificationFactor,
    draw_reviewer,
    draw_sample,
    sample_size,
    seed_digest,
)

SEED = "ab" * 32


def frame(sizes: dict[str, int]) -> list[Candidate]:
    return [
        Candidate(number, unit, "assistant")
        for number, unit in enumerate((u for u, n in sizes.items() for _ in range(n)), start=1)
    ]


@pytest.mark.parametrize(
    ("count", "size"),
    [(0, 0), (1, 1), (58, 58), (59, 59), (350, 59), (590, 59), (600, 60), (1001, 101)],
)
def test_size_is_59_or_a_tenth(count: int, size: int) -> None:
    assert sample_size(count) == size


def test_anybody_with_the_seed_draws_the_same_sample() -> None:
    candidates = frame({"东街": 200, "西街": 150})
    drawn = draw_sample(candidates, SEED)
    shuffled = list(candidates)
    random.Random(3).shuffle(shuffled)
    assert draw_sample(shuffled, SEED) == drawn
    assert draw_sample(candidates, "cd" * 32) != drawn
    assert len(drawn) == 59


def test_every_stratum_is_represented_in_proportion() -> None:
    drawn = Counter(
        one.org_unit for one in draw_sample(frame({"东街": 300, "西街": 45, "南街": 1}), SEED)
    )
    assert drawn["南街"] == 1
    assert drawn["东街"] > 5 * drawn["西街"]
    assert 59 <= sum(drawn.values()) <= 61


def test_unit_in_a_rush_is_drawn_twice_as_often() -> None:
    candidates = frame({"东街": 200, "西街": 200})
    plain = Counter(one.org_unit for one in draw_sample(candidates, SEED))
    rushed = Counter(one.org_unit for one in draw_sample(candidates, SEED, {"西街"}))
    assert rushed["东街"] == plain["东街"]
    assert rushed["西街"] == 2 * plain["西街"]


def test_no_session_is_drawn_more_often_than_the_others() -> None:
    candidates = frame({"东街": 300})
    hits = Counter(
        one.session_id for n in range(300) for one in draw_sample(candidates, f"{n:064x}")
    )
    expected = 300 * 59 / 300
    assert all(expected / 2 < hits[one.session_id] < expected * 2 for one in candidates)


def test_reviewers_are_drawn_evenly_and_stay_when_others_leave() -> None:
    people = ["account:1", "account:2", "account:3"]
    drawn = {n: draw_reviewer(SEED, n, people) for n in range(900)}
    assert all(200 < count < 400 for count in Counter(drawn.values()).values())
    for n, who in drawn.items():
        if who != "account:3":
            assert draw_reviewer(SEED, n, people[:2]) == who
    assert draw_reviewer(SEED, 1, []) is None


def test_digest_is_published_before_the_seed() -> None:
    assert (
        seed_digest("00" * 32) == "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
    )


def test_factor_is_confirmed_of_checked() -> None:
    assert VerificationFactor("", 0, 0, 3).value is None
    assert VerificationFactor("", 59, 56, 0).value == pytest.approx(0.949, abs=0.001)
