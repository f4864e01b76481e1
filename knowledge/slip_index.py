"""Words whose characters were doubled, swapped, left out or taken for others."""

import re
from collections.abc import Iterable, Iterator, Mapping

from knowledge.mistakes import LOOKS_ALIKE, gaps, slips, wrong_character_cost
from knowledge.tokenizer import segments
from knowledge.word_prior import LONGEST_WORD, WordPrior

FUNCTION_WORD_COUNT = 100_000  # of 60 million: characters that stand where they should

_CHINESE = re.compile(r"[\u4e00-\u9fff]+")


class SlipIndex:
    """The terms of the field by what slips of the hand and the eye make of them."""

    def __init__(self, terms: Iterable[str], prior: WordPrior, alike: Mapping[str, str]) -> None:
        ordered = sorted(terms)
        self._prior = prior
        self._alike = alike
        self._slips = slips(ordered)
        self._gaps = gaps(term for term in ordered if len(term) > 2)
        self._beginnings = frozenset(term[:2] for term in ordered)

    def edges(self, text: str, start: int, end: int) -> dict[int, list[tuple[int, float, str]]]:
        """Return what may be meant in a stretch of text: by start, the end, cost and term."""
        edges: dict[int, list[tuple[int, float, str]]] = {}
        for first in range(start, end - 2):
            for stop in range(first + 3, min(first + LONGEST_WORD + 1, end) + 1):
                term, cost = self._slips.get(text[first:stop], ("", 0.0))
                if term and self._prior.is_suspicious(text[first:stop]):
                    edges.setdefault(first, []).append((stop, self._prior.cost(term) + cost, term))
        for position, alone in self._doubtful(text, start, end):
            for first, stop, term in self._instead(text, position, start, end):
                right = position - first
                mistake = wrong_character_cost(term, right, text[position], self._alike)
                if mistake is not None and (alone or mistake == LOOKS_ALIKE):
                    cost = self._prior.cost(term) + mistake
                    edges.setdefault(first, []).append((stop, cost, term))
        return edges

    def _instead(
        self, text: str, position: int, start: int, end: int
    ) -> Iterator[tuple[int, int, str]]:
        """Yield the terms that would stand around a position with another character there."""
        for first in range(max(start, position - LONGEST_WORD + 1), position + 1):
            if first + 2 <= position and text[first : first + 2] not in self._beginnings:
                continue
            for stop in range(max(first + 3, position + 1), min(first + LONGEST_WORD, end) + 1):
                blanked = f"{text[first:position]}?{text[position + 1 : stop]}"
                terms = self._gaps.get(blanked, ())
                if terms and self._prior.is_suspicious(text[first:stop]):
                    yield from ((first, stop, term) for term in terms)

    def _doubtful(self, text: str, start: int, end: int) -> Iterator[tuple[int, bool]]:
        """Yield the positions of characters that look like others or stand alone, and which."""
        for run in _CHINESE.finditer(text, start, end):
            position = run.start()
            for word in segments(run[0]):
                alone = len(word) == 1 and self._prior.count(word) < FUNCTION_WORD_COUNT
                for character in word:
                    if alone or character in self._alike:
                        yield position, alone
                    position += 1
