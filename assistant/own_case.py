"""Whether a message asks about a case of one's own, and by which rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant import patterns
from assistant.answer import Intent, Question
from assistant.asked import Asked
from assistant.evidence import places_named
from assistant.person_facts import Said
from knowledge.eligibility.fact import FactKind, Facts
from knowledge.eligibility.rule import Rule
from knowledge.eligibility.rulebook import RulesInForce
from knowledge.knowledge_base import Knowledge

TOPIC = "topic"  # codes of the rules talked about; ["*"] for all
ASKED = "asked"  # key of the question asked last
EVERYTHING = "*"
_YES_NO = (Asked.ANY, Asked.YES_NO)
_OWN = (*_YES_NO, Asked.MONEY, Asked.NUMBER, Asked.REASON)
# What may be asked about a case that was told; some of it only as whether.
_OUTCOMES = frozenset({*_OWN, Asked.INTEREST})
_MEASURES = frozenset({Asked.SHARE, Asked.PEOPLE, Asked.CONDITION})
_OF_A_CASE = frozenset({FactKind.NUMBER, FactKind.DATE})


@dataclass(frozen=True, slots=True)
class Talk:
    """One message with all that its reading depends on."""

    text: str
    asked_kind: Asked
    question: Question
    knowledge: Knowledge
    in_force: RulesInForce
    state: Mapping[str, Any]
    facts: Facts
    said: Said
    reply: Mapping[str, Any]

    @property
    def began(self) -> bool:
        """Whether this conversation is about eligibility already."""
        turns = self.question.history
        return bool(self.state.get(TOPIC)) and any(t.intent is Intent.ELIGIBILITY for t in turns)

    @property
    def topic(self) -> list[Rule]:
        """The rules talked about, as far as they are in force."""
        codes = self.state.get(TOPIC) or ()
        return [r for r in self.in_force.rules if EVERYTHING in codes or r.code in codes]


def rules_asked_for(talk: Talk, given: Mapping[str, Any]) -> list[Rule] | None:
    """Return the rules that a message wants checked; None where it wants something else."""
    rules = talk.in_force.rules
    if not rules:
        return None
    if talk.said.of_self and patterns.OVERVIEW.search(talk.text):
        return list(rules)
    named = _named(rules, talk.text)
    if named and (_asks_own_case(talk, given) or _tells_a_case(talk, given, named)):
        return named
    if not talk.began:
        return None
    if _goes_on(talk, given):
        return _with_named(talk, named)
    return None


def _named(rules: Sequence[Rule], text: str) -> list[Rule]:
    """Return the rules that a text names; those named most exactly where several are."""
    length = {r.code: max((len(m[0]) for m in r.named.finditer(text)), default=0) for r in rules}
    most = max(length.values(), default=0)
    return [r for r in rules if most and length[r.code] == most]


def _asks_own_case(talk: Talk, given: Mapping[str, Any]) -> bool:
    if not (talk.said.of_self or talk.began):
        return False
    if patterns.COMPARED.search(talk.text):
        return False
    if talk.asked_kind not in _OWN and not (given and patterns.OWN_AMOUNT.search(talk.text)):
        return False
    if patterns.OWN_AMOUNT.search(talk.text) or talk.asked_kind not in _YES_NO:
        known = bool(given) or bool(talk.facts.known)
        return known and patterns.OWN_CASE.search(talk.text) is not None
    return patterns.OWN_CASE.search(talk.text) is not None


def _tells_a_case(talk: Talk, given: Mapping[str, Any], named: Sequence[Rule]) -> bool:
    """Whether a message tells what the named rules turn on, and asks what comes of it.

    Who gives a figure, a date or what they are not tells of a case, however they ask.
    """
    looked_at = {n for r in named for n in (*r.facts(), *(n for a in r.amounts for n in a.needs))}
    known = looked_at & set(talk.facts.definitions)
    told = set(given) & {source for n in known for source in talk.facts.sources_of(n)}
    kinds = {name: talk.facts.definitions[name].kind for name in told}
    own = [n for n in told if kinds[n] in _OF_A_CASE or given[n] is False]
    if talk.said.of_self:
        tells = bool(own) or len(told) > 1
    else:  # one date alone, or a place with rules of its own, may be a question in general
        several = len(own) > 1 or len(told) > 2
        plain = any(kinds[n] is not FactKind.DATE for n in own)
        tells = bool(own) and (several or plain)
        tells = tells and not places_named(talk.text, talk.knowledge)
    if not tells or patterns.ASKS.search(talk.text) is None:
        return False
    # "比例够不够" asks what comes of the case, "比例要多少" what the rule is.
    return talk.asked_kind in _OUTCOMES or (
        talk.asked_kind in _MEASURES and patterns.WHETHER.search(talk.text) is not None
    )


def _goes_on(talk: Talk, given: Mapping[str, Any]) -> bool:
    """Whether a message in a talk about eligibility belongs to it."""
    text = talk.text
    if talk.reply or patterns.RESUME.search(text):
        return True
    if patterns.WHY_NOT.search(text) or patterns.WHAT_ELSE.search(text):
        return True
    if not given:
        return False
    asked = talk.knowledge.rulebook.inquiry(str(talk.state.get(ASKED)))
    answers = asked is not None and bool(set(given) & set(asked.facts))
    if not patterns.ASKS.search(text) and (answers or talk.asked_kind is Asked.ANY):
        return True
    return talk.asked_kind in _OWN and patterns.OWN_CASE.search(text) is not None


def _with_named(talk: Talk, named: list[Rule]) -> list[Rule]:
    """Return the topic, narrowed to what the message names of it."""
    topic = talk.topic
    narrowed = [rule for rule in topic if rule in named]
    return narrowed or topic
