"""Does the ledger lose anything, and does it show? Writers are killed, copies of theirs damaged.

Each life a process records messages and signs checkpoints, as the service does, until it
is killed. What it acknowledged has to be there. Then copies lose their end in the ways
that disks and people have: the write-ahead log cut short, one bit turned, the log gone, an
older copy put back. SQLite opens most of them without a word; the checkpoint has to speak
wherever it vouches for something that is missing.
"""

import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import func, select

from audit.checkpoint import compare_with_witness, write_checkpoint
from audit.log import last_seq
from audit.verify import verify
from audit.witness import open_witness
from guidance.message import Channel, InboundMessage, Reply
from guidance.recording import record_turn
from guidance.session import Turn
from storage.connection import DatabaseUnavailable
from storage.database import Database
from storage.migrations import migrate

FIRST_AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
LIVES_OF_A_FILE = 50
MOST_MESSAGES = 6  # heard of before the kill, which then comes at any moment
LONGEST_WAIT_S = 0.01
CHECKPOINT_SHARE = 0.7
NAME = "qichuang.db"
WAYS = ("cut", "turned", "gone", "older")
_REPLY = Reply("收到。", "answered", "fact", {"status": "answered"})


def evaluate_kills(kills: int, seed: int, tell: Callable[[int], None]) -> dict[str, Any]:
    """Kill so many writers and damage a copy of each in every way; return what was counted.

    `acknowledged_lost`, `unseen` and `false_alarms` have to be 0. `after_checkpoint` are
    tails that no checkpoint vouched for yet: nothing can show that they were there.
    """
    chance, found = Random(seed), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="qichuang-kills-") as name:
        root, empty = Path(name), Path(name) / "empty"
        _opened(empty, new=True).close()
        for life in range(kills):
            if life % LIVES_OF_A_FILE == 0:
                home = root / f"file-{life}"
                shutil.copytree(empty, home)
            _copy(home, root / "older")
            acknowledged = _live_once(home, life, chance)
            found["acknowledged"] += len(acknowledged)
            for way in WAYS:
                if way != "older":
                    _copy(home, root / way)
                _damage(root / way / f"{NAME}-wal", way, chance)
            last = _look_at_survivor(home, acknowledged, found)
            for way in WAYS:
                _look_at_damaged(root / way, home, last, found)
            tell(life + 1)
    names = (
        "acknowledged", "acknowledged_lost", "false_alarms", "tails_lost", "seen_at_start",
        "seen_by_verify", "unseen", "after_checkpoint", "nothing_lost",
    )  # fmt: skip
    return {"kills": kills, "seed": seed} | {name: found[name] for name in names}


def _opened(home: Path, *, new: bool = False) -> Database:
    database = Database(f"sqlite:///{home / NAME}")
    if new:
        migrate(database)
    return database


def _copy(home: Path, copy: Path) -> None:
    """Copy a database as it lies there; its checkpoints stay where they are."""
    copy.mkdir(exist_ok=True)
    for ending in ("", "-wal"):
        source, target = home / f"{NAME}{ending}", copy / f"{NAME}{ending}"
        if source.exists():
            shutil.copyfile(source, target)
        else:
            target.unlink(missing_ok=True)
    (copy / f"{NAME}-shm").unlink(missing_ok=True)


def _live_once(home: Path, life: int, chance: Random) -> list[str]:
    """Let a process record messages, kill it; return the ids that it acknowledged."""
    reading, writing = os.pipe()
    messages, seed = chance.randint(1, MOST_MESSAGES), chance.random()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            _record_for_ever(home, life, writing, Random(seed))
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        heard = [pipe.readline() for _ in range(messages)]
        time.sleep(chance.uniform(0, LONGEST_WAIT_S))
        os.kill(child, signal.SIGKILL)
        heard += pipe.readlines()
    _, status = os.waitpid(child, 0)
    if not heard[0] or os.WTERMSIG(status) != signal.SIGKILL:
        raise RuntimeError(f"the writer ended by itself: {status}")
    # A line cut short was not heard by anyone.
    return [line.decode().strip() for line in heard if line.endswith(b"\n")]


def _record_for_ever(home: Path, life: int, acknowledge: int, chance: Random) -> None:
    database, witness = _opened(home), open_witness(home)
    for number in count(1):
        at = FIRST_AT + timedelta(hours=life, minutes=number)
        name = f"{life}-{number}"
        message = InboundMessage(Channel.WEB, f"visitor:{name}", name, "创业补贴怎么申请？", at)
        with database.writing() as db:
            record_turn(db, message, _REPLY, at)
        os.write(acknowledge, f"{name}\n".encode())
        if chance.random() < CHECKPOINT_SHARE:
            write_checkpoint(database, witness, at, now=True)


def _damage(log: Path, way: str, chance: Random) -> None:
    size = log.stat().st_size if log.exists() else 0
    if way == "gone":
        log.unlink(missing_ok=True)
    elif size and way == "cut":
        os.truncate(log, chance.randrange(size))
    elif size and way == "turned":
        with log.open("r+b") as file:
            place = file.seek(chance.randrange(size))
            (byte,) = file.read(1)
            file.seek(place)
            file.write(bytes([byte ^ 1 << chance.randrange(8)]))


def _look_at_survivor(home: Path, acknowledged: list[str], found: Counter[str]) -> int:
    """Count what an undamaged database lost or complains of; return its newest event."""
    database = _opened(home)
    with database.reading() as db:
        ours = select(func.count()).where(Turn.message_id.in_(acknowledged))
        found["acknowledged_lost"] += len(acknowledged) - (db.scalar(ours) or 0)
        last = last_seq(db)
    found["false_alarms"] += bool(compare_with_witness(database, open_witness(home)).trouble)
    database.close()
    return last


def _look_at_damaged(copy: Path, home: Path, last: int, found: Counter[str]) -> None:
    """Count whether a copy lost its end, and whether that was seen."""
    witness = open_witness(home)
    checkpoint = witness.last()
    vouched = checkpoint.seq if checkpoint else 0
    database = _opened(copy)
    try:
        with database.reading() as db:
            kept = last_seq(db)
        trouble = compare_with_witness(database, witness).trouble
        broken = kept < vouched and not trouble and not verify(database, witness).holds
    except DatabaseUnavailable as error:
        kept, trouble, broken = 0, str(error), False
    finally:
        database.close()
    if kept >= last:
        found["nothing_lost"] += 1
        found["false_alarms"] += bool(trouble)
        return
    found["tails_lost"] += 1
    if kept >= vouched and not trouble:
        found["after_checkpoint"] += 1
    else:
        found["seen_at_start" if trouble else "seen_by_verify" if broken else "unseen"] += 1
