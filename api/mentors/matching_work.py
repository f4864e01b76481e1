"""Matching again whenever something came free: planned while reading, stored while writing."""

from datetime import UTC, datetime

from api.policies.validity import today
from matching.mentoring.mentorship import keep_deadlines
from matching.mentoring.moves import Proposer
from matching.mentoring.need import NeedState, needs_in
from matching.mentoring.run import plan, store_run
from storage.database import Database


def resolve(database: Database, at: datetime, proposer: Proposer | None = None) -> int | None:
    """Match all who wait again and keep the run for a handler to confirm; its number."""
    with database.reading() as db:
        if not needs_in(db, NeedState.WAITING):
            return None
        run = plan(db, at, today())
    with database.writing() as db:
        return store_run(db, run, proposer or Proposer(), at)


def tend_mentoring(database: Database) -> None:
    """Remind, expire, and match again what an expiry set free."""
    now = datetime.now(UTC)
    with database.writing() as db:
        expired = keep_deadlines(db, now)
    if expired:
        resolve(database, now)
