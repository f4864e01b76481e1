"""Many small ledgers made at random, corrected, merged, and every figure of them recounted.

`python -m evaluation.ledger_recounts --ledgers 200 --sessions 1400 --seed 1` makes each on a
fresh SQLite file, or with `--url` in a database of its own on that PostgreSQL server.
People are merged and locked figures corrected by the product itself; then all invariants
must hold and the independent recount must give what the product gives, figure by figure.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from accounts.role import Role
from evaluation.fresh_database import fresh_database
from evaluation.ledger_parts import Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import fill
from evaluation.recount import recount
from evaluation.recount_report import Recounted
from guidance.counting.invariants import check_invariants
from guidance.counting.tally import counted_by, persons_of_year
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.people.merging import merge_people
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment, refuse_adjustment
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.periods.locking import restated, units_restated
from guidance.periods.record import PeriodRecord, PeriodState
from guidance.review.proposal import AlreadyDecided
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from storage.database import Database

MERGES, CORRECTIONS = 40, 60
FREQUENT = 100
AT = datetime(2026, 11, 2, 2, tzinfo=UTC)
# Accounts that had no part in what was made.
FIRST, SECOND = (Staff(number, frozenset({Role.REVIEWER})) for number in (9001, 9002))
REFUSALS = (AlreadyDecided, DutiesNotSeparate, TransitionRefused)
UNITS = ("第1局", "第9局", "")
SPLITS = ("channel", "service_line", "identity_level", "month")


def disturb(database: Database, chance: Random) -> Counter[str]:
    """Merge people and correct locked quarters at random; return what was done and refused."""
    happened: Counter[str] = Counter()
    with database.reading() as db:
        often = select(GuidanceSession.counts_for).group_by(GuidanceSession.counts_for)
        often = often.order_by(func.count().desc(), GuidanceSession.counts_for)
        people = list(db.scalars(often.limit(FREQUENT)))  # they have days in common
        closed = select(PeriodRecord.period).where(PeriodRecord.state == PeriodState.LOCKED)
        decided = (SessionState.LOCKED, SessionState.REJECTED, SessionState.UNQUALIFIED)
        ids = db.scalars(
            select(GuidanceSession.id)
            .where(GuidanceSession.period.in_(closed), GuidanceSession.state.in_(decided))
            .order_by(GuidanceSession.id)
        ).all()
    steps = ["merge"] * MERGES + ["correct"] * CORRECTIONS + ["decide"] * CORRECTIONS
    chance.shuffle(steps)
    for step in steps:
        try:
            with database.writing() as db:
                if step == "merge":
                    kept, absorbed = chance.sample(people, 2)
                    people.remove(absorbed)
                    merge_people(db, kept, absorbed, AT)
                elif step == "correct":
                    words = Words("查实", "台账〔2026〕1号", to_unit=chance.choice(UNITS))
                    kind = chance.choice(list(AdjustmentKind))
                    propose_adjustment(db, kind, chance.choice(ids), FIRST, AT, words)
                else:
                    _decide(db, chance)
        except REFUSALS:
            happened[f"{step} refused"] += 1
        else:
            happened[step] += 1
    with database.reading() as db:
        posted = select(func.count()).where(Adjustment.status == AdjustmentStatus.POSTED)
        happened["posted"] = db.scalar(posted) or 0
    return happened


def _decide(db: Session, chance: Random) -> None:
    waiting = select(Adjustment.id).where(Adjustment.status == AdjustmentStatus.PROPOSED)
    proposed = db.scalars(waiting.order_by(Adjustment.id)).all()
    if not proposed:
        return
    if chance.random() < 0.2:
        refuse_adjustment(db, chance.choice(proposed), SECOND, AT, "查无依据")
    else:
        post_adjustment(db, chance.choice(proposed), SECOND, AT)


def differences(database: Database) -> Iterator[str]:
    """Compare the product's figures, quarter by quarter and part by part, with the recount."""
    with database.reading() as db:
        yield from (f"{one.invariant}: {one}" for one in check_invariants(db))
        figures = recount(database.engine)
        yield from figures["differs"]
        again = Recounted(database.engine)
        for period in figures["sessions"]:
            ours = restated(db, period)
            told = (ours["original"], ours["revised"], ours["difference"])
            yield from _unequal(f"{period} restated", told, again.restated(period))
            units = {unit: n for unit, n in units_restated(db, period).items() if n}
            others = {unit: row[0] for unit, row in again.units([period]).items() if row[0]}
            yield from _unequal(f"{period} units", units, others)
            for split in SPLITS:
                parts = {str(part): n for part, n in counted_by(db, split, period).items() if n}
                yield from _unequal(f"{period} {split}", parts, again.split(split, [period]))
        for year, persons in figures["persons"].items():
            yield from _unequal(f"{year} persons", persons_of_year(db, int(year)), persons)


def _unequal(what: str, ours: object, recounted: object) -> Iterator[str]:
    if ours != recounted:
        yield f"{what}: ours {ours}, recounted {recounted}"


def recount_many(ledgers: int, sessions: int, seed: int, url: str | None = None) -> dict[str, Any]:
    """Make, disturb and recount; return how much of each was done, and the differences."""
    happened: Counter[str] = Counter()
    found: list[str] = []
    for number in range(seed, seed + ledgers):
        with fresh_database(url, f"recount_{number}") as database:
            fill(database, made(Scale(sessions, 1.0, seed=number)), lambda _done: None)
            happened += disturb(database, Random(number))
            found += [f"seed {number}: {what}" for what in differences(database)]
    return {
        "ledgers": ledgers, "sessions": sessions, "seed": seed,
        "done": dict(sorted(happened.items())), "differences": found,
    }  # fmt: skip


def main() -> None:
    """Run from the command line; prints one JSON object, exit status 1 for any difference."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ledgers", type=int, default=200)
    parser.add_argument("--sessions", type=int, default=1400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--url")
    given = parser.parse_args()
    result = recount_many(given.ledgers, given.sessions, given.seed, given.url)
    sys.stdout.write(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    sys.exit(bool(result["differences"]))


if __name__ == "__main__":
    main()
