"""What counts once posted adjustments are taken in: which sessions, where, and how many.

Of all sessions few are ever corrected. They are listed apart from the others, each once
under its own number, so that the walks through all the others stay within their indexes.
"""

from collections import Counter
from typing import Any

from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import Session

from guidance.counting.tally import counted_by
from guidance.lifecycle import COUNTED
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.session import GuidanceSession

POSTED = (Adjustment.status == AdjustmentStatus.POSTED, Adjustment.session_id.is_not(None))
MOVED = Adjustment.kind == AdjustmentKind.RECLASSIFY


def corrected_ids() -> Any:
    """Return the query of the sessions with an adjustment in force."""
    return select(Adjustment.session_id).where(*POSTED)


def counting_ids(org_unit: str | None = None) -> Any:
    """Return the query of those of them that count now, or that count for a unit now."""
    s = GuidanceSession
    state: Any = func.coalesce(s.state, s.state)  # to be found by number, not by state

    def steps(unit: Any, amount: Any, *which: Any) -> Any:
        columns = (
            Adjustment.session_id.label("id"), unit.label("unit"), amount.label("amount"),
        )  # fmt: skip
        return select(*columns).where(*POSTED, *which)

    every = union_all(
        select(s.id.label("id"), s.org_unit.label("unit"), literal(1).label("amount")).where(
            s.id.in_(corrected_ids()), state.in_(COUNTED)
        ),
        steps(Adjustment.org_unit, Adjustment.amount, Adjustment.amount != 0),
        steps(Adjustment.org_unit, literal(-1), MOVED),
        steps(Adjustment.to_unit, literal(1), MOVED),
    ).subquery()
    found = select(every.c.id).group_by(every.c.id).having(func.sum(every.c.amount) > 0)
    return found if org_unit is None else found.where(every.c.unit == org_unit)


def counting_by(db: Session, split: str, *periods: str) -> dict[str, int]:
    """Return the counts of quarters by one of `tally.SPLITS`, with what was adjusted since.

    They sum to the revised value; values that are zero are left out.
    """
    counts = Counter(counted_by(db, split, *periods))
    s = GuidanceSession
    rows = db.execute(
        select(Adjustment, s.service_line, s.channel, s.identity_level)
        .join(s, s.id == Adjustment.session_id)
        .where(Adjustment.period.in_(periods), Adjustment.status == AdjustmentStatus.POSTED)
    )
    for change, line, channel, level in rows:
        month = f"{change.count_on:%Y-%m}"
        values = {
            "org_unit": change.org_unit, "service_line": line, "channel": channel,
            "identity_level": level, "month": month,
        }  # fmt: skip
        if change.kind is not AdjustmentKind.RECLASSIFY:
            counts[str(values[split])] += change.amount
        elif split == "org_unit":
            counts[change.org_unit] -= 1
            counts[change.to_unit] += 1
    return {value: count for value, count in sorted(counts.items()) if count}
