"""Whether a message asks about a case of one's own, and by which rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assistant import patterns
from assistant.answer import Intent, Question
from assistant.asked import Asked
from assistant.day_asked import day_asked_about
from assistant.evidence import places_named
from assistant.person_facts import Said
from knowledge.eligibility.fact import FactKind, Facts
from knowledge.eligibility.rule import Rule
from knowledge.eligibility.rulebook import RulesInForce
from knowledge.knowledge_base import Knowledge
from knowledge.tokenizer import normalize

TOPIC = "topic"  # codes of the rules talked about; ["*"] for all
ASKED = "asked"  # key of the question asked last
EVERYTHING = "*"
SUBSIDY = "补贴"  # topic of the rules that pay money out
_YES_NO = (Asked.ANY, Asked.YES_NO)
_OWN = (*_YES_NO, Asked.MONEY, Asked.NUMBER, Asked.REASON)
# What may be asked about a case that was told; some of it only as whether.
_OUTCOMES = frozenset({*_OWN, Asked.INTEREST})
_MEASURES = frozenset({Asked.SHARE, Asked.PEOPLE, Asked.CONDITION})
_OF_A_CASE = frozenset({FactKind.NUMBER, FactKind.DATE})
_A_CASE = 2  # so many things told of oneself are a case, whatever they are


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
    corrected: Mapping[str, Any]

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
    named = _named(rules, talk.text) or _by_ratio(talk, given)
    if named and (_asks_own_case(talk, given) or _tells_a_case(talk, given, named)):
        figures = {n for n in given if talk.facts.definitions[n].kind is FactKind.NUMBER}
        return [rule for rule in named if _looked_at([rule], talk) & figures] or named
    if not named and _asks_for_all(talk, given):
        of_money = patterns.MONEY_ONLY.search(talk.text) is not None
        return [r for r in rules if r.topic == SUBSIDY] if of_money else list(rules)
    if not named and (before := _spoken_of_before(talk, given)):
        return before
    if not talk.began:
        return None
    if _goes_on(talk, given):
        return _with_named(talk, named)
    return None


def _asks_for_all(talk: Talk, given: Mapping[str, Any]) -> bool:
    """Whether whoever told of their case asks what there is for it."""
    if not talk.said.of_self or patterns.OVERVIEW_OF_CASE.search(talk.text) is None:
        return False
    kinds = {talk.facts.definitions[name].kind for name in given}
    grouped = {name for name in given if talk.facts.definitions[name].group}
    several = len(grouped | talk.facts.identities & set(given)) >= _A_CASE
    return talk.began or several or bool(kinds & _OF_A_CASE)


def _by_ratio(talk: Talk, given: Mapping[str, Any]) -> list[Rule]:
    """Return the rules for which alone both parts of a ratio are told: staff and new hires."""
    ratios = {
        n for n, f in talk.facts.definitions.items() if f.ratio and set(f.ratio) <= set(given)
    }
    return [rule for rule in talk.in_force.rules if ratios & rule.facts()]


def _spoken_of_before(talk: Talk, given: Mapping[str, Any]) -> list[Rule]:
    """Return the rules that the last message named, where this one tells or asks of a case.

    "见习补贴给多少" and then "我够条件吗", or "我23岁,没工作".
    """
    last = talk.question.history[-1] if talk.question.history else None
    if last is None or last.intent is Intent.ELIGIBILITY:
        return []
    rules = _named(talk.in_force.rules, normalize(last.completed_question or last.question))
    own = talk.said.of_self or patterns.OF_CONDITIONS.search(talk.text) is not None
    if own and talk.asked_kind in _YES_NO and patterns.OWN_CASE.search(talk.text):
        return rules
    of_others = not talk.said.of_self and patterns.FOLLOW_UP.search(talk.text)  # "那退役军人呢"
    tells = bool(given) and not of_others and patterns.ASKS.search(talk.text) is None
    return [rule for rule in rules if tells and _looked_at([rule], talk) & set(given)]


def _looked_at(rules: Sequence[Rule], talk: Talk) -> set[str]:
    """Return the facts that decide rules or go into their amounts, by what is asked for them."""
    names = {n for r in rules for n in (*r.facts(), *(n for a in r.amounts for n in a.needs))}
    return {s for n in names & set(talk.facts.definitions) for s in talk.facts.sources_of(n)}


def _named(rules: Sequence[Rule], text: str) -> list[Rule]:
    """Return the rules that a text names; those named most exactly where several are."""
    length = {r.code: max((len(m[0]) for m in r.named.finditer(text)), default=0) for r in rules}
    most = max(length.values(), default=0)
    return [r for r in rules if most and length[r.code] == most]


def _asks_own_case(talk: Talk, given: Mapping[str, Any]) -> bool:
    # "直播卖货两年多,算不算贷款对象": whoever tells of somebody and names nobody means themselves
    unnamed = "," in talk.text and bool(talk.facts.identities & set(given))
    if not (talk.said.of_self or talk.began or unnamed):
        return False
    if patterns.COMPARED.search(talk.text):
        return False
    if talk.said.of_another and given and patterns.OWN_CASE.search(talk.text):
        return True  # "我们俩谁能贷款" asks neither for an office nor for conditions
    if (
        talk.said.of_self
        and patterns.WANTS.search(talk.text)
        and not patterns.ASKS.search(talk.text)
    ):
        return talk.asked_kind is Asked.ANY  # "我想贷款": the talk starts with what it takes
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
    told = set(given) & _looked_at(named, talk)
    kinds = {name: talk.facts.definitions[name].kind for name in given}
    own = [n for n in given if kinds[n] in _OF_A_CASE or given[n] is False] if told else []
    wants = patterns.WANTS.search(talk.text) is not None
    if talk.said.of_self:
        tells = bool(own) or len(told) >= (1 if wants else _A_CASE)
    else:  # one date alone, or a place with rules of its own, may be a question in general
        several = len(own) > 1 or len(told) > 2
        told_who = "," in talk.text and bool(told & talk.facts.identities)
        plain = told_who or any(kinds[n] is not FactKind.DATE for n in own)
        tells = bool(own) and (several or plain) and not _of_the_past(talk)
        tells = tells and not places_named(talk.text, talk.knowledge)
    if not tells or not (wants or patterns.ASKS.search(talk.text)):
        return False
    # "比例够不够" asks what comes of the case, "比例要多少" what the rule is.
    return talk.asked_kind in _OUTCOMES or (
        talk.asked_kind in _MEASURES and patterns.WHETHER.search(talk.text) is not None
    )


def _of_the_past(talk: Talk) -> bool:
    """Whether a question without a break asks for the rules of another year."""
    as_of = talk.question.as_of
    return "," not in talk.text and day_asked_about(talk.text, as_of) != as_of


def _goes_on(talk: Talk, given: Mapping[str, Any]) -> bool:
    """Whether a message in a talk about eligibility belongs to it."""
    text = talk.text
    if talk.reply or talk.corrected or patterns.RESUME.search(text):
        return True
    if any(p.search(text) for p in (patterns.WHY_NOT, patterns.WHAT_ELSE, patterns.LACKING)):
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
