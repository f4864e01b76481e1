"""Figures in policy text: numbers with their unit and what kind of thing they count."""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

import cn2an


class FigureKind(StrEnum):
    """What a figure measures; a question asks for one of these."""

    MONEY = "money"
    SHARE = "share"
    RATIO = "ratio"
    AREA = "area"
    PEOPLE = "people"
    TIMES = "times"
    DURATION = "duration"
    AGE = "age"
    CLOCK = "clock"
    DATE = "date"
    COUNT = "count"


_UNITS: tuple[tuple[FigureKind, str], ...] = (
    (FigureKind.MONEY, "亿元|万元|千元|百元|元|块钱|块"),
    (FigureKind.AREA, "平方米|平米|㎡|亩|公顷|平方公里"),
    (FigureKind.TIMES, "人次|次|场|期|届|轮|批次"),
    (FigureKind.PEOPLE, "人|名|位"),
    (FigureKind.DURATION, "个工作日|工作日|个月|年度|年|天|日|小时|分钟|个?季度|周(?!岁)|个?星期"),
    (FigureKind.AGE, "周岁|岁"),
    (
        FigureKind.COUNT,
        "个|家|户|所|支|项|类|条|份|处|座|间|件|种|级|套|倍|辆|台|张|门|课时|学时|步|环节|方面|本|款|幢|栋|批",
    ),
)
_UNIT_KINDS = tuple((kind, re.compile(units)) for kind, units in _UNITS)
_UNIT = "|".join(sorted("|".join(u for _, u in _UNITS).split("|"), key=len, reverse=True))
_ARABIC = r"\d+(?:,\d{3})*(?:\.\d+)?"
_DIGITS = "零〇一二两三四五六七八九十百千万亿半"
_CHINESE = rf"(?![百千万亿])[{_DIGITS}]+"  # 百元 and 万元 alone are units
_RANGE = r"\s*(?:[\u2014\u2013~\uff5e至到\-]{1,2}\s*)"
_PATTERN = re.compile(
    rf"(?P<date>[零〇一二三四五六七八九]{{4}}年|\d{{4}}\s*年(?:\s*\d{{1,2}}\s*月(?:\s*\d{{1,2}}\s*日)?)?|\d{{4}}-\d{{2}}-\d{{2}}|\d{{1,2}}月\d{{1,2}}日)"
    rf"|(?P<clock>(?<!\d)(?:[01]?\d|2[0-4])[:\uff1a][0-5]\d(?!\d)|(?:上午|下午|早上|晚上)\d{{1,2}}[点时](?:半|\d{{1,2}}分)?)"
    rf"|(?P<half>每半年|半(?:个月|年|天|小时)(?!度))"
    rf"|(?P<ratio>\d+\s*[:\uff1a]\s*\d+|[一二三四五六七八九十]比[一二三四五六七八九十])"
    rf"|(?P<share>{_ARABIC}(?:{_RANGE}{_ARABIC})?\s*[%\uff05‰]|百分之{_CHINESE}(?:点{_CHINESE})?"
    rf"|[一二三四五六七八九十]分之[一二三四五六七八九十]|{_ARABIC}\s*个百分点|[一二三四五六七八九]成(?![立为员果长本功])|\d/\d)"
    rf"|(?P<number>(?<![第\d]){_ARABIC})(?:{_RANGE}{_ARABIC})?\s*(?P<scale>[万亿千]?)(?P<unit>[余多]?(?:{_UNIT}))?"
    rf"|(?P<hanzi>(?<![第{_DIGITS}]){_CHINESE})(?P<hunit>[余多]?(?:{_UNIT}))(?!性)"
)
_SPOKEN = re.compile(rf"{_CHINESE}(?:点{_CHINESE})?")
# 一批、一定、进一步 … are words, not counts.
_NOT_COUNTS = re.compile(r"一(?:批|方面|级|件|步|条|期|场|项|个|种|处)|半.*")


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it stands in a text: `text` is text[start:end] of what was read."""

    text: str
    kind: FigureKind
    unit: str
    start: int
    end: int


def find_figures(text: str) -> list[Figure]:
    """Find the numbers of a text, with Arabic or Chinese digits, in reading order.

    A bare Arabic number without a unit is a COUNT with the unit "".
    """
    found = []
    for match in _PATTERN.finditer(text):
        kind, unit = _classify(match)
        if match["hanzi"] and _NOT_COUNTS.fullmatch(match[0]):
            continue
        found.append(Figure(match[0], kind, unit, match.start(), match.end()))
    return found


def _classify(match: re.Match[str]) -> tuple[FigureKind, str]:
    if match["date"]:
        return FigureKind.DATE, ""
    if match["clock"]:
        return FigureKind.CLOCK, ":"
    if match["half"]:
        return FigureKind.DURATION, match["half"].lstrip("每半个")
    if match["ratio"]:
        return FigureKind.RATIO, ":"
    if match["share"]:
        return FigureKind.SHARE, "%"
    unit = (match["unit"] or match["hunit"] or "").lstrip("余多")
    if not unit and match["scale"]:
        return FigureKind.MONEY, match["scale"]  # "贷款额度15万": people leave out 元
    kind = next((kind for kind, units in _UNIT_KINDS if units.fullmatch(unit)), FigureKind.COUNT)
    return kind, unit


def number_values(text: str) -> set[str]:
    """Return every number of a text in one spelling: "6,000" "六千" -> "6000".

    Used to compare an answer's numbers with those of its sources, so a number
    written in another way still counts as the same.
    """
    values = {_plain(match[0]) for match in re.finditer(_ARABIC, text)}
    for figure in find_figures(text):
        spoken = figure.text.removeprefix("百分之")
        values.update(_from_hanzi(match[0]) for match in _SPOKEN.finditer(spoken))
    return values


def _plain(number: str) -> str:
    number = unicodedata.normalize("NFKC", number).replace(",", "")
    return number.rstrip("0").rstrip(".") if "." in number else number


def _from_hanzi(number: str) -> str:
    try:
        return _plain(str(cn2an.cn2an(number.replace("〇", "零"), "smart")))
    except (ValueError, KeyError):  # no number: 六两
        return number
