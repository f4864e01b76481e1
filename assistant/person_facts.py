"""What a message says about the circumstances of the person, or of somebody they ask for."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from assistant import patterns
from assistant.times_said import SaidTime, stored_time, times_in
from knowledge.eligibility.fact import UNSAID, Fact, FactKind, Facts, Inquiry, write_range
from knowledge.eligibility.inquiry import dated
from knowledge.eligibility.quantity import NUMBER, InvalidQuantity, read_quantity
from knowledge.eligibility.rulebook import Rulebook
from knowledge.tokenizer import normalize

_HIRED = re.compile(r"(?:(?<!应)招(?!呼|牌|商)|雇|聘(?!请书)|吸纳|(?<!申)请(?!问))[^,。?!;]{0,14}")
_NOT = re.compile(
    r"(?:(?<!是)不是|(?<!有)没有?|不算|并非|不属于|还没有?|未|(?<!并)非)"
    r"(?:有|办过?|去|参加过?|再|个|什么|啥|都|全)?$"
)
# "不是脱贫户低保户": what stands between is named in the same breath.
_NOT_OF_SEVERAL = re.compile(r"(?:(?<!是)不是|不属于|不算|并非)(?:什么|啥)?[^,。;!?是有的]{1,10}$")
REACH_OF_NOT = 16
_STOPS = re.compile(r"[,。;!?]")
_MORE = re.compile(r"(?:再|另外|又)(?:多)?[^,。?]{0,2}$|多[^,。?]{0,2}$")
_BARE_NUMBER = re.compile(
    rf"(?:大概|大约|差不多|有|是|就|共|一共)*({NUMBER})\s*(?:个|名|元|块钱?|人|岁|次|万|左右|多|吧|呢)*"
)
REACH = 8  # characters between a time and what it is about
BESIDES = "另算本人"  # the number said leaves out the person
LIKELY = 2  # what a time that stands on the wrong side of it has to make up for


@dataclass(frozen=True, slots=True)
class Said:
    """The facts that a message gives, by name, as they are stored."""

    facts: Mapping[str, Any]
    of_another: bool  # about the person's son, wife, friend
    of_self: bool  # speaks of the person at all
    more: Mapping[str, int]  # of these, so many were said to come on top of those known


def read_facts(text: str, rulebook: Rulebook, known: Facts) -> Said:
    """Read what a normalised message says; numbers may add to those known (再招两个)."""
    text = text.replace("俩", "两个").replace("仨", "三个")
    own = _HIRED.sub(lambda m: "," * len(m[0]), text)
    unnamed = _without_names(own, rulebook)
    found: dict[str, Any] = {}
    more: dict[str, int] = {}
    for name, fact in rulebook.facts.items():
        source = text if fact.of_staff else unnamed if name in known.identities else own
        value, added = _read(fact, source, known)
        if value is not None:
            found[name] = value
        if added:
            more[name] = added
    found.update(_read_dates(own, rulebook, known.on))
    stripped = patterns.ASKING_FOR.sub(" ", text)
    other = patterns.OTHER_PERSON.search(stripped) is not None
    return Said(found, other, other or patterns.SELF.search(stripped) is not None, more)


def _without_names(text: str, rulebook: Rulebook) -> str:
    """Blank out the names of supports: 退役士兵税费扣减 makes nobody a veteran."""
    named = {at for r in rulebook.rules for m in r.named.finditer(text) for at in range(*m.span())}
    return "".join("," if at in named else character for at, character in enumerate(text))


def read_reply(text: str, inquiry: Inquiry, facts: Facts) -> dict[str, Any]:
    """Read a short message as the answer to a question; empty where it is none."""
    bare = re.sub(r"[\s。!,?]|(?:的|了|啊|呀|吧|呢|哦)$", "", text)
    for option in sorted(inquiry.options, key=lambda o: -len(o.label)):
        if _plain(option.label) == _plain(text):
            none_of_them = inquiry.exclusive and not option.values
            return _none(inquiry, facts) if none_of_them else dated(option.values, facts)
    if patterns.DO_NOT_KNOW.fullmatch(bare):
        return {name: UNSAID for name in inquiry.facts if facts.known.get(name) is None}
    if patterns.YES.fullmatch(bare):
        return _agreed(inquiry, facts, agreed=True)
    if patterns.NO.fullmatch(bare):
        return _agreed(inquiry, facts, agreed=False)
    kinds = {facts.definitions[name].kind: name for name in reversed(inquiry.facts)}
    if FactKind.DATE in kinds and len(bare) <= 12 and (day := stored_time(bare, facts.on)):
        return {kinds[FactKind.DATE]: day}
    if FactKind.NUMBER in kinds and (number := _BARE_NUMBER.fullmatch(bare)):
        value = _number(facts.definitions[kinds[FactKind.NUMBER]], number[0], number[1])
        return {} if value is None else {kinds[FactKind.NUMBER]: value}
    return {}


def _plain(text: str) -> str:
    return re.sub(r"[\W_]", "", normalize(text))


def _agreed(inquiry: Inquiry, facts: Facts, *, agreed: bool) -> dict[str, Any]:
    """Read 是 or 不是; it settles the first fact of a question that can be answered so."""
    first = inquiry.facts[0]
    if facts.definitions[first].kind is not FactKind.YES_NO or (inquiry.exclusive and agreed):
        return {}
    if inquiry.exclusive:
        return _none(inquiry, facts)
    fitting = [o.values for o in inquiry.options if o.values.get(first) is agreed]
    return dated(fitting[0], facts) if len(fitting) == 1 else {first: agreed}


def _none(inquiry: Inquiry, facts: Facts) -> dict[str, Any]:
    return {name: False for name in inquiry.facts if facts.get(name) is None}


def _read(fact: Fact, text: str, known: Facts) -> tuple[Any, int]:
    """Return the value that a text gives a fact, and how much of it comes on top."""
    if fact.kind is FactKind.NUMBER:
        return _read_number(fact, text, known)
    value: Any = None
    if fact.kind is FactKind.DATE:
        return value, 0
    for said, pattern in fact.said:
        for match in pattern.finditer(text):
            heard = _heard(fact, said, match, text) if match[0] else None
            value = value if heard is None else heard
    return value, 0


def _read_number(fact: Fact, text: str, known: Facts) -> tuple[Any, int]:
    found = next(((said, m) for said, p in fact.said if (m := p.search(text))), None)
    if found is None:
        return None, 0
    number, added = _counted(fact, found[1], text, known)
    leaves_out = found[0] == BESIDES and isinstance(number, int)
    return (number + 1 if leaves_out else number), added


def _heard(fact: Fact, said: Any, match: re.Match[str], text: str) -> Any:
    """Return what a match says; None where it says nothing."""
    negated = _negated(match, text)
    if fact.kind is FactKind.CHOICE:
        return None if negated else said
    # "还没找到工作" does not say 找到工作; what it says stands in a pattern of its own.
    if _asked_whether(match, text) or (negated and not said):
        return None
    return said != negated


def _negated(match: re.Match[str], text: str) -> bool:
    before = text[max(0, match.start() - REACH_OF_NOT) : match.start()]
    return _NOT.search(before[-6:]) is not None or _NOT_OF_SEVERAL.search(before) is not None


def _asked_whether(match: re.Match[str], text: str) -> bool:
    """Whether a 没有 belongs to the question word 有没有, a 是 to 是不是."""
    before = text[max(0, match.start() - 3) : match.start()]
    return before.endswith(("是不是", "有没有", "算不算")) or (
        match[0].startswith("没") and before.endswith("有")
    )


def bare_number(text: str, fact: Fact) -> Any:
    """Return the one number of a text as a fact stores it; None where there is none or more."""
    found = list(re.finditer(NUMBER, text))
    return _number(fact, text[found[0].start() :], found[0][0]) if len(found) == 1 else None


def _counted(fact: Fact, match: re.Match[str], text: str, known: Facts) -> tuple[Any, int]:
    value = _number(fact, match[0], match["n"])
    before = text[max(0, match.start() - 4) : match.start("n")]
    held = known.get(fact.name)
    if isinstance(value, int) and held is not None and fact.of_staff and _MORE.search(before):
        return _stored(value + held), value
    return value, 0


def _number(fact: Fact, whole: str, text: str) -> Any:
    try:
        quantity = read_quantity(text)
    except InvalidQuantity:
        return None
    if fact.unit == "%":
        share = quantity.value if quantity.unit == "%" else quantity.value / 100
        return f"{float(share * 100):g}%"
    if fact.unit == "元" and quantity.value < 100 and "万" in whole[len(text) :][:2]:
        return _stored(quantity.value * 10_000)
    return _stored(quantity.value)


def _stored(value: Fraction) -> Any:
    return int(value) if value.denominator == 1 else f"{float(value):g}"


def _read_dates(text: str, rulebook: Rulebook, on: date) -> dict[str, str]:
    """Give each time of a message to what it is about: what stands nearest in the same phrase."""
    times = list(times_in(text, on))
    pairs = (
        sorted(
            (cost, time.start, name, time)
            for name, fact in rulebook.facts.items()
            if fact.kind is FactKind.DATE
            for _, pattern in fact.said
            for match in pattern.finditer(text)
            for time, cost in _costs(times, match, text)
        )
        if times
        else []
    )
    found: dict[str, str] = {}
    taken: set[int] = set()
    for _, start, name, time in pairs:
        if name not in found and start not in taken:
            found[name] = write_range(*time.days)
            taken.add(start)
    return found


def _costs(
    times: list[SaidTime], anchor: re.Match[str], text: str
) -> Iterator[tuple[SaidTime, int]]:
    for time in times:
        behind = time.start >= anchor.end()
        if not behind and time.end > anchor.start():
            continue
        between = text[anchor.end() : time.start] if behind else text[time.end : anchor.start()]
        gap = len(between)
        if _STOPS.search(between) or gap > (LIKELY if time.vague else REACH):
            continue
        yield time, gap + (0 if behind == time.lasting else LIKELY) + time.vague
