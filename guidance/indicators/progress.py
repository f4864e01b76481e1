"""Where every indicator stands: value, target, pace; what cannot be said is said as such."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from guidance.indicators.agreed import UNDATED, Choices, Timeframe
from guidance.indicators.formulas import Values, leaves, value_of
from guidance.indicators.indicator import Direction, Indicator, Register, Span
from guidance.indicators.value import IndicatorValue
from guidance.periods.period import Quarter


class Status(StrEnum):
    """What a page may say of an indicator; only MET is ever shown as reached."""

    MET = "met"
    ON_PACE = "on_pace"
    BEHIND = "behind"
    NO_TARGET = "no_target"
    NOT_COMPUTABLE = "not_computable"
    TO_BE_ENTERED = "to_be_entered"
    UNDECIDED = "undecided"  # its definition has to be signed first


STATUS_NAMES = {
    Status.MET: "已达到",
    Status.ON_PACE: "进度正常",
    Status.BEHIND: "落后于进度",
    Status.NO_TARGET: "无目标值",
    Status.NOT_COMPUTABLE: "不可计算",
    Status.TO_BE_ENTERED: "待录入",
    Status.UNDECIDED: "待定口径",
}
# Readings of the plan so far apart that no value is shown as reached before one is signed.
MUST_BE_SIGNED = frozenset({3})
# What grows in steps: no share of it is due before the whole.
AT_ONCE = frozenset({"%", "是/否", "人/人"})


@dataclass(frozen=True, slots=True)
class Reports:
    """What was reported and accepted, behind the values of a time."""

    newest: Mapping[str, IndicatorValue] = field(default_factory=dict)
    items: Mapping[str, Sequence[IndicatorValue]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Progress:
    """One indicator on one day."""

    indicator: Indicator
    value: Decimal | None
    status: Status
    share: Decimal | None = None  # value ÷ target
    expected: Decimal | None = None  # the target's part for the time gone
    source: IndicatorValue | None = None  # of an entered one
    note: str = ""
    items: tuple[IndicatorValue, ...] = ()  # what it sums up, each entered apart
    beside: tuple["Progress", ...] = ()  # shown next to it, never mixed with it
    since: date | None = None  # the first day of the time it is judged in


@dataclass(frozen=True, slots=True)
class _Basis:
    """What rows are judged on."""

    register: Register
    values: Values
    on: date
    frame: Timeframe
    reports: Reports
    choices: Choices


def judge(
    register: Register,
    values: Values,
    on: date,
    frame: Timeframe,
    reports: Reports | None = None,
    choices: Choices | None = None,
) -> list[Progress]:
    """Return every row and part with its status: a pure function of the values.

    `register` is what was agreed on for the year (see `agreed`), `frame` the time whose share
    is due; `values` lacks what was never entered and holds None for what cannot be computed.
    """
    basis = _Basis(register, values, on, frame, reports or Reports(), choices or {})
    found = {name: _judged(basis, one) for name, one in register.indicators.items()}
    return [
        replace(row, beside=tuple(found[name] for name in row.indicator.beside))
        for row in found.values()
    ]


def quarters_between(first: date, last: date) -> list[str]:
    """Return the quarters that a span touches, in order."""
    quarter, found = Quarter.of(first), []
    while quarter <= Quarter.of(last):
        found.append(str(quarter))
        quarter = quarter.following
    return found


def _judged(basis: _Basis, indicator: Indicator) -> Progress:
    value = value_of(basis.register, indicator, basis.values)
    status, expected = _status(basis, indicator, value)
    needed = [basis.register.get(name) for name in indicator.inputs]
    if _is_undecided(indicator, basis.choices) or (
        status is Status.MET and any(_is_undecided(one, basis.choices) for one in needed)
    ):
        status = Status.UNDECIDED
    share = None
    if indicator.target and value is not None:
        share = (value / indicator.target).quantize(Decimal("0.0001"), ROUND_HALF_UP)
    reports = basis.reports
    return Progress(
        indicator,
        value,
        status,
        share,
        expected,
        reports.newest.get(indicator.id),
        _note(basis, indicator),
        tuple(reports.items.get(indicator.id, ())),
        since=basis.frame.first_on,
    )


def _is_undecided(indicator: Indicator, choices: Choices) -> bool:
    number = indicator.ambiguity
    return number in MUST_BE_SIGNED and f"ambiguity:{number}" not in choices


def _status(
    basis: _Basis, indicator: Indicator, value: Decimal | None
) -> tuple[Status, Decimal | None]:
    if value is None:
        missing = any(name not in basis.values for name in leaves(basis.register, indicator))
        return (Status.TO_BE_ENTERED if missing else Status.NOT_COMPUTABLE), None
    if indicator.target is None or indicator.direction is Direction.NONE:
        return Status.NO_TARGET, None
    if value >= indicator.target:
        return Status.MET, indicator.target
    if not _has_pace(indicator):
        return Status.BEHIND, indicator.target
    due = indicator.target * basis.frame.elapsed(basis.on)
    expected = due.quantize(Decimal("0.1"), ROUND_HALF_UP)
    return (Status.ON_PACE if value >= expected else Status.BEHIND), expected


def _has_pace(indicator: Indicator) -> bool:
    """Whether a share of the target is due before the end of its time.

    The share of streets, communities that were accepted grows over the two years or 创建期间.
    """
    if indicator.period in (Span.MOMENT, Span.QUARTER):
        return False
    return indicator.unit not in AT_ONCE or (indicator.unit == "%" and indicator.period in UNDATED)


def _note(basis: _Basis, indicator: Indicator) -> str:
    notes = []
    if indicator.direction is Direction.BARE:
        notes.append("方案没有写“以上”，按不少于理解")
    if indicator.period in UNDATED and f"frame:{indicator.period}" not in basis.choices:
        notes.append(f"{UNDATED[indicator.period]}的起止年份还没有签字，暂按当年")
    for name in dict.fromkeys(leaves(basis.register, indicator)):
        used = basis.reports.newest.get(name)
        if used is not None and used.as_of_on < basis.frame.first_on:
            notes.append(f"{basis.register.get(name).name}沿用 {used.as_of_on} 的数")
    return "；".join(notes)
