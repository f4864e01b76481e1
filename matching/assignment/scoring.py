"""How much a mentor and a need gain from each other: published terms, exact sums.

u, what the person gains, and v, what the mentor gains, are weighted means of terms in
[0, 1]. The value of a pair is u^0.7 v^0.3: nearly nothing where one side gains nearly
nothing. It is kept in whole millionths, so that every machine gets the same number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from knowledge.yaml_text import read_yaml
from matching.assignment.edges import possible_pairs
from matching.assignment.pair_table import Floats, Mask, PairTable
from matching.assignment.terms import MENTEE_TERMS, MENTOR_TERMS, Block
from matching.mentors.facts import MentorFacts, MentorNeed

UNITS = 1_000_000  # of value, in 1


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
    """What a block of pairs is worth; all arrays are (e,), one entry a pair.

    `terms` holds every term in [0, 1] under its name. `mentee` and `mentor` are u and v,
    `value` is in millionths.
    """

    terms: Mapping[str, Floats]
    mentee: Floats
    mentor: Floats
    value: NDArray[np.int32]

    def of(self, place: int) -> dict[str, float]:
        """Return the terms of one pair."""
        return {name: float(term[place]) for name, term in self.terms.items()}


@cache
def load_weights() -> MentorWeights:
    """Read the shipped weights."""
    text = (resources.files("matching.assignment") / "weights.yaml").read_text("utf-8")
    return MentorWeights.read(read_yaml(text))


def score_pairs(table: PairTable, rows: slice, mask: Mask, weights: MentorWeights) -> Scores:
    """Score the pairs of a block that the mask (b, m) marks, in the order of its rows."""
    block = Block(table, rows, np.flatnonzero(mask))
    terms = {name: term(block) for name, term in (MENTEE_TERMS | MENTOR_TERMS).items()}
    mentee = _weighted(terms, weights.mentee)
    mentor = _weighted(terms, weights.mentor)
    value = mentee**weights.mentee_share * mentor ** (1.0 - weights.mentee_share)
    return Scores(terms, mentee, mentor, np.rint(value * UNITS).astype(np.int32))


def score_one(
    need: MentorNeed, mentor: MentorFacts, weights: MentorWeights
) -> tuple[dict[str, float], float]:
    """Return the terms of one pair and its value in [0, 1], in steps of a millionth."""
    table = PairTable((need,), (mentor,))
    scores = score_pairs(table, slice(0, 1), np.ones((1, 1), dtype=bool), weights)
    return scores.of(0), int(scores.value[0]) / UNITS


def value_matrix(
    needs: Sequence[MentorNeed], mentors: Sequence[MentorFacts], day: date, weights: MentorWeights
) -> NDArray[np.int32]:
    """Return the value of every pair in millionths, -1 where a rule forbids it; (n, m)."""
    table = PairTable(needs, mentors)
    values = np.full(table.shape, -1, dtype=np.int32)
    for rows in table.blocks() if mentors else ():
        mask = possible_pairs(table, rows, day)
        values[rows][mask] = score_pairs(table, rows, mask, weights).value
    return values


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
