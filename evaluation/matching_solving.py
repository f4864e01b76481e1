"""The assignment against simpler ways: first come first served, greedy, Gale and Shapley."""

import resource
import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.matching_instance import HARD_TO_PLACE, District, draw_district
from matching.assignment.certificate_file import certificate_data, verify
from matching.assignment.edges import possible_pairs
from matching.assignment.fairness import Floor, assign_with_floor, gini, load_gini
from matching.assignment.pair_reasons import Unexplained, explain_pair
from matching.assignment.pair_table import PairTable
from matching.assignment.problem import NO_EDGE, UNMATCHED, Ints
from matching.assignment.rulebook import AssignmentPolicy, Rulebook, load_rulebook
from matching.assignment.run import AssignmentRun, assign
from matching.assignment.scoring import UNITS, score_pairs
from matching.assignment.stable import count_blocking_pairs, stable_by_value, stable_match

Sides = NDArray[np.int32]
_UNEXPLAINED = "unexplained"
FIT_ALONE = AssignmentPolicy("fit-alone", fairness=0.0, waiting_a_day=0.0, passed_over=0.0)


@dataclass(frozen=True, slots=True, eq=False)
class Sided:
    """What each pair is worth to each side and together, in millionths; (n, m), -1 for none."""

    value: Sides
    mentee: Sides
    mentor: Sides
    seats: Ints


def sided(district: District, rulebook: Rulebook) -> Sided:
    """Score a district in the order of its needs' arrival."""
    table = PairTable(district.needs, district.mentors)
    value, mentee, mentor = (np.full(table.shape, NO_EDGE, dtype=np.int32) for _ in range(3))
    for rows in table.blocks():
        mask = possible_pairs(table, rows, district.day)
        scores = score_pairs(table, rows, mask, rulebook.weights)
        value[rows][mask] = scores.value
        mentee[rows][mask] = np.rint(scores.mentee * UNITS).astype(np.int32)
        mentor[rows][mask] = np.rint(scores.mentor * UNITS).astype(np.int32)
    seats = np.array([one.free_seats for one in district.mentors], dtype=np.int64)
    return Sided(value, mentee, mentor, seats)


def solving_row(needs: int, mentors: int, seed: int = 0) -> dict[str, Any]:
    """Measure one size, fit alone: the optimum end to end, and the simpler ways beside it."""
    rulebook = replace(load_rulebook(), policy=FIT_ALONE)
    district = draw_district(needs, mentors, seed=seed)
    began, began_cpu = time.perf_counter(), time.process_time()
    run = assign(district.needs, district.mentors, district.day, rulebook=rulebook)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    # Before the simpler ways need memory of their own.
    peak_mb = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    sides = sided(district, rulebook)
    columns = {one.code: column for column, one in enumerate(district.mentors)}
    chosen = [columns.get(run.pairs.get(need.code, ""), UNMATCHED) for need in district.needs]
    return {
        "needs": needs,
        "mentors": mentors,
        "solver": run.solver,
        "seconds": round(seconds, 3),
        "cpu_seconds": round(cpu_seconds, 3),  # what other work on the machine does not change
        "rounds": run.rounds,
        "certificate_valid": run.certificate.valid,
        "peak_rss_mb": peak_mb,
        "methods": {
            "optimal": _measures(sides, np.array(chosen, dtype=np.int64)),
            "first_come_first_served": _measures(sides, first_come_first_served(sides)),
            "greedy": _measures(sides, stable_by_value(sides.value, sides.seats)),
            "gale_shapley": _measures(sides, gale_shapley(sides)),
        },
    }


def first_come_first_served(sides: Sided) -> Ints:
    """Give each need in turn the best mentor who still has a seat."""
    left = sides.seats.copy()
    match = np.full(len(sides.value), UNMATCHED, dtype=np.int64)
    for row, values in enumerate(sides.value):
        best = int(np.where(left > 0, values, NO_EDGE).argmax())
        if values[best] != NO_EDGE and left[best]:
            match[row] = best
            left[best] -= 1
    return match


def gale_shapley(sides: Sided) -> Ints:
    """Let people propose by their own side's score and mentors choose by theirs."""
    wishes = {
        row: [int(j) for j in np.argsort(-worth, kind="stable")[: int((worth >= 0).sum())]]
        for row, worth in enumerate(sides.mentee)
    }
    rankings = {
        column: [int(i) for i in np.argsort(-worth, kind="stable")[: int((worth >= 0).sum())]]
        for column, worth in enumerate(sides.mentor.T)
    }
    found = stable_match(wishes, rankings, dict(enumerate(sides.seats.tolist())))
    match = np.full(len(sides.value), UNMATCHED, dtype=np.int64)
    match[list(found)] = list(found.values())
    return match


def _measures(sides: Sided, match: Ints) -> dict[str, float | int]:
    matched = np.flatnonzero(match >= 0)
    loads = np.bincount(match[matched], minlength=len(sides.seats))
    return {
        "matched": len(matched),
        "utility": round(float(sides.value[matched, match[matched]].sum()) / UNITS, 1),
        "blocking_pairs": count_blocking_pairs(sides.mentee, sides.mentor, sides.seats, match),
        "load_gini": round(gini(loads / np.maximum(sides.seats, 1)), 3),
    }


