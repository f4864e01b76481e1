"""I1 to I12: what has to hold of the ledger at any time, checked against what is stored.

Every check streams its rows or lets the database sum them: a million sessions take a
minute or two and little memory. What is signed or decided is held against the audit log,
whose events nobody rewrites unseen.
"""

from collections.abc import Callable, Iterator

from sqlalchemy.orm import Session

from guidance.counting.invariants.draws import i7_seeds
from guidance.counting.invariants.duties import i3_separate
from guidance.counting.invariants.locked import i4_locked, i8_signed, i10_members
from guidance.counting.invariants.people import i2_one_a_day, i11_persons
from guidance.counting.invariants.posted import i1_adjustments
from guidance.counting.invariants.register import i8_register
from guidance.counting.invariants.seals import broken_seals, i5_sealed, i6_replays
from guidance.counting.invariants.states import i7_days, i7_projection, i7_samples
from guidance.counting.invariants.sums import i1_counts, i7_counters, i9_units, i9_years
from guidance.counting.invariants.violation import MOST, Violation
from guidance.lifecycle_log import replay

__all__ = ["Violation", "check_invariants"]

CHECKS: tuple[tuple[str, Callable[[Session], Iterator[str]]], ...] = (
    ("I1", i1_counts),
    ("I1", i1_adjustments),
    ("I2", i2_one_a_day),
    ("I3", i3_separate),
    ("I4", i4_locked),
    ("I5", i5_sealed),
    ("I6", i6_replays),
    ("I7", i7_days),
    ("I7", i7_samples),
    ("I7", i7_seeds),
    ("I7 汇总", i7_counters),
    ("I8", i8_signed),
    ("I8", i8_register),
    ("I9", i9_units),
    ("I9", i9_years),
    ("I10", i10_members),
    ("I11", i11_persons),
)


def check_invariants(db: Session, *, seals: bool = True) -> list[Violation]:
    """Check everything; `seals` recomputes every sealed transcript, which reads all turns."""
    found: list[Violation] = []
    for name, check in CHECKS:
        found += _some(name, check(db))
    log = replay(db)
    found += _some("I7", i7_projection(db, log)) + _some("I12", iter(log.wrong))
    if seals:
        found += _some("I5", broken_seals(db))
    return found


def _some(name: str, found: Iterator[str]) -> list[Violation]:
    return [Violation(name, what) for what, _ in zip(found, range(MOST), strict=False)]
