"""SQLite writers of one process: one at a time, in order of arrival, many to a commit."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine

from storage.connection import BUSY_TIMEOUT_MS, DatabaseBusy, DatabaseUnavailable, unavailable

# A commit waits for the disk. Longer batches would let the first writer wait instead.
BATCH_MS = 20
BATCH_WRITERS = 64
COMMIT_TIMEOUT_S = 60


@dataclass
class _Batch:
    """A transaction that writers pass on to one another."""

    connection: Connection
    begun_at_s: float = field(default_factory=time.monotonic)
    writers: int = 0
    failure: DatabaseUnavailable | None = None
    done: threading.Event = field(default_factory=threading.Event)

    def is_lost(self) -> bool:
        """Whether SQLite gave the transaction up by itself, as it does on a full disk."""
        driver = self.connection.connection.driver_connection
        return not getattr(driver, "in_transaction", False)

    def takes_more(self) -> bool:
        age_ms = (time.monotonic() - self.begun_at_s) * 1000
        return age_ms < BATCH_MS and self.writers < BATCH_WRITERS and self.failure is None

    def finish(self) -> None:
        """Commit for all writers of the batch, or note why not, and let them go."""
        try:
            if self.failure is None:
                self.connection.commit()
        except BaseException as error:
            self.failure = _first_failure(error)
            raise
        finally:
            try:
                self.connection.close()
            finally:
                self.done.set()

    def wait(self) -> None:
        """Return once the batch is on disk; raise what kept it from there."""
        if not self.done.wait(COMMIT_TIMEOUT_S):
            raise unavailable(DatabaseBusy, "请稍后重试")
        if self.failure is not None:
            raise self.told_again()

    def told_again(self) -> DatabaseUnavailable:
        """The failure as an exception that one more thread can raise."""
        failure = self.failure or unavailable(DatabaseUnavailable, "请重试")
        return type(failure)(*failure.args)


def _first_failure(error: BaseException) -> DatabaseUnavailable:
    """Return the failure that an error goes back to: undoing may have failed after it."""
    earlier: BaseException | None = error
    while earlier is not None and not isinstance(earlier, DatabaseUnavailable):
        earlier = earlier.__cause__ or earlier.__context__
    return earlier or unavailable(DatabaseUnavailable, "写入已全部撤销，请重试")


class GroupCommit:
    """Lets one writer at a time into a shared transaction and commits it for all of them.

    SQLite would make waiting writers poll, and each would wait for the disk alone. Here
    a writer who is done leaves the transaction to the next one waiting; the last of a
    batch commits, and only then does any of them return.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(sqlite_begin="BEGIN IMMEDIATE")
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Event] = deque()
        self._batch: _Batch | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Lend the connection of the open transaction; when the block ends well, it is on disk.

        The block works inside a savepoint of its own: others may have written before it.
        """
        batch = self._join()
        try:
            yield batch.connection
        except BaseException as error:
            if batch.is_lost():
                batch.failure = _first_failure(error)
                raise batch.told_again() from error
            raise
        finally:
            self._leave(batch)
        batch.wait()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep every other writer out; no transaction is open at the start."""
        self._take_turn()
        try:
            self._finish_batch()
            yield
        finally:
            self._pass_on()

    def _join(self) -> _Batch:
        self._take_turn()
        try:
            if self._batch is None:
                connection = self._engine.connect()
                try:
                    connection.begin()
                except BaseException:
                    connection.close()
                    raise
                self._batch = _Batch(connection)
            self._batch.writers += 1
        except BaseException:
            self._pass_on()
            raise
        return self._batch

    def _leave(self, batch: _Batch) -> None:
        with self._guard:
            # Chosen and called in one step: one who gave up waiting would commit nothing.
            if self._waiting and batch.takes_more():
                self._waiting.popleft().set()
                return
        try:
            self._finish_batch()
        finally:
            self._pass_on()

    def _finish_batch(self) -> None:
        batch, self._batch = self._batch, None
        if batch is not None:
            batch.finish()

    def _take_turn(self) -> None:
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            turn = threading.Event()
            self._waiting.append(turn)
        if turn.wait(BUSY_TIMEOUT_MS / 1000):
            return
        with self._guard:
            if turn.is_set():
                return
            self._waiting.remove(turn)
        raise unavailable(DatabaseBusy, "请稍后重试")

    def _pass_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().set()
            else:
                self._taken = False
