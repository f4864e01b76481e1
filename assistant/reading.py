"""How a question is read: what kind of answer would satisfy it, and about what."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from assistant import patterns
from assistant.day_asked import without_day
from knowledge.figure import FigureKind
from knowledge.tokenizer import segments


class Asked(StrEnum):
    """The kind of answer a question asks for: its answer type."""

    MONEY = "money"
    INTEREST = "interest"
    SHARE = "share"
    AREA = "area"
    AGE = "age"
    PEOPLE = "people"
    TIMES = "times"
    DURATION = "duration"
    DATE = "date"
    COUNT = "count"
    NUMBER = "number"
    HOURS = "hours"
    PHONE = "phone"
    ADDRESS = "address"
    WEBSITE = "website"
    NAME = "name"
    MATERIALS = "materials"
    CONDITION = "condition"
    DONE = "done"  # what was reached so far, which no policy states
    PROCEDURE = "procedure"
    DEPARTMENT = "department"
    LIST = "list"
    DEFINITION = "definition"
    REASON = "reason"
    YES_NO = "yes_no"
    ANY = "any"


FIGURES: dict[Asked, frozenset[FigureKind]] = {
    Asked.MONEY: frozenset({FigureKind.MONEY, FigureKind.SHARE}),
    Asked.INTEREST: frozenset({FigureKind.SHARE}),
    Asked.SHARE: frozenset({FigureKind.SHARE, FigureKind.RATIO}),
    Asked.AREA: frozenset({FigureKind.AREA}),
    Asked.AGE: frozenset({FigureKind.AGE}),
    Asked.PEOPLE: frozenset({FigureKind.PEOPLE, FigureKind.TIMES}),
    Asked.TIMES: frozenset({FigureKind.TIMES}),
    Asked.DURATION: frozenset({FigureKind.DURATION}),
    Asked.DATE: frozenset({FigureKind.DATE}),
    Asked.COUNT: frozenset({FigureKind.COUNT, FigureKind.PEOPLE, FigureKind.TIMES}),
    Asked.NUMBER: frozenset(FigureKind),
}


# Kinds of answer that a sentence either holds or not: without it the question is not answered.
STRICT = frozenset(FIGURES) | {
    Asked.HOURS,
    Asked.PHONE,
    Asked.ADDRESS,
    Asked.WEBSITE,
    Asked.NAME,
    Asked.MATERIALS,
    Asked.CONDITION,
    Asked.REASON,
    Asked.DONE,
}
# "list#2" is a second, weaker set of patterns for the same kind.
_SPECIFIC = re.compile(
    r"第[一二三四五六七八九十\d]+(?:年|批|档|类|期|季度)|下一?[期批届次轮]|[一二三四五六七八九特]等奖|[一二三四五]级(?=补|奖|证)"
)
_ASKED_BY_WORD = frozenset({Asked.MONEY, Asked.SHARE, Asked.NUMBER, Asked.DURATION})
_KINDS = tuple((Asked(name.partition("#")[0]), pattern) for name, pattern in patterns.ASKED)


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as read.

    `terms` are the words of its topic in reading order, without question words;
    `background` those it inherits from the last turn, which help but need not be found.
    """

    text: str
    asked: Asked
    terms: tuple[str, ...]
    background: tuple[str, ...] = ()

    @property
    def specifics(self) -> list[str]:
        """The one case of several that it asks about: 第三年, 四等奖, 第二批."""
        return _SPECIFIC.findall(self.text)

    @property
    def figure_kinds(self) -> frozenset[FigureKind]:
        """The kinds of figure that would answer it; empty when it asks for no figure."""
        return FIGURES.get(self.asked, frozenset())


def read_question(text: str, names: Sequence[str] = (), places: Iterable[str] = ()) -> Reading:
    """Read a question that was normalised, and completed if it was a follow-up.

    Args:
        text: the question.
        names: names that count as one word each, longest first.
        places: names of places, which choose documents and are no topic.
    """
    asked, words = _asked(text)
    # "利率" in "利率多少" says what kind of answer is wanted; whether a sentence holds that
    # kind is looked at on its own, so the word is no part of the topic.
    topic = text.replace(words, " ") if asked in STRICT - {Asked.DONE} else text
    for place in places:
        topic = re.sub(rf"{place}(?:[省市县区]|那边|这边|那里|这里)?", " ", topic)
    terms: dict[str, None] = {}
    for name in names:
        if name in topic:
            topic = topic.replace(name, " ")
            terms[name] = None
    terms.update(dict.fromkeys(content_words(patterns.FRAME.sub(" ", without_day(topic)))))
    return Reading(text, asked, tuple(terms))


def asks_name_of_person(reading: Reading) -> bool:
    """Whether a question asks what the holder of an office is called, which no policy says."""
    asks = patterns.CALLED.search(reading.text) and patterns.OFFICER.search(reading.text)
    return reading.asked is Asked.NAME and bool(asks)


def asked_of(text: str) -> Asked:
    """Return the kind of answer a question asks for."""
    return _asked(text)[0]


def _asked(text: str) -> tuple[Asked, str]:
    """Return the kind of answer asked for and the words that say so."""
    found = [(asked, match[0]) for asked, pattern in _KINDS if (match := pattern.search(text))]
    if not found:
        return Asked.ANY, ""
    if found[0][0] in _ASKED_BY_WORD and patterns.WHETHER.search(text):
        return Asked.YES_NO, ""  # "有没有统一金额" asks whether, not how much
    figures = {asked for asked, _ in found if asked in FIGURES} - {Asked.NUMBER, Asked.COUNT}
    if found[0][0] in figures and len(figures) > 1 and patterns.SEVERAL.search(text):
        return Asked.NUMBER, ""  # "额度和期限各是多少" asks for figures of two kinds
    return found[0]


def content_words(text: str) -> list[str]:
    """Cut a text into the words that can be a topic, in reading order."""
    return [
        word
        for word in segments(text)
        if word not in patterns.STOP_WORDS and (len(word) > 1 or not word.isascii())
    ]
