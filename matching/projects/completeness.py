"""How complete a project is: what an entrepreneur needs to decide, and what still lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from matching.projects.columns import COLUMNS_BY_NAME

# Weight of each field; those of weight 3 must be there before a project may be published.
WEIGHTS: Mapping[str, int] = {
    "title": 3, "summary": 3, "industry_code": 3, "risk_level": 3, "risk_text": 3,
    "investment_min_yuan": 3, "investment_max_yuan": 3, "monthly_profit_min_yuan": 3,
    "monthly_profit_max_yuan": 3, "monthly_cost_yuan": 3, "reserve_months": 3,
    "payback_months": 3, "activity_text": 3, "earnings_text": 3, "permits_text": 3,
    "valid_until": 3, "basis_text": 2, "basis_on": 2, "failure_text": 2, "suits_text": 2,
    "skills": 2, "staff_min": 2, "groups": 2, "costs_text": 2, "success_text": 1,
    "market_text": 1, "equipment": 1, "jobs": 1, "policy_topics": 1, "source_channel": 1,
    "last_verified_on": 1, "next_review_on": 1,
}  # fmt: skip
NEEDED_WEIGHT = 3
PUBLISHABLE_PERCENT = 80


@dataclass(frozen=True, slots=True)
class Completeness:
    """Percent of the weight that is filled in, and the labels of what lacks."""

    percent: int
    lacking: tuple[str, ...]  # labels, most important first
    blocking: tuple[str, ...]  # those of them without which it cannot be published

    @property
    def publishable(self) -> bool:
        """Whether enough is known to show it to the public."""
        return not self.blocking and self.percent >= PUBLISHABLE_PERCENT


def completeness_of(values: Mapping[str, Any]) -> Completeness:
    """Judge the fields of a project, by name."""
    lacking = [name for name in WEIGHTS if _is_empty(values.get(name))]
    whole = sum(WEIGHTS.values())
    filled = whole - sum(WEIGHTS[name] for name in lacking)
    labels = [COLUMNS_BY_NAME[name].label for name in lacking]
    blocking = [COLUMNS_BY_NAME[n].label for n in lacking if WEIGHTS[n] >= NEEDED_WEIGHT]
    return Completeness(filled * 100 // whole, tuple(labels), tuple(blocking))


def _is_empty(value: Any) -> bool:
    return value is None or value == () or (isinstance(value, str) and not value.strip())
