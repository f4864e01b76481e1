"""Amounts of a person's case: computed where everything is stated, with the formula shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from assistant import eligibility_wording as say
from assistant.answer import Computation, Operand
from assistant.case import Case
from assistant.draft import Draft
from knowledge.eligibility.fact import UNSAID, Inquiry
from knowledge.eligibility.quantity import show_quantity
from knowledge.eligibility.rule import Amount, Rule
from knowledge.statement import Statement


@dataclass(frozen=True, slots=True)
class Lacking:
    """The amount that could be computed if one more thing were known, and its question."""

    amount: str
    inquiry: Inquiry


def tell_checks(draft: Draft, rule: Rule, case: Case) -> None:
    """Show the figures that conditions compare, whatever comes of it."""
    for amount in rule.amounts:
        if amount.when is not None and amount.when.truth(case.facts) is not True:
            continue
        if amount.checks and all(_written(n, rule, case) is not None for n in amount.needs):
            _tell_amount(draft, amount, rule, case)


def tell_amounts(draft: Draft, rule: Rule, case: Case) -> Lacking | None:
    """Compute what can be computed; return what one more answer would make computable."""
    wanted: Lacking | None = None
    for amount in rule.amounts:
        lacking = [name for name in amount.needs if _written(name, rule, case) is None]
        if amount.when is not None and amount.when.truth(case.facts) is not True:
            continue
        if not lacking:
            if not amount.checks:
                _tell_amount(draft, amount, rule, case)
        elif any(name in rule.parameters for name in lacking):
            if all(parameter.local for parameter in rule.parameters.values()):
                draft.say(say.NO_LOCAL)
        elif wanted is None and _worth_asking(amount, case):
            inquiry = _asking_for(lacking[0], case)
            wanted = Lacking(amount.name, inquiry) if inquiry else None
    return wanted


def sums(case: Case) -> Iterator[Computation]:
    """Yield how each number came about to which the person added some."""
    for name, added in case.more.items():
        unit = case.facts.definitions[name].unit
        before = Operand("原有", show_quantity(case.facts.get(name) - added, unit))
        operands = (before, Operand("再加", show_quantity(Fraction(added), unit)))
        yield Computation(name, "原有 + 再加", operands, unit)


def _tell_amount(draft: Draft, amount: Amount, rule: Rule, case: Case) -> None:
    single = rule.parameters.get(amount.needs[0]) if len(amount.needs) == 1 else None
    value = single.on(case.day) if single else None
    if value is not None and single is not None and single.local:
        draft.say(say.local_line(amount, value))
        return
    operands = tuple(Operand(n, _written(n, rule, case) or "") for n in amount.needs)
    statements: dict[str, Statement] = {}
    for name in amount.needs:
        value = rule.parameters[name].on(case.day) if name in rule.parameters else None
        if value is not None and value.basis is not None:
            statements[name] = case.in_force.statements[value.basis]
    more = [case.in_force.statements[basis] for basis in amount.bases]
    computation = Computation(amount.name, amount.formula, operands, amount.unit)
    draft.compute(computation, statements, more)


def _written(name: str, rule: Rule, case: Case) -> str | None:
    """Return an operand as it is written, None where nobody has stated it."""
    if name in rule.parameters:
        value = rule.parameters[name].on(case.day)
        return value.quantity.text if value else None
    known = case.facts.get(name)
    return None if known is None else show_quantity(known, case.facts.definitions[name].unit)


def _worth_asking(amount: Amount, case: Case) -> bool:
    """Whether the person wants to know: asked how much and gave a part of what it takes."""
    said = [n for n in amount.needs if n in case.facts.definitions and case.facts.known.get(n)]
    return case.wants_amount and bool(said)


def _asking_for(name: str, case: Case) -> Inquiry | None:
    if case.facts.known.get(name) == UNSAID:
        return None
    return next((q for q in case.knowledge.rulebook.inquiries if name in q.facts), None)
