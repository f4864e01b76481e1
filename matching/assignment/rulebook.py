"""The published numbers by which people are proposed to mentors, and this machine's solver."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from matching.assignment.scoring import MentorWeights, load_weights
from matching.assignment.solvers import Engine, installed_engine
from matching.mentors.facts import MentorNeed

RANKED_WISHES = 3  # of the mentors whom a person asks for


@dataclass(frozen=True, slots=True)
class AssignmentPolicy:
    """What counts beside the fit, in the unit of a pair's value; see policy.yaml."""

    version: str
    fairness: float = 0.2
    waiting_a_day: float = 0.01
    waiting_most: float = 0.2
    passed_over: float = 0.05
    churn: float = 0.1
    wish: float = 0.0
    priority: float = 0.0
    priority_groups: frozenset[str] = frozenset()
    floor: float = 0.0

    def urgency(self, need: MentorNeed) -> float:
        """Return what is added to every pair of a need."""
        waiting = min(self.waiting_most, self.waiting_a_day * need.waiting_days)
        belongs = bool(need.groups & self.priority_groups)
        return waiting + self.passed_over * need.rounds + self.priority * belongs

    def wish_bonus(self, need: MentorNeed, mentor_code: str) -> float:
        """Return what a pair is worth more because the person asked for this very mentor."""
        if mentor_code not in need.wishes[:RANKED_WISHES]:
            return 0.0
        return self.wish * (RANKED_WISHES - need.wishes.index(mentor_code)) / RANKED_WISHES


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The published numbers and the solver with which a run is made."""

    weights: MentorWeights
    policy: AssignmentPolicy
    engine: Engine


@cache
def load_policy() -> AssignmentPolicy:
    """Read the shipped policy."""
    text = (resources.files("matching.assignment") / "policy.yaml").read_text("utf-8")
    data = yaml.safe_load(text)
    return AssignmentPolicy(**data | {"priority_groups": frozenset(data["priority_groups"])})


def load_rulebook(weights: MentorWeights | None = None) -> Rulebook:
    """Return weights, else the shipped ones, with the policy and this machine's best solver."""
    return Rulebook(weights or load_weights(), load_policy(), installed_engine())
