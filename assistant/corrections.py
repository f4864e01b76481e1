"""Corrections of one's own case: what the last message said is said anew ("不对,是前年")."""

import re
from collections.abc import Mapping
from typing import Any

from assistant import patterns
from assistant.answer import Question
from assistant.person_facts import Said, bare_number, read_facts
from assistant.times_said import stored_time
from knowledge.eligibility.fact import FactKind, Facts
from knowledge.eligibility.rulebook import Rulebook
from knowledge.tokenizer import normalize

_TAKEN_BACK = re.compile(r"不是[^,。?]{1,8},")  # "不是去年,是前年": what is meant comes after


def corrected(
    text: str, said: Said, question: Question, rulebook: Rulebook, facts: Facts
) -> Mapping[str, Any]:
    """Return what a message that corrects the last one says beside what it names itself.

    A bare time or number takes the place of the one said before; who one is takes the
    place of who one said to be, which is then not known any more (None).
    """
    if not question.history or patterns.CORRECTION.search(text) is None:
        return {}
    before = read_facts(normalize(question.history[-1].question), rulebook, facts).facts
    now = _TAKEN_BACK.sub("", text)
    anew: dict[str, Any] = {}
    for name in before:
        fact = facts.definitions[name]
        if name in said.facts or _kinds(before, facts).count(fact.kind) > 1:
            continue  # with two of a kind nobody knows which is meant
        if fact.kind is FactKind.DATE:
            anew[name] = stored_time(now, facts.on)
        elif fact.kind is FactKind.NUMBER:
            anew[name] = bare_number(now, fact)
    anew = {name: value for name, value in anew.items() if value is not None}
    if any(said.facts.get(name) is True for name in facts.identities):
        taken_back = set(before) & facts.identities - set(said.facts)
        anew |= dict.fromkeys(sorted(taken_back))
    return anew


def _kinds(given: Mapping[str, Any], facts: Facts) -> list[FactKind]:
    return [facts.definitions[name].kind for name in given]
