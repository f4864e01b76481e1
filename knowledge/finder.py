"""Finds what may hold a word without looking at everything: from pairs of characters to places.

Registers answer "which" and "how many" completely, so nothing may be cut off by rank. Here
is what narrows them down instead: a text holds a word, or a piece of it, only where it has
a pair of its characters. Whoever asks compares the few that are left one by one.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from knowledge.corpus import Corpus
from knowledge.department import Department, find_department
from knowledge.parts import NumberedParts
from knowledge.register import Duty, Register
from knowledge.statement import Statement

QUOTED = 4  # characters in a row that a question has of a heading which it quotes

Places = NDArray[np.int32]


class PairIndex:
    """Which of n texts hold a pair of characters; immutable."""

    def __init__(self, texts: Iterable[str]) -> None:
        found: defaultdict[str, array[int]] = defaultdict(lambda: array("i"))
        for place, text in enumerate(texts):
            for pair in _pairs(text):
                found[pair].append(place)
        self._places: dict[str, Places] = {
            pair: np.frombuffer(at, np.int32) for pair, at in found.items()
        }
        self._single = lru_cache(maxsize=256)(self._holding_character)

    def holding(self, words: Iterable[str]) -> list[int]:
        """Return, ascending, all texts that hold one of the words, and few others."""
        return _union(self._whole(word) for word in words)

    def touching(self, words: Iterable[str]) -> list[int]:
        """Return, ascending, the texts that hold a pair of one of the words."""
        pairs = {pair for word in words for pair in _pairs(word)}
        single = {word for word in words if len(word) == 1}
        return _union(
            [*(self._of(p) for p in sorted(pairs)), *(self._whole(c) for c in sorted(single))]
        )

    def _whole(self, word: str) -> Places:
        if len(word) == 1:
            return self._single(word)
        rarest_first = sorted(map(self._of, _pairs(word)), key=len)
        places = rarest_first[0] if rarest_first else self._of("")
        for other in rarest_first[1:]:
            if not len(places):
                break
            places = places[np.isin(places, other, assume_unique=True)]
        return places

    def _holding_character(self, character: str) -> Places:
        lists = [at for pair, at in self._places.items() if character in pair]
        return np.array(_union(lists), np.int32)

    def _of(self, pair: str) -> Places:
        return self._places.get(pair, np.zeros(0, np.int32))


class Finder:
    """The duties, statements and numbered parts of a corpus that a question may be about."""

    def __init__(
        self,
        corpus: Corpus,
        register: Register,
        outlines: Sequence[NumberedParts],
        heads: Mapping[int, str],
    ) -> None:
        """`heads`: clause id -> what heads it and all above it."""
        self._duties = register.duties
        self._statements = register.statements
        self._outlines = outlines
        clauses = corpus.clauses
        ids = [duty.statement.clause_id for duty in register.duties]
        self._duty_pairs = PairIndex(f"{heads[i]}\n{clauses[i].text}" for i in ids)
        self._statement_pairs = PairIndex(s.text for s in register.statements)
        self._by_department: defaultdict[str, list[Duty]] = defaultdict(list)
        for duty in register.duties:
            known = filter(None, map(find_department, duty.departments))
            for name in dict.fromkeys(department.name for department in known):
                self._by_department[name].append(duty)
        self._by_run: defaultdict[str, list[int]] = defaultdict(list)
        for place, outline in enumerate(outlines):
            for run in set(_marks(outline)):
                self._by_run[run].append(place)

    def duties_with(self, words: Sequence[str], alike: Iterable[str]) -> Iterator[Duty]:
        """Yield, in order, the duties that hold a piece of a word, or another word for it.

        Looked at are the duty's clause and what heads it.
        """
        places = {*self._duty_pairs.touching(words), *self._duty_pairs.holding(alike)}
        return (self._duties[place] for place in sorted(places))

    def duties_of(self, department: Department) -> Sequence[Duty]:
        """Return the duties of a department, in order."""
        return self._by_department.get(department.name, ())

    def statements_touching(
        self, words: Sequence[str], alike: Iterable[str]
    ) -> Iterator[Statement]:
        """Yield, in order, the statements that hold a piece of a word, or another word for it."""
        places = {*self._statement_pairs.touching(words), *self._statement_pairs.holding(alike)}
        return (self._statements[place] for place in sorted(places))

    def statements_with(self, words: Iterable[str]) -> Iterator[Statement]:
        """Yield, in order, all statements that hold one of the words, and few others."""
        return (self._statements[place] for place in self._statement_pairs.holding(words))

    def outlines_like(self, text: str) -> Iterator[NumberedParts]:
        """Yield, in order, all outlines that a text may quote or ask for, and few others.

        Those with a heading that shares QUOTED characters in a row with the text, with
        parts whose headings begin or end with two that stand in it, and all of steps.
        """
        runs = {text[i : i + size] for size in (2, QUOTED) for i in range(len(text) - size + 1)}
        places = {place for run in (*runs, "步骤") for place in self._by_run.get(run, ())}
        return (self._outlines[place] for place in sorted(places))

    def outlines_of(self, size: int) -> Iterator[NumberedParts]:
        """Yield, in order, all outlines of so many parts."""
        return (outline for outline in self._outlines if len(outline.parts) == size)


def _marks(outline: NumberedParts) -> Iterator[str]:
    heading = outline.clause.heading
    yield from (heading[i : i + QUOTED] for i in range(len(heading) - QUOTED + 1))
    if "步骤" in heading:
        yield "步骤"
    headings = [part.heading.rstrip("。") for part in outline.parts]
    yield from (heading[:2] for heading in headings)
    # A name that all parts have in common, of two to four characters, begins with two of these.
    yield from (headings[0][-size:][:2] for size in (2, 3, 4) if len(headings[0]) > size)


def _pairs(word: str) -> set[str]:
    return {word[i : i + 2] for i in range(len(word) - 1)}


def _union(lists: Iterable[Places]) -> list[int]:
    some = [places for places in lists if len(places)]
    found: list[int] = np.unique(np.concatenate(some)).tolist() if some else []
    return found
