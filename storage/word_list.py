"""A short list of words in one column, which both engines can filter by one word."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Dialect, String, type_coerce
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import TypeDecorator

_BETWEEN = "\n"


class WordList(TypeDecorator[tuple[str, ...]]):
    """A tuple of words without line breaks, stored as "\\nfirst\\nsecond\\n"; empty as ""."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Sequence[str] | None, _dialect: Dialect) -> str | None:
        """Join the words; refuse one that contains the separator."""
        if value is None:
            return None
        if isinstance(value, str) or any(_BETWEEN in word for word in value):
            raise ValueError(f"no list of single-line words: {value!r}")
        return f"{_BETWEEN}{_BETWEEN.join(value)}{_BETWEEN}" if value else ""

    def process_result_value(self, value: str | None, _dialect: Dialect) -> tuple[str, ...] | None:
        """Split into the words."""
        if value is None:
            return None
        return tuple(value.strip(_BETWEEN).split(_BETWEEN)) if value else ()


def has_word(column: InstrumentedAttribute[tuple[str, ...]], word: str) -> ColumnElement[bool]:
    """Return the condition that the list contains this word."""
    return type_coerce(column, String).contains(f"{_BETWEEN}{word}{_BETWEEN}", autoescape=True)
