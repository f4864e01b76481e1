"""Abilities, experience and wishes in one clause: trades, and the words that govern them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from matching.profile.patterns import PATTERNS, Said, somebody_elses

REACH = 14  # characters between a word and what governs it


@dataclass(frozen=True, slots=True)
class _Mention:
    """A trade or ability named in a clause."""

    table: str  # "skills", "interests" or "formats"
    label: str
    start: int
    end: int


def trades_said(clause: str) -> list[Said]:
    """Find what the writer can do, has done, wants and does not want, in one clause."""
    governors = _governors(clause)
    found: list[Said] = []
    for mention in _mentions(clause):
        if somebody_elses(clause[: mention.start]):
            continue
        role = _role(clause, mention, governors)
        found += _said(mention, role)
    return found


def _said(mention: _Mention, role: str) -> Iterator[Said]:
    place = (mention.start, mention.end)
    skill, wish = mention.table == "skills", mention.table != "skills"
    if role == "wants" and wish:
        yield Said("interests", mention.label, *place)
    elif role == "unwanted" and mention.table == "interests":
        yield Said("avoids", mention.label, *place)
        yield Said("interests", mention.label, *place, denied=True)
    elif role == "unable" and skill:
        yield Said("skills", mention.label, *place, denied=True)
    elif role in ("can", "worked") and skill:
        yield Said("skills", mention.label, *place)
    if role == "worked" and mention.table != "formats":
        yield Said("experience", mention.label, *place)
    if role == "trade" and mention.table in ("skills", "interests"):
        yield Said(mention.table, mention.label, *place)
    elif role == "can" and mention.table == "interests" and mention.label in PATTERNS.skills:
        yield Said("interests", mention.label, *place)


def _mentions(clause: str) -> list[_Mention]:
    """Find every trade; a way of business yields to a trade named in the same words."""
    found: list[_Mention] = []
    for table, patterns in (("skills", PATTERNS.skills), ("interests", PATTERNS.interests)):
        for label, pattern in patterns.items():
            found += [_Mention(table, label, m.start(), m.end()) for m in pattern.finditer(clause)]
    trades = [m for m in found if m.table == "interests"]
    for label, pattern in PATTERNS.formats.items():
        for match in pattern.finditer(clause):
            if not any(t.start < match.end() and match.start() < t.end for t in trades):
                found.append(_Mention("formats", label, match.start(), match.end()))
    return found


def _governors(clause: str) -> list[tuple[int, int, str]]:
    """Return (start, end, role) of the governing words in order; overlapping ones are one."""
    found = [
        (match.start(), match.end(), role)
        for role, pattern in PATTERNS.governs.items()
        for match in pattern.finditer(clause)
    ]
    found.sort(key=lambda one: (one[0], -one[1]))
    kept: list[tuple[int, int, str]] = []
    for one in found:
        if not kept or one[0] >= kept[-1][1]:
            kept.append(one)
        elif one[1] > kept[-1][1]:  # 不想 + 想干: the one that began first holds further on
            kept[-1] = (kept[-1][0], one[1], kept[-1][2])
    return kept


def _role(clause: str, mention: _Mention, governors: list[tuple[int, int, str]]) -> str:
    """Return what a mention is: the nearest governing word before it decides, or what follows."""
    after, before = clause[mention.end :], clause[: mention.start]
    for role, follows in (("unwanted", "bored"), ("wants", "interested")):
        if PATTERNS.follows[follows].search(after):
            return role
    if re.search(r"(?:做|干|搞)$", before) and re.match(r"的(?:$|[^店馆])", after):
        return "trade"
    near = [
        (max(end, min(mention.start, end)), start, role)
        for start, end, role in governors
        if start <= mention.start and mention.start - end <= REACH
    ]
    if near:
        return max(near)[2]
    if PATTERNS.single["asks"].search(after):
        return ""
    if PATTERNS.follows["trade"].search(after) or (
        mention.table == "skills" and not after and PATTERNS.single["bare_trade"].fullmatch(before)
    ):
        return "can"
    return ""
