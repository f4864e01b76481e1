"""The conversation about a person's own eligibility: what is heard, kept and judged."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assistant import eligibility_wording as say
from assistant import patterns
from assistant.answer import Answer, Intent, Question
from assistant.asked import Asked
from assistant.case import Case
from assistant.corrections import corrected
from assistant.eligibility_answers import Judged, judge_case, offered
from assistant.for_another import going_on, two_cases
from assistant.guardrails import NO_GROUNDS, Grounds
from assistant.own_case import ASKED, EVERYTHING, TOPIC, Talk, rules_asked_for
from assistant.person_facts import read_facts, read_reply
from assistant.reading import by_pattern
from knowledge.eligibility.fact import FactKind, Facts, Inquiry
from knowledge.eligibility.quantity import read_quantity
from knowledge.eligibility.rule import Rule
from knowledge.knowledge_base import Knowledge
from matching.profile.said import facts_said

PREFIX = "eligibility."
PLACE = "street"
_NTH = re.compile(
    r"(?:我?选|就|是|那就?)*(?:(?P<nth>第)?(?P<place>[一二三四五六七八九十]{1,2}|\d{1,2})"
    r"|(?P<last>最后一))(?:个|项|种|类|条|号)?(?:吧|的|呢)?[。!]?"
)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message about the person: an answer where it is about eligibility, and what it tells."""

    answer: Answer | None
    learned: Mapping[str, Any]
    grounds: Grounds = NO_GROUNDS
    pending: bool = False  # a check was begun before and waits for an answer
    about: str = ""  # the support in question, where the message itself does not name it


def hear(text: str, question: Question, knowledge: Knowledge) -> Heard:
    """Read a normalised message; answer it where it is about the person's own eligibility."""
    talk = _listen(text, question, knowledge)
    given = {**talk.said.facts, **talk.reply, **talk.corrected}
    if talk.began and given and patterns.WHAT_IF.search(text):
        return _suppose(talk, given)
    if (of_another := going_on(talk)) is not None:
        return _of_another(talk, of_another, talk.topic)
    rules = rules_asked_for(talk, given)
    personal = talk.said.of_self and not talk.said.of_another
    if rules is None:
        learned = _learned(talk, talk.said.facts) if personal and talk.said.facts else {}
        return Heard(None, learned, pending=talk.began)
    if not talk.said.of_another:
        own = _own(talk, given, rules)
        return replace(own, learned={**_place_said(text, question), **own.learned})
    if (two := two_cases(text, talk)) is not None:
        own = _own(talk, two.own, rules, say.FOR_SELF)
        return _both(_of_another(talk, two.other, rules), own)
    return _of_another(talk, given, rules)


def _about(rules: Sequence[Rule], text: str) -> str:
    """Name the support that a message is about without saying so, for what is asked next."""
    names = {rule.name.partition("（")[0] for rule in rules}
    named = any(rule.named.search(text) for rule in rules)
    return names.pop() if len(names) == 1 and not named else ""


def _own(talk: Talk, given: Mapping[str, Any], rules: Sequence[Rule], lead: str = "") -> Heard:
    judged = judge_case(replace(_case(talk, rules, _after(talk, given)), lead=lead))
    learned = {**_learned(talk, given), **_topic_only(rules, talk)}
    learned[PREFIX + ASKED] = judged.asked.key if judged.asked else None
    return replace(_told(judged, learned), about=_about(rules, talk.text))


def _of_another(talk: Talk, given: Mapping[str, Any], rules: Sequence[Rule]) -> Heard:
    case = _case(talk, rules, Facts(given, talk.facts.definitions, talk.facts.on))
    told = _told(judge_case(replace(case, lead=say.FOR_ANOTHER)), _topic_only(rules, talk))
    return replace(told, about=_about(rules, talk.text))


def _both(other: Heard, own: Heard) -> Heard:
    """Put the judgement of two cases into one answer; the question asked is the person's own."""
    if other.answer is None or own.answer is None:
        return own
    shift = len(other.answer.citations)
    moved = (
        replace(s, citations=tuple(place + shift for place in s.citations))
        for s in own.answer.sentences
    )
    answer = replace(
        own.answer,
        sentences=(*other.answer.sentences, *moved),
        citations=(*other.answer.citations, *own.answer.citations),
    )
    grounds = Grounds(
        other.grounds.judgements | own.grounds.judgements, other.grounds.given | own.grounds.given
    )
    return Heard(answer, own.learned, grounds, pending=True, about=own.about)


