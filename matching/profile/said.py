"""What a message says about the person who wrote it: money, abilities, place, time, wishes.

Patterns are data (said.yaml). A word counts by what governs it in its clause: 会做饭 is
an ability, 想开饭馆 a wish, 不会做饭 takes an ability back, 我表哥会修车 is somebody else's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from knowledge.tokenizer import normalize
from matching.profile.circumstances import circumstances_said
from matching.profile.money_said import money_said
from matching.profile.patterns import PATTERNS, Said
from matching.profile.trades_said import trades_said

LIST_KEYS = frozenset({"skills", "experience", "interests", "avoids", "groups"})
_CUT = re.compile(r"[,。;!?\n、]")


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of a message without punctuation: `text` is message[start:...]."""

    text: str
    start: int


def find_said(message: str) -> list[Said]:
    """Return what a message says of its writer, in reading order.

    Offsets count in the normalised message (half-width, simplified, lower case).
    """
    text = normalize(message)
    found: list[Said] = []
    found += money_said(text)
    for clause in _clauses(text):
        found += [said.moved(clause.start) for said in trades_said(clause.text)]
    found += circumstances_said(text)
    return sorted(found, key=lambda said: (said.start, said.end, said.key))


def facts_said(message: str, known: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the facts that a message gives, fact key -> JSON value; None takes a fact back.

    Args:
        message: what the person wrote.
        known: what they said before. Lists grow by what is added; a denied item leaves
            its list; "不是五万,是八万" corrects a budget that is known.

    Of two values for one fact, the one said last holds.
    """
    known = known or {}
    facts: dict[str, Any] = {}
    for said in find_said(message):
        if said.needs_known and not (said.key in known or said.key in facts):
            continue
        if said.key not in LIST_KEYS:
            facts[said.key] = said.value
            continue
        held = list(facts.get(said.key, known.get(said.key)) or [])
        if said.denied and said.value in held:
            held.remove(said.value)
        elif not said.denied and said.value not in held:
            held.append(said.value)
        elif said.denied:
            continue
        facts[said.key] = held or None
    _settle(facts, known)
    return facts


def _settle(facts: dict[str, Any], known: Mapping[str, Any]) -> None:
    """Drop what contradicts: a wish for what is avoided, an area without premises."""
    for one, other in (("interests", "avoids"), ("avoids", "interests")):
        for label in facts.get(one) or ():
            held = list(known.get(other) or ())
            if other not in facts and label in held:
                held.remove(label)
                facts[other] = held or None
    if facts.get("premises") == "none" and "premises_m2" not in facts and "premises_m2" in known:
        facts["premises_m2"] = None


def _clauses(text: str) -> list[Clause]:
    clauses, start = [], 0
    for match in _CUT.finditer(text):
        clauses.append(Clause(text[start : match.start()], start))
        start = match.end()
    clauses.append(Clause(text[start:], start))
    return [clause for clause in clauses if clause.text.strip()]


def labels_in(text: str, kind: str) -> tuple[str, ...]:
    """Return the labels of "skills" or "interests" whose words a text holds, in table order."""
    table = PATTERNS.skills if kind == "skills" else PATTERNS.interests
    normal = normalize(text)
    return tuple(label for label, pattern in table.items() if pattern.search(normal))
