"""How much a mentor and a need gain from each other: published terms, exact sums.

u, what the person gains, and v, what the mentor gains, are weighted means of terms in
[0, 1]. The value of a pair is u^0.7 v^0.3: nearly nothing where one side gains nearly
nothing. It is kept in whole millionths, so that every machine gets the same number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
import yaml
from numpy.typing import NDArray

from matching.industry import section_letter
from matching.mentor_facts import PUTONGHUA, MentorFacts, MentorNeed, Stage
from matching.pair_table import Floats, PairTable

UNITS = 1_000_000  # of value, in 1
NEUTRAL = 0.5  # a term of which nothing is known
ENOUGH_HALF_HOURS = 3  # starts of common hours: three make two hours


@dataclass(frozen=True, slots=True)
class MentorWeights:
    """Published weights of both sides' terms; each side is divided by its sum."""

    version: str
    mentee: Mapping[str, float]
    mentor: Mapping[str, float]
    mentee_share: float

    @classmethod
    def read(cls, data: Mapping[str, object]) -> "MentorWeights":
        """Take weights from their stored form; raises ValueError where a term is unknown."""
        mentee, mentor = (dict(data[side]) for side in ("mentee", "mentor"))  # type: ignore[call-overload]
        if set(mentee) != set(MENTEE_TERMS) or set(mentor) != set(MENTOR_TERMS):
            raise ValueError("权重表的项目与系统的评分项不一致。")
        if min(*mentee.values(), *mentor.values()) < 0 or not (
            sum(mentee.values()) and sum(mentor.values())
        ):
            raise ValueError("权重不能是负数，也不能全为零。")
        return cls(str(data["version"]), mentee, mentor, float(str(data["mentee_share"])))


@dataclass(frozen=True, slots=True)
class Scores:
    """What a block of pairs is worth; all arrays are (b, m).

    `terms` holds every term in [0, 1] under its name. `mentee` and `mentor` are u and v,
    `value` is in millionths.
    """

    terms: Mapping[str, Floats]
    mentee: Floats
    mentor: Floats
    value: NDArray[np.int64]


@cache
def load_weights() -> MentorWeights:
    """Read the shipped weights."""
    text = (resources.files("matching") / "mentor_weights.yaml").read_text("utf-8")
    return MentorWeights.read(yaml.safe_load(text))


def score_pairs(table: PairTable, rows: slice, weights: MentorWeights) -> Scores:
    """Score each need of the rows with each mentor."""
    terms = {name: term(table, rows) for name, term in (MENTEE_TERMS | MENTOR_TERMS).items()}
    mentee = _weighted(terms, weights.mentee)
    mentor = _weighted(terms, weights.mentor)
    value = mentee**weights.mentee_share * mentor ** (1.0 - weights.mentee_share)
    return Scores(terms, mentee, mentor, np.rint(value * UNITS).astype(np.int64))


def contributions(terms: Mapping[str, float], weights: Mapping[str, float]) -> dict[str, float]:
    """Return what each term adds to its side; the sum is the side's score."""
    total = sum(weights.values())
    return {name: terms[name] * weight / total for name, weight in weights.items()}


def _weighted(terms: Mapping[str, Floats], weights: Mapping[str, float]) -> Floats:
    total = sum(weights.values())
    result = np.zeros(1)
    for name, weight in weights.items():
        result = result + terms[name] * (weight / total)
    return result


def _topics(table: PairTable, rows: slice) -> Floats:
    wanted = table.of_needs(rows, lambda n: len(set(n.topics)))
    share = table.common_topics(rows).astype(np.float64) / np.maximum(wanted, 1)
    return np.where(wanted > 0, share, NEUTRAL)


def _industry(table: PairTable, rows: slice) -> Floats:
    def likeness(need: MentorNeed, mentor: MentorFacts) -> float:
        if not need.industry:
            return NEUTRAL
        if need.industry[:2] in {code[:2] for code in mentor.industries}:
            return 1.0
        letters = {section_letter(code) for code in mentor.industries}
        return 0.5 if section_letter(need.industry) in letters - {""} else 0.0

    return table.by_kind(rows, lambda n: n.industry[:2], likeness)