def fairness_rows(needs: int, mentors: int, seeds: int) -> list[dict[str, float]]:
    """Measure what spreading the load costs, at 1.6 seats a need, against no spreading."""
    runs: dict[float, list[AssignmentRun]] = {}
    for strength, seed in product((0.0, 0.1, 0.2, 0.4), range(seeds)):
        district = draw_district(needs, mentors, seats_per_need=1.6, seed=seed)
        rulebook = replace(load_rulebook(), policy=replace(FIT_ALONE, fairness=strength))
        run = assign(district.needs, district.mentors, district.day, rulebook=rulebook)
        runs.setdefault(strength, []).append(run)
    plain = sum(run.utility for run in runs[0.0])
    return [
        {
            "fairness": strength,
            "load_gini": round(float(np.mean([load_gini(run) for run in group])), 3),
            "utility_change": round(sum(run.utility for run in group) / plain - 1, 4),
            "matched": float(np.mean([len(run.pairs) for run in group])),
        }
        for strength, group in runs.items()
    ]


def floor_row(needs: int, mentors: int, share: float = 0.9) -> dict[str, Any]:
    """Measure a floor for a group that arrives last, at 0.6 seats a need."""
    district = draw_district(needs, mentors, seats_per_need=0.6, floor_group=True)
    rulebook = replace(load_rulebook(), policy=FIT_ALONE)
    floor = Floor(frozenset(HARD_TO_PLACE), share)
    found = assign_with_floor(district.needs, district.mentors, district.day, floor, rulebook)
    sides = sided(district, rulebook)
    members = [bool(need.groups) for need in district.needs]
    first_come = int((first_come_first_served(sides)[members] >= 0).sum())
    return {
        "members": found.members,
        "first_come_first_served": first_come,
        "without_floor": found.served_without,
        "with_floor": found.served,
        "reached": found.reached,
        "utility_change": round(-found.price / (found.run.utility + found.price), 4),
        "certificate_valid": found.run.certificate.valid,
    }


def explained(needs: int, mentors: int) -> dict[str, int]:
    """Ask why and why not for every pair; count the answers by kind."""
    district = draw_district(needs, mentors, seats_per_need=0.9)
    run = assign(district.needs, district.mentors, district.day)
    pairs = product(run.needs, run.mentors)
    kinds = Counter(_kind(run, need.code, mentor.code) for need, mentor in pairs)
    return {"pairs": needs * mentors, _UNEXPLAINED: 0} | dict(sorted(kinds.items()))


def _kind(run: AssignmentRun, need: str, mentor: str) -> str:
    try:
        return str(explain_pair(run, need, mentor).kind)
    except Unexplained:
        return _UNEXPLAINED


def own_certificate(needs: int, mentors: int) -> dict[str, Any]:
    """Return the certificate of one run as it is stored, checked by itself."""
    district = draw_district(needs, mentors, seats_per_need=0.9)
    data = certificate_data(assign(district.needs, district.mentors, district.day))
    data["checked"] = verify(data).valid
    return data


def metamorphic(needs: int, mentors: int, seeds: int) -> dict[str, int]:
    """Count how often a change that must not matter does; every number should be 0."""
    found = Counter(
        dict.fromkeys(
            (
                "renamed_differs",
                "stranger_lowers",
                "more_seats_match_fewer",
                "groups_change_scores",
            ),
            0,
        )
    )
    rulebook = replace(load_rulebook(), policy=FIT_ALONE)
    for seed in range(seeds):
        district = draw_district(needs, mentors, seats_per_need=0.8, seed=seed)
        run = assign(district.needs, district.mentors, district.day, rulebook=rulebook)
        renamed = assign(
            [replace(one, code=f"r{one.code}") for one in reversed(district.needs)],
            [replace(one, code=f"r{one.code}") for one in reversed(district.mentors)],
            district.day,
            rulebook=rulebook,
        )
        expected = {f"r{need}": f"r{mentor}" for need, mentor in run.pairs.items()}
        found["renamed_differs"] += renamed.pairs != expected
        stranger = replace(district.mentors[0], code="stranger", topics=(), industries=())
        others = assign(
            district.needs, [*district.mentors, stranger], district.day, rulebook=rulebook
        )
        found["stranger_lowers"] += others.utility < run.utility - 1e-9
        roomier = [
            replace(one, concurrent_cap=one.concurrent_cap + 1, yearly_cap=999, weekly_cap=999)
            for one in district.mentors
        ]
        more = assign(district.needs, roomier, district.day, rulebook=rulebook)
        found["more_seats_match_fewer"] += len(more.pairs) < len(run.pairs)
        anonymous = District(
            tuple(replace(one, groups=frozenset()) for one in district.needs),
            district.mentors,
            district.day,
        )
        before, after = sided(district, rulebook), sided(anonymous, rulebook)
        found["groups_change_scores"] += before.value.tobytes() != after.value.tobytes()
    return found
