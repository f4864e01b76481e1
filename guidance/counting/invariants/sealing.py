"""Every seal computed anew, by as many processes as there are processors."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

from sqlalchemy import func, select

from guidance.counting.invariants.seals import broken_seals
from guidance.counting.invariants.violation import MOST, Violation
from guidance.session import GuidanceSession
from storage.database import Database

BLOCK = 5_000  # sessions that a process checks at a time

Task = tuple[str, int, int]  # the database's address; behind which session, up to which


def check_seals(
    database: Database, tell: Callable[[int], None] = lambda _n: None
) -> list[Violation]:
    """Check the seal of every session; `tell` hears how many numbers were passed.

    Each block is read as it stands then: what was sealed never changes, so that it does
    not matter when. The words of those that are erased are gone, and with them the seal.
    """
    with database.reading() as db:
        last = db.scalar(select(func.max(GuidanceSession.id))) or 0
    starts = range(0, last, BLOCK)
    url = database.engine.url.render_as_string(hide_password=False)
    tasks = [(url, after, min(after + BLOCK, last)) for after in starts]
    found: list[Violation] = []
    for (_, after, end), broken in zip(tasks, _checked(database, tasks), strict=True):
        found += [Violation("I5", what) for what in broken]
        tell(end - after)
    return found[:MOST]


def _checked(database: Database, tasks: list[Task]) -> Iterator[list[str]]:
    """Yield what each block finds, in their order."""
    processes = min(os.cpu_count() or 1, len(tasks))
    if processes < 2 or len(tasks) < 3:
        for _, after, end in tasks:
            yield _broken(database, after, end)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_elsewhere, tasks)


def _elsewhere(task: Task) -> list[str]:
    url, after, end = task
    database = Database(url)
    try:
        return _broken(database, after, end)
    finally:
        database.close()


def _broken(database: Database, after: int, end: int) -> list[str]:
    with database.reading() as db:
        found = broken_seals(db, after, end)
        return [what for what, _ in zip(found, range(MOST), strict=False)]
