"""Automatic numbering of Word files: the labels that Word shows but does not store as text.

Source: ECMA-376 Part 1, 17.9 (numbering) and 17.18.59 (ST_NumberFormat).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MAX_LEVEL = 9

_DIGITS = "零一二三四五六七八九"
_LEGAL_DIGITS = "零壹贰叁肆伍陆柒捌玖"


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a list: where it starts, how its number is written and framed."""

    start: int
    form: str
    frame: str  # "第%1条": %n stands for the number of level n
    gap: str  # what Word puts behind the label
    legal: bool = False  # numbers of the levels above are written in Arabic numerals


@dataclass
class Numbering:
    """The lists of one document, counting as its paragraphs go by."""

    levels: dict[str, dict[int, Level]] = field(default_factory=dict)  # by abstract list
    abstract: dict[str, str] = field(default_factory=dict)  # list -> abstract list
    restarts: dict[tuple[str, int], int] = field(default_factory=dict)  # list, level -> start
    _counters: dict[str, dict[int, int]] = field(default_factory=dict)
    _started: set[tuple[str, int]] = field(default_factory=set)

    def label(self, number_id: str, level: int) -> str:
        """Count one paragraph of a list and return its label, "" for a bullet."""
        abstract = self.abstract.get(number_id)
        shape = self.levels.get(abstract or "", {}).get(level)
        if abstract is None or shape is None:
            return ""
        counters = self._counters.setdefault(abstract, {})
        start = self.restarts.get((number_id, level))
        if start is not None and (number_id, level) not in self._started:
            counters[level] = start
        else:
            counters[level] = counters[level] + 1 if level in counters else shape.start
        self._started.add((number_id, level))
        for deeper in [other for other in counters if other > level]:
            del counters[deeper]
        return self._written(abstract, shape, level, counters)

    def _written(self, abstract: str, shape: Level, level: int, counters: dict[int, int]) -> str:
        if shape.form in ("bullet", "none"):
            return ""

        def number(match: re.Match[str]) -> str:
            place = int(match.group(1)) - 1
            other = self.levels[abstract].get(place, shape)
            value = counters.get(place, other.start)
            form = "decimal" if shape.legal and place < level else other.form
            return format_number(value, form)

        label = re.sub(r"%([1-9])", number, shape.frame)
        return label + shape.gap if label else ""


def read_numbering(root: etree._Element | None) -> Numbering:
    """Read the root of word/numbering.xml; without one there are no lists."""
    numbering = Numbering()
    if root is None:
        return numbering
    for abstract in root.iter(f"{W}abstractNum"):
        name = abstract.get(f"{W}abstractNumId", "")
        numbering.levels[name] = dict(_level(node) for node in abstract.iter(f"{W}lvl"))
    for node in root.iter(f"{W}num"):
        name = node.get(f"{W}numId", "")
        reference = node.find(f"{W}abstractNumId")
        if reference is not None:
            numbering.abstract[name] = reference.get(f"{W}val", "")
        for override in node.iter(f"{W}lvlOverride"):
            start = override.find(f"{W}startOverride")
            if start is not None:
                level = _integer(override.get(f"{W}ilvl"), 0)
                numbering.restarts[name, level] = _integer(start.get(f"{W}val"), 1)
    return numbering


def format_number(value: int, form: str) -> str:
    """Write a number in one of Word's number formats; unknown ones in Arabic numerals."""
    return _FORMS.get(form, str)(value)


def _level(node: etree._Element) -> tuple[int, Level]:
    def value(tag: str, default: str) -> str:
        found = node.find(f"{W}{tag}")
        return default if found is None else found.get(f"{W}val", default)

    frame = value("lvlText", "")
    gap = "" if value("suff", "tab") == "nothing" or frame[-1:] in "、.)\uff09\uff0e," else " "
    level = Level(
        _integer(value("start", "1"), 1),
        value("numFmt", "decimal"),
        frame,
        gap,
        node.find(f"{W}isLgl") is not None,
    )
    return _integer(node.get(f"{W}ilvl"), 0), level


def _integer(text: str | None, default: int) -> int:
    try:
        return int(text or default)
    except ValueError:
        return default


def _han(value: int, digits: str = _DIGITS, ten: str = "十", hundred: str = "百") -> str:
    if not 0 < value < 1000:
        return str(value)
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    text = digits[hundreds] + hundred if hundreds else ""
    if tens:
        text += ten if tens == 1 and not hundreds and digits is _DIGITS else digits[tens] + ten
    elif hundreds and ones:
        text += digits[0]
    return text + (digits[ones] if ones else "")


def _digit_by_digit(value: int) -> str:
    return "".join("〇一二三四五六七八九"[int(c)] for c in str(value))


def _legal(value: int) -> str:
    return _han(value, _LEGAL_DIGITS, "拾", "佰")


def _signs(first: str, width: int) -> Callable[[int], str]:
    return lambda value: chr(ord(first) + value - 1) if 0 < value <= width else str(value)


def _circled(value: int) -> str:
    for first, below in (("①", 0), ("㉑", 20), ("㊱", 35)):
        if below < value <= {"①": 20, "㉑": 35, "㊱": 50}[first]:
            return chr(ord(first) + value - below - 1)
    return str(value)


def _letter(first: str) -> Callable[[int], str]:
    return lambda value: (
        chr(ord(first) + (value - 1) % 26) * ((value - 1) // 26 + 1)
        if 0 < value < 200
        else str(value)
    )


def _roman(value: int) -> str:
    text = ""
    for amount, sign in ((10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")):
        while value >= amount and len(text) < 20:
            text, value = text + sign, value - amount
    return text


_FORMS: dict[str, Callable[[int], str]] = {
    "chineseCounting": _han,
    "chineseCountingThousand": _han,
    "japaneseCounting": _han,
    "taiwaneseCounting": _han,
    "taiwaneseCountingThousand": _han,
    "ideographDigital": _digit_by_digit,
    "taiwaneseDigital": _digit_by_digit,
    "chineseLegalSimplified": _legal,
    "ideographLegalTraditional": _legal,
    "decimalZero": lambda value: f"{value:02d}",
    "decimalFullWidth": lambda value: "".join(chr(ord(c) + 0xFEE0) for c in str(value)),
    "decimalEnclosedCircle": _circled,
    "decimalEnclosedCircleChinese": _circled,
    "decimalEnclosedFullstop": _signs("⒈", 20),
    "decimalEnclosedParen": _signs("⑴", 20),
    "ideographEnclosedCircle": lambda value: f"({_han(value)})",
    "upperLetter": _letter("A"),
    "lowerLetter": _letter("a"),
    "upperRoman": _roman,
    "lowerRoman": lambda value: _roman(value).lower(),
    "none": lambda _value: "",
}
