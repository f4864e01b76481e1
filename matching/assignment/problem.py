"""An assignment problem in whole numbers: who may have which seat, and what it is worth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_EDGE = -1
UNMATCHED = -1

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """n needs, m mentors.

    `values` (n, m) int32: what a pair is worth in millionths, NO_EDGE where it is not
    possible. `bonus` (n,) int64: added to every pair of a need. `seats` (m,) int64.
    `seat_costs` (m, s) int64: what the first, second... seat of a mentor costs, never
    falling; s is at least the largest number of seats.
    """

    values: NDArray[np.int32]
    bonus: Ints
    seats: Ints
    seat_costs: Ints

    @property
    def coverage(self) -> int:
        """What every match gains, so large that no match is given up for better ones.

        K matches cannot be worth more than K times the dearest pair; K + 1 matches cost
        at most K + 1 times the dearest seat.
        """
        if not self.values.size:
            return 1
        most_matches = int(min(len(self.values), self.seats.sum()))
        dearest_pair = int(self.values.max()) + int(self.bonus.max())
        dearest_seat = int(self.seat_costs.max(initial=0))
        return most_matches * dearest_pair + (most_matches + 1) * dearest_seat + 1

    def gains(self, needs: Ints, mentors: Ints) -> Ints:
        """Return what possible pairs are worth to the optimiser, coverage included."""
        return self.coverage + self.bonus[needs] + self.values[needs, mentors]

    def loads(self, match: Ints) -> Ints:
        """Return how many seats of each mentor a matching takes."""
        return np.bincount(match[match >= 0], minlength=len(self.seats)).astype(np.int64)

    def worth(self, match: Ints) -> int:
        """Return the objective of a matching: gains less seat costs."""
        needs = np.flatnonzero(match >= 0)
        gained = int(self.gains(needs, match[needs]).sum())
        taken = np.arange(self.seat_costs.shape[1])[None, :] < self.loads(match)[:, None]
        return gained - int(self.seat_costs[taken].sum())

    def utility(self, match: Ints) -> int:
        """Return the summed values of the matched pairs alone, in millionths."""
        needs = np.flatnonzero(match >= 0)
        return int(self.values[needs, match[needs]].sum())
