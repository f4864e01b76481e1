"""Whether a rephrased answer still says what the verified answer said, word by word.

A rephrased sentence is laid over its source sentence: every source word has to stand in it,
in the same order, and it may hold nothing else, but for the closed lists of plain_words.yaml
and the marks between clauses. So a changed number, another department, a turned negation, a
dropped condition or an added clause cannot pass, whatever the text around it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import zip_longest

from assistant.answer import Answer, Sentence
from assistant.guardrails import AnswerNotVerified
from knowledge.department import load_departments
from knowledge.figure import find_figures, number_values
from knowledge.tokenizer import normalize, segments
from knowledge.yaml_text import read_yaml

MAX_PIECES = 4  # sentences that one source sentence may become
_SENTENCE = re.compile(r"[^。；\n]+[。；]*")
_ITEM_MARK = re.compile(r"^\s*(?:[·•*-]|\d{1,2}[.、)）](?!\d))\s*")
_BLANK = re.compile(r"\s+")
# Marks between clauses may change. All others mean something: a list's 、 a title's 《》 a ?
_FREE_MARKS = re.compile(r"[，。；：,;:\s]")
_NEGATION = tuple("不无未没非勿莫")


@dataclass(frozen=True, slots=True)
class PlainWords:
    """The closed lists of what may change; see plain_words.yaml."""

    added: tuple[str, ...]
    dropped: frozenset[str]
    instead: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Word:
    """One word of a source sentence, and how it may be written."""

    spellings: tuple[str, ...]
    droppable: bool = False


@cache
def plain_words() -> PlainWords:
    """Read the shipped lists."""
    data = read_yaml((resources.files("assistant") / "plain_words.yaml").read_text("utf-8"))
    instead = {word: tuple(others) for word, others in data["instead"].items()}
    return PlainWords(tuple(data["added"]), frozenset(data["dropped"]), instead)


def cut_reply(text: str) -> list[str]:
    """Cut a reply into sentences; marks of list items are taken off."""
    lines = (_ITEM_MARK.sub("", line) for line in text.splitlines())
    return [s.strip() for line in lines for s in _SENTENCE.findall(line) if s.strip()]


def bind(sources: Sequence[str], pieces: Sequence[str]) -> list[str]:
    """Join the sentences of a reply to one text for each source, in the order of the sources.

    Raises AnswerNotVerified where a source is not said completely and alone by the next
    one to four sentences, or where sentences are left over.
    """
    bound, at = [], 0
    for source in sources:
        sizes = range(1, min(MAX_PIECES, len(pieces) - at) + 1)
        found = next((n for n in sizes if says_the_same(source, "".join(pieces[at : at + n]))), 0)
        if not found:
            raise AnswerNotVerified(f"not said as in the source: {source}")
        bound.append("".join(pieces[at : at + found]))
        at += found
    if at < len(pieces):
        raise AnswerNotVerified(f"said beyond the sources: {pieces[at]}")
    return bound


def verify_rephrased(original: Answer, rephrased: Answer) -> None:
    """Check a rephrased answer against the verified answer that it was made from.

    Sentences with citations may be reworded within `says_the_same`; all else, the
    citations of each sentence included, has to be what it was. `original` has passed
    `verify_answer`, so what says the same as its sentence stands in its clause.
    Raises AnswerNotVerified.
    """
    for before, after in zip_longest(original.sentences, rephrased.sentences):
        if before is None or after is None:
            raise AnswerNotVerified("a sentence is missing or added")
        _verify_sentence(before, after)
    kept = (
        "status",
        "intent",
        "citations",
        "offices",
        "suggestions",
        "cards",
        "completed_question",
    )
    for name in kept:
        if getattr(original, name) != getattr(rephrased, name):
            raise AnswerNotVerified(f"{name} changed")


def _verify_sentence(before: Sentence, after: Sentence) -> None:
    bound = (before.citations, before.office, before.bullet)
    if bound != (after.citations, after.office, after.bullet):
        raise AnswerNotVerified(f"bound otherwise: {after.text}")
    same = before.text == after.text
    if not same and not (before.citations and says_the_same(before.text, after.text)):
        raise AnswerNotVerified(f"not said as in the source: {after.text}")


def says_the_same(source: str, text: str) -> bool:
    """Whether a text says what a source sentence says, within the closed lists.

    Figures have to be written in the same way and order, with their units.
    """
    if _figures(text) != _figures(source) or number_values(text) != number_values(source):
        return False
    return _lies_over(_words_of(source), _letters(text))


def _figures(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text)
    return [_BLANK.sub("", figure.text) for figure in find_figures(plain)]


def _letters(text: str) -> str:
    return _FREE_MARKS.sub("", normalize(text))


def _lies_over(words: Sequence[_Word], letters: str) -> bool:
    """Whether letters are these words in order, with what may be added, dropped or replaced."""
    seen = {(0, 0)}
    waiting = [(0, 0)]
    while waiting:
        at, word = waiting.pop()
        if at == len(letters) and word == len(words):
            return True
        for state in _steps(words, letters, at, word):
            if state not in seen:
                seen.add(state)
                waiting.append(state)
    return False


def _steps(words: Sequence[_Word], letters: str, at: int, word: int) -> Iterator[tuple[int, int]]:
    for addition in plain_words().added:
        if letters.startswith(addition, at):
            yield at + len(addition), word
    if word == len(words):
        return
    if words[word].droppable:
        yield at, word + 1
    for spelling in words[word].spellings:
        if letters.startswith(spelling, at):
            yield at + len(spelling), word + 1


def _words_of(source: str) -> list[_Word]:
    """Cut a source sentence into words; names of departments and figures stay whole."""
    lists = plain_words()
    found: list[_Word] = []
    for text, whole in _cut(normalize(source)):
        negated = bool(found) and found[-1].spellings[0].endswith(_NEGATION)
        others = () if whole or negated else lists.instead.get(text, ())
        found.append(_Word((text, *others), droppable=text in lists.dropped and not negated))
    return found


def _cut(text: str) -> Iterator[tuple[str, bool]]:
    """Cut a text into (word, stays as it is); marks that mean something are words, too."""
    start = 0
    for match in _whole().finditer(text):
        yield from _loose(text[start : match.start()])
        yield match[0], match[0] not in plain_words().instead
        start = match.end()
    yield from _loose(text[start:])


def _loose(text: str) -> Iterator[tuple[str, bool]]:
    for run in re.findall(r"\w+|[^\w]", _letters(text)):
        cut = segments(run)
        # What the segmenter does not know as letters has to stand as it is.
        for word in cut if "".join(cut) == run else [run]:
            yield word, False


@cache
def _whole() -> re.Pattern[str]:
    departments = load_departments()
    names = {n for d in departments for n in (d.name, d.today or "", *d.aliases) if len(n) > 1}
    # Long words of the list that the segmenter might cut: 不少 + 于.
    names |= {word for word in plain_words().instead if len(word) > 1}
    spelled = sorted(map(_letters, names), key=lambda name: (-len(name), name))
    return re.compile("|".join([*map(re.escape, spelled), r"\d[\d.]*"]))
