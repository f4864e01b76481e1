"""What words weigh and which words mean the same, for comparing questions with clauses."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources

from knowledge.yaml_text import read_yaml

SINGLE_CHARACTER_WEIGHT = 0.5
SINGLE_CHARACTER_IDF = 2.0
UNKNOWN_VERB_SHARE = 0.5  # people say in many ways what is done, in few what it is about
SHORTEST_PHRASE = 3
TELLING_WEIGHT = 3.0  # of a word that stands in few statements: 见习 tells, 创业 does not
PARTIAL_MATCH_SHARE = 0.7  # a word found only in pieces counts at most so much


class Lexicon:
    """Word weights from a corpus of statements, and groups of words with one meaning."""

    def __init__(
        self,
        texts: Iterable[str],
        names: Iterable[str],
        words: Callable[[str], list[str]],
        synonyms: Mapping[str, Sequence[str]],
        share: Callable[[str], float],
        segments: Callable[[str], list[str]] = lambda text: [text],
    ) -> None:
        counts: Counter[str] = Counter()
        total = 0
        texts = list(texts)
        for text in texts:
            total += 1
            counts.update(set(words(text)))
        # Names that no dictionary has count once: they are as rare as they are telling.
        counts.update(name for name in names if name not in counts)
        self._counts = counts
        self._all = "\n".join(texts)
        self._foreign = lru_cache(maxsize=50_000)(self._is_foreign)
        self._total = max(total, 1)
        self._synonyms = synonyms
        self._share = share
        # "坐过牢" means one thing and is cut into three words: such are looked for as a whole.
        self.phrases = frozenset(
            word
            for word in synonyms
            if len(word) >= SHORTEST_PHRASE and self._is_more_than(segments(word))
        )
        self._coverage = lru_cache(maxsize=50_000)(self._found)
        self._weights = lru_cache(maxsize=50_000)(self._weigh)

    def _is_more_than(self, parts: Sequence[str]) -> bool:
        """Whether a word means more than its parts: some part alone names nothing here."""
        return len(parts) > 1 and any(len(p) == 1 or p not in self._counts for p in parts)

    def knows(self, word: str) -> bool:
        """Whether the corpus uses the word or one that means the same."""
        return any(w in self._counts for w in self.alternatives(word))

    def relates(self, word: str) -> bool:
        """Whether the corpus uses a word or what it begins with: 见习期 begins with 见习."""
        begins = (word[:size] for size in range(2, len(word)))
        return self.knows(word) or any(
            self.knows(b) and self.weight(b) >= TELLING_WEIGHT for b in begins
        )

    def alternatives(self, word: str) -> Sequence[str]:
        """Return the word and every word with the same meaning."""
        return self._synonyms.get(word, (word,))

    def weight(self, word: str) -> float:
        """Return how much a word tells: inverse document frequency times topic share, 0 or more.

        A word with synonyms weighs as the most frequent of them: people's word for a
        common thing must not count as rare. Unknown words weigh most.
        """
        return self._weights(word)

    def _weigh(self, word: str) -> float:
        count = max(self._counts[w] for w in self.alternatives(word))
        idf = math.log(1 + (self._total - count + 0.5) / (count + 0.5))
        if len(word) == 1 and not self.knows(word):
            return SINGLE_CHARACTER_WEIGHT  # a stray character of a word cut wrongly
        if len(word) == 1:
            idf = min(idf, SINGLE_CHARACTER_IDF)
        share = self._share(word)
        if share < 1.0 and not self.knows(word):
            share *= UNKNOWN_VERB_SHARE
        return idf * share

    def is_foreign(self, word: str) -> bool:
        """Whether a word of the field, and every word of its meaning, stands in no statement."""
        return self._foreign(word)

    def _is_foreign(self, word: str) -> bool:
        return word in self._synonyms and not any(w in self._all for w in self._synonyms[word])

    def found(self, word: str, text: str) -> float:
        """Return how well a text holds a word: 1 itself or a synonym, less in pieces, 0 not."""
        return self._coverage(word, text)

    def coverage(self, words: Sequence[str], text: str) -> float:
        """Return the share of the words' weight that a text holds, from 0 to 1."""
        weights = [self.weight(w) for w in words]
        held = sum(
            weight * self.found(word, text) for word, weight in zip(words, weights, strict=True)
        )
        return held / total if (total := sum(weights)) else 0.0

    def _found(self, word: str, text: str) -> float:
        if word in text:
            return 1.0
        if any(other in text for other in self.alternatives(word)):
            return 0.9
        pairs = [word[i : i + 2] for i in range(len(word) - 1)]
        if len(word) < 3 or not pairs:
            return 0.0
        return PARTIAL_MATCH_SHARE * sum(pair in text for pair in pairs) / len(pairs)


def load_synonyms() -> dict[str, tuple[str, ...]]:
    """Return, for every word of the shipped synonym file, its whole group."""
    data = _load()
    table: dict[str, tuple[str, ...]] = {}
    for line in [*data["groups"], *data["same"]]:
        for word in line:
            table[word] = tuple(dict.fromkeys((*table.get(word, ()), *line)))
    return table


@cache
def people_groups() -> tuple[tuple[str, ...], ...]:
    """Return the groups of people that policies are made for: each its words, official first."""
    return tuple(tuple(line) for line in _load()["groups"])


def groups_in(text: str) -> list[tuple[str, ...]]:
    """Return the groups of people that a text speaks of, the one named longest first."""
    longest = {
        group: max((len(word) for word in group if word in text), default=0)
        for group in people_groups()
    }
    return sorted((g for g, size in longest.items() if size), key=lambda g: (-longest[g], g))


@cache
def _load() -> dict[str, list[list[str]]]:
    data: dict[str, list[list[str]]] = read_yaml(
        (resources.files("knowledge") / "synonyms.yaml").read_text("utf-8")
    )
    return data
