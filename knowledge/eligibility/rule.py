"""Rules: what somebody can get, under which conditions, and how amounts are computed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from knowledge.eligibility.condition import Basis, Condition, Test, Truth, leaves_of, open_tests
from knowledge.eligibility.fact import Facts
from knowledge.eligibility.quantity import Quantity


@dataclass(frozen=True, slots=True)
class Value:
    """What a parameter is from a day to a day; a national one has a basis, a local one a source."""

    quantity: Quantity
    basis: Basis | None
    source: str = ""  # 文号 of the local document, for a local value
    since: date | None = None
    until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the value is in force on a day."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day <= self.until
        )


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure that formulas use; `local`: set locally, absent until somebody enters it."""

    name: str
    values: tuple[Value, ...]
    local: bool = False

    def on(self, day: date) -> Value | None:
        """Return the value in force on a day, the last one stated where several are."""
        return next((v for v in reversed(self.values) if v.holds_on(day)), None)


@dataclass(frozen=True, slots=True)
class Amount:
    """A formula over parameters and facts, used where `when` holds (always where None)."""

    name: str
    formula: str
    unit: str
    needs: tuple[str, ...]  # parameter or fact names
    when: Condition | None = None
    checks: bool = False  # told whatever the outcome: it is what a condition compares
    bases: tuple[Basis, ...] = ()  # clauses that state the way it is computed


@dataclass(frozen=True, slots=True)
class Note:
    """A clause to know; where `fact` is named, only by those for whom it is so."""

    basis: Basis
    fact: str = ""


class Outcome(StrEnum):
    """Whether a person may have what a rule gives."""

    MET = "符合"
    NOT_MET = "不符合"
    MISSING = "还缺"


@dataclass(frozen=True, slots=True)
class Rule:
    """One support with its conditions, all of which have to hold."""

    code: str
    name: str
    topic: str
    named: re.Pattern[str]  # words that mean this support in a message
    conditions: tuple[Condition, ...]
    gives: tuple[Basis, ...]  # clauses that say what one gets, the most telling first
    parameters: Mapping[str, Parameter]
    amounts: tuple[Amount, ...]
    notes: tuple["Note", ...] = ()  # clauses to know beside it: the procedure, local differences

    def facts(self) -> frozenset[str]:
        """Return the names of the facts that its conditions look at."""
        return frozenset(test.fact for c in self.conditions for test in leaves_of(c))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A rule evaluated on facts.

    `presumed`: facts taken as given for the outcome though nobody said them.
    """

    rule: Rule
    outcome: Outcome
    truths: tuple[Truth, ...]  # of each condition, presumptions included where they help
    presumed: tuple[str, ...] = ()
    unmentioned: tuple[str, ...] = ()  # identities that would matter, taken as not given


def judge(rule: Rule, facts: Facts) -> Verdict:
    """Evaluate a rule. A presumption may help somebody, it never turns them away.

    Who named one of the identities that a rule is for is taken to have named all of them;
    what was left unmentioned is in the verdict, to be said.
    """
    if named := _as_named(rule, facts):
        return named
    strict = tuple(c.truth(facts) for c in rule.conditions)
    if False in strict:
        return Verdict(rule, Outcome.NOT_MET, strict)
    if all(strict):
        return Verdict(rule, Outcome.MET, strict)
    return _presuming(rule, facts, strict)


def _as_named(rule: Rule, facts: Facts) -> Verdict | None:
    """Return that a rule is not met with the identities named alone, or None."""
    identities = sorted(rule.facts() & facts.identities)
    unsaid = tuple(n for n in identities if facts.known.get(n) is None)
    if not unsaid or not any(facts.get(n) is True for n in identities):
        return None
    closed = facts.with_values(dict.fromkeys(unsaid, False))
    truths = tuple(c.truth(closed) for c in rule.conditions)
    if False not in truths:
        return None
    return Verdict(rule, Outcome.NOT_MET, truths, unmentioned=unsaid)


def _presuming(rule: Rule, facts: Facts, strict: tuple[Truth, ...]) -> Verdict:
    helped = facts.presuming()
    truths = tuple(
        True if c.truth(helped) else known for c, known in zip(rule.conditions, strict, strict=True)
    )
    presumed = tuple(
        dict.fromkeys(
            name
            for c, known in zip(rule.conditions, strict, strict=True)
            if known is None and c.truth(helped)
            for test in leaves_of(c)
            for name in facts.sources_of(test.fact)
            if facts.get(name) is None and helped.get(name) is not None
        )
    )
    outcome = Outcome.MET if all(truths) else Outcome.MISSING
    return Verdict(rule, outcome, truths, presumed)


def missing_tests(verdict: Verdict, facts: Facts) -> list[Test]:
    """Return the tests that still may decide a verdict, presumptions left aside."""
    pairs = zip(verdict.rule.conditions, verdict.truths, strict=True)
    return [t for c, truth in pairs if truth is None for t in open_tests(c, facts)]


def failing(verdict: Verdict) -> Sequence[Condition]:
    """Return the conditions that do not hold."""
    pairs = zip(verdict.rule.conditions, verdict.truths, strict=True)
    return [condition for condition, truth in pairs if truth is False]
