"""Work that several processes begin at the same moment on one database.

Run as `python at_once.py WORK URL PROCESSES`; fails when one of them fails. The
processes are forked from one that has loaded the code, so that they really meet.
"""

import os
import subprocess
import sys
import traceback
from pathlib import Path

from guidance.recording import record_turn
from storage.database import Database
from storage.migrations import migrate
from tests.guidance.messages import REPLY, message

ROOT = Path(__file__).parents[1]
MESSAGES = 30


def record_messages(database: Database, number: int) -> None:
    """Record messages of one person: some of this process, some that all processes send."""
    for n in range(MESSAGES):
        for inbound in (message(f"own-{number}-{n}"), message(f"shared-{n}")):
            with database.writing() as db:
                record_turn(db, inbound, REPLY, answered_at=inbound.received_at)


def migrate_database(database: Database, _number: int) -> None:
    """Bring the database up to the newest schema."""
    migrate(database)


WORK = {work.__name__: work for work in (record_messages, migrate_database)}


def run_at_once(work: str, url: str, processes: int) -> None:
    """Run a work in so many processes; raise with their output when one fails."""
    run = subprocess.run(
        [sys.executable, __file__, work, url, str(processes)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if run.returncode != 0:
        raise AssertionError(run.stderr)


def _work_when_called(work: str, url: str, number: int, call: int) -> None:
    """In a child: wait until the parent closes the other end of the pipe, work, and exit."""
    status = 1
    try:
        os.read(call, 1)
        database = Database(url)
        WORK[work](database, number)
        database.close()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> None:
    work, url, processes = sys.argv[1], sys.argv[2], int(sys.argv[3])
    call, calling = os.pipe()
    children = []
    for number in range(processes):
        child = os.fork()
        if child == 0:
            os.close(calling)
            _work_when_called(work, url, number, call)
        children.append(child)
    os.close(calling)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    sys.exit(any(statuses))


if __name__ == "__main__":
    main()
