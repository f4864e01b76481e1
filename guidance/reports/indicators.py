"""The indicators of a report: every row with target, value and state."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from sqlalchemy.orm import Session

from guidance.indicators.definition import signed_choices
from guidance.indicators.indicator import Indicator, IndicatorKind, load_register
from guidance.indicators.progress import (
    STATUS_NAMES,
    Progress,
    Timeframe,
    formula_text,
    guidance_sessions,
    judge,
)
from guidance.indicators.value import accepted_values
from guidance.reports.suppression import SMALLEST
from guidance.reports.table import NOTHING, TOO_SMALL, Cell, Table

SOURCE_NAMES = {
    IndicatorKind.DERIVED: "本系统台账",
    IndicatorKind.ENTERED: "单位填报",
    IndicatorKind.COMPUTED: "公式",
}
# How many characters of an evidence file's digest are enough to find it.
DIGEST_SHOWN = 12
COLUMNS = (
    "编号", "指标", "单位", "目标", "现值", "完成", "状态", "来源", "责任单位", "依据条款", "说明",
)  # fmt: skip
NOTE = "没有达到目标的，写明落后还是进度正常；无目标值、不可计算、待录入、待定口径的都不算达到。"


def indicator_table(rows: list[Progress], *, published: bool) -> Table:
    """Return the table; published ones hide small counts of people and what tells them."""
    small = {row.indicator.id for row in rows if published and _is_small(row)}
    hidden = small | {row.indicator.id for row in rows if small.intersection(row.indicator.inputs)}
    lines = tuple(_indicator_row(row, hidden=row.indicator.id in hidden) for row in rows)
    return Table("indicators", "方案指标", COLUMNS, lines, NOTE)


def standing_at(db: Session, on: date, persons: int, given: Mapping[str, int]) -> list[Progress]:
    """Return where every row stood on a day; `persons` is the 人 of the year up to it.

    The page's `progress` takes the persons of the whole year, which is the same on the
    last day only.
    """
    register = load_register()
    frame = year_of(on)
    reported = accepted_values(db, register.indicators, frame.first_on, on)
    values: dict[str, Decimal | None] = {name: row.value for name, row in reported.items()}
    values |= {name: Decimal(number) for name, number in given.items()}
    values["M3c"] = Decimal(guidance_sessions(db, on, frame))
    values["B3"] = Decimal(persons)
    return judge(register, values, on, frame, reported, signed_choices(db).keys())


def year_of(on: date) -> Timeframe:
    """Return the year that targets are for."""
    return Timeframe(date(on.year, 1, 1), date(on.year, 12, 31))


def _is_small(row: Progress) -> bool:
    counts_people = row.indicator.unit in ("人", "人次")
    return counts_people and row.value is not None and 0 < row.value < SMALLEST


def _indicator_row(row: Progress, *, hidden: bool) -> tuple[Cell, ...]:
    one = row.indicator
    value: Cell = STATUS_NAMES[row.status] if row.value is None else _plain(row.value)
    share = NOTHING if row.share is None else f"{row.share * 100:.1f}%"
    target: Cell = "无目标值" if one.target is None else _plain(one.target)
    if hidden:
        value, share = TOO_SMALL, NOTHING
    return (
        one.id, one.name, one.unit, target, value, share, STATUS_NAMES[row.status],
        _source(row), "、".join(one.owners), one.clause, _remarks(row),
    )  # fmt: skip


def _source(row: Progress) -> str:
    name = SOURCE_NAMES[row.indicator.kind]
    if row.source is None:
        return name
    digest = row.source.evidence_digest[:DIGEST_SHOWN]
    return f"{row.source.source}，截至 {row.source.as_of_on}，附件 {digest}"


def _remarks(row: Progress) -> str:
    parts = [_formula(row.indicator), row.note]
    if row.indicator.confirm:
        parts.append("方案没有写全责任单位，待确认")
    return "；".join(part for part in parts if part)


def _formula(indicator: Indicator) -> str:
    if indicator.kind is not IndicatorKind.COMPUTED:
        return ""
    return "按公式：" + formula_text(load_register(), indicator).removeprefix("＝ ")


def _plain(value: Decimal) -> Cell:
    return int(value) if value == int(value) else value.normalize()
