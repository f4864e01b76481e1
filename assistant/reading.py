"""How a question is read: what kind of answer would satisfy it, and about what."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from assistant import patterns
from knowledge.figure import FigureKind


class Asked(StrEnum):
    """The kind of answer a question asks for: its answer type."""

    MONEY = "money"
    INTEREST = "interest"
    SHARE = "share"
    AREA = "area"
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
    PROCEDURE = "procedure"
    DEPARTMENT = "department"
    LIST = "list"
    DEFINITION = "definition"
    REASON = "reason"
    YES_NO = "yes_no"
    ANY = "any"


FIGURES: dict[Asked, frozenset[FigureKind]] = {
    Asked.MONEY: frozenset({FigureKind.MONEY}),
    Asked.INTEREST: frozenset({FigureKind.SHARE}),
    Asked.SHARE: frozenset({FigureKind.SHARE, FigureKind.RATIO}),
    Asked.AREA: frozenset({FigureKind.AREA}),
    Asked.PEOPLE: frozenset({FigureKind.PEOPLE, FigureKind.TIMES}),
    Asked.TIMES: frozenset({FigureKind.TIMES}),
    Asked.DURATION: frozenset({FigureKind.DURATION, FigureKind.DATE}),
    Asked.DATE: frozenset({FigureKind.DATE, FigureKind.DURATION}),
    Asked.COUNT: frozenset({FigureKind.COUNT, FigureKind.PEOPLE, FigureKind.TIMES}),
    Asked.NUMBER: frozenset(FigureKind),
}


_KINDS = tuple((Asked(name), pattern) for name, pattern in patterns.ASKED)


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
    def figure_kinds(self) -> frozenset[FigureKind]:
        """The kinds of figure that would answer it; empty when it asks for no figure."""
        return FIGURES.get(self.asked, frozenset())


def read_question(text: str, content_words: Callable[[str], list[str]]) -> Reading:
    """Read a normalised question.

    Args:
        text: the question, normalised, completed if it was a follow-up.
        content_words: cuts a text into its content words.
    """
    terms = dict.fromkeys(content_words(patterns.FRAME.sub(" ", text)))
    return Reading(text, asked_of(text), tuple(terms))


def asked_of(text: str) -> Asked:
    """Return the kind of answer a question asks for."""
    for asked, pattern in _KINDS:
        if pattern.search(text):
            return asked
    return Asked.ANY
