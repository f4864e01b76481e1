"""The second, blind check: which sessions, drawn so that anybody can draw them again.

The seed's digest is published before the list is frozen and the seed after, so nobody
can choose the list to fit the draw or the draw to fit the list. Sizes: facts of the
hypergeometric sample, 59 find 5 % false of 350 with 97 %.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SMALLEST = 59
SHARE = 0.10
RECHECK_BELOW = 0.95  # [ours] the unit's whole quarter is checked
UNRELIABLE_BELOW = 0.80  # [ours] the unit's sessions are submitted singly


@dataclass(frozen=True, slots=True)
class Candidate:
    """A session that may be drawn."""

    session_id: int
    org_unit: str
    service_line: str
    flagged: bool = False

    @property
    def stratum(self) -> str:
        """Unit and service line: every one is represented."""
        return f"{self.org_unit}/{self.service_line}"


@dataclass(frozen=True, slots=True)
class VerificationFactor:
    """Confirmed ÷ checked of a unit (WHO data quality review, module 3)."""

    org_unit: str
    checked: int
    confirmed: int
    waiting: int

    @property
    def value(self) -> float | None:
        """The factor, None before anything was checked."""
        return self.confirmed / self.checked if self.checked else None


def seed_digest(seed: str) -> str:
    """Return what is published of a seed (hexadecimal) before the draw."""
    return hashlib.sha256(bytes.fromhex(seed)).hexdigest()


def lot(seed: str, *what: object) -> str:
    """Return the lot of something under a seed; the lowest lots win."""
    return hashlib.sha256(":".join([seed, *map(str, what)]).encode()).hexdigest()


def sample_size(count: int) -> int:
    """Return how many of so many sessions are checked again: max(59, 10 %)."""
    return min(count, max(SMALLEST, math.ceil(count * SHARE)))


def draw_sample(
    frame: Iterable[Candidate], seed: str, doubled_units: Iterable[str] = ()
) -> list[Candidate]:
    """Draw from every stratum in proportion, at least one; units in a rush twice as many.

    Flagged sessions are not drawn here: all of them are checked anyway. Ordered by id.
    """
    strata: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in frame:
        strata[candidate.stratum].append(candidate)
    total = sum(map(len, strata.values()))
    shares = _shares({name: len(found) for name, found in strata.items()}, sample_size(total))
    doubled = set(doubled_units)
    drawn: list[Candidate] = []
    for name, found in strata.items():
        size = shares[name] * (2 if found[0].org_unit in doubled else 1)
        drawn += sorted(found, key=lambda one: lot(seed, one.session_id))[:size]
    return sorted(drawn, key=lambda one: one.session_id)


def draw_reviewer(seed: str, session_id: int, references: Sequence[str]) -> str | None:
    """Return who of the eligible reviews a session; the others do not matter to the pair's lot."""
    return min(references, key=lambda who: lot(seed, session_id, who), default=None)


def _shares(sizes: Mapping[str, int], wanted: int) -> dict[str, int]:
    """Split a sample by the method of the largest remainder, one at least for every stratum."""
    total = sum(sizes.values())
    exact = {name: wanted * size / total for name, size in sizes.items()} if total else {}
    shares = {name: max(1, math.floor(share)) for name, share in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (math.floor(exact[name]) - exact[name], name))
    left = wanted - sum(shares.values())
    for name in by_remainder:
        if left <= 0:
            break
        if shares[name] < sizes[name] and exact[name] >= 1:
            shares[name] += 1
            left -= 1
    return shares
