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
# 隔壁县的基地多大; 别的区的户口 is somebody's who asks about this one.
_NEIGHBOUR = re.compile(
    r"(?:隔壁|旁边|邻近?|周边|别的|其[他它])(?:那?[个些])?[省市县区镇](?!的?(?:户口|户籍|人|居民|学生))"
)
_SHARED_OUT = re.compile(r"(?:分|摊|下达)[到给][^,。?]{0,8}(?:街道|社区|镇|村|部门|单位|头上)")
_SHARES = re.compile(r"每个|各|分别|分[到给配]|下达")
# 是哪三个; 给我个名单; 都叫什么名.
_MEMBERS = re.compile(
    r"哪(?P<many>[二两三四五六七八九十]|[2-9]|\d\d)[个家条项类种处所]"
    r"|(?:给|列|发|看)(?:我|一)?[下个份]?名单|都有谁|都叫(?:什么|啥)名"
)
_BETWEEN = re.compile(r"[、,\uff0c;\uff1b]|以及|和|及|与")
_DIGITS = {word: value for value, word in enumerate("零一二三四五六七八九十")} | {"两": 2}
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
    """Whether a statement tells time as finely as a question asks: 哪天 is not told by 每年;
    and the part of each, where a target's part is asked for."""
    if _SHARED_OUT.search(text) and not _SHARES.search(statement.text):
        return False
    if _DAY_ASKED.search(text):
        return _DAY_STATED.search(statement.text) is not None
    if _DAYS_ASKED.search(text):
        return _DAYS_STATED.search(statement.text) is not None
    return True


def is_of_the_whole(text: str, level: Level | None, context: str) -> bool:
    """Whether a figure is one of the country, province or neighbour that a question asks about.

    A district's target does not say what is usual in the country or next door.
    """
    if (near := _NEIGHBOUR.search(text)) and near[0] not in context:
        return False
    wide = _WIDE.search(text)
    return wide is None or wide[0] in context or level is not Level.DISTRICT


def names_members(text: str, stated: str, items: int) -> bool:
    """Whether a statement, with the items below it, names the members that a question asks for.

    A target of three streets does not say which three. True where no members are asked for.
    """
    asked = _MEMBERS.search(text)
    if asked is None:
        return True
    many = asked["many"] or "两"
    return max(items, len(_BETWEEN.findall(stated)) + 1) >= (_DIGITS.get(many) or int(many))


def asks_for_one_of_many(text: str) -> bool:
    """Whether a figure for each course, batch or lesson is asked for, not the one in all."""
    return _PER_ONE.search(text) is not None


def _measures(figure: Figure, kind: FigureKind, units: frozenset[str]) -> bool:
    if kind is FigureKind.SHARE:
        return figure.kind in (FigureKind.SHARE, FigureKind.RATIO)
    if kind is FigureKind.PEOPLE and figure.unit == "人次":
        return True
    return figure.kind is kind and figure.unit in units
