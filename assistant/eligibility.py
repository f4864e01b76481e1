"""Whether a message is about the person's own eligibility, and the conversation about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import eligibility_wording as say
from assistant import patterns
from assistant.answer import Answer, Intent, Question
from assistant.asked import Asked
from assistant.case import Case
from assistant.eligibility_answers import Judged, judge_case
from assistant.evidence import places_named
from assistant.guardrails import NO_GROUNDS, Grounds
from assistant.person_facts import Said, read_facts, read_reply
from assistant.reading import by_pattern
from knowledge.eligibility.fact import FactKind, Facts, Inquiry
from knowledge.eligibility.rule import Rule
from knowledge.eligibility.rulebook import RulesInForce
from knowledge.knowledge_base import Knowledge

PREFIX = "eligibility."
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
class Heard:
    """A message about the person: an answer where it is about eligibility, and what it tells."""

    answer: Answer | None
    learned: Mapping[str, Any]
    grounds: Grounds = NO_GROUNDS
    pending: bool = False  # a check was begun before and waits for an answer


@dataclass(frozen=True, slots=True)
class _Talk:
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


def hear(text: str, question: Question, knowledge: Knowledge) -> Heard:
    """Read a normalised message; answer it where it is about the person's own eligibility."""
    talk = _listen(text, question, knowledge)
    given = {**talk.said.facts, **talk.reply}
    if talk.began and given and patterns.WHAT_IF.search(text):
        return _suppose(talk, given)
    rules = _rules_asked_for(talk, given)
    personal = talk.said.of_self and not talk.said.of_another
    if rules is None:
        learned = _learned(talk, talk.said.facts) if personal and talk.said.facts else {}
        return Heard(None, learned, pending=talk.began)
    if talk.said.of_another:
        case = _case(talk, rules, Facts(given, talk.facts.definitions, talk.facts.on))
        return _told(judge_case(replace(case, lead=say.FOR_ANOTHER)), _topic_only(rules, talk))
    facts = _after(talk, given)
    judged = judge_case(_case(talk, rules, facts))
    learned = {**_learned(talk, given), **_topic_only(rules, talk)}
    learned[PREFIX + ASKED] = judged.asked.key if judged.asked else None
    return _told(judged, learned)


def _listen(text: str, question: Question, knowledge: Knowledge) -> _Talk:
    rulebook = knowledge.rulebook
    state = {
        key.removeprefix(PREFIX): value
        for key, value in question.known.items()
        if key.startswith(PREFIX)
    }
    groups = question.known.get("groups") or ()
    told = {f.key: True for f in rulebook.facts.values() if f.group and f.group in groups}
    facts = rulebook.facts_of({**told, **state}, question.as_of)
    said = read_facts(text, rulebook, facts)
    inquiry = rulebook.inquiry(str(state.get(ASKED)))
    last = question.history[-1] if question.history else None
    reply: Mapping[str, Any] = {}
    if inquiry is not None and last is not None and last.intent is Intent.ELIGIBILITY:
        reply = read_reply(text, inquiry, facts)
    in_force = knowledge.rules_on(question.as_of)
    return _Talk(
        text, by_pattern(text)[0], question, knowledge, in_force, state, facts, said, reply
    )


def _rules_asked_for(talk: _Talk, given: Mapping[str, Any]) -> list[Rule] | None:
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


def _asks_own_case(talk: _Talk, given: Mapping[str, Any]) -> bool:
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


def _tells_a_case(talk: _Talk, given: Mapping[str, Any], named: Sequence[Rule]) -> bool:
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


def _goes_on(talk: _Talk, given: Mapping[str, Any]) -> bool:
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


def _with_named(talk: _Talk, named: list[Rule]) -> list[Rule]:
    """Return the topic, narrowed to what the message names of it."""
    topic = talk.topic
    narrowed = [rule for rule in topic if rule in named]
    return narrowed or topic


def _suppose(talk: _Talk, given: Mapping[str, Any]) -> Heard:
    """Judge what would be if; nothing of it is kept."""
    facts = _after(talk, given)
    touched = [
        r
        for r in talk.in_force.rules
        if any(set(facts.sources_of(name)) & set(given) for name in r.facts())
    ]
    rules = [r for r in touched if r in talk.topic] or touched or talk.topic
    judged = judge_case(replace(_case(talk, rules, facts), lead=say.WHAT_IF))
    return _told(judged, {})


def _after(talk: _Talk, given: Mapping[str, Any]) -> Facts:
    """Return the facts once the message is taken in."""
    known = {**talk.state, **_keyed(talk, given)}
    groups = talk.question.known.get("groups") or ()
    facts = talk.knowledge.rulebook.facts
    told = {f.key: True for f in facts.values() if f.group and f.group in groups}
    return talk.knowledge.rulebook.facts_of({**told, **known}, talk.facts.on)


def _keyed(talk: _Talk, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts by their keys; an answered question with exclusive options is closed."""
    definitions = talk.facts.definitions
    keyed = {definitions[name].key: value for name, value in given.items()}
    asked: Inquiry | None = talk.knowledge.rulebook.inquiry(str(talk.state.get(ASKED)))
    last = talk.question.history[-1] if talk.question.history else None
    current = last is not None and last.intent is Intent.ELIGIBILITY
    if asked is not None and asked.exclusive and current and set(given) & set(asked.facts):
        keyed[asked.key] = True
    return keyed


def _learned(talk: _Talk, given: Mapping[str, Any]) -> dict[str, Any]:
    keyed = _keyed(talk, given)
    learned: dict[str, Any] = {PREFIX + key: value for key, value in keyed.items()}
    definitions = talk.facts.definitions
    groups = {definitions[n].group for n, value in given.items() if value is True} - {""}
    left = {definitions[n].group for n, value in given.items() if value is False} - {""} - groups
    before = set(talk.question.known.get("groups") or ())
    if (before | groups) - left != before:
        learned["groups"] = sorted((before | groups) - left) or None
    return learned


def _topic_only(rules: Sequence[Rule], talk: _Talk) -> dict[str, Any]:
    whole = len(rules) == len(talk.in_force.rules)
    return {PREFIX + TOPIC: [EVERYTHING] if whole else [rule.code for rule in rules]}


def _case(talk: _Talk, rules: Sequence[Rule], facts: Facts) -> Case:
    amount = talk.asked_kind in (Asked.MONEY, Asked.NUMBER, Asked.INTEREST) or bool(
        patterns.OWN_AMOUNT.search(talk.text)
    )
    computing = any(f.endswith(("金额", "利率", "税费", "社保费", "人数")) for f in talk.reply)
    return Case(
        talk.knowledge,
        talk.in_force,
        tuple(rules),
        facts,
        wants_amount=amount or computing,
        more=talk.said.more,
    )


def _told(judged: Judged, learned: Mapping[str, Any]) -> Heard:
    answer = replace(judged.answer, learned=dict(learned))
    return Heard(answer, learned, judged.grounds, pending=True)
