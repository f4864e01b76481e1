"""Everyday speech as data: dialect and net words, what questions are made of, look-alikes."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

_CHINESE = r"\u3400-\u9fff"
# Categories of what carries no words: pictures, their modifiers, joiners and control characters.
_DROPPED = frozenset({"So", "Sk", "Cf", "Co", "Cn", "Cs"})
_KEYCAPS = str.maketrans("", "", "\ufe0f\ufe0e\u20e3\u200d")
_REPEATED = re.compile(r"([^\w\s\-—.…])\1+|(?<=。)。+")
_SPACED = re.compile(rf"(?<![{_CHINESE}])[{_CHINESE}](?: [{_CHINESE}])+(?![{_CHINESE}])")
_ASKED = re.compile(
    r"什么|哪|谁|怎么|多少|几[个家次年人]|如何|吗(?:$|[?。!])|[能有是]不?没?[能有是]"
)


@dataclass(frozen=True, slots=True)
class Everyday:
    """The shipped file terms/everyday.yaml, read.

    `alike` maps a character to those that look like it.
    """

    standard: tuple[tuple[re.Pattern[str], str], ...]
    unless_asked: tuple[tuple[re.Pattern[str], str], ...]
    ask: tuple[str, ...]
    matters: tuple[str, ...]
    alike: Mapping[str, str]
    latin: frozenset[str]
    english: frozenset[str]


@cache
def load_everyday() -> Everyday:
    """Read the shipped file of everyday speech."""
    data = yaml.safe_load(
        (resources.files("knowledge") / "terms" / "everyday.yaml").read_text("utf-8")
    )
    alike: dict[str, str] = {}
    for group in data["alike"].split():
        for character in group:
            alike[character] = alike.get(character, "") + group.replace(character, "")
    standard, unless_asked = (
        tuple((re.compile(pattern), words) for pattern, words in data[section])
        for section in ("standard", "unless_asked")
    )
    ask, matters = (tuple(data[section].split()) for section in ("ask", "matters"))
    latin, english = (frozenset(data[section].split()) for section in ("latin", "english"))
    return Everyday(standard, unless_asked, ask, matters, alike, latin, english)


def tidy(text: str) -> str:
    """Return text without emoji, doubled punctuation and spaces between single characters.

    Text of nothing but emoji comes back as it is: it is a message too.
    """
    if text.isascii() and "  " not in text:
        return text
    kept = "".join(
        c
        for c in text.translate(_KEYCAPS)
        if c.isalnum() or unicodedata.category(c) not in _DROPPED
    )
    once = _REPEATED.sub(r"\1", re.sub(r"[ \t\u3000]+", " ", kept)).strip()
    return _SPACED.sub(lambda match: match[0].replace(" ", ""), once) or text


def in_standard_words(text: str) -> str:
    """Return text with dialect and everyday words replaced by standard ones."""
    everyday = load_everyday()
    for pattern, words in everyday.standard:
        text = pattern.sub(words, text)
    for pattern, words in everyday.unless_asked:
        if not _ASKED.search(text):
            text = pattern.sub(words, text)
    return text
