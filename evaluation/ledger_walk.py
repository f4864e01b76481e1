"""A random walk through the life of sessions, with every invariant checked on the way.

`python -m evaluation.ledger_walk --runs 100 --steps 100 --seed 1` walks on a fresh SQLite
file per run, or with `--url` in a fresh database on that PostgreSQL server. Every step is
something people do, at any moment: what the ledger refuses it must refuse cleanly, whatever
it allows must keep all invariants, and at the end the independent recount must agree.
"""

import argparse
import json
import random
import sys
from collections import Counter
from typing import Any

from evaluation.fresh_database import fresh_database
from evaluation.ledger_asking import ASKING
from evaluation.ledger_quarters import QUARTERS
from evaluation.ledger_reviewing import REVIEWING
from evaluation.ledger_rules import RULES
from evaluation.ledger_walker import Choose, Walker
from evaluation.recount import recount
from guidance.counting.invariants import Violation, check_invariants
from guidance.human_session import EntryHeld
from guidance.lifecycle import TransitionRefused
from guidance.people.merging import SamePersonAlready
from guidance.review.proposal import AlreadyDecided
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from guidance.session import MessageIdReused
from storage.database import Database

REFUSALS = (
    AlreadyDecided,
    DutiesNotSeparate,
    EntryHeld,
    MessageIdReused,  # the stored message was erased
    NotYourDuty,
    SamePersonAlready,
    TransitionRefused,
)
DO = ASKING | REVIEWING | QUARTERS | RULES
STEPS = tuple(DO)
# What people do most often; the rest happens now and then.
OFTEN = (
    "wait",
    "ask",
    "meet",
    "sweep",
    "judge",
    "batch",
    "submit",
    "approve",
    "approve",
    "confirm",
)


class LedgerWalk(Walker):
    """A walker that counts its steps, and looks whether everything still holds."""

    def __init__(self, database: Database, choose: Choose, name: str = "") -> None:
        super().__init__(database, choose, name)
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    def step(self, name: str | None = None) -> None:
        """Do one thing, chosen or given; a clean refusal is a fine outcome."""
        name = name or self.choose(STEPS)
        try:
            with self.database.writing() as db:
                DO[name](self, db)
        except REFUSALS:
            self.refused[name] += 1
        else:
            self.done[name] += 1

    def violations(self) -> list[Violation]:
        """Check the invariants, and the recount's figures against the product's."""
        with self.database.reading() as db:
            found = check_invariants(db)
        return found + [Violation("R5", what) for what in recount(self.database.engine)["differs"]]


def walk(runs: int, steps: int, seed: int, url: str | None = None) -> dict[str, Any]:
    """Walk; return how often each step was done and refused, and the violations found."""
    done: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    violations: list[str] = []
    for run in range(runs):
        chance = random.Random(seed + run)
        with fresh_database(url, f"walk_{seed + run}") as database:
            one = LedgerWalk(database, chance.choice)
            for number in range(steps):
                one.step(chance.choice(OFTEN) if chance.random() < 0.6 else None)
                if found := one.violations():
                    violations.append(f"seed {seed + run}, step {number}: {found[0]}")
                    break
        done.update(one.done)
        refused.update(one.refused)
    return {
        "runs": runs, "steps": sum(done.values()) + sum(refused.values()),
        "done": dict(done), "refused": dict(refused), "violations": violations,
    }  # fmt: skip


def main() -> None:
    """Run from the command line; prints one JSON object, exit status 1 for any violation."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url")
    given = parser.parse_args()
    result = walk(given.runs, given.steps, given.seed, given.url)
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.exit(bool(result["violations"]))


if __name__ == "__main__":
    main()
