"""Small charts drawn on the server: the geometry of an SVG whose numbers also stand in a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 14, 30
MOST_LABELS = 12


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the chart with its number."""

    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One value: where it is, what it is called, and whether its name is written below."""

    x: float
    y: float
    name: str
    text: str
    named: bool


@dataclass(frozen=True, slots=True)
class Chart:
    """A line through values in their order; lengths in the units of the view box."""

    marks: tuple[Mark, ...]
    ticks: tuple[Tick, ...]
    target_y: float | None
    floor: float
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT

    @property
    def points(self) -> str:
        """The line, as SVG wants it."""
        return " ".join(f"{mark.x},{mark.y}" for mark in self.marks)


def line_chart(values: Sequence[tuple[str, float]], target: float | None = None) -> Chart | None:
    """Lay out named values from left to right above zero; None when there are none."""
    if not values:
        return None
    top = _round_up(max([value for _, value in values] + ([target] if target else []) + [1.0]))
    step = (WIDTH - LEFT - RIGHT) / max(1, len(values) - 1)
    every = -(-len(values) // MOST_LABELS)

    def height_of(value: float) -> float:
        room = HEIGHT - TOP - BOTTOM
        return round(TOP + room * (1 - max(0.0, value) / top), 1)

    marks = tuple(
        Mark(round(LEFT + place * step, 1), height_of(value), name, figure(value),
             place % every == 0)
        for place, (name, value) in enumerate(values)
    )  # fmt: skip
    parts = _parts(top, whole=all(float(value).is_integer() for _, value in values))
    ticks = tuple(
        Tick(height_of(top * part / parts), figure(top * part / parts)) for part in range(parts + 1)
    )
    return Chart(marks, ticks, height_of(target) if target else None, height_of(0))


def figure(value: float | Decimal) -> str:
    """Return a number as it is printed: thousands apart, no needless digits."""
    text = f"{value:,.4f}" if isinstance(value, Decimal) else f"{value:,.2f}"
    return text.rstrip("0").rstrip(".")


def _parts(top: float, *, whole: bool) -> int:
    """Return in how many parts the height is cut; what is counted in whole ones stays whole."""
    return next(parts for parts in (4, 5, 2, 1) if not whole or (top / parts).is_integer())


def _round_up(value: float) -> float:
    """Return the next number of the form 1, 2, 4 or 8 times a power of ten."""
    size = 1.0
    while size * 10 <= value:
        size *= 10
    return next(size * factor for factor in (1, 2, 4, 8, 10) if size * factor >= value)
