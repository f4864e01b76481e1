"""Records messages in a process that is killed, again and again.

Run as `python killed_recorder.py URL KILLS SEED`; prints the ids of all messages whose
recording was acknowledged before a kill, as a JSON list. Each process announces a
message only after the transaction ended, as the web server would send its reply.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from datetime import timedelta
from itertools import count

from guidance.recording import record_turn
from storage.database import Database
from tests.guidance.messages import NOON, REPLY, message

THREADS = 4


def record_for_ever(url: str, life: int, acknowledge: int) -> None:
    """Record messages of a few people, each message now and then twice."""
    database = Database(url)

    def work(thread: int) -> None:
        for n in count():
            at = NOON + timedelta(hours=life, minutes=7 * n)
            inbound = message(f"{life}-{thread}-{n}", person=f"visitor-{thread}", at=at)
            for _ in range(1 + (n % 5 == 0)):
                with database.writing() as db:
                    record_turn(db, inbound, REPLY, answered_at=at)
            os.write(acknowledge, f"{inbound.message_id}\n".encode())

    for thread in range(THREADS):
        threading.Thread(target=work, args=(thread,), daemon=True).start()
    threading.Event().wait()


def live_once(url: str, life: int, lifetime_s: float) -> list[str]:
    """Fork a recorder, kill it some time after its first acknowledgement, return all of them."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        record_for_ever(url, life, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        first = pipe.readline()
        time.sleep(lifetime_s)
        os.kill(child, signal.SIGKILL)
        acknowledged = first + pipe.read()
    _, status = os.waitpid(child, 0)
    if not first or os.WTERMSIG(status) != signal.SIGKILL:
        raise RuntimeError(f"the recorder ended by itself: {status}")
    # A line cut short was not heard by anyone.
    return [line.decode() for line in acknowledged.splitlines(keepends=True) if line[-1:] == b"\n"]


def main() -> None:
    url, kills, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    lifetimes = random.Random(seed)
    heard: list[str] = []
    for life in range(kills):
        heard += live_once(url, life, lifetimes.uniform(0, 0.15))
    sys.stdout.write(json.dumps([message_id.strip() for message_id in heard]))


if __name__ == "__main__":
    main()
