"""One field of a record as people write it: in a cell, in a form, in the record of versions.

Projects and mentors describe their fields as a tuple of columns; forms, spreadsheets,
comparison and history all follow from it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

MOST_YUAN = 2_000_000_000
_SEPARATORS = re.compile(r"[、，,；;\n\t]+")
_DAY = re.compile(r"(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?")
_NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)(万)?(?:元|块|个月|月|人|平方米|平米|㎡|m2|m²)?")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}")
_PHONE = re.compile(r"[0-9+() 转-]{5,30}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SERIAL_EPOCH = date(1899, 12, 30)  # day 0 of spreadsheet dates
YES, NO = "是", "否"


class CellUnreadable(ValueError):
    """A text does not fit its column; the message says what to write."""


class ColumnKind(StrEnum):
    """What a column holds, and as what Python value."""

    LINE = "line"  # str on one line
    PARAGRAPH = "paragraph"  # str with line breaks
    WHOLE = "whole"  # int
    YUAN = "yuan"  # int, in yuan, whatever the unit of the heading
    DAY = "day"  # date
    CHOICE = "choice"  # one of the values
    CHOICES = "choices"  # tuple of values
    WORDS = "words"  # tuple of free words
    YES_NO = "yes_no"  # bool


class Unit(StrEnum):
    """What a bare number of a column counts."""

    NONE = ""
    WAN = "万元"
    YUAN = "元"
    MONTHS = "月"
    M2 = "平方米"
    PEOPLE = "人"
    TIMES = "次"


@dataclass(frozen=True, slots=True)
class Column:
    """One field: its name in the record, its heading, and how a cell is read and written.

    `least` and `most` are in the value's own unit (yuan for money). `choices` maps
    values to labels; a cell may hold either. `reader` and `writer` replace the ways of
    the kind; a reader raises CellUnreadable.
    """

    name: str
    label: str
    kind: ColumnKind
    section: str = ""
    required: bool = False
    unit: Unit = Unit.NONE
    choices: Mapping[Any, str] | None = None
    empty: Any = ""  # the value of an empty cell
    least: int | None = None
    most: int | None = None
    longest: int = 200
    help: str = ""
    example: str = ""
    personal: bool = False
    read_only: bool = False  # exported, never imported
    reader: Callable[[str], Any] | None = None
    writer: Callable[[Any], str] | None = None

    @property
    def heading(self) -> str:
        """The heading in a spreadsheet, with the unit of its numbers."""
        note = "只读" if self.read_only else str(self.unit)
        return f"{self.label}（{note}）" if note else self.label

    def read(self, text: str, unit: Unit | None = None) -> Any:
        """Read a cell; `unit` is that of the file's own heading. Raises CellUnreadable."""
        cleaned = text.strip()
        if not cleaned.isprintable():
            cleaned = cleaned.replace("\r\n", "\n").replace("\r", "\n")
            cleaned = _CONTROL.sub("", cleaned).strip()
        if not cleaned:
            if self.required:
                raise CellUnreadable("必须填写")
            return self.empty
        if self.reader is not None:
            return self.reader(cleaned)
        return _READERS[self.kind](self, cleaned, unit or self.unit)

    def write(self, value: Any) -> str:
        """Write a value so that `read` gives it back."""
        if value is None or value == "" or value == ():
            return ""
        if self.writer is not None:
            return self.writer(value)
        if self.kind is ColumnKind.CHOICE:
            return (self.choices or {}).get(value, str(value))
        if self.kind in {ColumnKind.CHOICES, ColumnKind.WORDS}:
            labels: Mapping[Any, str] = self.choices or {}
            return "、".join(labels.get(one, str(one)) for one in value)
        if self.kind is ColumnKind.YES_NO:
            return YES if value else NO
        if self.kind is ColumnKind.YUAN and self.unit is Unit.WAN:
            return format((Decimal(value) / 10_000).normalize(), "f")
        return value.isoformat() if isinstance(value, date) else str(value)


def _read_text(column: Column, text: str, _unit: Unit) -> str:
    if column.kind is ColumnKind.LINE:
        text = re.sub(r"\s+", " ", text)
    if len(text) > column.longest:
        raise CellUnreadable(f"太长，最多 {column.longest} 个字，现在有 {len(text)} 个字")
    return text


def _amount(text: str) -> tuple[Decimal, bool]:
    """Return a number and whether it was written in 万."""
    compact = unicodedata.normalize("NFKC", text).replace(",", "").replace(" ", "")
    match = _NUMBER.fullmatch(compact)
    if match is None or len(match[1]) > 18:
        raise CellUnreadable(f"“{text[:20]}”不是数字，请只写数字，不要写区间或文字")
    try:
        return Decimal(match[1]), match[2] is not None
    except InvalidOperation as error:
        raise CellUnreadable("不是数字") from error


