"""The case of somebody else: kept apart from the person's own, and never stored.

What was said of them is read again from the turns just before, so that the talk can go on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assistant import patterns
from assistant.answer import Intent, PastTurn
from assistant.case import Case
from assistant.eligibility_answers import judge_case
from assistant.own_case import Talk
from assistant.person_facts import read_facts, read_reply
from knowledge.eligibility.fact import Facts, Inquiry
from knowledge.tokenizer import normalize

_PIECES = re.compile(r"[^,。;!?]+[,。;!?]?")
_BOTH = re.compile(r"(?:我|咱|俺)们?(?:俩|两个?|两口子|都|全家)")
MAX_TURNS = 12


@dataclass(frozen=True, slots=True)
class TwoCases:
    """What one message says of the person and of somebody else."""

    own: Mapping[str, Any]
    other: Mapping[str, Any]


def two_cases(text: str, talk: Talk) -> TwoCases | None:
    """Tell apart what a message says of two people; None where it tells of one."""
    own, other = _parted(text)
    rulebook, none_known = talk.knowledge.rulebook, _facts({}, talk)
    cases = TwoCases(
        read_facts(own, rulebook, none_known).facts, read_facts(other, rulebook, none_known).facts
    )
    who = talk.facts.identities | {n for n, f in talk.facts.definitions.items() if f.group}
    return cases if who & set(cases.own) and who & set(cases.other) else None


def going_on(talk: Talk) -> Mapping[str, Any] | None:
    """Return what is known of somebody else whom the talk is about and a message tells more of.

    None where the last turns were about the person, or the message is.
    """
    turns = _turns_about_another(talk)
    if not turns or talk.said.of_self:
        return None
    known: dict[str, Any] = {}
    asked: Inquiry | None = None
    for turn in turns:
        known |= _said(normalize(turn.question), known, asked, talk)
        case = Case(talk.knowledge, talk.in_force, tuple(talk.topic), _facts(known, talk))
        asked = judge_case(case).asked
    told = _said(talk.text, known, asked, talk)
    return {**known, **told} if told else None


def _turns_about_another(talk: Talk) -> list[PastTurn]:
    """Return the turns since somebody else was brought up, oldest first; none where nobody was."""
    turns: list[PastTurn] = []
    for turn in reversed(talk.question.history[-MAX_TURNS:]):
        if turn.intent is not Intent.ELIGIBILITY:
            return []
        turns.insert(0, turn)
        text = normalize(turn.question)
        if patterns.OTHER_PERSON.search(text):
            return [] if two_cases(text, talk) else turns
        if patterns.SELF.search(text):
            return []
    return []


def _said(
    text: str, known: Mapping[str, Any], asked: Inquiry | None, talk: Talk
) -> Mapping[str, Any]:
    facts = _facts(known, talk)
    said = read_facts(text, talk.knowledge.rulebook, facts).facts
    return {**said, **(read_reply(text, asked, facts) if asked else {})}


def _facts(known: Mapping[str, Any], talk: Talk) -> Facts:
    keyed = {talk.facts.definitions[name].key: value for name, value in known.items()}
    return talk.knowledge.rulebook.facts_of(keyed, talk.facts.on)


def _parted(text: str) -> tuple[str, str]:
    """Part a text into what is said of the person and of another; who was named goes on."""
    parts = {True: "", False: ""}
    own = True
    for piece in _PIECES.findall(text):
        if patterns.OTHER_PERSON.search(piece):
            own = False
        elif patterns.SELF.search(piece) and not _BOTH.search(piece):
            own = True
        parts[own] += piece
    return parts[True], parts[False]
