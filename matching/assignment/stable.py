"""Stable matching when both sides submit rankings: Gale and Shapley with capacities.

No person and no mentor would both rather have each other (1962, people propose); no
person gains by a false ranking. Coverage is not maximised: it is the mode for rounds of
mutual choice (双向选择), not the default.
"""

import heapq
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from matching.assignment.problem import NO_EDGE, UNMATCHED, Ints

# References of people and mentors: anything that can be compared with its like.
Person = TypeVar("Person", bound=Any)
Guide = TypeVar("Guide", bound=Any)


def stable_match(
    wishes: Mapping[Person, Sequence[Guide]],
    rankings: Mapping[Guide, Sequence[Person]],
    seats: Mapping[Guide, int],
) -> dict[Person, Guide]:
    """Match people with mentors by both sides' rankings, best first; person -> mentor.

    A pair is possible only if each ranks the other. The result is the stable matching
    that is best for every person, whatever the order of the input.
    """
    places = {
        mentor: {person: place for place, person in enumerate(ranked)}
        for mentor, ranked in rankings.items()
    }
    lists = {
        person: [m for m in wished if person in places.get(m, {}) and seats.get(m, 0) > 0]
        for person, wished in wishes.items()
    }
    held: dict[Guide, list[tuple[int, Person]]] = {mentor: [] for mentor in rankings}
    next_wish = dict.fromkeys(lists, 0)
    free = list(lists)
    while free:
        person = free.pop()
        while next_wish[person] < len(lists[person]):
            mentor = lists[person][next_wish[person]]
            next_wish[person] += 1
            # The heap's smallest is the mentee ranked lowest, who has to leave first.
            heapq.heappush(held[mentor], (-places[mentor][person], person))
            if len(held[mentor]) <= seats[mentor]:
                break
            _, person = heapq.heappop(held[mentor])
    return {person: mentor for mentor, heap in held.items() for _, person in sorted(heap)}


def rank_blocking_pairs(
    wishes: Mapping[Person, Sequence[Guide]],
    rankings: Mapping[Guide, Sequence[Person]],
    seats: Mapping[Guide, int],
    match: Mapping[Person, Guide],
) -> list[tuple[Person, Guide]]:
    """Return the pairs who would both rather have each other than what the match gives them."""
    places = {
        mentor: {person: place for place, person in enumerate(ranked)}
        for mentor, ranked in rankings.items()
    }
    taken: dict[Guide, list[int]] = {mentor: [] for mentor in rankings}
    for person, mentor in match.items():
        taken[mentor].append(places[mentor][person])
    found = []
    for person, wished in wishes.items():
        for mentor in wished:
            if match.get(person) == mentor:
                break  # all that follow are liked less
            place = places.get(mentor, {}).get(person)
            if place is None or not seats.get(mentor, 0):
                continue
            if len(taken[mentor]) < seats[mentor] or place < max(taken[mentor]):
                found.append((person, mentor))
    return found


def stable_by_value(values: NDArray[np.int32], seats: Ints) -> Ints:
    """Match by one value of each pair for both sides; (n,) int64, -1 for none.

    With a common value greedy choice of the dearest pair is the stable matching; ties go
    to the earlier need, then to the earlier mentor.
    """
    needs, mentors = np.nonzero(values != NO_EDGE)
    order = np.argsort(-values[needs, mentors].astype(np.int64), kind="stable")
    match = np.full(len(values), UNMATCHED, dtype=np.int64)
    left = seats.tolist()
    taken = [False] * len(values)
    for need, mentor in zip(needs[order].tolist(), mentors[order].tolist(), strict=True):
        if not taken[need] and left[mentor]:
            taken[need] = True
            match[need] = mentor
            left[mentor] -= 1
    return match


def count_blocking_pairs(
    for_need: NDArray[np.int32], for_mentor: NDArray[np.int32], seats: Ints, match: Ints
) -> int:
    """Count pairs who would both gain by leaving the matching for each other.

    Both arrays are (n, m), what a pair is worth to either side, NO_EDGE where impossible.
    """
    rows = np.arange(len(for_need))
    held = np.where(match >= 0, for_need[rows, match], NO_EDGE)
    most = np.iinfo(np.int32).max
    worst = np.full(len(seats), most, dtype=np.int64)
    matched = np.flatnonzero(match >= 0)
    np.minimum.at(worst, match[matched], for_mentor[matched, match[matched]])
    loads = np.bincount(match[matched], minlength=len(seats))
    worst[loads < seats] = NO_EDGE  # a free seat takes anybody
    worst[seats == 0] = most
    return int(((for_need > held[:, None]) & (for_mentor > worst[None, :])).sum())