def _read_whole(column: Column, text: str, _unit: Unit) -> int:
    number, wan = _amount(text)
    if wan:
        raise CellUnreadable("这一栏不是金额，请写整数")
    return _in_range(column, number, "")


def _read_yuan(column: Column, text: str, unit: Unit) -> int:
    number, wan = _amount(text)
    says_yuan = not wan and text.rstrip().endswith(("元", "块"))
    if wan or (unit is Unit.WAN and not says_yuan):
        number *= 10_000
    return _in_range(column, number, "元")


def _in_range(column: Column, number: Decimal, unit: str) -> int:
    if number != number.to_integral_value():
        raise CellUnreadable("金额要精确到元" if unit else "应为整数")
    least = 0 if column.least is None else column.least
    most = MOST_YUAN if column.most is None else column.most
    if not least <= number <= most:
        raise CellUnreadable(f"应在 {least} 到 {most} {unit}之间".replace(" 之", "之"))
    return int(number)


def _read_day(_column: Column, text: str, _unit: Unit) -> date:
    if text.isdigit() and len(text) == 5:
        return _SERIAL_EPOCH + timedelta(days=int(text))
    compact = re.sub(r"[ T]00:00(:00)?(\.0+)?$", "", text).replace(" ", "")
    match = _DAY.fullmatch(unicodedata.normalize("NFKC", compact))
    try:
        if match is None:
            return datetime.strptime(compact, "%Y%m%d").date()  # noqa: DTZ007
        return date(*(int(part) for part in match.groups()))
    except ValueError as error:
        raise CellUnreadable(f"“{text[:20]}”不是日期，请写成 2026-07-01 这样") from error


def _choice(column: Column, text: str) -> Any:
    choices: Mapping[Any, str] = column.choices or {}
    compact = unicodedata.normalize("NFKC", text).strip()
    for value, label in choices.items():
        if compact in {str(value), unicodedata.normalize("NFKC", label)}:
            return value
    allowed = "、".join(choices.values())
    raise CellUnreadable(f"“{text[:20]}”不在可选范围内，只能填：{allowed}")


def _read_choice(column: Column, text: str, _unit: Unit) -> Any:
    return _choice(column, text)


def parts_of(text: str) -> list[str]:
    """Return the different parts of a cell that holds a list, in order."""
    parts = (re.sub(r"\s+", " ", part).strip() for part in _SEPARATORS.split(text))
    return list(dict.fromkeys(part for part in parts if part))


def _read_choices(column: Column, text: str, _unit: Unit) -> tuple[str, ...]:
    chosen = {_choice(column, part) for part in parts_of(text)}
    return tuple(value for value in column.choices or {} if value in chosen)


def _read_words(column: Column, text: str, _unit: Unit) -> tuple[str, ...]:
    words = parts_of(text)
    if len(words) > 20 or any(len(word) > 40 for word in words):
        raise CellUnreadable("最多 20 个词，每个不超过 40 个字，用顿号隔开")
    if sum(map(len, words)) > column.longest:
        raise CellUnreadable(f"太长，最多 {column.longest} 个字")
    return tuple(words)


def _read_yes_no(_column: Column, text: str, _unit: Unit) -> bool:
    if text.lower() in {YES, "y", "yes", "1", "true", "√", "有", "可以"}:
        return True
    if text.lower() in {NO, "n", "no", "0", "false", "×", "无", "不可以"}:
        return False
    raise CellUnreadable("请填“是”或“否”")


def read_code(text: str) -> str:
    """Read the code of a record. Raises CellUnreadable."""
    if not _CODE.fullmatch(text):
        raise CellUnreadable("编号只能用字母、数字、短横线和下划线，最多 32 位")
    return text.upper()


def read_phone(text: str) -> str:
    """Read a telephone number. Raises CellUnreadable."""
    if not _PHONE.fullmatch(text):
        raise CellUnreadable("请填电话号码，如 029-88886666")
    return text


_READERS: Mapping[ColumnKind, Callable[[Column, str, Unit], Any]] = {
    ColumnKind.LINE: _read_text,
    ColumnKind.PARAGRAPH: _read_text,
    ColumnKind.WHOLE: _read_whole,
    ColumnKind.YUAN: _read_yuan,
    ColumnKind.DAY: _read_day,
    ColumnKind.CHOICE: _read_choice,
    ColumnKind.CHOICES: _read_choices,
    ColumnKind.WORDS: _read_words,
    ColumnKind.YES_NO: _read_yes_no,
}
