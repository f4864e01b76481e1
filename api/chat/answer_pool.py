"""Answers computed in processes of their own, because one interpreter uses one core.

Every process holds its own snapshot and notices by itself that documents changed, so
an answer names the versions it was made from.
"""

import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

from api.settings import Settings
from api.snapshot import REFRESH_SECONDS, LiveSnapshot, Snapshot, Watch
from api.startup import files_state, snapshot_builder
from assistant.answer import Answer, Question
from assistant.judging import read_ahead
from knowledge.encoder import load_encoder
from storage.database import Database

log = logging.getLogger("qichuang")

RESTART_SECONDS = 1.0

Answerer = Callable[[Question], Answer]


class AnswerPool:
    """Processes that answer; while there are none, the main one does."""

    def __init__(self, processes: int, database_url: str, data_dir: Path) -> None:
        self._processes = processes
        self._installation = (database_url, data_dir)
        self._starting = threading.Lock()
        self._pool: ProcessPoolExecutor | None = None
        self._closed = False

    @property
    def size(self) -> int:
        """How many processes answer now."""
        return 0 if self._pool is None else self._processes

    def start(self) -> None:
        """Start the processes unless they run; return when they are loaded.

        Raises BrokenProcessPool when they do not come up.
        """
        with self._starting:
            if self._pool is not None or self._closed:
                return
            pool = ProcessPoolExecutor(
                self._processes, get_context("spawn"), _load, self._installation
            )
            # One task for each: a process is started when no other is idle.
            for loaded in [pool.submit(_is_loaded) for _ in range(self._processes)]:
                loaded.result()
            self._pool = pool

    def answer(self, question: Question, here: Answerer) -> Answer:
        """Answer in one of the processes, or `here` while there are none; may raise.

        When a process is lost, what it was answering is tried once more in new ones,
        but never here: the question itself may be what killed it.
        """
        pool = self._pool
        if pool is None:
            return here(question)
        try:
            return pool.submit(_answer, question).result()
        except BrokenProcessPool:
            log.warning("an answer process was lost")
            self._drop(pool)
        self.start()
        pool = self._pool
        if pool is None:  # the service is being stopped
            return here(question)
        return pool.submit(_answer, question).result()

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        with self._starting:
            if self._pool is broken:
                self._pool = None
                broken.shutdown(wait=False)

    def close(self) -> None:
        """End the processes; whoever still asks is answered by the main one."""
        with self._starting:
            self._closed = True
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def answering(
    settings: Settings, database: Database, build: Callable[[Database], Snapshot]
) -> Iterator[LiveSnapshot]:
    """Keep a live snapshot whose answers come from as many processes as are set."""
    if not settings.answer_processes:
        yield LiveSnapshot(database, _reading_ahead(build), partial(files_state, settings.data_dir))
        return
    pool = AnswerPool(settings.answer_processes, settings.database_url, settings.data_dir)

    def build_with_pool(database: Database) -> Snapshot:
        snapshot = build(database)
        return replace(snapshot, answer=partial(pool.answer, here=snapshot.answer))

    live = LiveSnapshot(database, build_with_pool, partial(files_state, settings.data_dir))
    live.answer_processes = lambda: pool.size
    watch = Watch((RESTART_SECONDS, pool.start))
    watch.start()
    try:
        yield live
    finally:
        pool.close()
        watch.stop()


def _reading_ahead(build: Callable[[Database], Snapshot]) -> Callable[[Database], Snapshot]:
    """Make snapshots whose sentences are read beside the first answers: seconds nobody waits."""

    def built(database: Database) -> Snapshot:
        snapshot = build(database)
        if snapshot.workings is not None:
            knowledge = snapshot.workings.knowledge
            threading.Thread(target=read_ahead, args=(knowledge,), daemon=True).start()
        return snapshot

    return built


# Of a process of the pool: what it answers from.
_snapshots: list[LiveSnapshot] = []


def _load(database_url: str, data_dir: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C reaches the whole group
    threading.Thread(target=_end_with_parent, daemon=True).start()
    build = snapshot_builder(load_encoder(data_dir), data_dir, _silent)
    live = LiveSnapshot(
        Database(database_url), _reading_ahead(build), partial(files_state, data_dir)
    )
    Watch((REFRESH_SECONDS, live.refresh)).start()
    _snapshots.append(live)
    gc.freeze()  # it stays: looking through it would hold an answer up


@contextmanager
def _silent(_what: str) -> Iterator[Callable[[int], None]]:
    """Say nothing: the main process already does."""
    yield lambda _done: None


def _end_with_parent() -> None:
    """End this process when the main one is gone, however it went."""
    parent = parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(0)


def _is_loaded() -> bool:
    return bool(_snapshots)


def _answer(question: Question) -> Answer:
    snapshot = _snapshots[0].current
    return replace(snapshot.answer(question), versions=snapshot.versions)
