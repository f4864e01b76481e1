"""A run's proof as a file that anyone can check: no solver, no arrays, only whole numbers.

The file holds who could be matched with whom at what value, the seats and their costs,
the matching and the seat prices. `verify` recomputes what the matching is worth and what
no matching can exceed at these prices; equal numbers prove that none is better.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.assignment.problem import NO_EDGE
from matching.assignment.run import AssignmentRun

KIND = "qichuang-assignment"
VERSION = 1


class CertificateUnreadable(ValueError):
    """A file is no certificate of ours, or is damaged."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What checking a certificate found; `faults` in Chinese, none when it holds."""

    needs: int
    mentors: int
    matched: int
    worth: int
    bound: int
    faults: tuple[str, ...]

    @property
    def valid(self) -> bool:
        """Whether the matching keeps all limits and is proven optimal."""
        return not self.faults


def certificate_data(run: AssignmentRun) -> dict[str, Any]:
    """Return a run's proof as JSON values; pairs are [mentor, value in millionths]."""
    problem = run.problem
    pairs = [
        [[int(j), int(row[j])] for j in np.flatnonzero(row != NO_EDGE)] for row in problem.values
    ]
    return {
        "kind": KIND,
        "version": VERSION,
        "day": run.day.isoformat(),
        "weights": run.weights.version,
        "policy": run.policy.version,
        "solver": run.solver,
        "needs": [need.code for need in run.needs],
        "mentors": [mentor.code for mentor in run.mentors],
        "pairs": pairs,
        "urgency": problem.bonus.tolist(),
        "coverage": problem.coverage,
        "seats": problem.seats.tolist(),
        "seat_costs": problem.seat_costs.tolist(),
        "match": run.match.tolist(),
        "prices": run.certificate.prices.tolist(),
    }


def verify(data: Mapping[str, Any]) -> Verdict:
    """Check a certificate by itself. Raises CertificateUnreadable for anything else."""
    try:
        return _verify(data)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise CertificateUnreadable("这不是本系统的分配证明，或文件已损坏。") from error


@dataclass(frozen=True, slots=True)
class _Proof:
    """The numbers of a certificate, plain and checked for their lengths."""

    pairs: list[dict[int, int]]
    urgency: list[int]
    costs: list[list[int]]  # of each mentor's seats
    match: list[int]
    prices: list[int]
    coverage: int

    @property
    def loads(self) -> list[int]:
        """How many each mentor got."""
        taken = Counter(self.match)
        return [taken[column] for column in range(len(self.costs))]

    def gain(self, row: int, column: int) -> int:
        """What a possible pair gains."""
        return self.coverage + self.urgency[row] + self.pairs[row][column]

    def needed_coverage(self) -> int:
        """From which number on no match is given up for better ones."""
        seats = sum(len(row) for row in self.costs)
        matches = min(len(self.pairs), seats)
        dearest_seat = max((cost for row in self.costs for cost in row), default=0)
        gains = (
            urgency + value
            for row, urgency in zip(self.pairs, self.urgency, strict=True)
            for value in row.values()
        )
        return matches * max(gains, default=0) + (matches + 1) * dearest_seat + 1

    def faults(self) -> tuple[str, ...]:
        """What is wrong with the matching itself."""
        found = []
        if any(j >= 0 and j not in self.pairs[i] for i, j in enumerate(self.match)):
            found.append("有人被安排给了规则不允许的导师。")
        if any(load > len(row) for load, row in zip(self.loads, self.costs, strict=True)):
            found.append("有导师被安排的人数超过名额。")
        if self.coverage < self.needed_coverage():
            found.append("覆盖权重太小，不能保证先让更多人有导师。")
        if any(row != sorted(row) for row in self.costs):
            found.append("名额的费用不是逐个不减的。")
        return tuple(found)

    def worth(self) -> int:
        """What the matching is worth."""
        gained = sum(self.gain(i, j) for i, j in enumerate(self.match) if j >= 0)
        return gained - sum(
            sum(row[:load]) for row, load in zip(self.costs, self.loads, strict=True)
        )

    def bound(self) -> int:
        """What no matching can exceed at these prices."""
        surplus = sum(
            max([0, *(self.gain(i, j) - self.prices[j] for j in row)])
            for i, row in enumerate(self.pairs)
        )
        return surplus + sum(
            max(0, price - cost)
            for price, row in zip(self.prices, self.costs, strict=True)
            for cost in row
        )


def _verify(data: Mapping[str, Any]) -> Verdict:
    proof = _read(data)
    faults = proof.faults()
    worth, bound = (0, 0) if faults else (proof.worth(), proof.bound())
    if worth != bound:
        faults = ("价格给出的上界高于这一分配的价值，不能证明它最优。",)
    matched = sum(column >= 0 for column in proof.match)
    return Verdict(len(proof.pairs), len(proof.costs), matched, worth, bound, faults)


def _read(data: Mapping[str, Any]) -> _Proof:
    if data["kind"] != KIND or data["version"] != VERSION:
        raise ValueError("another kind or version")
    seats = [_whole(number) for number in data["seats"]]
    proof = _Proof(
        pairs=[{_whole(j): _whole(value) for j, value in row} for row in data["pairs"]],
        urgency=[_whole(number) for number in data["urgency"]],
        costs=[
            [_whole(cost) for cost in row[:many]]
            for row, many in zip(data["seat_costs"], seats, strict=True)
        ],
        match=[_whole(number) for number in data["match"]],
        prices=[_whole(number) for number in data["prices"]],
        coverage=_whole(data["coverage"]),
    )
    needs, mentors = len(data["needs"]), len(data["mentors"])
    if not (
        len(proof.pairs) == len(proof.urgency) == len(proof.match) == needs
        and len(proof.costs) == len(proof.prices) == mentors
        and [len(row) for row in proof.costs] == seats
        and all(0 <= j < mentors for row in proof.pairs for j in row)
        and all(-1 <= j < mentors for j in proof.match)
    ):
        raise ValueError("lengths differ")
    return proof


def _whole(number: object) -> int:
    if type(number) is not int:
        raise TypeError("not a whole number")
    return number
