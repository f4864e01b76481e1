"""原公布值, 修订值, 差额 and 依据 of locked quarters (统计法实施条例 §26)."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from guidance.periods.adjustment import ADJUSTMENT_NAMES, Adjustment, AdjustmentKind, posted_of
from guidance.periods.locking import PERSONS, locked_values, restated
from guidance.periods.period import shanghai_day
from guidance.periods.record import DISTRICT, PERIOD_STATE_NAMES, WHOLE, state_of
from guidance.reports.suppression import HIDDEN
from guidance.reports.table import NOTHING, TOO_SMALL, Cell, Table, shown_count


def restatement_table(db: Session, people: Mapping[str, int], *, published: bool) -> Table:
    """Return 人次 and 人 of every quarter as locked and as revised; `people` are the revised."""
    rows: list[tuple[Cell, ...]] = []
    for period, revised in people.items():
        figures = restated(db, period)
        original = locked_values(db, period, PERSONS).get(WHOLE, revised)
        rows.append((
            period,
            PERIOD_STATE_NAMES[state_of(db, period)],
            *_beside(figures["original"], figures["revised"], published=published),
            *_beside(original, revised, published=published),
        ))  # fmt: skip
    columns = (
        "季度", "状态", "原公布值（人次）", "修订值（人次）", "差额",
        "原公布值（人）", "修订值（人）", "差额（人）",
    )  # fmt: skip
    return Table("restatement", "原公布值与修订值", columns, tuple(rows))


def basis_table(db: Session, quarters: Sequence[str], *, published: bool) -> Table:
    """依据: why locked figures were corrected; without single cases when published."""
    changes = [change for one in quarters for change in posted_of(db, one)]
    if published:
        numbers = Counter(
            (c.period, ADJUSTMENT_NAMES[c.kind], c.reference or NOTHING) for c in changes
        )
        rows: list[tuple[Cell, ...]] = [(*key, count) for key, count in sorted(numbers.items())]
        return Table("basis", "修订依据", ("季度", "类型", "依据文件", "条数"), tuple(rows))
    rows = [_change_row(change) for change in changes]
    columns = ("季度", "记录编号", "类型", "增减", "理由", "依据文件", "生效日期")
    return Table("basis", "修订依据", columns, tuple(rows))


def _beside(original: int, revised: int, *, published: bool) -> tuple[Cell, Cell, Cell]:
    """Return both and their difference, which is hidden with either."""
    before = shown_count(original, published=published)
    after = shown_count(revised, published=published)
    return before, after, HIDDEN if TOO_SMALL in (before, after) else revised - original


def _what(change: Adjustment) -> str:
    kind = ADJUSTMENT_NAMES[change.kind]
    if change.kind is not AdjustmentKind.RECLASSIFY:
        return kind
    return f"{kind}：{change.org_unit or DISTRICT} → {change.to_unit or DISTRICT}"


def _change_row(change: Adjustment) -> tuple[Cell, ...]:
    decided = shanghai_day(change.decided_at).isoformat() if change.decided_at else NOTHING
    return (
        change.period, change.session_id or 0, _what(change), change.amount,
        change.reason, change.reference or NOTHING, decided,
    )  # fmt: skip
