"""A person's case: the facts known and the rules in question."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from knowledge.eligibility.fact import Facts
from knowledge.eligibility.rule import Rule
from knowledge.eligibility.rulebook import RulesInForce
from knowledge.knowledge_base import Knowledge


@dataclass(frozen=True, slots=True)
class Case:
    """A person's case: what is known, and the rules in question, those in force on the day."""

    knowledge: Knowledge
    in_force: RulesInForce
    rules: tuple[Rule, ...]
    facts: Facts
    lead: str = ""  # said first: that it is supposed, or for somebody else
    wants_amount: bool = False
    more: Mapping[str, int] = field(default_factory=dict)  # of a number, what came on top

    @property
    def day(self) -> date:
        """The day on which it is judged."""
        return self.facts.on
