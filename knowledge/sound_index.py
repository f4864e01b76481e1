"""Words found by how they sound, in a text of Chinese characters and typed pinyin."""

from collections.abc import Container, Iterable, Iterator
from itertools import islice, product
from typing import Any

from knowledge.pinyin import LONGEST_SYLLABLE, fold, is_syllable, sounds_of

MAX_SPELLINGS = 8  # readings of a whole word kept, where its characters have several
JOINERS = " '\u2019"

Match = tuple[int, tuple[str, ...], str]  # end in the text, units as written, word


class SoundIndex:
    """A tree of words by their folded syllables.

    A unit of the text is one Chinese character or the letters of one syllable.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._root: dict[str, Any] = {}
        for word in words:
            spellings = product(*(sounds_of(character) for character in word))
            for spelling in islice(spellings, MAX_SPELLINGS):
                node = self._root
                for sound in spelling:
                    node = node.setdefault(sound, {})
                node.setdefault("", []).append(word)

    def matches(self, text: str, start: int, spoken: Container[int]) -> Iterator[Match]:
        """Yield every word that sounds like what stands at `start`, with what is written.

        `spoken` are the positions of Latin letters that are pinyin.
        """
        open_paths: list[tuple[int, dict[str, Any], tuple[str, ...]]] = [(start, self._root, ())]
        while open_paths:
            position, node, units = open_paths.pop()
            for word in node.get("", ()):
                yield position, units, word
            for end, unit, sounds in _units(text, position, spoken):
                for sound in sounds:
                    if (child := node.get(sound)) is not None:
                        open_paths.append((end, child, (*units, unit)))


def _units(
    text: str, position: int, spoken: Container[int]
) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Yield each unit that may stand at a position: its end, itself, its folded sounds."""
    while position - 1 in spoken and position + 1 in spoken and text[position] in JOINERS:
        position += 1
    if position >= len(text):
        return
    if position not in spoken:
        # Who types by sound gets a character by its usual reading.
        yield position + 1, text[position], sounds_of(text[position])[:1]
        return
    for end in range(position + 1, position + LONGEST_SYLLABLE + 1):
        if end - 1 not in spoken:
            return
        if is_syllable(letters := text[position:end]):
            yield end, letters, (fold(letters),)
