"""Conditions: a tree of tests over facts, each tied to the words of a clause; Kleene logic."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from knowledge.eligibility.fact import FactKind, Facts, months_before, read_range
from knowledge.eligibility.quantity import Quantity

Truth = bool | None  # None: not known yet


class Comparison(StrEnum):
    """How a fact is compared; the members are the words of the rule files."""

    IS = "是"
    AT_LEAST = "至少"
    MORE = "超过"
    AT_MOST = "至多"
    LESS = "少于"
    SINCE = "满"  # so long ago at least
    WITHIN = "内"  # so long ago at most
    THIS_YEAR = "当年"
    LOCAL = "本地规定"  # left to local rules that nobody has entered: never known


class Joint(StrEnum):
    """How the parts of a condition are joined."""

    ALL = "都要"
    ANY = "任一"
    NOT = "不是"


@dataclass(frozen=True, slots=True)
class Basis:
    """Where a condition or a figure is stated: series, clause address, words found there."""

    series: str
    address: str
    quote: str


@dataclass(frozen=True, slots=True)
class Test:
    """One fact compared; `wanted` is a tuple of values or a Quantity."""

    fact: str
    comparison: Comparison
    wanted: tuple[Any, ...] | Quantity | None
    basis: Basis
    label: str  # how the condition reads, mostly the clause's own words

    def truth(self, facts: Facts) -> Truth:
        """Compare; None where the fact is not known well enough."""
        if self.comparison is Comparison.LOCAL:
            return None
        value = facts.get(self.fact)
        if value is None:
            return None
        if facts.definitions[self.fact].kind is FactKind.DATE:
            return self._of_date(str(value), facts.on)
        if isinstance(self.wanted, Quantity):
            return _compare(self.comparison, value, self.wanted)
        return self.wanted is not None and value in self.wanted

    def _of_date(self, value: str, on: date) -> Truth:
        low, high = read_range(value)
        if self.comparison is Comparison.THIS_YEAR:
            if low.year == high.year:
                return low.year == on.year
            return None if low.year <= on.year <= high.year else False
        assert isinstance(self.wanted, Quantity)
        limit = months_before(on, months_of(self.wanted))
        if self.comparison is Comparison.WITHIN:
            return True if low >= limit else False if high < limit else None
        return True if high <= limit else False if low > limit else None


@dataclass(frozen=True, slots=True)
class Junction:
    """Several conditions joined; `basis` and `label` speak for the whole."""

    joint: Joint
    parts: tuple["Condition", ...]
    basis: Basis
    label: str

    def truth(self, facts: Facts) -> Truth:
        """Evaluate in Kleene's strong three-valued logic."""
        values = [part.truth(facts) for part in self.parts]
        if self.joint is Joint.NOT:
            return None if values[0] is None else not values[0]
        decisive = self.joint is Joint.ANY
        if decisive in values:
            return decisive
        return None if None in values else not decisive


Condition = Test | Junction


def leaves_of(condition: Condition) -> Iterator[Test]:
    """Yield every test of a tree, in reading order."""
    if isinstance(condition, Test):
        yield condition
    else:
        for part in condition.parts:
            yield from leaves_of(part)


def open_tests(condition: Condition, facts: Facts) -> Iterator[Test]:
    """Yield the tests that still may decide a condition which is not known."""
    if condition.truth(facts) is not None:
        return
    if isinstance(condition, Test):
        yield condition
        return
    for part in condition.parts:
        yield from open_tests(part, facts)


def ways_open(condition: Condition, facts: Facts) -> list[Condition]:
    """Return the ways of which any would do that are still open, begun ones alone where any is.

    Empty where a condition has no such ways but single facts: the question lists those.
    """
    if not isinstance(condition, Junction) or condition.joint is not Joint.ANY:
        return []
    ways = [part for part in condition.parts if isinstance(part, Junction)]
    if len(ways) < len(condition.parts):
        return []
    still: list[Condition] = [way for way in ways if way.truth(facts) is None]
    begun = [way for way in still if any(test.truth(facts) for test in leaves_of(way))]
    return begun or still


def telling(condition: Condition, facts: Facts) -> Condition:
    """Return the part that decides a condition: of 任一 the one that holds, else the whole."""
    truth = condition.truth(facts)
    if isinstance(condition, Junction) and condition.joint is Joint.ANY and truth:
        return telling(next(p for p in condition.parts if p.truth(facts)), facts)
    return condition


def months_of(quantity: Quantity) -> int:
    """Return a period in months; raises ValueError for other units."""
    months = quantity.value * {"年": 12, "个月": 1, "月": 1}.get(quantity.unit, 0)
    if months.denominator != 1 or months <= 0:
        raise ValueError(f"“{quantity.text}”不是整月的期限")
    return int(months)


def bases_of(conditions: Sequence[Condition]) -> Iterator[Basis]:
    """Yield every basis of conditions and their parts."""
    for condition in conditions:
        yield condition.basis
        if isinstance(condition, Junction):
            yield from bases_of(condition.parts)


def _compare(comparison: Comparison, value: Fraction, wanted: Quantity) -> bool:
    limit = wanted.value
    return {
        Comparison.AT_LEAST: value >= limit,
        Comparison.MORE: value > limit,
        Comparison.AT_MOST: value <= limit,
        Comparison.LESS: value < limit,
    }[comparison]
