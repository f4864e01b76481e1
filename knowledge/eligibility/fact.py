"""Facts about a person: how each is named, asked, said and presumed; dates as ranges."""

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Any

from knowledge.eligibility.quantity import read_quantity

DateRange = tuple[date, date]  # first and last day that it may have been
UNSAID = "不清楚"  # the person was asked and does not know
_ELAPSED = re.compile(r"(?:满(?P<least>\d+)个月)?(?:不满(?P<under>\d+)个月)?")
_BOUND = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")


class FactKind(StrEnum):
    """What values a fact has; the members are the words of the fact file."""

    YES_NO = "是否"
    CHOICE = "选择"
    NUMBER = "数"
    DATE = "日期"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that rules look at. `ratio` names the two facts it is computed from."""

    key: str  # stored as eligibility.<key>
    name: str
    kind: FactKind
    unit: str = ""
    choices: tuple[str, ...] = ()
    presumed: Any = None  # taken as given, and said so, until the person says otherwise
    presumption: str = ""  # how that is said
    group: str = ""  # code of the group of people that the profile keeps for it
    of_staff: bool = False  # about people who are employed, not about the person
    ratio: tuple[str, str] | None = None
    said: tuple[tuple[Any, re.Pattern[str]], ...] = ()  # value -> words that say it


@dataclass(frozen=True, slots=True)
class Option:
    """One answer to tap, with the facts it gives."""

    label: str
    values: Mapping[str, Any]  # fact name -> value; dates relative to the day of the answer


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question to the person. `exclusive`: what is not chosen is taken as not so."""

    key: str
    text: str
    options: tuple[Option, ...]
    facts: tuple[str, ...]  # names of the facts it settles
    exclusive: bool = False
    hint: str = ""  # where this fact is known to be so, the question goes before others


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a person on a day: fact name -> value, ratios computed."""

    known: Mapping[str, Any]
    definitions: Mapping[str, Fact]
    on: date
    identities: frozenset[str] = frozenset()  # facts that say which people one belongs to

    def get(self, name: str) -> Any:
        """Return a fact's value, or None where it is not known."""
        fact = self.definitions[name]
        if fact.ratio is not None:
            part, whole = (self.get(other) for other in fact.ratio)
            return Fraction(part) / Fraction(whole) if part is not None and whole else None
        value = self.known.get(name)
        if value is None or value == UNSAID:
            return None
        return _number(value) if fact.kind is FactKind.NUMBER else value

    def presuming(self) -> "Facts":
        """Return the facts with every presumption taken as given where nothing was said."""
        presumed = {n: f.presumed for n, f in self.definitions.items() if f.presumed is not None}
        return replace(self, known={**presumed, **self.known})

    def with_values(self, values: Mapping[str, Any]) -> "Facts":
        """Return the facts with others put in or changed."""
        return replace(self, known={**self.known, **values})

    def sources_of(self, name: str) -> Sequence[str]:
        """Return the facts that have to be asked to know this one."""
        return self.definitions[name].ratio or (name,)


def read_range(text: str) -> DateRange:
    """Read a stored date: 2024, 2024-06, 2024-06-15 or first/last, an open side as "..".

    Raises ValueError where it is none.
    """
    first, _, last = text.partition("/")
    low = date.min if first == ".." else _bound(first)[0]
    high = date.max if last == ".." else _bound(last or first)[1]
    if low > high:
        raise ValueError(text)
    return low, high


def write_range(low: date, high: date) -> str:
    """Write a range of days as it is stored."""
    first = ".." if low == date.min else low.isoformat()
    return first if low == high else f"{first}/{high.isoformat()}"


def elapsed_range(text: str, on: date) -> str:
    """Turn 今年, 满12个月, 不满24个月 or 满12个月不满24个月 into a stored range ending on a day."""
    if text == "今年":
        return str(on.year)
    match = _ELAPSED.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"“{text}”应写成 今年、满12个月 或 不满24个月 的样子")
    low = months_before(on, int(match["under"])) + timedelta(days=1) if match["under"] else date.min
    high = months_before(on, int(match["least"])) if match["least"] else on
    return write_range(low, high)


def months_before(day: date, months: int) -> date:
    """Return the same day so many months earlier, or the last of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _number(value: Any) -> Fraction:
    """Numbers are stored as whole numbers or as they were said: 30, "4%", "20万元"."""
    return Fraction(value) if isinstance(value, int) else read_quantity(str(value)).value


def _bound(text: str) -> DateRange:
    match = _BOUND.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year = int(match[1])
    if match[2] is None:
        return date(year, 1, 1), date(year, 12, 31)
    month = int(match[2])
    if match[3] is None:
        return date(year, month, 1), date(year, month, monthrange(year, month)[1])
    return date(year, month, int(match[3])), date(year, month, int(match[3]))
