"""What is done to hand-overs without anybody's doing."""

from datetime import UTC, datetime

from guidance.handover.answering import close_quiet
from guidance.handover.handover import anything_quiet
from storage.database import Database


def tend_handovers(database: Database) -> int:
    """End the hand-overs that were answered and to which nothing was said; return how many."""
    now = datetime.now(UTC)
    with database.reading() as db:
        if not anything_quiet(db, now):
            return 0
    with database.writing() as db:
        return close_quiet(db, now)
