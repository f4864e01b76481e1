"""Weekly times by taps: seven days of three parts each, beside times written as text."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matching.mentors.weekly_slots import WeeklySlot, parse_slots, write_slots

PARTS = (("上午", 9 * 60, 12 * 60), ("下午", 14 * 60, 18 * 60), ("晚上", 19 * 60, 21 * 60))
DAYS = "一二三四五六日"
MOST_TEXT = 300


@dataclass(frozen=True, slots=True)
class Cell:
    """One part of one day: `value` is its time as text."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class SlotGrid:
    """What a form shows: rows of (day, cells), and the times that are no part of the grid."""

    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    others: str

    @property
    def columns(self) -> tuple[str, ...]:
        """The parts of the day with their hours."""
        return tuple(f"{name} {a // 60}–{b // 60} 点" for name, a, b in PARTS)


def grid_of(slots: Iterable[WeeklySlot]) -> SlotGrid:
    """Show weekly times on the grid; what does not lie on it exactly stays as text."""
    left = set(slots)
    rows = []
    for day, name in enumerate(DAYS, start=1):
        cells = []
        for part, start, end in PARTS:
            slot = WeeklySlot(day, start, end)
            cells.append(Cell(str(slot), f"周{name}{part}", slot in left))
            left.discard(slot)
        rows.append((f"周{name}", tuple(cells)))
    return SlotGrid(tuple(rows), write_slots(left))


def slots_from(taps: Sequence[str], others: str = "") -> tuple[WeeklySlot, ...]:
    """Read what was tapped and written. Raises SlotUnreadable."""
    return parse_slots("；".join([*taps, others]))
