"""What is said of the times that a read or a page took, and whether they stay within the goals."""

from typing import Any

import numpy as np

GOALS_MS = {"indicators": 300.0, "review_queue": 200.0}
VERIFY_GOAL_S = 60.0
REPEATS = 15


def summary(took_ms: list[float], processor_s: float) -> dict[str, float]:
    """Sum up the milliseconds of calls in their order, with the processor time of all of them."""
    return {
        "first": round(took_ms[0], 1),
        "p50": round(float(np.percentile(took_ms, 50)), 1),
        "p95": round(float(np.percentile(took_ms, 95)), 1),
        "worst": round(max(took_ms), 1),
        "processor": round(processor_s * 1000 / len(took_ms), 2),
    }


def goals_met(result: dict[str, Any]) -> dict[str, bool]:
    """Return of each goal whether the slowest of its reads and of its pages stay within it."""
    met = {
        group: all(
            one["p95"] <= most
            for timed in (result[group], result["pages"][group])
            for one in timed.values()
        )
        for group, most in GOALS_MS.items()
    }
    return met | {"audit_verify": result["audit_verify"]["seconds"] <= VERIFY_GOAL_S}
