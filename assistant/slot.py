"""The slot of a figure question: the unit it names, and whose figure it asks for."""

import re

from knowledge.document import Level
from knowledge.figure import Figure, FigureKind
from knowledge.statement import Statement

_QUANTITY = r"(?:多少|几)(?:十|百|千|万|几)*(?:来|多)?(?:个|名|位)?"
# The unit behind 多少 or 几 -> the kind of figure and the units that count the same.
_UNITS: tuple[tuple[re.Pattern[str], FigureKind, frozenset[str]], ...] = (
    (re.compile(rf"{_QUANTITY}人次"), FigureKind.TIMES, frozenset({"人次"})),
    (re.compile(rf"{_QUANTITY}(?:号)?人(?!次)"), FigureKind.PEOPLE, frozenset({"人", "名", "位"})),
    (re.compile(rf"{_QUANTITY}[次场回届]"), FigureKind.TIMES, frozenset("次场期届")),
    (re.compile(rf"{_QUANTITY}[家户]"), FigureKind.COUNT, frozenset("家户个")),
    (re.compile(rf"{_QUANTITY}支"), FigureKind.COUNT, frozenset("支个")),
    (re.compile(rf"{_QUANTITY}所"), FigureKind.COUNT, frozenset("所个")),
    (re.compile(rf"{_QUANTITY}平"), FigureKind.AREA, frozenset({"平方米", "平米", "㎡"})),
    (re.compile(r"几成|百分之几|百分之多少"), FigureKind.SHARE, frozenset("%")),
)
_DAY_ASKED = re.compile(r"哪一?[天日]|几[号日](?!人)|几月")
_DAY_STATED = re.compile(
    r"\d月|[一二三四五六七八九十]月|年底|月底|之日|季度|当[天日年]|每月|每周|随时"
)
_DAYS_ASKED = re.compile(r"(?:几|多少)(?:个)?(?:工作日|天|小时)")
_DAYS_STATED = re.compile(
    r"工作日|\d+(?:天|日(?!起))|[一二三四五六七八九十]+(?:天|日)|小时|周|当场|即时|随时|立即"
)
_WIDE = re.compile(r"全国|全省|全市")
_PER_ONE = re.compile(
    r"每个?(?:街道|社区|部门|导师|学校)|(?:多少|几)(?:[份张页本节堂门倍]|分(?!之))|[每一](?:个班|期|批|届|节|堂)[^,。]{0,8}(?:多少|几)"
)


def unit_stated(text: str, statement: Statement) -> bool:
    """Whether a statement has a figure in the unit that a question names.

    False where the question names none: 多少 alone says nothing of what is counted.
    """
    for asked, kind, units in _UNITS:
        if asked.search(text):
            return any(_measures(figure, kind, units) for figure in statement.figures)
    return False


def names_unit(text: str) -> bool:
    """Whether a question names the unit of the figure it asks for."""
    return any(asked.search(text) for asked, _kind, _units in _UNITS)


def is_fine_enough(text: str, statement: Statement) -> bool:
    """Whether a statement tells time as finely as a question asks: 哪天 is not told by 每年."""
    if _DAY_ASKED.search(text):
        return _DAY_STATED.search(statement.text) is not None
    if _DAYS_ASKED.search(text):
        return _DAYS_STATED.search(statement.text) is not None
    return True


def is_of_the_whole(text: str, level: Level | None, context: str) -> bool:
    """Whether a figure is one of the country or province that a question asks about.

    A district's target does not say what is usual in the country.
    """
    wide = _WIDE.search(text)
    return wide is None or wide[0] in context or level is not Level.DISTRICT


def asks_for_one_of_many(text: str) -> bool:
    """Whether a figure for each course, batch or lesson is asked for, not the one in all."""
    return _PER_ONE.search(text) is not None


def _measures(figure: Figure, kind: FigureKind, units: frozenset[str]) -> bool:
    if kind is FigureKind.SHARE:
        return figure.kind in (FigureKind.SHARE, FigureKind.RATIO)
    if kind is FigureKind.PEOPLE and figure.unit == "人次":
        return True
    return figure.kind is kind and figure.unit in units
