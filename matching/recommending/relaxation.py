"""Which wishes to give up when too few projects meet them all, and what each costs.

A set of wishes is worth offering when giving it up leads to a project and no smaller set
does: those sets are the minimal bitmasks among the projects' (Jannach 2006), found exactly
in one pass over the distinct masks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from matching.profile.patterns import PATTERNS
from matching.profile.profile import Profile
from matching.projects.facts import in_wan
from matching.recommending.project_table import Mask, ProjectTable
from matching.recommending.rules import ALL_WISHES, Limits, Wish

MOST_OFFERED = 4
STEP_YUAN = 5_000


@dataclass(frozen=True, slots=True)
class Relaxation:
    """Giving up these wishes leads to so many projects more; `text` says the price."""

    wishes: Wish
    projects: int
    text: str
    rows: tuple[int, ...]


def minimal_masks(masks: Sequence[int]) -> list[int]:
    """Return the distinct masks that hold no other of them, fewest bits first."""
    kept: list[int] = []
    for mask in sorted(set(masks), key=lambda m: (m.bit_count(), m)):
        if not any(other & mask == other for other in kept):
            kept.append(mask)
    return kept


def relaxations(
    table: ProjectTable,
    profile: Profile,
    limits: Limits,
    masks: NDArray[np.int64],
    allowed: Mask,
) -> tuple[Relaxation, ...]:
    """Return the subset-minimal sets of wishes to give up, cheapest and most fruitful first.

    Projects that meet every wish play no part; there is at least one set whenever an
    allowed project breaks a wish.
    """
    broken = allowed & (masks > 0)
    found = []
    for mask in minimal_masks([int(m) for m in np.unique(masks[broken])]):
        rows = np.flatnonzero(broken & ((masks & ~mask) == 0))
        found.append(_priced(table, profile, limits, Wish(mask), rows))
    found.sort(key=lambda r: (int(r.wishes).bit_count(), -r.projects, int(r.wishes)))
    return tuple(found[:MOST_OFFERED])


def _priced(
    table: ProjectTable,
    profile: Profile,
    limits: Limits,
    wishes: Wish,
    rows: NDArray[np.int64],
) -> Relaxation:
    if Wish.BUDGET in wishes and limits.spend_yuan is not None:
        # The least sum that leads anywhere, in round steps, and what else it leads to.
        need = table.least_cash[rows] - limits.spend_yuan
        step = STEP_YUAN * float(np.ceil(max(float(need.min()), 1.0) / STEP_YUAN))
        rows = rows[need <= step]
    else:
        step = 0.0
    prices = [
        text
        for wish in ALL_WISHES
        if wish in wishes and (text := _price(table, profile, limits, wish, rows, step))
    ]
    count = len(rows)
    return Relaxation(
        wishes,
        count,
        f"{'，并且'.join(prices)}，就多 {count} 个{_noun(profile)}",
        tuple(int(r) for r in rows),
    )


def _price(
    table: ProjectTable,
    profile: Profile,
    limits: Limits,
    wish: Wish,
    rows: NDArray[np.int64],
    step: float,
) -> str:
    if wish is Wish.BUDGET:
        return f"预算加 {in_wan(int(step))}"
    if wish is Wish.STAFF:
        most = int(np.nan_to_num(table.staff[rows]).min())
        return f"凑到 {most} 个人" if most > (profile.people or 0) else "人手多一些"
    if wish is Wish.PAYBACK:
        return f"回本时间放宽到 {int(np.nan_to_num(table.payback[rows]).min())} 个月"
    if wish is Wish.RISK:
        level = int(np.nan_to_num(table.risk[rows]).min())
        return "能接受较高风险" if level >= 3 else "能接受中等风险"
    if wish is Wish.PREMISES:
        return (
            "愿意租个场地" if limits.no_premises or profile.premises_m2 is None else "场地再大一些"
        )
    return {
        Wish.PLACE: "不限街道",
        Wish.HOURS: "能全职做",
        Wish.GROUP: "不限适合人群",
        Wish.TRADE: "不避开这个行业",
    }[wish]


def _noun(profile: Profile) -> str:
    trades = [label for label in profile.interests if label in PATTERNS.interests]
    return f"{'、'.join(trades)}项目" if trades else ""
