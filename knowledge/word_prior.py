"""How likely people are to write a word to the desk."""

import math
from collections.abc import Mapping
from functools import lru_cache

POLICY_SHARE = 0.5  # of what people write to the desk, in the words of policies
COMMON_COUNT = 15  # of 60 million
LONGEST_WORD = 10
UNKNOWN = 16.0  # nats; a word of no dictionary is rarer than any in it


class WordPrior:
    """A mixture of two languages: the words of the policies, and Chinese in general."""

    def __init__(self, policy: Mapping[str, int], general: Mapping[str, int]) -> None:
        self._policy = policy
        self._general = general
        self._policy_total = max(sum(policy.values()), 1)
        self._general_total = max(sum(general.values()), 1)
        self.cost = lru_cache(maxsize=50_000)(self._cost)

    def _cost(self, word: str) -> float:
        """Return the negative logarithm of the word's probability, at most `UNKNOWN` nats."""
        share = POLICY_SHARE * self._policy.get(word, 0) / self._policy_total
        share += (1 - POLICY_SHARE) * self._general.get(word, 0) / self._general_total
        return -math.log(share) if share > math.exp(-UNKNOWN) else UNKNOWN

    def is_word(self, word: str) -> bool:
        """Whether the word is known at all."""
        return word in self._policy or self._general.get(word, 0) > 0

    def is_common_word(self, word: str) -> bool:
        """Whether people may well have meant the word; dictionaries hold many that nobody says."""
        return word in self._policy or self._general.get(word, 0) >= COMMON_COUNT

    def is_policy_word(self, word: str) -> bool:
        """Whether policies or questions about them use the word."""
        return word in self._policy

    def count(self, word: str) -> int:
        """Return how often the word stands in 60 million words of general Chinese."""
        return self._general.get(word, 0)

    def is_suspicious(self, written: str) -> bool:
        """Whether written characters are neither a word nor a row of words of the policies."""
        if self.is_common_word(written):
            return False
        reached = {0}
        for start in range(len(written) - 1):
            if start in reached:
                reached |= {
                    stop
                    for stop in range(start + 2, len(written) + 1)
                    if self.is_policy_word(written[start:stop])
                }
        return len(written) not in reached
