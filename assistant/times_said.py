"""Times as people say them: 去年7月, 两年多, 刚, 2023年; each a range of days it may mean."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from knowledge.eligibility.fact import DateRange, months_before, read_range, write_range
from knowledge.eligibility.quantity import InvalidQuantity, read_quantity

_HAN = "一二两三四五六七八九十"
_MONTH = rf"(?:(?P<month>\d{{1,2}}|[{_HAN}]{{1,2}})月(?:份)?)?"
_TIME = re.compile(
    rf"(?P<year>(?<!\d)(?:19|20)\d\d)[年届]?{_MONTH}(?![万元块\d])"
    rf"|(?P<short>(?<!\d)[012]\d)[年届](?=毕业|离校|的?大学|登记|开)"
    rf"|(?P<near>今年|去年|前年|大前年){_MONTH.replace('month', 'month2')}"
    rf"|(?P<recent>上个?月|这个?月|本月|最近|刚刚?|才(?=开|毕业|离校|登记))"
    rf"|(?P<under>不到|不满|快|将近|还没到)?(?P<over>满|超过|已经)?"
    rf"(?P<count>\d{{1,2}}|[{_HAN}]{{1,3}}|半)(?:个)?(?P<unit>年|月)(?P<half>半)?"
    rf"(?:(?<=年)(?:零|又|加)?(?P<months>\d{{1,2}}|[{_HAN}]{{1,2}})个月)?"
    rf"(?P<more>多|以上)?(?P<ago>以?前)?(?![\d{_HAN}]*[月日号])"
)
_YEARS_AGO = {"今年": 0, "去年": 1, "前年": 2, "大前年": 3}
MAX_MONTHS = 1_200


@dataclass(frozen=True, slots=True)
class SaidTime:
    """A time in a text: text[start:end], the days it may mean, how it is put."""

    start: int
    end: int
    days: DateRange
    lasting: bool  # 两年: so long until now, and stands behind what it is about
    vague: bool  # 刚, 最近


def times_in(text: str, on: date) -> Iterator[SaidTime]:
    """Yield the times that a text speaks of, as seen from a day."""
    for match in _TIME.finditer(text):
        days = _days(match, on)
        if days is not None:
            lasting = bool(match["count"]) and not match["ago"]
            yield SaidTime(match.start(), match.end(), days, lasting, bool(match["recent"]))


def stored_time(text: str, on: date) -> str | None:
    """Return the first time of a text as it is stored, or None."""
    found = next(times_in(text, on), None)
    return None if found is None else write_range(*found.days)


def _days(match: re.Match[str], on: date) -> DateRange | None:
    try:
        if match["recent"]:
            return months_before(on, 6), on
        if match["count"]:
            return _lasting(match, on)
        if match["near"]:
            year, month = on.year - _YEARS_AGO[match["near"]], match["month2"]
        elif match["short"]:
            year, month = 2000 + int(match["short"]), None
        else:
            year, month = int(match["year"]), match["month"]
        if not month:
            return read_range(str(year))
        return read_range(f"{year}-{int(read_quantity(month).value):02}")
    except (ValueError, InvalidQuantity):
        return None


def _lasting(match: re.Match[str], on: date) -> DateRange:
    """Read a length of time: two years is said of anything from a year and a half to three."""
    step = 12 if match["unit"] == "年" else 1
    months = read_quantity(match["count"]).value * step + (6 if match["half"] else 0)
    if match["months"]:
        step, months = 1, months + read_quantity(match["months"]).value
    said = min(int(months), MAX_MONTHS)
    if match["months"]:  # counted to the month
        return months_before(on, said + 1) + timedelta(days=1), months_before(on, said)
    if match["under"]:
        least, most = (max(0, said - step) if match["under"] in "快将近" else 0), said
        return months_before(on, most) + timedelta(days=1), months_before(on, least)
    if match["over"] or match["more"] == "以上":
        return date.min, months_before(on, said)
    if match["more"]:
        return months_before(on, said + max(step, 6)) + timedelta(days=1), months_before(on, said)
    least = said - min(6, max(1, said // 3))
    return months_before(on, said + step) + timedelta(days=1), months_before(on, least)
