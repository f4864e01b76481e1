"""What a report consists of: tables of words and numbers, the same for every format."""

from dataclasses import dataclass
from decimal import Decimal

from guidance.reports.suppression import SMALLEST

Cell = str | int | Decimal
NOTHING = "—"
TOO_SMALL = f"不足{SMALLEST}"


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a report; numbers are numbers, what cannot be said is a word."""

    name: str  # stable, for templates and sheets: "indicators"
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def percent(part: int, whole: int) -> str:
    """Return a share as 12.5%; nothing of nothing is 0."""
    return f"{Decimal(part) * 100 / whole:.1f}%" if whole else "0.0%"


def shown_count(count: int, *, published: bool) -> Cell:
    """Return a count of people, but not how small it is when it is published."""
    return TOO_SMALL if published and 0 < count < SMALLEST else count