def facts_known(question: Question, knowledge: Knowledge) -> Facts:
    """Return what the person said of themselves in earlier messages."""
    groups = question.known.get("groups") or ()
    facts = knowledge.rulebook.facts
    told = {f.key: True for f in facts.values() if f.group and f.group in groups}
    return knowledge.rulebook.facts_of({**told, **_state(question)}, question.as_of)


def _state(question: Question) -> dict[str, Any]:
    known = question.known.items()
    return {key.removeprefix(PREFIX): value for key, value in known if key.startswith(PREFIX)}


def _listen(text: str, question: Question, knowledge: Knowledge) -> Talk:
    rulebook = knowledge.rulebook
    state = _state(question)
    facts = facts_known(question, knowledge)
    said = read_facts(text, rulebook, facts)
    inquiry = rulebook.inquiry(str(state.get(ASKED)))
    last = question.history[-1] if question.history else None
    anew = corrected(text, said, question, rulebook, facts)
    in_force = knowledge.rules_on(question.as_of)
    kind = by_pattern(text)[0]
    talk = Talk(text, kind, question, knowledge, in_force, state, facts, said, {}, anew)
    if inquiry is None or last is None or last.intent is not Intent.ELIGIBILITY:
        return talk
    answered = _chosen(text, inquiry, talk) or text
    return replace(talk, reply=read_reply(answered, inquiry, facts))


def _chosen(text: str, asked: Inquiry, talk: Talk) -> str | None:
    """Return the answer that is meant by its place in the list shown: 第二个, or 2."""
    match = _NTH.fullmatch(text)
    kinds = {talk.facts.definitions[name].kind for name in asked.facts}
    if match is None or (FactKind.NUMBER in kinds and not (match["nth"] or match["last"])):
        return None  # to "几名职工" 2 is how many
    labels = offered(asked, _case(talk, talk.topic, talk.facts))
    place = -1 if match["last"] else int(read_quantity(match["place"]).value) - 1
    return labels[place] if -1 <= place < len(labels) else None


def _suppose(talk: Talk, given: Mapping[str, Any]) -> Heard:
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


def _after(talk: Talk, given: Mapping[str, Any]) -> Facts:
    """Return the facts once the message is taken in."""
    known = {**talk.state, **_keyed(talk, given)}
    groups = talk.question.known.get("groups") or ()
    facts = talk.knowledge.rulebook.facts
    told = {f.key: True for f in facts.values() if f.group and f.group in groups}
    return talk.knowledge.rulebook.facts_of({**told, **known}, talk.facts.on)


def _keyed(talk: Talk, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return facts by their keys; an answered question with exclusive options is closed."""
    definitions = talk.facts.definitions
    keyed = {definitions[name].key: value for name, value in given.items()}
    asked: Inquiry | None = talk.knowledge.rulebook.inquiry(str(talk.state.get(ASKED)))
    last = talk.question.history[-1] if talk.question.history else None
    current = last is not None and last.intent is Intent.ELIGIBILITY
    if asked is not None and asked.exclusive and current and set(given) & set(asked.facts):
        keyed[asked.key] = True
    return keyed


def _place_said(text: str, question: Question) -> dict[str, Any]:
    """Return the street that a case names: consultations are counted by street.

    What else it tells of wishes and money is not taken: amounts are those of the case.
    """
    return {key: value for key, value in facts_said(text, question.known).items() if key == PLACE}


def _learned(talk: Talk, given: Mapping[str, Any]) -> dict[str, Any]:
    keyed = _keyed(talk, given)
    learned: dict[str, Any] = {PREFIX + key: value for key, value in keyed.items()}
    definitions = talk.facts.definitions
    groups = {definitions[n].group for n, value in given.items() if value is True} - {""}
    gone = {definitions[n].group for n, value in given.items() if value in (False, None)}
    left = gone - {""} - groups
    before = set(talk.question.known.get("groups") or ())
    if (before | groups) - left != before:
        learned["groups"] = sorted((before | groups) - left) or None
    return learned


def _topic_only(rules: Sequence[Rule], talk: Talk) -> dict[str, Any]:
    whole = len(rules) == len(talk.in_force.rules)
    return {PREFIX + TOPIC: [EVERYTHING] if whole else [rule.code for rule in rules]}


def _case(talk: Talk, rules: Sequence[Rule], facts: Facts) -> Case:
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
