"""Which letters of a text are pinyin, and which are English or a product's name."""

import re
from collections.abc import Iterable

from knowledge.everyday import load_everyday
from knowledge.pinyin import is_pinyin, is_syllable
from knowledge.sound_index import JOINERS

Row = list[tuple[int, int, str]]  # start, end and words of each piece of text as read

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LATIN = re.compile(r"[a-z]+(?:['\u2019][a-z]+)*")
_MARKS = str.maketrans("", "", "'\u2019")


def spoken_letters(text: str, foreign: frozenset[str] = frozenset()) -> frozenset[int]:
    """Return the positions of Latin letters that may be pinyin.

    `foreign` are runs of letters known to be none. Where most letters are foreign,
    the others are taken for foreign too.
    """
    everyday = load_everyday()
    spoken: list[re.Match[str]] = []
    either: list[re.Match[str]] = []
    foreign_letters = 0
    for match in _LATIN.finditer(text):
        run = match[0].translate(_MARKS)
        if run in everyday.latin or match[0] in foreign or not is_pinyin(run):
            foreign_letters += len(run)
        else:
            (either if run in everyday.english else spoken).append(match)
    if not spoken or sum(len(match[0]) for match in spoken) < foreign_letters:
        return frozenset()
    return frozenset(
        position
        for match in [*spoken, *either]
        for position in range(*match.span())
        if text[position] not in JOINERS
    )


def stretches(text: str, spoken: frozenset[int]) -> list[tuple[int, int]]:
    """Return the stretches of Chinese text and pinyin, without what stands between them."""
    spans: list[tuple[int, int]] = []
    for position in range(len(text)):
        if _is_readable(text, position, spoken):
            start = spans.pop()[0] if spans and spans[-1][1] == position else position
            spans.append((start, position + 1))
    return spans


def meaningless_runs(text: str, spoken: frozenset[int], rows: Iterable[Row]) -> frozenset[str]:
    """Return the runs of letters that are no pinyin, judged by the words they would make.

    A run of several syllables has to give a word of several, and so has most of the text.
    """
    in_words = {
        position
        for row in rows
        for start, end, words in row
        if len(words) > 1 and not words.isascii()
        for position in range(start, end)
    }
    runs = [match for match in _LATIN.finditer(text) if match.start() in spoken]
    covered = len(in_words & spoken)
    if 2 * covered < len(spoken):
        return frozenset(match[0] for match in runs)
    if 3 * covered > 2 * sum(len(match[0]) for match in _LATIN.finditer(text)):
        return frozenset()
    return frozenset(
        match[0]
        for match in runs
        if in_words.isdisjoint(range(*match.span())) and not is_syllable(match[0])
    )


def _is_readable(text: str, position: int, spoken: frozenset[int]) -> bool:
    """Whether a position belongs to Chinese text, pinyin, or a blank beside pinyin."""
    if position in spoken or _CHINESE.match(text[position]):
        return True
    beside = position - 1 in spoken or position + 1 in spoken
    return beside and text[position] in JOINERS
