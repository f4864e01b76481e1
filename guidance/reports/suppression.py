"""Small counts of people in what is published: hidden, and not to be worked out from the rest."""

from collections.abc import Collection, Mapping

SMALLEST = 5  # [ours]; a published cell of fewer could point at somebody (统计法 §28)
HIDDEN = "＊"


def suppress(counts: Mapping[str, int]) -> dict[str, int | None]:
    """Return the parts of a published total, with None for those to be hidden.

    Parts of 1 to 4 are hidden. What is hidden together is known as the total less the
    rest; further parts, the smallest first, are hidden until that sum fits several ways.
    A split that cannot be hidden in that manner is returned empty: it is not shown.
    """
    hidden = {name for name, count in counts.items() if 0 < count < SMALLEST}
    rest = sorted((count, name) for name, count in counts.items() if count >= SMALLEST)
    while hidden and _tells(counts, hidden):
        if not rest:
            return {}
        hidden.add(rest.pop(0)[1])
    return {name: None if name in hidden else count for name, count in counts.items()}


def hiding_note(counts: Collection[object], parts: Collection[object | None]) -> str:
    """Say that parts of some counts are hidden, or all of them; "" where none is."""
    if counts and not parts:
        return "为保护个人，数字太小，不分列。"
    return f"“{HIDDEN}”为保护个人而隐去。" if None in parts else ""


def _tells(counts: Mapping[str, int], hidden: set[str]) -> bool:
    """Whether the sum of the hidden parts gives one of them away."""
    total, number = sum(counts[name] for name in hidden), len(hidden)
    if number == 1:
        return True
    all_small = all(counts[name] < SMALLEST for name in hidden)
    return all_small and total in (number, number * (SMALLEST - 1))
