"""Matching again whenever something changed: planned while reading, stored while writing."""

from datetime import UTC, datetime

from api.mentors.telling import mentoring_step
from api.policies.validity import today
from matching.mentoring.absence import release_absent
from matching.mentoring.fingerprint import fingerprint
from matching.mentoring.moves import Proposer
from matching.mentoring.proposing import keep_deadlines
from matching.mentoring.ruling import note_inputs, rules_now
from matching.mentoring.run import (
    Round,
    apply_run,
    drop_waiting_run,
    gather,
    store_run,
)
from storage.database import Database

# A larger district is matched in the background within a minute, not while somebody waits.
AT_ONCE_PAIRS = 300_000
AUTOMATIC = "自动分配"


def resolve(
    database: Database,
    at: datetime,
    proposer: Proposer | None = None,
    *,
    asked_for: bool = False,
    in_background: bool = False,
) -> int | None:
    """Match all who wait again if anything changed; return the number of a new run.

    Whatever happened (a request, a decline, a new or resumed mentor, a freed seat, other
    weights, the next day) shows in the inputs; equal inputs are not matched twice, unless
    a colleague `asked_for` it. The run waits for a handler, or is applied at once where
    the installation is set so.
    """
    with database.reading() as db:
        round_ = gather(db, at, today())
        inputs = fingerprint(round_)
        same = rules_now(db).inputs == inputs
    if (same or _too_large(round_, in_background)) and not asked_for:
        return None
    found = round_.solve()
    run = found.run
    by = proposer or Proposer()
    with mentoring_step(database) as db:
        note_inputs(db, inputs)
        if not (run.new_pairs or run.dropped_pairs or asked_for):
            drop_waiting_run(db)
            return None
        number = store_run(db, run, by, at, found.text if found.members else "")
        if rules_now(db).automatic:
            apply_run(db, number, Proposer(by.actor, AUTOMATIC), at, today())
    return number


def tend_mentoring(database: Database) -> None:
    """Remind, expire, move on who is with mentors that left, and match again."""
    now = datetime.now(UTC)
    with mentoring_step(database) as db:
        keep_deadlines(db, now)
        release_absent(db, now, today())
    resolve(database, now, in_background=True)


def after_change(database: Database) -> None:
    """Do at once what the change of a mentor calls for."""
    now = datetime.now(UTC)
    with mentoring_step(database) as db:
        release_absent(db, now, today())
    resolve(database, now)


def _too_large(round_: Round, in_background: bool) -> bool:
    return not in_background and len(round_.needs) * len(round_.mentors) > AT_ONCE_PAIRS
