"""The indicators of a report: every row with target, value and state."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from guidance.indicators.agreed import Choices
from guidance.indicators.formulas import formula_text
from guidance.indicators.indicator import Indicator, IndicatorKind, load_register
from guidance.indicators.progress import STATUS_NAMES, Progress, Status
from guidance.indicators.standing import Given, standing_at
from guidance.indicators.value import IndicatorValue
from guidance.periods.frozen import FrozenIndicator, frozen_of
from guidance.periods.period import Quarter
from guidance.reports.suppression import HIDDEN, SMALLEST
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
RESTATED = ("季度", "编号", "指标", "原公布值", "修订值", "差额", "依据")
BESIDE = ("编号", "指标", "并列编号", "并列项", "数值", "公式或口径")
BESIDE_NOTE = "和指标并列，供对照，不并入指标本身的数值。"
BESIDE_NOW = "数值是目前的，锁定以后的变动已经算在内；公布的数见“方案指标”。"
UNCHANGED = "原公布值是锁定时的数；已锁定的季度里没有列出的指标，与锁定时一致。"
BASIS = {
    IndicatorKind.DERIVED: "台账的调整，见“修订依据”，或查明两个身份是同一人",
    IndicatorKind.ENTERED: "锁定以后的填报",
    IndicatorKind.COMPUTED: "所用的数有修订，或口径有改变",
}
LOCKED_NOTE = "原公布值、完成和状态是锁定时的；其后有变动的在旁边列修订值，“—”为没有变动。"
NOTE = "没有达到目标的，写明落后还是进度正常；无目标值、不可计算、待录入、待定口径的都不算达到。"


def indicator_table(
    db: Session,
    rows: list[Progress],
    frozen: Mapping[str, FrozenIndicator],
    choices: Choices,
    *,
    published: bool,
) -> Table:
    """Return the table; published ones hide small counts of people and what tells them.

    Where the quarter was locked it leads with what stood then, and has what it is now beside.
    """
    if not frozen:
        hidden = _hidden(rows) if published else set()
        lines = [
            _indicator_row(row, (), choices, hidden=row.indicator.id in hidden) for row in rows
        ]
        return Table("indicators", "方案指标", COLUMNS, tuple(lines), NOTE)
    then = _as_locked(db, rows, frozen)
    hidden = _hidden(rows) | _hidden(then) if published else set()
    lines = [
        _indicator_row(was, (_changed(frozen, row),), choices, hidden=row.indicator.id in hidden)
        for was, row in zip(then, rows, strict=True)
    ]
    value = COLUMNS.index("现值")
    columns = (*COLUMNS[:value], "原公布值", "修订值", *COLUMNS[value + 1 :])
    return Table("indicators", "方案指标", columns, tuple(lines), LOCKED_NOTE + NOTE)


def _as_locked(
    db: Session, rows: list[Progress], frozen: Mapping[str, FrozenIndicator]
) -> list[Progress]:
    """Return the rows as they stood at the lock; what the register has gained since says so."""
    sources = {row.source_id for row in frozen.values() if row.source_id}
    reported = db.scalars(select(IndicatorValue).where(IndicatorValue.id.in_(sources)))
    values = {one.id: one for one in reported}
    found = []
    for row in rows:
        was, target = frozen.get(row.indicator.id), row.indicator.target
        if was is None:
            found.append(replace(row, value=None, share=None, status=Status.TO_BE_ENTERED))
            continue
        share = was.value / target if target and was.value is not None else None
        source = values.get(was.source_id or 0)
        found.append(replace(row, value=was.value, share=share, status=was.status, source=source))
    return found


def _changed(frozen: Mapping[str, FrozenIndicator], row: Progress) -> Cell:
    """Return what a row is now, where it is no longer what was locked."""
    was = frozen.get(row.indicator.id)
    if was is not None and not _has_changed(was, row):
        return NOTHING
    return _value(row.value, row.status, row.indicator)


def beside_table(rows: list[Progress], *, locked: bool, published: bool) -> Table:
    """Return what stands beside the rows: other readings, parts, every item of a sum."""
    hidden = _hidden(rows) if published else set()
    lines: list[tuple[Cell, ...]] = []
    for row in rows:
        one, secret = row.indicator, row.indicator.id in hidden
        for number, other in enumerate(row.beside, start=1):
            small = secret or (published and (_is_small(other) or other.indicator.id in hidden))
            told = TOO_SMALL if small else _value(other.value, other.status, other.indicator)
            formula = formula_text(load_register(), other.indicator)
            lines.append((
                one.id, one.name, _number_of(other, one, number), other.indicator.name, told,
                formula or other.indicator.definition,
            ))  # fmt: skip
        lines += [
            (one.id, one.name, NOTHING, item.item, _plain(item.value), f"截至 {item.as_of_on}")
            for item in row.items
        ]
    note = BESIDE_NOW + BESIDE_NOTE if locked else BESIDE_NOTE
    return Table("beside", "并列的数值", BESIDE, tuple(lines), note)


def _number_of(other: Progress, beside: Indicator, number: int) -> str:
    """Return a row's own number, or of what is no row a number under the row's: M3c-2."""
    return f"{beside.id}-{number}" if other.indicator.part else other.indicator.id


def restated_indicators(
    db: Session, quarters: Iterable[str], given: Given, *, published: bool
) -> Table:
    """Return every row that is no longer what it was when its quarter was locked.

    What the library counts is taken as it was then: `given` is of today.
    """
    lines: list[tuple[Cell, ...]] = []
    for period in quarters:
        frozen = frozen_of(db, period)
        if frozen:
            rows = standing_at(db, Quarter.parse(period).last_day, counted_then(frozen, given))
            hidden = _hidden(rows) if published else set()
            lines += [
                _restated_row(period, frozen[row.indicator.id], row, row.indicator.id in hidden)
                for row in rows
                if row.indicator.id in frozen and _has_changed(frozen[row.indicator.id], row)
            ]
    note = UNCHANGED if lines else ""
    return Table("restated_indicators", "指标的原公布值与修订值", RESTATED, tuple(lines), note)


def counted_then(frozen: Mapping[str, FrozenIndicator], given: Given) -> Given:
    """Return what others counted when a quarter was locked, else what they count today."""
    return dict(given) | {name: frozen[name].value for name in given if name in frozen}


def _has_changed(frozen: FrozenIndicator, row: Progress) -> bool:
    return frozen.value != row.value or (row.value is None and frozen.status != row.status)


def _restated_row(
    period: str, frozen: FrozenIndicator, row: Progress, hidden: bool
) -> tuple[Cell, ...]:
    one = row.indicator
    before = _value(frozen.value, frozen.status, one)
    after = _value(row.value, row.status, one)
    difference: Cell = NOTHING
    if frozen.value is not None and row.value is not None:
        difference = _plain(row.value - frozen.value)
    if hidden:
        before, after, difference = TOO_SMALL, TOO_SMALL, HIDDEN
    return (period, one.id, one.name, before, after, difference, _basis(frozen, row))


def _basis(frozen: FrozenIndicator, row: Progress) -> str:
    if row.source is not None and row.source.id != frozen.source_id:
        return _source(row)
    return BASIS[row.indicator.kind]


def _value(value: Decimal | None, status: Status, of: Indicator) -> Cell:
    return STATUS_NAMES[status] if value is None else _in_words(value, of)


def _in_words(value: Decimal, of: Indicator) -> Cell:
    if of.unit == "是/否":
        return "是" if value else "否"
    return _plain(value)


def _hidden(rows: list[Progress]) -> set[str]:
    """Return the rows with small counts of people, and those that would tell them."""
    small = {row.indicator.id for row in rows if _is_small(row)}
    return small | {row.indicator.id for row in rows if small.intersection(row.indicator.inputs)}


def _is_small(row: Progress) -> bool:
    counts_people = row.indicator.unit in ("人", "人次")
    return counts_people and row.value is not None and 0 < row.value < SMALLEST


def _indicator_row(
    row: Progress, revised: tuple[Cell, ...], choices: Choices, *, hidden: bool
) -> tuple[Cell, ...]:
    one = row.indicator
    value = _value(row.value, row.status, one)
    share = NOTHING if row.share is None else f"{row.share * 100:.1f}%"
    target: Cell = "无目标值" if one.target is None else _in_words(one.target, one)
    if hidden:
        value, share = TOO_SMALL, NOTHING
        revised = tuple(HIDDEN for _ in revised)
    return (
        one.id, one.name, one.unit, target, value, *revised, share, STATUS_NAMES[row.status],
        _source(row), choices.get(f"owner:{one.id}", "、".join(one.owners)), one.clause,
        _remarks(row, choices),
    )  # fmt: skip


def _source(row: Progress) -> str:
    name = SOURCE_NAMES[row.indicator.kind]
    if row.source is None:
        return name
    digest = row.source.evidence_digest[:DIGEST_SHOWN]
    return f"{row.source.source}，截至 {row.source.as_of_on}，附件 {digest}"


def _remarks(row: Progress, choices: Choices) -> str:
    parts = [_formula(row.indicator), row.note]
    if row.indicator.confirm and f"owner:{row.indicator.id}" not in choices:
        parts.append("方案没有写全责任单位，待确认")
    return "；".join(part for part in parts if part)


def _formula(indicator: Indicator) -> str:
    if indicator.kind is not IndicatorKind.COMPUTED:
        return ""
    return "按公式：" + formula_text(load_register(), indicator).removeprefix("＝ ")


def _plain(value: Decimal) -> Cell:
    return int(value) if value == int(value) else value.normalize()
