"""Mentors and needs for tests: plain ones, and any that hypothesis can think of."""

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from matching.mentors.facts import (
    PUTONGHUA,
    Conflicts,
    Load,
    MentorCategory,
    MentorFacts,
    MentorNeed,
    MentorOrigin,
    MentorState,
    Stage,
)
from matching.mentors.weekly_slots import half_hours_of, parse_slots

DAY = date(2026, 3, 2)
MENTOR = MentorFacts(
    code="M1",
    name="样例导师",
    category=MentorCategory.MANAGEMENT,
    origin=MentorOrigin.ENTREPRENEUR,
    state=MentorState.ACTIVE,
    term_start_on=date(2025, 1, 1),
    term_end_on=date(2027, 12, 31),
    concurrent_cap=2,
    yearly_cap=5,
    weekly_cap=2,
    topics=("餐饮运营", "营销获客"),
    industries=("62", "52"),
)
NEED = MentorNeed(code="N1", topics=("餐饮运营",), industry="62")


def mentor(code: str = "M1", **changes: Any) -> MentorFacts:
    return replace(MENTOR, code=code, **changes)


def need(code: str = "N1", **changes: Any) -> MentorNeed:
    return replace(NEED, code=code, **changes)


def free(text: str) -> frozenset[int]:
    return half_hours_of(parse_slots(text))


TOPICS = ("餐饮运营", "营销获客", "财务税务", "种植养殖")
INDUSTRIES = ("62", "6210", "52", "01", "13")
STREETS = ("东街", "西街", "北街")
DIALECTS = ("关中方言", "四川话")
UNITS = ("甲公司", "乙公司")
NAMES = ("P1", "P2", "张三")
PROJECTS = ("X1", "X2")
TIMES = tuple(
    free(text) for text in ("周一 9-12", "周一 11:30-14", "周六 9-10", "周日 23:30-24", "周一 0-1")
)


def some(values: tuple[str, ...], most: int = 2) -> st.SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from(values), max_size=most)


def ordered(values: tuple[str, ...], most: int = 3) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), max_size=most, unique=True).map(tuple)


hours = st.frozensets(st.sampled_from(TIMES), max_size=2).map(
    lambda chosen: frozenset(half_hour for one in chosen for half_hour in one)
)
conflicts = st.builds(
    Conflicts, some(UNITS, 1), some(UNITS, 1), some(PROJECTS, 1), some(NAMES, 1), some(UNITS, 1)
)
pauses = st.sampled_from([(), ((DAY, DAY),), ((date(2026, 1, 1), date(2026, 3, 1)),)])
terms = st.sampled_from(
    [(date(2025, 1, 1), date(2027, 1, 1)), (DAY, DAY), (date(2024, 1, 1), date(2026, 3, 1))]
)


@st.composite
def any_mentor(draw: st.DrawFn) -> MentorFacts:
    start, end = draw(terms)
    return replace(
        MENTOR,
        state=draw(st.sampled_from([MentorState.ACTIVE] * 4 + [MentorState.PAUSED])),
        term_start_on=start,
        term_end_on=end,
        pauses=draw(pauses),
        topics=draw(ordered(TOPICS)),
        industries=draw(ordered(INDUSTRIES)),
        stages=draw(st.frozensets(st.sampled_from(Stage), max_size=2)),
        streets=draw(some(STREETS)),
        languages=draw(some((*DIALECTS, PUTONGHUA))),
        half_hours=draw(hours),
        online=draw(st.booleans()),
        onsite=draw(st.booleans()),
        asynchronous=draw(st.booleans()),
        guides_minors=draw(st.booleans()),
        conflicts=draw(conflicts),
        rating=draw(st.floats(0, 1)),
        acceptance=draw(st.floats(0, 1)),
        concurrent_cap=draw(st.integers(0, 3)),
        load=Load(draw(st.integers(0, 1))),
    )


@st.composite
def any_need(draw: st.DrawFn) -> MentorNeed:
    return MentorNeed(
        code="N1",
        person=draw(st.sampled_from(("", *NAMES))),
        topics=draw(ordered(TOPICS)),
        industry=draw(st.sampled_from(("", *INDUSTRIES))),
        stage=draw(st.sampled_from((None, *Stage))),
        street=draw(st.sampled_from(("", *STREETS))),
        languages=draw(some((*DIALECTS, PUTONGHUA))),
        half_hours=draw(hours),
        online=draw(st.booleans()),
        onsite=draw(st.booleans()),
        asynchronous=draw(st.booleans()),
        minor=draw(st.booleans()),
        groups=draw(some(("disabled", "graduate"))),
        unit=draw(st.sampled_from(("", *UNITS))),
        companies=draw(some(UNITS, 1)),
        projects=draw(some(PROJECTS, 1)),
        refused=draw(some(("M0", "M1"), 1)),
        reviewers=draw(some(("M0", "M1"), 1)),
        known_mentors=draw(some(("M0", "M1"), 1)),
        waiting_days=draw(st.integers(0, 40)),
    )


@st.composite
def any_district(draw: st.DrawFn) -> tuple[list[MentorNeed], list[MentorFacts]]:
    needs = draw(st.lists(any_need(), min_size=1, max_size=6))
    mentors = draw(st.lists(any_mentor(), min_size=1, max_size=4))
    return (
        [replace(one, code=f"N{number}") for number, one in enumerate(needs)],
        [replace(one, code=f"M{number}") for number, one in enumerate(mentors)],
    )
