"""What a project may not break: hard rules with codes, and a person's wishes as bits.

A hard rule removes a project. A wish is hard only as long as enough projects meet it:
each project has a bitmask of the wishes it breaks, and the fewest possible are given up.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntFlag, StrEnum

import numpy as np
from numpy.typing import NDArray

from matching.profile.patterns import PATTERNS
from matching.profile.profile import FULL_TIME_HOURS, Profile
from matching.projects.facts import PremisesKind, ProjectFacts
from matching.projects.state import PUBLISHED
from matching.recommending.feedback import REASON_NAMES, DeclineReason
from matching.recommending.project_table import GROUPS, INTERESTS, PREMISES, Mask, ProjectTable

SPECIAL_GROUPS = 2  # a project for so few groups is meant for them alone
LIKE_IT = 0.6  # a project that much of a trade is of that trade


class RuleCode(StrEnum):
    """Why a project can never be recommended."""

    NOT_PUBLISHED = "not_published"
    EXPIRED = "expired"
    NO_RISK_TEXT = "no_risk_text"
    DECLINED = "declined"


class Wish(IntFlag):
    """What a person asks of a project."""

    BUDGET = 1
    PREMISES = 2
    STAFF = 4
    PLACE = 8
    HOURS = 16
    PAYBACK = 32
    RISK = 64
    GROUP = 128
    TRADE = 256


ALL_WISHES = tuple(Wish)


@dataclass(frozen=True, slots=True)
class Barred:
    """One hard rule that a project breaks, in words."""

    code: RuleCode
    message: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What a person asks for, in numbers; a declined project tightens it.

    None means that nothing is asked. `trades` are columns of the interests not wanted,
    `divisions` industries not wanted.
    """

    spend_yuan: float | None
    risk: int | None
    payback_months: int | None
    part_time: bool
    no_premises: bool
    divisions: frozenset[str]
    unable: frozenset[str]  # codes of projects the person cannot do


def broken_rules(project: ProjectFacts, profile: Profile, day: date) -> tuple[Barred, ...]:
    """Return every hard rule that bars a project for a person on a day."""
    found = []
    if project.state not in PUBLISHED:
        found.append(Barred(RuleCode.NOT_PUBLISHED, "这个项目现在没有推介，可能在审核或已经撤下"))
    if project.is_expired(day):
        found.append(Barred(RuleCode.EXPIRED, "这个项目的资料过了有效期，要重新核实后才能推荐"))
    if not project.risk_text.strip():
        found.append(Barred(RuleCode.NO_RISK_TEXT, "这个项目还没有写明风险，不能推荐"))
    for declined in profile.declined:
        if declined.project_code == project.code:
            reason = REASON_NAMES[declined.reason]
            found.append(Barred(RuleCode.DECLINED, f"您说过它不合适（{reason}）"))
    return tuple(found)


def allowed(table: ProjectTable, profile: Profile, day: date) -> Mask:
    """Return which projects break no hard rule and were not seen before; (n,) bool."""
    mask: Mask = table.stated & (table.last_days >= day.toordinal())
    for code in (*(declined.project_code for declined in profile.declined), *profile.seen):
        row = table.rows.get(code)
        if row is not None:
            mask[row] = False
    return mask


def limits_of(table: ProjectTable, profile: Profile) -> Limits:
    """Return what a person asks for; every “不合适，因为” makes it stricter."""
    rows = {
        reason: [
            table.rows[d.project_code]
            for d in profile.declined
            if d.reason is reason and d.project_code in table.rows
        ]
        for reason in DeclineReason
    }
    dear = table.least_cash[rows[DeclineReason.TOO_EXPENSIVE]]
    risky = table.risk[rows[DeclineReason.TOO_RISKY]]
    slow = table.payback[rows[DeclineReason.TOO_SLOW]]
    return Limits(
        spend_yuan=_least(profile.budget_yuan, dear - 1),
        risk=_whole(_least(profile.risk, np.maximum(risky - 1, 1))),
        payback_months=_whole(_least(profile.payback_months, slow - 1)),
        part_time=bool(rows[DeclineReason.NO_TIME])
        or (profile.hours is not None and profile.hours < FULL_TIME_HOURS),
        no_premises=bool(rows[DeclineReason.NO_PREMISES]) or profile.premises is PremisesKind.NONE,
        divisions=frozenset(
            str(table.divisions[row])
            for row in rows[DeclineReason.NOT_MY_TRADE]
            if table.divisions[row]
        ),
        unable=frozenset(table.projects[row].code for row in rows[DeclineReason.CANNOT_DO]),
    )


