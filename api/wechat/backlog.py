"""Whether a message that arrives now can still be answered before Tencent hangs up."""

import threading
import time
from collections.abc import Callable

STALLED_S = 2.0  # nothing was answered for so long although more wait than are in work
_SMOOTHING = 0.1


class Backlog:
    """The messages that wait for their answers in this process, and how fast they leave.

    Whoever cannot be answered within the limit is told so at once: being kept waiting
    for nothing would also keep the answers of others waiting.
    """

    def __init__(
        self, threads: int, limit_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._threads = threads
        self._limit_s = limit_s
        self._clock = clock
        self._guard = threading.Lock()
        self._entered: dict[int, float] = {}  # in order of arrival
        self._last_left = -STALLED_S
        self._spacing_s = 0.0  # between two answers while several wait

    @property
    def waiting(self) -> int:
        """How many messages have no answer yet, those in work included."""
        return len(self._entered)

    def enter(self, message_id: int) -> None:
        """Note that a message waits for its answer."""
        with self._guard:
            self._entered.setdefault(message_id, self._clock())

    def leave(self, message_id: int) -> None:
        """Note that a message was answered, or never will be here."""
        with self._guard:
            now, entered = self._clock(), self._entered.pop(message_id, None)
            if entered is None:
                return
            spacing_s = now - max(entered, self._last_left)
            self._spacing_s += _SMOOTHING * (spacing_s - self._spacing_s)
            self._last_left = now

    def is_late(self) -> bool:
        """Whether a message that arrived now would get its answer too late."""
        with self._guard:
            waiting = len(self._entered)
            if waiting < self._threads:
                return False
            idle_since = max(self._last_left, next(iter(self._entered.values())))
            stalled = self._clock() - idle_since > STALLED_S
            return stalled or waiting * self._spacing_s > self._limit_s
