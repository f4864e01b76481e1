"""Spaces inside words, as some keyboards and voice inputs set them."""

import re
from collections.abc import Callable
from itertools import pairwise

from knowledge.tokenizer import segments

LONGEST_SPACED_WORD = 4

_SPACED = re.compile(r"[\u4e00-\u9fff]+(?: [\u4e00-\u9fff]+)+")


def join_words(text: str, is_word: Callable[[str], bool]) -> str:
    """Return Chinese text without spaces between its words and within them.

    A space between two sentences stays: there it stands for a comma.
    """
    return _SPACED.sub(lambda match: _join(match[0].split(" "), is_word), text)


def _join(pieces: list[str], is_word: Callable[[str], bool]) -> str:
    sizes = [len(piece) for piece in pieces]
    if len(pieces) > 2 and min(sizes) == 1 and max(sizes) <= LONGEST_SPACED_WORD:
        return "".join(pieces)
    joined = pieces[0]
    for left, right in pairwise(pieces):
        last, first = segments(left)[-1], segments(right)[0]
        # 营业 执照: a whole piece and the next word; 贷 款: two halves of a word.
        torn = len(last) == len(first) == 1 or last == left
        joined += right if torn and is_word(last + first) else f" {right}"
    return joined
