"""What new weights would have changed on past lists, for staff to see before they publish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any


@dataclass(frozen=True, slots=True)
class ChangedList:
    """One past list under the old and the new weights, as codes in order."""

    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WeightPreview:
    """How many lists there were, in how many the first or any place changes, and examples."""

    lists: int
    first_changed: int
    any_changed: int
    examples: tuple[ChangedList, ...]


def preview_weights(
    lists: Sequence[Sequence[Mapping[str, Any]]],
    old: Mapping[str, float],
    new: Mapping[str, float],
    most_examples: int = 5,
) -> WeightPreview:
    """Order what past lists showed by both weights; items are {"code", "terms"}.

    Equal scores keep the order in which they were shown. Lists of other terms are left out.
    """
    changed, considered = [], 0
    for shown in lists:
        if any(set(item["terms"]) != set(old) for item in shown):
            continue
        considered += 1
        before, after = (_ordered(shown, weights) for weights in (old, new))
        if before != after:
            changed.append(ChangedList(before, after))
    firsts = [one for one in changed if one.before[0] != one.after[0]]
    others = [one for one in changed if one.before[0] == one.after[0]]
    return WeightPreview(
        considered, len(firsts), len(changed), tuple((firsts + others)[:most_examples])
    )


def _ordered(shown: Sequence[Mapping[str, Any]], weights: Mapping[str, float]) -> tuple[str, ...]:
    def score(item: Mapping[str, Any]) -> float:
        return -fsum(weight * item["terms"][name] for name, weight in weights.items())

    return tuple(item["code"] for item in sorted(shown, key=score))
