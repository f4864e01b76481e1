"""How a question is read: what kind of answer would satisfy it, and about what."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant import patterns
from assistant.asked import FIGURES, STRICT, Asked
from assistant.asked_model import asked_model
from assistant.day_asked import without_day
from knowledge.figure import FigureKind
from knowledge.tokenizer import segments

# "list#2" is a second, weaker set of patterns for the same kind.
_SPECIFIC = re.compile(
    r"第[一二三四五六七八九十\d]+(?:年|批|档|类|期|季度)|下一?[期批届次轮]|[一二三四五六七八九特]等奖|[一二三四五]级(?=补|奖|证)"
)
_ASKED_BY_WORD = frozenset({Asked.MONEY, Asked.SHARE, Asked.NUMBER, Asked.DURATION})
MOST_WORDS = 4  # that make one phrase
HARDLY_LESS = 0.4  # of the share of the likeliest kind
SURELY = 2.0  # the same, where the pattern looked for more than one word
_LOOSE = frozenset({Asked.ANY, Asked.NUMBER, Asked.LIST, Asked.COUNT, Asked.PROCEDURE})
_REFUSES = STRICT - frozenset(FIGURES) - {Asked.NAME}  # a sentence seldom holds these
_SURE = frozenset({Asked.INTEREST, Asked.PHONE, Asked.WEBSITE, Asked.DONE, Asked.AGE})
CLEARLY = 1.2  # how much likelier another kind has to be than the one a pattern found
_CHARGE = re.compile(r".(?<![免收])费$|.[租薪]$|罚[款息金]$|押金$|定金$|保证金$|工资$|分红$|奖金$")
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
    charges: tuple[str, ...] = ()  # what it names that is paid: 水电费, 罚款
    also: tuple[Asked, ...] = ()  # other kinds of answer that are hardly less likely

    @property
    def specifics(self) -> list[str]:
        """The one case of several that it asks about: 第三年, 四等奖, 第二批."""
        return _SPECIFIC.findall(self.text)

    @property
    def figure_kinds(self) -> frozenset[FigureKind]:
        """The kinds of figure that would answer it; empty when it asks for no figure."""
        return FIGURES.get(self.asked, frozenset())


def read_question(
    text: str,
    names: Sequence[str] = (),
    places: Iterable[str] = (),
    phrases: Collection[str] = (),
) -> Reading:
    """Read a question that was normalised, and completed if it was a follow-up.

    Args:
        text: the question.
        names: names that count as one word each, longest first.
        places: names of places, which choose documents and are no topic.
        phrases: everyday words for one thing that a dictionary cuts: 坐过牢 is one word too.
    """
    asked, words = _asked(text)
    # "利率" in "利率多少" says what kind of answer is wanted; whether a sentence holds that
    # kind is looked at on its own, so the word is no part of the topic.
    topic = text.replace(words, " ") if words and asked in STRICT - {Asked.DONE} else text
    for place in places:
        topic = re.sub(rf"{place}(?:[省市县区]|那边|这边|那里|这里)?", " ", topic)
    terms: dict[str, None] = {}
    for name in names:
        if name in topic:
            topic = topic.replace(name, " ")
            terms[name] = None
    terms.update(dict.fromkeys(content_words(patterns.FRAME.sub(" ", without_day(topic)), phrases)))
    charges = tuple(w for w in content_words(text) if _CHARGE.search(w))
    return Reading(text, asked, tuple(terms), charges=charges, also=kinds_beside(text, asked))


def asks_name_of_person(reading: Reading) -> bool:
    """Whether a question asks what the holder of an office is called, which no policy says."""
    text = reading.text
    if patterns.SURNAME.search(text) and patterns.HOLDER.search(text):
        return True
    asks = patterns.CALLED.search(text) and patterns.OFFICER.search(text)
    return reading.asked is Asked.NAME and bool(asks)


def asked_of(text: str) -> Asked:
    """Return the kind of answer a question asks for."""
    return _asked(text)[0]


def kinds_beside(text: str, asked: Asked) -> tuple[Asked, ...]:
    """Return the kinds of figure that a question for a figure may ask for as well, likeliest first.

    "可以领到什么时候" is told by a date as well as by a number of years.
    """
    if asked not in FIGURES:
        return ()
    first = by_pattern(text)[0]
    shares = asked_model().shares(text, first)
    least = HARDLY_LESS * shares.get(asked, 0.0)
    others = [
        kind
        for kind, share in shares.items()
        if kind in FIGURES and kind is not asked and share >= least * (0.5 if kind is first else 1)
    ]
    return tuple(sorted(others, key=lambda kind: (-shares[kind], kind)))


@lru_cache(maxsize=4_096)
def _asked(text: str) -> tuple[Asked, str]:
    """Return the kind of answer asked for and the words that say so."""
    asked, words = by_pattern(text)
    if asked in _SURE or (asked is not Asked.ANY and not words):
        return asked, words  # the last: read off the whole question, not off some words
    shares = asked_model().shares(text, asked)
    likeliest = max(shares, key=lambda kind: shares[kind])
    least = CLEARLY if asked in _LOOSE and likeliest not in _REFUSES else SURELY
    if (asked, likeliest) == (Asked.LIST, Asked.CONDITION):
        return asked, words  # "有什么要求" is answered by what is to be done as well
    if likeliest is asked or shares[likeliest] < least * shares.get(asked, 0.0):
        return asked, words
    own = (match[0] for kind, p in _KINDS if kind is likeliest and (match := p.search(text)))
    return likeliest, next(own, "")


def by_pattern(text: str) -> tuple[Asked, str]:
    """Return the kind of the first pattern with a match, and the words that match."""
    found = [(asked, match[0]) for asked, pattern in _KINDS if (match := pattern.search(text))]
    if not found:
        return Asked.ANY, ""
    if found[0][0] in _ASKED_BY_WORD and patterns.WHETHER.search(text):
        return Asked.YES_NO, ""  # "有没有统一金额" asks whether, not how much
    figures = {asked for asked, _ in found if asked in FIGURES} - {Asked.NUMBER, Asked.COUNT}
    if found[0][0] in figures and len(figures) > 1 and patterns.SEVERAL.search(text):
        return Asked.NUMBER, ""  # "额度和期限各是多少" asks for figures of two kinds
    return found[0]


def content_words(text: str, phrases: Collection[str] = ()) -> list[str]:
    """Cut a text into the words that can be a topic, in reading order.

    Neighbouring words that make one of `phrases` stay one word.
    """
    return [
        word
        for word in _joined(segments(text), phrases)
        if word not in patterns.STOP_WORDS and (len(word) > 1 or not word.isascii())
    ]


def _joined(words: Sequence[str], phrases: Collection[str]) -> Iterator[str]:
    """Join neighbouring words that make a phrase, the most that do."""
    at = 0
    while at < len(words):
        size = 1
        for more in range(2, MOST_WORDS + 1) if phrases else ():
            if "".join(words[at : at + more]) in phrases:
                size = more
        yield "".join(words[at : at + size])
        at += size