def broken_wishes(table: ProjectTable, profile: Profile, limits: Limits) -> NDArray[np.int64]:
    """Return the bitmask of the wishes that each project breaks; (n,) int64."""
    mask = np.zeros(len(table), np.int64)
    for wish, breaks in _BREAKS.items():
        mask |= np.where(breaks(table, profile, limits), int(wish), 0)
    return mask


def _budget(table: ProjectTable, _profile: Profile, limits: Limits) -> Mask:
    return _above(table.least_cash, limits.spend_yuan)


def _premises(table: ProjectTable, profile: Profile, limits: Limits) -> Mask:
    kinds = {
        kind: table.premises == PREMISES.index(kind)
        for kind in (
            PremisesKind.SHOP,
            PremisesKind.WORKSHOP,
            PremisesKind.OFFICE,
            PremisesKind.FIELD,
        )
    }
    needs_any: Mask = np.logical_or.reduce(list(kinds.values()))
    if limits.no_premises or profile.premises is PremisesKind.HOME:
        return needs_any
    own = kinds.get(profile.premises) if profile.premises is not None else None
    if own is None or profile.premises_m2 is None:
        return np.zeros(len(table), bool)
    return np.asarray(own & (np.nan_to_num(table.area) > profile.premises_m2), bool)


def _staff(table: ProjectTable, profile: Profile, _limits: Limits) -> Mask:
    return _above(table.staff, profile.people)


def _place(table: ProjectTable, profile: Profile, _limits: Limits) -> Mask:
    return np.zeros(len(table), bool) if not profile.street else ~reached(table, profile.street)


def _hours(table: ProjectTable, _profile: Profile, limits: Limits) -> Mask:
    return table.full_time & limits.part_time


def _payback(table: ProjectTable, _profile: Profile, limits: Limits) -> Mask:
    return _above(table.payback, limits.payback_months)


def _risk(table: ProjectTable, _profile: Profile, limits: Limits) -> Mask:
    return _above(table.risk, limits.risk)


def _group(table: ProjectTable, profile: Profile, _limits: Limits) -> Mask:
    if not profile.groups:
        return np.zeros(len(table), bool)
    own = [GROUPS.index(group) for group in GROUPS if group in profile.groups]
    size = table.named_groups
    others = table.groups[:, own].sum(axis=1) == 0
    return np.asarray((size > 0) & (size <= SPECIAL_GROUPS) & others, bool)


def _trade(table: ProjectTable, profile: Profile, limits: Limits) -> Mask:
    unwanted = np.zeros(len(table), bool)
    if limits.divisions:
        unwanted = np.isin(table.divisions, sorted(limits.divisions))
    columns = [INTERESTS.index(label) for label in profile.avoids if label in INTERESTS]
    if columns:
        unwanted = unwanted | (table.interests[:, columns] >= LIKE_IT).any(axis=1)
    return unwanted


def of_wanted_trade(table: ProjectTable, profile: Profile) -> Mask:
    """Return which projects are of a trade that the person wants; all when none is named."""
    columns = [INTERESTS.index(label) for label in profile.interests if label in PATTERNS.interests]
    if not columns:
        return np.ones(len(table), bool)
    return np.asarray((table.interests[:, columns] >= LIKE_IT).any(axis=1), bool)


def reached(table: ProjectTable, street: str) -> Mask:
    """Return which projects can be done where somebody lives; a part of the name is enough."""
    near = table.anywhere.copy()
    for name, there in table.streets:
        bare = name.removesuffix("街道").removesuffix("镇").removesuffix("路")
        if street in name or name in street or (len(bare) > 1 and bare in street):
            near |= there
    return near


def _above(values: NDArray[np.float64], limit: float | None) -> Mask:
    """Whether known values are over a limit; what is unknown breaks nothing."""
    if limit is None:
        return np.zeros(len(values), bool)
    return values > limit  # a comparison with NaN is false


def _least(one: float | None, others: NDArray[np.float64]) -> float | None:
    known = [float(value) for value in others if not np.isnan(value)]
    return min([*known, *([] if one is None else [float(one)])], default=None)


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


_BREAKS: Mapping[Wish, Callable[[ProjectTable, Profile, Limits], Mask]] = {
    Wish.BUDGET: _budget,
    Wish.PREMISES: _premises,
    Wish.STAFF: _staff,
    Wish.PLACE: _place,
    Wish.HOURS: _hours,
    Wish.PAYBACK: _payback,
    Wish.RISK: _risk,
    Wish.GROUP: _group,
    Wish.TRADE: _trade,
}
