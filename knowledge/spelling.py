"""A question in the words that policies use: pinyin, typos and everyday words put right.

A noisy channel: a text may be read as many rows of words. A reading costs the negative
logarithm of how likely people write its words, and what each mistake costs that it takes
for granted. The cheapest reading wins; what is written wins ties.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby, pairwise

from knowledge.department import load_departments
from knowledge.everyday import in_standard_words, load_everyday, tidy
from knowledge.lexicon import load_synonyms
from knowledge.mistakes import NEAR_SOUND, SAME_SOUND, sound_cost
from knowledge.own_terms import NO_TERMS, OwnTerms
from knowledge.pinyin import LONGEST_SYLLABLE, is_syllable, without_tones
from knowledge.slip_index import SlipIndex
from knowledge.sound_index import JOINERS, SoundIndex
from knowledge.spacing import join_words
from knowledge.tokenizer import segments, terms, word_counts
from knowledge.typed_pinyin import Row, meaningless_runs, spoken_letters, stretches
from knowledge.word_prior import LONGEST_WORD, UNKNOWN, WordPrior

MAX_CHARACTERS = 500
COMMON_COUNT = 700  # of 60 million: general words that typed pinyin may mean
LONG_TERM = 5  # characters; nothing else sounds like a term so long
NAME_COUNT = 10_000  # of 60 million: characters rarer than that make up names
BEFORE_COUNT, AFTER_COUNT = 3_000, 50_000  # characters often said before or after a word
FREE_CHARACTER = 4.0  # nats; for a wrong character that may be a word beside a word
ASK_COUNT = 60
TERM_COUNT = 12
COMMON_CHARACTER = 50_000  # of 60 million: no part of a name of two characters or more
LONGEST_NAME = 4  # characters; longer runs are remains of several words
KEYNESS = 0.03  # uses by the policies for one in 60 million words of general Chinese

_CHINESE = re.compile(r"[\u4e00-\u9fff]+")

Edge = tuple[int, float, str]  # end, cost in nats, words


class Speller:
    """Rewrites questions; built once, then immutable and safe to share between threads."""

    def __init__(
        self,
        vocabulary: Iterable[tuple[str, int]],
        terms: Iterable[str],
        everyday_words: Iterable[tuple[str, str]] = (),
    ) -> None:
        """Take the words of the policies with their counts, and the terms of the field.

        Typed pinyin may mean any word; only terms are what a misspelt word may mean.
        `everyday_words`: what people say here, and what is read for it.
        """
        self._everyday_words = tuple(sorted(everyday_words, key=lambda pair: -len(pair[0])))
        general = word_counts()
        everyday = load_everyday()
        policy = Counter[str]()
        for word, count in vocabulary:
            if _CHINESE.fullmatch(word) and len(word) <= LONGEST_WORD:
                policy[word] += count
        common = [w for w, n in general.items() if n >= COMMON_COUNT and w not in policy]
        self._prior = WordPrior(policy, general)
        self._by_sound = SoundIndex([*policy, *common])
        self._terms = frozenset(term for term in terms if len(term) > 1 and term in policy)
        self._slips = SlipIndex(self._terms, self._prior, everyday.alike)

    def correct(self, text: str) -> str:
        """Return a normalised question in the words that policies use.

        Text without anything suspicious comes back as it is. Only the first
        500 characters are looked at.
        """
        if len(text) > MAX_CHARACTERS:
            return self.correct(text[:MAX_CHARACTERS]) + text[MAX_CHARACTERS:]
        text = join_words(tidy(without_tones(text)), self._prior.is_word)
        text = in_standard_words(text)
        for said, meant in self._everyday_words:
            text = text.replace(said, meant)
        spoken = spoken_letters(text)
        rows = self._rows(text, spoken)
        if meaningless := meaningless_runs(text, spoken, rows.values()):
            # What turns out to be no pinyin tells more about the rest.
            spoken = spoken_letters(text, meaningless)
            rows = self._rows(text, spoken)
            if meaningless_runs(text, spoken, rows.values()):
                rows = self._rows(text, frozenset())
        for (start, end), row in reversed(rows.items()):
            text = text[:start] + "".join(words for _, _, words in row) + text[end:]
        return text

    def _rows(self, text: str, spoken: frozenset[int]) -> dict[tuple[int, int], Row]:
        """Return the cheapest row of words of every stretch of text, in reading order."""
        return {span: self._cheapest(text, *span, spoken) for span in stretches(text, spoken)}

    def _cheapest(self, text: str, start: int, end: int, spoken: frozenset[int]) -> Row:
        """Return the cheapest row of words between two positions."""
        best: list[tuple[float, int, str]] = [(0.0, start, "")]
        best += [(float("inf"), start, "")] * (end - start)
        slipped = self._slips.edges(text, start, end)
        for position in range(start, end):
            cost = best[position - start][0]
            if cost == float("inf"):
                continue
            edges = (*self._edges(text, position, end, spoken), *slipped.get(position, ()))
            for stop, more, words in edges:
                if stop <= end and cost + more < best[stop - start][0]:
                    best[stop - start] = (cost + more, position, words)
        row: Row = []
        stop = end
        while stop > start:
            _, begin, words = best[stop - start]
            row.append((begin, stop, words))
            stop = begin
        return row[::-1]

    def _edges(self, text: str, start: int, end: int, spoken: frozenset[int]) -> Iterator[Edge]:
        """Yield what may stand at a position: words as written first, then what is meant."""
        if start in spoken:
            for stop in range(start + 1, min(start + LONGEST_SYLLABLE, end) + 1):
                if is_syllable(text[start:stop]):
                    yield stop, 2 * UNKNOWN, text[start:stop]
        elif text[start] in JOINERS:
            yield start + 1, 0.0, ""
        else:
            yield from self._written(text, start, end)
        for stop, units, word in self._by_sound.matches(text, start, spoken):
            mistake = self._mistake(word, units)
            if mistake is not None and not (len(units) == 2 and self._in_name(text, start, stop)):
                yield stop, self._prior.cost(word) + mistake, word

    def _written(self, text: str, start: int, end: int) -> Iterator[Edge]:
        yield start + 1, self._prior.cost(text[start]), text[start]
        for stop in range(start + 2, min(start + LONGEST_WORD, end) + 1):
            word = text[start:stop]
            if self._prior.is_word(word):
                yield stop, self._prior.cost(word), word

    def _in_name(self, text: str, start: int, stop: int) -> bool:
        """Whether two characters stand beside one that is hardly ever a word by itself."""
        return any(
            _CHINESE.fullmatch(beside)
            and self._prior.count(beside) < NAME_COUNT
            and not (len(pair) == 2 and self._prior.is_word(pair))
            for beside, pair in (
                (text[max(start - 1, 0) : start], text[max(start - 2, 0) : start]),
                (text[stop : stop + 1], text[stop : stop + 2]),
            )
        )

    def _mistake(self, word: str, units: tuple[str, ...]) -> float | None:
        """Return what it costs to have written the units for the word; None if nobody would."""
        written = "".join(units)
        if written == word or (_CHINESE.fullmatch(written) and not self._may_mean(written, word)):
            return None
        cost = sound_cost(word, units)
        return cost if cost is None or len(word) != 3 else self._beside_a_word(word, units, cost)

    def _may_mean(self, written: str, word: str) -> bool:
        """Whether Chinese characters that sound like a term may be a mistake for it."""
        if word not in self._terms or self._prior.is_common_word(written):
            return False
        return len(word) >= LONG_TERM or self._prior.is_suspicious(written)

    def _beside_a_word(self, word: str, units: tuple[str, ...], cost: float) -> float | None:
        """Return the cost where what differs may be a particle beside a word: 搞科技, 高科技."""
        before = tuple(word[1:]) == units[1:] and self._prior.is_word(word[1:])
        after = tuple(word[:-1]) == units[:-1] and self._prior.is_word(word[:-1])
        if (before or after) and cost >= SAME_SOUND + NEAR_SOUND:
            return None
        if before and self._prior.count(units[0]) > BEFORE_COUNT:
            return cost + FREE_CHARACTER
        if after and self._prior.count(units[-1]) > AFTER_COUNT:
            return cost + FREE_CHARACTER
        return cost


def build_speller(texts: Iterable[str], own: OwnTerms = NO_TERMS) -> Speller:
    """Build the speller from the statements of the corpus, the shipped lists and own words."""
    everyday = load_everyday()
    own_words = {*own.names, *(word for line in own.same for word in line)}
    listed = {
        *load_synonyms(),
        *terms(),
        *own_words,
        *(word for word in everyday.matters if len(word) > 1),
    }
    for department in load_departments():
        listed |= {department.name, *department.aliases}
    frame = frozenset(everyday.ask) - listed  # asks without saying about what
    counts = Counter[str]()
    compounds = Counter[str]()
    for text in texts:
        found = segments(text)
        counts.update(found)
        compounds.update(_compounds(found, frame))
    compounds = Counter({word: n for word, n in compounds.items() if n > 1})
    # Words that the policies use far more than other texts do.
    general = word_counts()
    key = {w for w, n in counts.items() if n > 1 and n > KEYNESS * general.get(w, 0)}
    counts += compounds
    counts.update(dict.fromkeys(sorted(listed), TERM_COUNT))
    counts.update(dict.fromkeys((*everyday.ask, *everyday.matters), ASK_COUNT))
    return Speller(counts.items(), listed | set(compounds) | (key - frame), own.everyday)


def _compounds(words: list[str], frame: frozenset[str]) -> Iterator[str]:
    """Yield neighbouring words as one, and characters between words: names of no dictionary."""
    for left, right in pairwise(words):
        if len(left) > 1 and len(right) > 1 and frame.isdisjoint((left, right)):
            yield left + right
    general = word_counts()
    for alone, run in groupby(
        words, key=lambda word: len(word) == 1 and general.get(word, 0) < COMMON_CHARACTER
    ):
        name = "".join(run) if alone else ""
        if 1 < len(name) <= LONGEST_NAME:
            yield name
