"""Synthetic districts: needs and mentors drawn as a real district has them, by seed.

Industries and topics are skewed (many want food, retail and online shops), mentors are
skewed another way (many know finance and technology), streets are small, some people
speak a dialect only, evenings are scarce, and a few pairs have a conflict of interest.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.mentors.facts import (
    PUTONGHUA,
    Conflicts,
    MentorCategory,
    MentorFacts,
    MentorNeed,
    MentorOrigin,
    MentorState,
    Stage,
)
from matching.mentors.topics import topic_names
from matching.mentors.weekly_slots import HALF_HOURS_A_DAY
from matching.target_group import TargetGroup

DAY = date(2026, 3, 2)
STREETS = tuple(f"街道{number}" for number in range(1, 13))
DIALECTS = ("关中方言", "陕北方言", "陕南方言", "四川话", "河南话")
INDUSTRIES = ("62", "52", "51", "80", "01", "03", "13", "18", "24", "54", "60", "64", "65", "72")
HARD_TO_PLACE = (TargetGroup.DISABLED, TargetGroup.HARD_TO_EMPLOY, TargetGroup.RETURNEE)
_PARTS_OF_DAY = ((18, 24), (28, 36), (38, 42))  # half-hours: morning, afternoon, evening


@dataclass(frozen=True, slots=True)
class District:
    """One instance: needs in order of arrival, mentors, and the day."""

    needs: tuple[MentorNeed, ...]
    mentors: tuple[MentorFacts, ...]
    day: date


def draw_district(
    needs: int,
    mentors: int,
    *,
    seats_per_need: float = 1.1,
    seed: int = 0,
    floor_group: bool = False,
) -> District:
    """Draw an instance; with `floor_group` the protected group arrives last."""
    random = np.random.default_rng(seed)
    seats = _shares(random, mentors, round(needs * seats_per_need))
    drawn = [_need(random, number) for number in range(needs)]
    if floor_group:
        drawn.sort(key=lambda need: bool(need.groups))  # stable: otherwise as drawn
    return District(
        tuple(drawn),
        tuple(_mentor(random, number, int(seats[number])) for number in range(mentors)),
        DAY,
    )


def _shares(random: np.random.Generator, mentors: int, seats: int) -> NDArray[np.int_]:
    """Divide the seats unevenly; every mentor has at least one."""
    weights = random.gamma(4.0, size=mentors)
    shares: NDArray[np.int_] = np.maximum(1, np.floor(weights / weights.sum() * seats)).astype(
        np.int_
    )
    for column in random.integers(mentors, size=max(0, seats - int(shares.sum()))):
        shares[column] += 1
    return shares


def _need(random: np.random.Generator, number: int) -> MentorNeed:
    dialect = random.random() < 0.15
    only_dialect = random.random() < 0.03
    languages = {PUTONGHUA} if not only_dialect else set()
    if dialect or only_dialect:
        languages.add(_skewed(random, DIALECTS, 1, 0.5)[0])
    onsite = bool(random.random() < 0.75)
    return MentorNeed(
        code=f"N{number:06d}",
        person=f"P{number:06d}",
        topics=tuple(_skewed(random, topic_names()[::-1], int(random.integers(1, 4)), 0.06)),
        industry=_skewed(random, INDUSTRIES, 1, 0.18)[0],
        stage=Stage(str(random.choice([stage.value for stage in Stage], p=[0.4, 0.3, 0.2, 0.1]))),
        street=_skewed(random, STREETS, 1, 0.1)[0],
        languages=frozenset(languages),
        half_hours=_times(random, int(random.integers(2, 7))),
        online=bool(not onsite or random.random() < 0.6),
        onsite=onsite,
        asynchronous=bool(random.random() < 0.3),
        minor=bool(random.random() < 0.005),
        groups=frozenset({str(random.choice(HARD_TO_PLACE))} if random.random() < 0.2 else ()),
        unit=f"U{random.integers(400)}",
        waiting_days=int(random.integers(0, 15)),
    )


def _mentor(random: np.random.Generator, number: int, seats: int) -> MentorFacts:
    dialects = [d for d in DIALECTS if random.random() < 0.25]
    whole_district = random.random() < 0.3
    return MentorFacts(
        code=f"M{number:05d}",
        name=f"导师{number}",
        category=list(MentorCategory)[int(random.integers(3))],
        origin=list(MentorOrigin)[int(random.integers(7))],
        state=MentorState.ACTIVE,
        term_start_on=date(2025, 1, 1),
        term_end_on=date(2027, 12, 31),
        concurrent_cap=seats,
        yearly_cap=seats,
        weekly_cap=seats,
        topics=tuple(_skewed(random, topic_names(), int(random.integers(2, 7)), 0.04)),
        industries=tuple(_skewed(random, INDUSTRIES[::-1], int(random.integers(1, 5)), 0.05)),
        stages=frozenset(stage for stage in Stage if random.random() < 0.5),
        streets=frozenset(() if whole_district else _skewed(random, STREETS, 4, 0.05)),
        languages=frozenset({PUTONGHUA, *dialects}),
        half_hours=_times(random, int(random.integers(2, 6))),
        online=bool(random.random() < 0.7),
        onsite=bool(random.random() < 0.9),
        asynchronous=bool(random.random() < 0.3),
        guides_minors=bool(random.random() < 0.3),
        conflicts=Conflicts(units=frozenset({f"U{random.integers(400)}"})),
        rating=float(np.round(random.beta(8, 3), 6)),
        acceptance=float(np.round(random.beta(6, 3), 6)),
    )


def _skewed(
    random: np.random.Generator, values: tuple[str, ...], many: int, skew: float
) -> list[str]:
    """Draw different values; each one is (1 - skew) times as likely as the one before."""
    weights = (1.0 - skew) ** np.arange(len(values))
    return [str(v) for v in random.choice(values, many, replace=False, p=weights / weights.sum())]


def _times(random: np.random.Generator, parts: int) -> frozenset[int]:
    """Draw free mornings, afternoons and evenings of the week."""
    chosen = random.choice(21, parts, replace=False)
    return frozenset(
        int(part // 3) * HALF_HOURS_A_DAY + half_hour
        for part in chosen
        for half_hour in range(*_PARTS_OF_DAY[part % 3])
    )
