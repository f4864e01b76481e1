"""The evaluation of matching: everything that is claimed of it, measured, as one object."""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evaluation.matching_declines import decline_table
from evaluation.matching_learning import learning_table
from evaluation.matching_lists import list_metamorphic, list_row
from evaluation.matching_solving import (
    explained,
    fairness_rows,
    floor_row,
    metamorphic,
    own_certificate,
    solving_row,
)
from matching.assignment.solvers import installed_engine

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is measured: instance sizes, seeds of the simulations, size of the library."""

    sizes: tuple[tuple[int, int], ...]
    medium: tuple[int, int]  # needs and mentors of the simulations
    explained: tuple[int, int]
    seeds: int
    learning_seeds: int
    learning_sizes: tuple[int, ...]
    projects: int
    profiles: int


FULL = Extent(
    ((100, 20), (1_000, 100), (5_000, 300), (20_000, 1_000)),
    (1_000, 100),
    (300, 40),
    5,
    12,
    (20, 50, 100, 200),
    5_000,
    200,
)
QUICK = Extent(((100, 20), (200, 30)), (100, 20), (40, 10), 1, 2, (20, 50), 300, 20)


def evaluate_matching(
    extent: Extent, progress: Progress | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the report and the certificate of the medium instance."""
    certificate: dict[str, Any] = {}

    def solve() -> list[dict[str, Any]]:
        return [solving_row(needs, mentors) for needs, mentors in extent.sizes]

    def prove() -> dict[str, Any]:
        certificate.update(own_certificate(*extent.medium))
        return {"checked_without_solver": certificate.pop("checked")}

    parts: dict[str, Callable[[], Any]] = {
        "instances": solve,
        "certificate": prove,
        "fairness": lambda: fairness_rows(*extent.medium, extent.seeds),
        "floor": lambda: floor_row(*extent.medium),
        "explanations": lambda: explained(*extent.explained),
        "metamorphic": lambda: metamorphic(*extent.explained, extent.seeds),
        "declines": lambda: decline_table(*extent.medium, extent.seeds),
        "learning": lambda: learning_table(range(extent.learning_seeds), extent.learning_sizes),
        "project_lists": lambda: list_row(extent.projects, extent.profiles),
        "list_metamorphic": lambda: list_metamorphic(extent.projects, extent.profiles),
    }
    report: dict[str, Any] = {"solver": installed_engine().name}
    for done, (name, measure) in enumerate(parts.items(), start=1):
        report[name] = measure()
        if progress is not None:
            progress("正在衡量匹配", done, len(parts))
    report["peak_rss_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return report, certificate
