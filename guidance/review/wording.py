"""What was typed, without what copies change first: greetings, thanks, marks and spaces."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

from guidance.counting.qualification import without_courtesy

FEWEST = 3  # messages
_MARKS = re.compile(r"[\W_]+")


def plain_words(messages: Sequence[str]) -> list[str]:
    """Return the letters and figures of the messages that say something, in their order."""
    plain = (_plain(one) for one in messages)
    return [one for one in plain if one]


def wording_of(messages: Sequence[str]) -> str:
    """Return a digest that copies share, in whatever order; "" below three messages."""
    plain = sorted(plain_words(messages))
    if len(messages) < FEWEST or not plain:
        return ""
    return hashlib.sha256("\n".join(plain).encode()).hexdigest()


def _plain(message: str) -> str:
    folded = unicodedata.normalize("NFKC", message).casefold()
    return without_courtesy(_MARKS.sub("", without_courtesy(folded)))
