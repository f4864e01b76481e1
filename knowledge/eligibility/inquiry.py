"""Which question to ask next: the one whose plausible answers settle most."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from knowledge.eligibility.fact import (
    UNSAID,
    FactKind,
    Facts,
    Inquiry,
    Option,
    elapsed_range,
)
from knowledge.eligibility.rule import Outcome, Rule, judge, missing_tests

RULE_WEIGHT = 100  # a rule settled counts more than any number of its conditions


def open_inquiries(
    rules: Iterable[Rule], facts: Facts, inquiries: Sequence[Inquiry]
) -> list[Inquiry]:
    """Return the questions that could still decide one of the rules, in the file's order."""
    wanted = {
        name
        for verdict in (judge(rule, facts) for rule in rules)
        if verdict.outcome is Outcome.MISSING
        for test in missing_tests(verdict, facts)
        for name in facts.sources_of(test.fact)
        if facts.known.get(name) != UNSAID
    }
    return [q for q in inquiries if wanted.intersection(q.facts)]


def next_inquiry(
    rules: Sequence[Rule], facts: Facts, inquiries: Sequence[Inquiry]
) -> Inquiry | None:
    """Return the question whose answers settle most rules and conditions on average.

    Every option counts the same; what none of the open conditions looks at is no plausible
    answer. A question that something already said leads to goes first;
    of equals the first in the file, so that the choice is the same each time.
    """
    best: tuple[tuple[bool, float], Inquiry] | None = None
    for inquiry in open_inquiries(rules, facts, inquiries):
        options = options_for(inquiry, rules, facts)
        before = _settled(rules, facts)
        gains = [_settled(rules, facts.with_values(values)) - before for _, values in options]
        expected = sum(gains) / len(gains) if gains else 0.0
        hinted = bool(inquiry.hint) and facts.get(inquiry.hint) is True
        if best is None or (hinted, expected) > best[0]:
            best = ((hinted, expected), inquiry)
    return best[1] if best else None


def options_for(
    inquiry: Inquiry, rules: Iterable[Rule], facts: Facts
) -> list[tuple[Option, Mapping[str, Any]]]:
    """Return the options worth showing with the facts each gives, in the file's order.

    Of a question about many things at once only those are shown that the rules look at.
    """
    looked_at = {
        source for rule in rules for name in rule.facts() for source in facts.sources_of(name)
    }
    kept = [
        option
        for option in inquiry.options
        if not option.values
        or not inquiry.exclusive
        or any(n in looked_at and facts.get(n) is None for n in option.values)
    ]
    others = {n: False for n in inquiry.facts if inquiry.exclusive and facts.get(n) is None}
    return [(option, {**others, **dated(option.values, facts)}) for option in kept]


def dated(values: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """Turn the relative dates of an option (满12个月) into ranges that end on the facts' day."""
    kinds = facts.definitions
    return {
        name: elapsed_range(value, facts.on) if kinds[name].kind is FactKind.DATE else value
        for name, value in values.items()
    }


def _settled(rules: Iterable[Rule], facts: Facts) -> int:
    total = 0
    for rule in rules:
        verdict = judge(rule, facts)
        total += RULE_WEIGHT * (verdict.outcome is not Outcome.MISSING)
        total += sum(truth is not None for truth in verdict.truths)
    return total
