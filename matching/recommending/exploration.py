"""One place of a list kept for what is rarely shown, with the chance that it came there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

SLOT = 5  # from 1; the first places stay the best
EXPLORING_FROM = 5  # candidates; with fewer, each has its place anyway
SHORTEST = 3  # places of a list whose last one is drawn: two stay the best


@dataclass(frozen=True, slots=True)
class Placed:
    """An item of a list with its propensity: 1 where the score alone put it there."""

    code: str
    propensity: float


def with_exploration(
    ranked: Sequence[str],
    length: int,
    shown_before: Mapping[str, int],
    random: np.random.Generator,
    slot: int = SLOT,
) -> tuple[Placed, ...]:
    """Return a list whose slot is drawn among all that the score left out.

    The rarer something was shown, the likelier it is drawn, in the ratio 1 / (1 + times).
    `ranked` holds only what the rules allow: exploring breaks no rule. Short lists, and
    lists that show everything, stay as they are.
    """
    best = [Placed(code, 1.0) for code in ranked[:length]]
    if length < slot or len(ranked) <= length:
        return tuple(best)
    pool = [ranked[slot - 1], *ranked[length:]]
    chances = np.array([1.0 / (1 + shown_before.get(code, 0)) for code in pool])
    chances /= chances.sum()
    drawn = int(random.choice(len(pool), p=chances))
    best[slot - 1] = Placed(pool[drawn], float(chances[drawn]))
    return tuple(best)


def with_last_place_drawn(ranked: Sequence[str], length: int, seed: str) -> tuple[Placed, ...]:
    """Return a list whose last place is drawn, each with the same chance, the same for a seed."""
    if length < SHORTEST:
        return tuple(Placed(code, 1.0) for code in ranked[:length])
    random = np.random.default_rng(int.from_bytes(sha256(seed.encode()).digest()[:16]))
    return with_exploration(ranked, length, {}, random, slot=length)
