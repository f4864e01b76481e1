"""Proposes, declines and withdraws in processes that are killed.

Run as `python killed_proposer.py URL KILLS SEED`.
"""

import os
import random
import signal
import sys
import threading
import time
from contextlib import suppress

from audit.log import SYSTEM
from matching.mentoring.moves import MentoringRefused, Proposer
from matching.mentoring.need import NeedState, needs_in
from matching.mentoring.pairing import DeclineReason, PairingState, pairings_in
from matching.mentoring.proposing import accept, decline, propose
from storage.database import Database
from tests.matching.test_mentorship import CODE, NOW

THREADS = 8


def work_for_ever(url: str, seed: int, told: int) -> None:
    """Ask one mentor for whoever waits, and answer at random."""
    database = Database(url)

    def work(thread: int) -> None:
        chance = random.Random(seed * 100 + thread)
        while True:
            with suppress(MentoringRefused), database.writing() as db:
                waiting = needs_in(db, NeedState.WAITING)
                if waiting:
                    propose(db, chance.choice(waiting).id, CODE, Proposer(), NOW)
            os.write(told, b".")
            with suppress(MentoringRefused), database.writing() as db:
                for one in pairings_in(db, (PairingState.PROPOSED,))[:1]:
                    if chance.random() < 0.02:
                        accept(db, one.id, CODE, SYSTEM, NOW)
                    else:
                        decline(db, one.id, CODE, (DeclineReason.OTHER, ""), SYSTEM, NOW)

    for thread in range(THREADS):
        threading.Thread(target=work, args=(thread,), daemon=True).start()
    threading.Event().wait()


def main() -> None:
    url, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    lifetimes = random.Random(seed)
    for life in range(kills):
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reading)
            work_for_ever(url, seed + life, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            pipe.read(1)
            time.sleep(lifetimes.uniform(0, 0.15))
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main()
