"""Words and character bigrams of Chinese text: the terms that BM25 counts."""

import re
import sys
import threading
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

import jieba
import opencc

LIMIT = 4_000  # characters read of any text: a passage has a few hundred, a question fewer

DEFAULT_SHARE = 0.15
# First letters of jieba's part-of-speech tags: n noun, v verb, a adjective, t time, ...
_SHARE_BY_TAG = dict.fromkeys("njgsx", 1.0) | {
    "v": 0.75,
    "a": 0.6,
    "b": 0.6,
    "i": 0.7,
    "l": 0.7,
    "t": 0.4,
}

_RUN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]+|[a-z0-9]+(?:\.[0-9]+)?")
_initializing = threading.Lock()


def normalize(text: str, limit: int = LIMIT) -> str:
    """Return text as it is compared: NFKC, simplified characters, lower case, no surrogates.

    Text is cut to `limit` characters before and after, because one character may
    become 18 under NFKC: input of any length costs the same bounded time.
    """
    # Lone surrogates cannot be encoded, and NFKC composes across a NUL as across any letter.
    clean = text[:limit].encode("utf-8", errors="ignore").decode("utf-8")
    composed = unicodedata.normalize("NFKC", clean)[:limit]
    return str(_simplifier().convert(composed)).lower()


def words(text: str) -> list[str]:
    """Return the search words of a text in order: long words and the words within them.

    Punctuation is dropped; function words stay, their low idf makes them weigh nothing.
    """
    segmenter = _segmenter()
    return [
        word
        for run in _RUN.findall(normalize(text))
        for word in ([run] if run.isascii() else segmenter.cut_for_search(run))
    ]


def segments(text: str) -> list[str]:
    """Return the words of a text in order, each character in one word only."""
    segmenter = _segmenter()
    return [
        word
        for run in _RUN.findall(normalize(text))
        for word in ([run] if run.isascii() else segmenter.cut(run, HMM=False))
    ]


def topic_share(word: str) -> float:
    """Return how far a word can carry a topic: nouns fully, verbs less, function words hardly.

    Read off the part of speech that jieba's dictionary gives; unknown words count as nouns.
    """
    return _SHARE_BY_TAG.get(_tags().get(word, "n"), DEFAULT_SHARE)


def word_counts() -> Mapping[str, int]:
    """Return how often each known word stands in jieba's corpus of 60 million words.

    A count of 0 belongs to the beginning of a word that is no word itself.
    """
    counts: Mapping[str, int] = _segmenter().FREQ
    return counts


def terms() -> list[str]:
    """Return the shipped terms of start-up policy, in the order of their file."""
    lines = files("knowledge").joinpath("terms/terms.txt").read_text("utf-8").splitlines()
    return [term for line in lines if (term := line.partition("#")[0].strip())]


def bigrams(text: str) -> list[str]:
    """Return the overlapping character pairs of a text in order.

    A run of one Chinese character is kept alone; Latin words and numbers stay whole.
    """
    found: list[str] = []
    for run in _RUN.findall(normalize(text)):
        if run.isascii() or len(run) == 1:
            found.append(run)
        else:
            found += [run[i : i + 2] for i in range(len(run) - 1)]
    return found


def grams(text: str) -> list[str]:
    """Return the single Chinese characters of a text and its bigrams, in no useful order.

    Characters catch what people shorten (创业贷款 for 创业担保贷款) and bigrams miss.
    """
    characters = [c for run in _RUN.findall(normalize(text)) if not run.isascii() for c in run]
    return [*characters, *(pair for pair in bigrams(text) if len(pair) > 1 or pair.isascii())]


@cache
def _simplifier() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _segmenter() -> jieba.Tokenizer:
    with _initializing:
        return _load_segmenter()


@cache
def _load_segmenter() -> jieba.Tokenizer:
    # jieba's own start caches its dictionary in the system's scratch folder, as a file
    # that any user of the machine could replace, and reading it takes twice as long.
    words, counts, _ = _dictionary()
    segmenter = jieba.Tokenizer()
    beginnings = {word[:size] for word in words for size in range(1, len(word))}
    segmenter.FREQ = dict.fromkeys(beginnings, 0)
    segmenter.FREQ.update(zip(words, counts, strict=True))
    segmenter.total = sum(counts)
    segmenter.initialized = True
    for term in terms():
        segmenter.add_word(term)
    return segmenter


@cache
def _tags() -> dict[str, str]:
    """The first letter of each dictionary word's tag, where it is not a noun."""
    words, _, tags = _dictionary()
    return {
        word: sys.intern(tag[0])
        for word, tag in zip(words, tags, strict=True)
        if tag[0] != "n" and tag not in ("vn", "eng")
    }


def _dictionary() -> tuple[list[str], list[int], list[str]]:
    """Read jieba's dictionary: words, how often each stands in its corpus, tags."""
    fields = files("jieba").joinpath("dict.txt").read_text("utf-8").split()
    return fields[0::3], [int(count) for count in fields[1::3]], fields[2::3]
