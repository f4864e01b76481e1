"""Industries of GB/T 4754-2017: sections (A to T) and divisions (01 to 97) by name."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from knowledge.yaml_text import read_yaml

SOURCE = Path(__file__).with_name("industries.yaml")


class IndustryUnknown(ValueError):
    """A code or name is none of the standard's."""


@dataclass(frozen=True, slots=True)
class Section:
    """门类: one letter and its divisions."""

    letter: str
    name: str
    divisions: tuple["Division", ...]


@dataclass(frozen=True, slots=True)
class Division:
    """大类: two digits."""

    code: str
    name: str


@cache
def sections() -> tuple[Section, ...]:
    """Return the twenty sections in order."""
    data = read_yaml(SOURCE.read_text(encoding="utf-8"))
    return tuple(
        Section(letter, one["name"], tuple(Division(c, n) for c, n in one["divisions"].items()))
        for letter, one in data.items()
    )


@cache
def divisions() -> dict[str, str]:
    """Return code -> name of all divisions, "62" -> "餐饮业"."""
    return {division.code: division.name for one in sections() for division in one.divisions}


@cache
def _section_letters() -> dict[str, str]:
    return {division.code: one.letter for one in sections() for division in one.divisions}


def division_name(code: str) -> str:
    """Return the name of the division that a code of 2 to 4 digits lies in, "" for none."""
    return divisions().get(code[:2], "")


def section_letter(code: str) -> str:
    """Return the section's letter of a code of 2 to 4 digits, "" for none."""
    return _section_letters().get(code[:2], "")


def read_industry(text: str) -> str:
    """Read "62", "H62", "6210", "62 餐饮业" or "餐饮业" as a code of 2 to 4 digits.

    Raises IndustryUnknown, with what to write instead.
    """
    cleaned = re.sub(r"\s+", "", text)
    match = re.fullmatch(r"([A-Ta-t]?)(\d{2,4})(\D*)", cleaned)
    if match:
        letter, code, name = match.groups()
        right_letter = not letter or letter.upper() == section_letter(code)
        right_name = not name or len(code) > 2 or name == division_name(code)
        if division_name(code) and right_letter and right_name:
            return code
    for code, name in divisions().items():
        if cleaned == name:
            return code
    raise IndustryUnknown(
        f"“{text.strip()[:30]}”不是 GB/T 4754-2017 的行业大类，请写两位代码，如 62（餐饮业）。"
    )
