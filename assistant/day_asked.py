"""The day whose rules a question asks about: an earlier year, month or day, or today."""

import calendar
import re
from datetime import date

from assistant import patterns
from knowledge.numbering import han_number

_YEAR = r"(?P<year>(?:19|20)\d\d)年"
_MONTH = r"(?P<month>1[0-2]|0?[1-9])月(?:份)?"
_DAY = r"(?P<day>3[01]|[12]\d|0?[1-9])[日号]"
# What is said to have been so at a time. "2021年毕业" tells of the person, not of the rules.
_THEN = (
    r"(?:的?时候|那时|那会儿?|那阵|当时|时期|时的|的(?:政策|规定|标准|额度)"
    r"|按|,|\s|个人|小微|最高|最多|能|可以)"
)
_OWN_TIME = r"毕业|退[役伍](?!士兵|军人|兵)|退休|开|注册|登记|前|以"
_EXACT = re.compile(rf"{_YEAR}{_MONTH}(?:{_DAY})?(?={_THEN})")
_PART = re.compile(rf"{_YEAR}(?P<part>底|末|年底|年末|初|年初|上半年|下半年)(?!{_OWN_TIME})")
_AGO = re.compile(
    rf"(?:(?P<near>去年|前年|大前年)|(?P<years>[一二两三四五六七八九十]{{1,2}}|\d{{1,2}})年(?:以)?前)(?={_THEN})"
)
# "08年的时候": two digits before the words for a time.
_SHORT = re.compile(rf"(?<![\d.])(?P<year>[0-4]\d|9\d)年(?={_THEN})")
_NEAR = {"去年": 1, "前年": 2, "大前年": 3}
_PART_ENDS = {"初": (1, 31), "年初": (1, 31), "上半年": (6, 30)}


def day_asked_about(text: str, today: date) -> date:
    """Return the day whose rules a question asks about; today where it names none before.

    Of a year the last day is meant, of a month its last.
    """
    if patterns.NOW.search(text):
        return today
    text = _SHORT.sub(_century, text)
    day = _exact(text) or _part_of_year(text) or _ago(text, today) or _year(text)
    return day if day is not None and day < today else today


def without_day(text: str) -> str:
    """Return a question without the words for its time, which are no topic."""
    text = _SHORT.sub(_century, text)
    for pattern in (_EXACT, _PART, _AGO, patterns.AS_OF):
        text = pattern.sub(" ", text)
    return text


def _century(match: re.Match[str]) -> str:
    year = match["year"]
    return f"{'19' if year.startswith('9') else '20'}{year}年"


def _exact(text: str) -> date | None:
    match = _EXACT.search(text)
    if match is None:
        return None
    year, month = int(match["year"]), int(match["month"])
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(int(match["day"] or last), last))


def _part_of_year(text: str) -> date | None:
    match = _PART.search(text)
    if match is None:
        return None
    month, day = _PART_ENDS.get(match["part"], (12, 31))
    return date(int(match["year"]), month, day)


def _ago(text: str, today: date) -> date | None:
    match = _AGO.search(text)
    if match is None:
        return None
    if match["near"]:
        years: int | None = _NEAR[match["near"]]
    else:
        said = match["years"].replace("两", "二")
        years = int(said) if said.isdigit() else han_number(said)
    return date(today.year - years, 12, 31) if years else None


def _year(text: str) -> date | None:
    match = patterns.AS_OF.search(text)
    return date(int(next(filter(None, match.groups()))), 12, 31) if match else None
