"""Cells of files that a spreadsheet program opens: never a formula, whatever was typed."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

# Removed where they cannot be seen: control characters break XML, marks hide a formula.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufeff\u200b-\u200f\u202a-\u202e\u2060]")
_FORMULA = ("=", "+", "-", "@", "|")
_BREAKS = re.compile("[\t\r\n\u2028\u2029\x85]+")


def visible(text: str) -> str:
    """Return a text without what no file format shows."""
    return _INVISIBLE.sub("", text)


def neutral(text: str) -> str:
    """Return a text that no program takes for a formula.

    Control characters go, tabs and line breaks become blanks, and what then begins like a
    formula, in full-width forms too, gets an apostrophe (OWASP, CSV injection).
    """
    plain = _BREAKS.sub(" ", visible(text))
    begins = unicodedata.normalize("NFKC", plain.lstrip())[:1]
    return f"'{plain}" if begins and begins in _FORMULA else plain


def write_cell(
    sheet: Any, row: int, column: int, value: object, form: Any = None, link: str = ""
) -> None:
    """Write a value into a sheet of xlsxwriter: numbers as numbers, all else as text.

    `link` is the address that the cell opens; the value stays what it is.
    """
    if link:
        sheet.write_url(row, column, link, form)  # what is written next takes the place of its text
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        sheet.write_number(row, column, float(value), form)
    else:
        sheet.write_string(row, column, neutral(str(value)), form)
