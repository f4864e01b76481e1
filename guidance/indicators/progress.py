"""Where every indicator stands: value, target, pace; what cannot be said is said as such."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guidance.counting.tally import counted, persons_of_year
from guidance.indicators.definition import signed_choices
from guidance.indicators.indicator import (
    Direction,
    Indicator,
    IndicatorKind,
    Register,
    Span,
    load_register,
)
from guidance.indicators.value import IndicatorValue, accepted_values
from guidance.periods.adjustment import Adjustment, AdjustmentStatus
from guidance.periods.period import Quarter

Values = Mapping[str, Decimal | None]


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


def progress(
    db: Session, on: date, frame: Timeframe, given: Mapping[str, int] | None = None
) -> list[Progress]:
    """Return where every row stands at the end of a day.

    `given` holds what the library counts and this package may not know: M3b (published
    projects) and M4a (catalogue entries). Some small queries, whatever the ledger's size.
    """
    register = load_register()
    reported = accepted_values(db, register.indicators, frame.first_on, min(on, frame.last_on))
    values: dict[str, Decimal | None] = {name: row.value for name, row in reported.items()}
    values |= {name: Decimal(number) for name, number in (given or {}).items()}
    values["M3c"] = Decimal(guidance_sessions(db, on, frame))
    values["B3"] = Decimal(persons_of_year(db, on.year))
    return judge(register, values, on, frame, reported, signed_choices(db).keys())


def judge(
    register: Register,
    values: Values,
    on: date,
    frame: Timeframe,
    reported: Mapping[str, IndicatorValue] | None = None,
    signed: Collection[str] = (),
) -> list[Progress]:
    """Return the rows with their status: a pure function of the values."""
    rows = []
    for indicator in register.rows():
        value = value_of(register, indicator, values)
        status, expected = _status(indicator, value, values, on, frame)
        if (
            indicator.ambiguity in MUST_BE_SIGNED
            and f"ambiguity:{indicator.ambiguity}" not in signed
        ):
            status = Status.UNDECIDED
        share = None
        if indicator.target and value is not None:
            share = (value / indicator.target).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        source = (reported or {}).get(indicator.id)
        rows.append(Progress(indicator, value, status, share, expected, source, _note(indicator)))
    return rows


def value_of(register: Register, indicator: Indicator, values: Values) -> Decimal | None:
    """Return the value of a row; None when an input is missing or a denominator is zero."""
    if indicator.kind is not IndicatorKind.COMPUTED:
        return values.get(indicator.id)
    inputs = [value_of(register, register.get(name), values) for name in indicator.inputs]
    known = [one for one in inputs if one is not None]
    if len(known) != len(inputs):
        return None
    return FORMULAS[indicator.formula](known)


def guidance_sessions(db: Session, on: date, frame: Timeframe) -> int:
    """Return the 人次 of the quarters of a timeframe up to a day, posted adjustments included."""
    periods = quarters_between(frame.first_on, min(on, frame.last_on))
    adjusted = select(func.coalesce(func.sum(Adjustment.amount), 0)).where(
        Adjustment.period.in_(periods), Adjustment.status == AdjustmentStatus.POSTED
    )
    return counted(db, *periods) + int(db.scalar(adjusted) or 0)


def quarters_between(first: date, last: date) -> list[str]:
    """Return the quarters that a span touches, in order."""
    quarter, found = Quarter.of(first), []
    while quarter <= Quarter.of(last):
        found.append(str(quarter))
        quarter = quarter.following
    return found


def _ratio(inputs: list[Decimal]) -> Decimal | None:
    upper, lower = inputs
    return None if not lower else (upper / lower).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _percent(inputs: list[Decimal]) -> Decimal | None:
    upper, lower = inputs
    return None if not lower else (upper * 100 / lower).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _contribution(inputs: list[Decimal]) -> Decimal | None:
    founders, employees, all_new = inputs
    return _percent([founders + employees, all_new])


def _growth(inputs: list[Decimal]) -> Decimal | None:
    now, before = inputs
    return _percent([now - before, before])


def _sum(inputs: list[Decimal]) -> Decimal:
    return sum(inputs, Decimal(0))


FORMULAS = {
    "activity_index": _percent,
    "sum": _sum,
    "ratio": _ratio,
    "percent": _percent,
    "contribution": _contribution,
    "growth": _growth,
    "same": _sum,
}
FORMULA_TEXTS = {
    "activity_index": "{0} ÷ {1} × 100",
    "sum": "{0} ＋ {1}",
    "ratio": "{0} ÷ {1}",
    "percent": "{0} ÷ {1} × 100",
    "contribution": "（{0} ＋ {1}）÷ {2} × 100",
    "growth": "（{0} − {1}）÷ {1} × 100",
    "same": "＝ {0}",
    "persons": "有至少一次计数的创业指导的不同人数",
    "sessions": "通过复核和已锁定的次数 ＋ 调整",
    "published_projects": "已发布、未过期、不重复的项目数",
    "catalogue_entries": "目录中不同的条目数",
}


def formula_text(register: Register, indicator: Indicator) -> str:
    """Return the formula in Chinese, with the names of its inputs."""
    names = [register.get(name).name for name in indicator.inputs]
    return FORMULA_TEXTS.get(indicator.formula, "").format(*names)


def _status(
    indicator: Indicator, value: Decimal | None, values: Values, on: date, frame: Timeframe
) -> tuple[Status, Decimal | None]:
    if value is None:
        missing = not all(values.get(name) is not None for name in _leaves(indicator))
        return (Status.TO_BE_ENTERED if missing else Status.NOT_COMPUTABLE), None
    if indicator.target is None or indicator.direction is Direction.NONE:
        return Status.NO_TARGET, None
    if value >= indicator.target:
        return Status.MET, indicator.target
    if indicator.period is Span.MOMENT or indicator.unit in ("%", "是/否", "人/人"):
        return Status.BEHIND, indicator.target  # no share of it is due before the whole
    expected = (indicator.target * frame.elapsed(on)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return (Status.ON_PACE if value >= expected else Status.BEHIND), expected


def _leaves(indicator: Indicator) -> list[str]:
    if indicator.kind is not IndicatorKind.COMPUTED:
        return [indicator.id]
    register = load_register()
    return [leaf for name in indicator.inputs for leaf in _leaves(register.get(name))]


def _note(indicator: Indicator) -> str:
    if indicator.direction is Direction.BARE:
        return "方案没有写“以上”，按不少于理解"
    return ""
