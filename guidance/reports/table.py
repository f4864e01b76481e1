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
