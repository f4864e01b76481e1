"""Who is proposed to which mentor: as many people as possible, then as well as possible.

`assign` is pure: the same needs, mentors and day give the same run, whatever they are
called and in whatever order they come. Accepted pairs stay out of it (they are part of a
mentor's load); open proposals may be moved, but only for a gain worth the trouble.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from matching.assignment.building import build_problem, urgencies
from matching.assignment.canonical_order import content_key
from matching.assignment.certificate import Certificate
from matching.assignment.problem import NO_EDGE, Ints, Problem
from matching.assignment.rulebook import AssignmentPolicy, Rulebook, load_rulebook
from matching.assignment.scoring import UNITS, MentorWeights
from matching.assignment.search import find_optimum
from matching.assignment.solvers import Engine
from matching.mentors.facts import MentorFacts, MentorNeed


@dataclass(frozen=True, eq=False)
class AssignmentRun:
    """One run: what was given, the matching, and its proof.

    Rows and columns of `problem` are `needs` and `mentors` in canonical order; `match`
    has a mentor's column for each need, or -1. `open_pairs` are the proposals that were
    open before.
    """

    needs: tuple[MentorNeed, ...]
    mentors: tuple[MentorFacts, ...]
    day: date
    problem: Problem
    match: Ints
    certificate: Certificate
    solver: str
    rounds: int
    weights: MentorWeights
    policy: AssignmentPolicy
    open_pairs: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def pairs(self) -> dict[str, str]:
        """Need's code -> mentor's code of every matched need, by need."""
        found = {
            need.code: self.mentors[column].code
            for need, column in zip(self.needs, self.match.tolist(), strict=True)
            if column >= 0
        }
        return dict(sorted(found.items()))

    @property
    def new_pairs(self) -> dict[str, str]:
        """The matched pairs that were not proposed before: to be proposed now."""
        return {n: m for n, m in self.pairs.items() if self.open_pairs.get(n) != m}

    @property
    def dropped_pairs(self) -> dict[str, str]:
        """The open proposals that the run gives up: to be withdrawn now."""
        return {n: m for n, m in self.open_pairs.items() if self.pairs.get(n) != m}

    @property
    def utility(self) -> float:
        """The summed values of all matched pairs, without urgency, churn and wishes."""
        kept = sum(self.pairs.get(need) == mentor for need, mentor in self.open_pairs.items())
        wished = sum(
            self.policy.wish_bonus(need, self.pairs.get(need.code, ""))
            for need in self.needs
            if need.wishes
        )
        return self.problem.utility(self.match) / UNITS - kept * self.policy.churn - wished

    def row_of(self, need_code: str) -> int:
        """Return the row of a need; KeyError where the run does not know it."""
        return self._rows[need_code]

    def column_of(self, mentor_code: str) -> int:
        """Return the column of a mentor; KeyError where the run does not know one."""
        return self._columns[mentor_code]

    @cached_property
    def _rows(self) -> dict[str, int]:
        return {need.code: row for row, need in enumerate(self.needs)}

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {mentor.code: column for column, mentor in enumerate(self.mentors)}


def assign(
    needs: Sequence[MentorNeed],
    mentors: Sequence[MentorFacts],
    day: date,
    *,
    open_pairs: Mapping[str, str] | None = None,
    banned: Collection[tuple[str, str]] = (),
    rulebook: Rulebook | None = None,
) -> AssignmentRun:
    """Match needs with mentors; every run comes with a certificate.

    `needs` are those without a pairing, with those whose proposal is open (`open_pairs`,
    need's code -> mentor's code). A mentor's load counts the open proposals; their seats
    are available to the run. `banned` are further (need, mentor) codes never to be
    matched. Cardinality comes first; among the largest matchings the best is taken.
    """
    rulebook = rulebook or load_rulebook()
    needs = tuple(sorted(needs, key=content_key))
    mentors = tuple(sorted(mentors, key=content_key))
    known = {need.code for need in needs}
    opened = {n: m for n, m in (open_pairs or {}).items() if n in known}
    problem = build_problem(needs, mentors, day, opened, rulebook)
    _ban(problem, needs, mentors, banned)
    found = find_optimum(problem, rulebook.engine)
    return AssignmentRun(
        needs,
        mentors,
        day,
        problem,
        found.match,
        found.certificate,
        rulebook.engine.name,
        found.rounds,
        rulebook.weights,
        rulebook.policy,
        opened,
    )


def with_priority(
    run: AssignmentRun, priority: float, groups: frozenset[str], engine: Engine
) -> AssignmentRun:
    """Match what a run matched once more, with this priority of these groups.

    A priority adds the same to every pair of a need: nothing else is built anew.
    """
    policy = replace(run.policy, priority=priority, priority_groups=groups)
    problem = replace(run.problem, bonus=urgencies(run.needs, policy))
    found = find_optimum(problem, engine)
    return replace(
        run,
        problem=problem,
        match=found.match,
        certificate=found.certificate,
        solver=engine.name,
        rounds=found.rounds,
        policy=policy,
    )


def _ban(
    problem: Problem,
    needs: Sequence[MentorNeed],
    mentors: Sequence[MentorFacts],
    banned: Collection[tuple[str, str]],
) -> None:
    rows = {need.code: row for row, need in enumerate(needs)}
    columns = {mentor.code: column for column, mentor in enumerate(mentors)}
    for need, mentor in banned:
        if need in rows and mentor in columns:
            problem.values[rows[need], columns[mentor]] = NO_EDGE
