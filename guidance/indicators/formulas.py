"""The formulas of the register: how a row is computed from others, and how that is said."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal

from guidance.indicators.indicator import Indicator, IndicatorKind, Register

Values = Mapping[str, Decimal | None]
CENTS = Decimal("0.01")


def value_of(register: Register, indicator: Indicator, values: Values) -> Decimal | None:
    """Return the value of a row; None when an input is missing or a denominator is zero."""
    if indicator.kind is not IndicatorKind.COMPUTED:
        return values.get(indicator.id)
    inputs = [value_of(register, register.get(name), values) for name in indicator.inputs]
    known = [one for one in inputs if one is not None]
    if len(known) != len(inputs):
        return None
    return FORMULAS[indicator.formula](known)


def leaves(register: Register, indicator: Indicator) -> list[str]:
    """Return the ids of all values that a row is computed from in the end."""
    if indicator.kind is not IndicatorKind.COMPUTED:
        return [indicator.id]
    return [leaf for name in indicator.inputs for leaf in leaves(register, register.get(name))]


def formula_text(register: Register, indicator: Indicator) -> str:
    """Return the formula in Chinese, with the names of its inputs."""
    names = [register.get(name).name for name in indicator.inputs]
    if indicator.formula == "reaches":
        pairs = zip(names[::2], names[1::2], strict=True)
        return "五项都达到：" + "；".join(f"{value} ≥ {average}" for value, average in pairs)
    if indicator.formula in MANY:
        return MANY[indicator.formula].format("、".join(names))
    return FORMULA_TEXTS.get(indicator.formula, "").format(*names)


def percent(upper: Decimal, lower: Decimal) -> Decimal | None:
    """Return a share in percent, with two digits; None of nothing."""
    return None if not lower else (upper * 100 / lower).quantize(CENTS, ROUND_HALF_UP)


def mean(values: list[Decimal]) -> Decimal | None:
    """Return the mean with two digits; None of nothing."""
    if not values:
        return None
    return (sum(values, Decimal(0)) / len(values)).quantize(CENTS, ROUND_HALF_UP)


def _ratio(inputs: list[Decimal]) -> Decimal | None:
    upper, lower = inputs
    return None if not lower else (upper / lower).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _percent(inputs: list[Decimal]) -> Decimal | None:
    return percent(*inputs)


def _contribution(inputs: list[Decimal]) -> Decimal | None:
    founders, employees, all_new = inputs
    return percent(founders + employees, all_new)


def _growth(inputs: list[Decimal]) -> Decimal | None:
    now, before = inputs
    return percent(now - before, before)


def _sum(inputs: list[Decimal]) -> Decimal:
    return sum(inputs, Decimal(0))


def _reaches(inputs: list[Decimal]) -> Decimal:
    """1 where every value reaches the average that follows it, else 0."""
    pairs = zip(inputs[::2], inputs[1::2], strict=True)
    return Decimal(all(value >= average for value, average in pairs))


FORMULAS: dict[str, Callable[[list[Decimal]], Decimal | None]] = {
    "activity_index": _percent,
    "sum": _sum,
    "ratio": _ratio,
    "percent": _percent,
    "contribution": _contribution,
    "growth": _growth,
    "same": _sum,
    "reaches": _reaches,
    "mean": mean,
    "lowest": min,
}
# Of as many inputs as there are.
MANY = {"mean": "（{0}）的平均", "lowest": "{0}里最低的"}
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
    "industries": "计入目录的项目所属的不同行业大类数",
    "roster": "导师名册里在聘、没有停用的人数",
    "freshness": "（公布日 − 印发日）的天数，各份政策的平均",
    "returns": "上一季度按时收到的份数 ÷ 应报单位数 × 100",
    "opinions": "说有帮助的评价数 ÷ 全部评价数 × 100",
    "average": "各年的数之和 ÷ 有数的年数",
    "first_year": "第一年底（未到的为当日）验收数 ÷ 总数 × 100",
    "second_year": "第二年底（未到的为当日）验收数 ÷ 总数 × 100",
    "both_reached": "人次 ≥ 人次的目标，且人数 ≥ 人数的目标",
}