def _time(table: PairTable, rows: slice) -> Floats:
    common = np.minimum(table.common_hours(rows), ENOUGH_HALF_HOURS) / float(ENOUGH_HALF_HOURS)
    by_message = table.of_needs(rows, lambda n: n.asynchronous) & table.of_mentors(
        lambda m: m.asynchronous
    )
    unknown = table.of_needs(rows, lambda n: not n.half_hours) | table.of_mentors(
        lambda m: not m.half_hours
    )
    known = np.maximum(common.astype(np.float64), np.where(by_message, 0.4, 0.0))
    return np.where(unknown, NEUTRAL, known)


def _nearness(table: PairTable, rows: slice) -> Floats:
    def near(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.onsite and mentor.onsite:
            if need.street and need.street in mentor.streets:
                return 1.0
            if not mentor.streets:
                return 0.7
            if not need.street:
                return NEUTRAL
        return 0.5 if need.online and mentor.online else 0.0

    return table.by_kind(rows, lambda n: (n.street, n.online, n.onsite), near)


def _stage(table: PairTable, rows: slice) -> Floats:
    def fit(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.stage is None:
            return NEUTRAL
        if not mentor.stages:
            return 0.7  # all are welcome
        return 1.0 if need.stage in mentor.stages else _neighbouring(need.stage, mentor.stages)

    return table.by_kind(rows, lambda n: n.stage, fit)


def _neighbouring(stage: Stage, stages: frozenset[Stage]) -> float:
    order = list(Stage)
    apart = min(abs(order.index(stage) - order.index(other)) for other in stages)
    return 0.4 if apart == 1 else 0.0


def _rating(table: PairTable, rows: slice) -> Floats:
    return _of_mentor(table, rows, table.of_mentors(lambda m: m.rating))


def _language(table: PairTable, rows: slice) -> Floats:
    speaks_dialect = table.of_needs(rows, lambda n: bool(n.languages - {PUTONGHUA}))
    common = (table.common_dialects(rows) > 0).astype(np.float64)
    return np.where(speaks_dialect, common, NEUTRAL)


def _continuity(table: PairTable, rows: slice) -> Floats:
    return table.marked(rows, lambda n: n.known_mentors).astype(np.float64)


def _specialism(table: PairTable, rows: slice) -> Floats:
    wanted = table.of_needs(rows, lambda n: bool(n.topics))
    return np.where(wanted, table.best_topic_rank(rows), NEUTRAL)


def _field(table: PairTable, rows: slice) -> Floats:
    def rank(need: MentorNeed, mentor: MentorFacts) -> float:
        if not need.industry:
            return NEUTRAL
        divisions = [code[:2] for code in mentor.industries]
        if need.industry[:2] not in divisions:
            return 0.0
        return 1.0 - divisions.index(need.industry[:2]) / (2 * len(divisions))

    return table.by_kind(rows, lambda n: n.industry[:2], rank)


def _acceptance(table: PairTable, rows: slice) -> Floats:
    return _of_mentor(table, rows, table.of_mentors(lambda m: m.acceptance))


def _wished_stage(table: PairTable, rows: slice) -> Floats:
    def wished(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.stage is None or not mentor.stages:
            return NEUTRAL
        return float(need.stage in mentor.stages)

    return table.by_kind(rows, lambda n: n.stage, wished)


def _effort(table: PairTable, rows: slice) -> Floats:
    def ease(need: MentorNeed, mentor: MentorFacts) -> float:
        if need.online and mentor.online:
            return 1.0
        return 0.8 if need.street and need.street in mentor.streets else 0.4

    return table.by_kind(rows, lambda n: (n.street, n.online), ease)


def _of_mentor(table: PairTable, rows: slice, values: Floats) -> Floats:
    return np.broadcast_to(values, (rows.stop - rows.start, len(table.mentors)))


MENTEE_TERMS = {
    "topics": _topics,
    "industry": _industry,
    "time": _time,
    "nearness": _nearness,
    "stage": _stage,
    "rating": _rating,
    "language": _language,
    "continuity": _continuity,
}
MENTOR_TERMS = {
    "specialism": _specialism,
    "field": _field,
    "acceptance": _acceptance,
    "wished_stage": _wished_stage,
    "effort": _effort,
}
