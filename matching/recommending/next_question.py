"""Which missing fact to ask for: the one whose answers change the list most, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np

from matching.profile.profile import Profile, profile_of
from matching.recommending.project_table import ProjectTable, Vectors
from matching.recommending.recommender import choose, judge
from matching.recommending.scoring import ProjectWeights

WORTH_ASKING = 0.2  # share of the list that an answer changes on average
CANDIDATES = 300


@dataclass(frozen=True, slots=True)
class Ask:
    """A fact to ask for: the question, and answers to tap, each a message as people write it."""

    key: str
    question: str
    answers: tuple[str, ...]
    value: float  # share of the list that changes, 0 to 1


@dataclass(frozen=True, slots=True)
class _Option:
    key: str
    question: str
    answers: Mapping[str, Mapping[str, Any]]  # what is tapped -> the facts that it says


# Every answer is understood by `facts_said` as the facts beside it; a test sees to that.
OPTIONS: tuple[_Option, ...] = (
    _Option(
        "budget_yuan",
        "您大概能拿出多少钱？",
        {
            "我有2万元": {"budget_yuan": 20_000},
            "我有5万元": {"budget_yuan": 50_000},
            "我有10万元": {"budget_yuan": 100_000},
            "我有20万元": {"budget_yuan": 200_000},
        },
    ),
    _Option(
        "interests",
        "您想往哪方面做？",
        {
            "想做餐饮": {"interests": ["餐饮"]},
            "想做养殖种植": {"interests": ["养殖", "种植"]},
            "想做网上的生意": {"interests": ["网上"]},
            "想做社区服务": {"interests": ["社区服务"]},
        },
    ),
    _Option(
        "premises",
        "您有没有场地？",
        {
            "有个门面": {"premises": "shop"},
            "没有场地，不想租": {"premises": "none"},
            "想在家里做": {"premises": "home"},
        },
    ),
    _Option(
        "hours",
        "您能花多少时间？",
        {"可以全职干": {"hours": 50}, "只有晚上和周末有空": {"hours": 30}},
    ),
    _Option(
        "people",
        "几个人一起干？",
        {"就我一个人": {"people": 1}, "我们两个人": {"people": 2}, "我们三个人": {"people": 3}},
    ),
    _Option(
        "risk",
        "您愿意冒多大的险？",
        {"想稳一点，怕赔": {"risk": 1}, "有点风险也行": {"risk": 2}, "不怕风险": {"risk": 3}},
    ),
)


def next_question(
    table: ProjectTable,
    profile: Profile,
    weights: ProjectWeights,
    day: date,
    k: int = 3,
    vector: Vectors | None = None,
) -> Ask | None:
    """Return the unknown fact whose answers change the best `k` most, or None if none does.

    The value of a question is the mean, over its answers, of the share of the list that
    is another one. Of large libraries only the best candidates are tried.
    """
    table = _nearest(table, profile, weights, day, vector)
    before = set(choose(table, judge(table, profile, weights, day, vector), k))
    best: Ask | None = None
    for option in _unknown(profile):
        changes = []
        for facts in option.answers.values():
            told = _with(profile, facts)
            rows = set(choose(table, judge(table, told, weights, day, vector), k))
            changes.append(len(before - rows) / max(1, len(before)))
        value = sum(changes) / len(changes)
        if value >= WORTH_ASKING and (best is None or value > best.value):
            best = Ask(option.key, option.question, tuple(option.answers), value)
    return best


def _unknown(profile: Profile) -> Sequence[_Option]:
    empty = Profile()
    found = []
    for option in OPTIONS:
        if option.key == "interests" and (profile.skills or profile.experience):
            continue  # what somebody can do says where to look
        if getattr(profile, option.key) == getattr(empty, option.key):
            found.append(option)
    return found


def _with(profile: Profile, facts: Mapping[str, Any]) -> Profile:
    told = profile_of(facts)
    return replace(profile, **{key: getattr(told, key) for key in facts})


def _nearest(
    table: ProjectTable,
    profile: Profile,
    weights: ProjectWeights,
    day: date,
    vector: Vectors | None,
) -> ProjectTable:
    if len(table) <= CANDIDATES:
        return table
    judged = judge(table, profile, weights, day, vector)
    best = np.sort(np.lexsort((np.arange(len(table)), -judged.scores))[:CANDIDATES])
    return table.part(best)
