"""What the office has signed of the register: readings, targets of a year, and its periods."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from guidance.indicators.indicator import IndicatorKind, Register, Span

Choices = Mapping[str, str]  # subject of a signed definition -> what was chosen
# 创建期间 and 两年: the plan says neither when they begin nor when they end.
UNDATED = {Span.CREATION: "创建期间", Span.TWO_YEARS: "“两年内”的两年"}


@dataclass(frozen=True, slots=True)
class Timeframe:
    """The year or period that targets are for; both days inclusive."""

    first_on: date
    last_on: date

    def elapsed(self, on: date) -> Decimal:
        """Return the share of the time that has gone by the end of a day, 0 to 1."""
        days = (self.last_on - self.first_on).days + 1
        gone = (min(max(on, self.first_on - timedelta(days=1)), self.last_on) - self.first_on).days
        return Decimal(gone + 1) / days


def agreed(register: Register, choices: Choices, year: int) -> Register:
    """Return the register as it was signed for a year: computed as chosen, with its targets."""
    rows = dict(register.indicators)
    for number, ambiguity in register.ambiguities.items():
        changes = ambiguity.options.get(choices.get(f"ambiguity:{number}", ""))
        if changes:
            rows[ambiguity.subject] = replace(rows[ambiguity.subject], **_read(changes))
    for name in rows:
        target = target_of(choices, name, year)
        if target is not None:
            rows[name] = replace(rows[name], target=target)
    return replace(register, indicators=rows)


def target_of(choices: Choices, indicator: str, year: int) -> Decimal | None:
    """Return the target that was signed for a year, or for the last one before; None if none."""
    begin = f"target:{indicator}:"
    years = [int(key.removeprefix(begin)) for key in choices if key.startswith(begin)]
    since = max((one for one in years if one <= year), default=None)
    return None if since is None else Decimal(choices[f"{begin}{since}"])


def frame_of(choices: Choices, span: Span, day: date) -> Timeframe:
    """Return the time that a row is judged in: the signed years, or the year of the day."""
    years = signed_years(choices, span)
    if years is not None and years[0] <= day.year <= years[1]:
        return Timeframe(date(years[0], 1, 1), date(years[1], 12, 31))
    return year_of(day)


def signed_years(choices: Choices, span: Span) -> tuple[int, int] | None:
    """Return first and last year of 创建期间 or of the two years, where they were signed."""
    chosen = choices.get(f"frame:{span}")
    if chosen is None:
        return None
    first, _, last = chosen.partition("-")
    return int(first), int(last or first)


def year_of(on: date) -> Timeframe:
    """Return the calendar year of a day."""
    return Timeframe(date(on.year, 1, 1), date(on.year, 12, 31))


def without_owner(register: Register, choices: Collection[str]) -> list[str]:
    """Return the ids of the rows whose owner the plan does not fully name and nobody signed."""
    return [one.id for one in register.rows() if one.confirm and f"owner:{one.id}" not in choices]


def _read(changes: Mapping[str, Any]) -> dict[str, Any]:
    read = dict(changes)
    if "kind" in read:
        read["kind"] = IndicatorKind(read["kind"])
    if "inputs" in read:
        read["inputs"] = tuple(read["inputs"])
    return read
