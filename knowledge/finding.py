"""A fact read from a text, with the place it was read from."""

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from knowledge.numbering import han_number

T = TypeVar("T")

MAX_SENTENCE = 600  # characters on each side of a place that are looked at

# Full-width ASCII to half-width, one character for one, so that offsets stay true.
_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0xA0: 0x20}
_HAN_DIGIT = "〇○零Οοo0一二三四五六七八九"
_DATE = (
    r"(?:[12][0-9]{3}[ ]?年[ ]?[0-9]{1,2}[ ]?月[ ]?[0-9]{1,2}[ ]?日"
    rf"|[一二][{_HAN_DIGIT}]{{3}}年[一二三四五六七八九十]{{1,2}}月[一二三四五六七八九十]{{1,3}}日)"
)
DATE = _DATE  # pattern of a full date, for use inside other patterns
_DASHED = re.compile(r"([12][0-9]{3})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_SENTENCE = re.compile(r"[^。;\n]+")
_PARTS = re.compile(r"(.+?)年(.+?)月(.+?)日")


@dataclass(frozen=True, slots=True)
class Finding(Generic[T]):
    """A fact and the span [start, end) of the text it was read from."""

    value: T
    start: int
    end: int
    quote: str


def half_width(text: str) -> str:
    """Return the text with full-width ASCII made half-width, every offset unchanged."""
    return text.translate(_WIDTH)


def read_date(text: str) -> date | None:
    """Read 2023年1月1日, 二〇二三年一月一日 or 2023-01-01; None for a day that does not exist."""
    match = _DASHED.fullmatch(text) or _PARTS.fullmatch(text.replace(" ", ""))
    if match is None:
        return None
    numbers = [_number(part) for part in match.groups()]
    try:
        return date(*[number for number in numbers if number is not None])
    except (TypeError, ValueError):
        return None


def sentences_with(
    text: str, pattern: re.Pattern[str]
) -> Iterator[tuple[re.Match[str], re.Match[str]]]:
    """Yield each sentence with each place in it that a pattern matches; `text` in half width."""
    for match in pattern.finditer(text):
        left = max(0, match.start() - MAX_SENTENCE)
        begin = max(left, *(text.rfind(stop, left, match.start()) + 1 for stop in "。;\n"))
        sentence = _SENTENCE.match(text, begin, match.end() + MAX_SENTENCE)
        if sentence is not None:
            yield sentence, match


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, or the last day of a shorter month."""
    years, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(years, month + 1, min(day.day, calendar.monthrange(years, month + 1)[1]))


def _number(text: str) -> int | None:
    plain = text.strip()
    if plain.isascii() and plain.isdigit():
        return int(plain)
    return han_number("".join("零" if c in "〇○零Οοo0" else c for c in plain))
