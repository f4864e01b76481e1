"""Callbacks first: what can wait waits while they are not taken in time."""

import threading

BUSY_LAG_S = 0.1  # the event loop came so much later than it should
BUSY_WAITING_S = 0.5  # a callback waits so long for being recorded
OVERWHELMED_S = 1.0  # of either: nobody who writes now would get an answer in time
LONGEST_WAIT_S = 2.0  # of a piece of work; a load that never ends must not stop all answers
LOOK_EVERY_S = 0.05


class Calm:
    """Whether this process takes callbacks in time.

    Threads that answer share the interpreter with the loop that takes callbacks. When
    more comes than both can do, Tencent's five seconds are kept and answers come later.
    """

    def __init__(self) -> None:
        self._calm = threading.Event()
        self._calm.set()
        self.overwhelmed = False  # new messages are acknowledged at once, answered later

    def note(self, lag_s: float, waiting_s: float) -> None:
        """Note how late the event loop is, and how long the oldest callback waits."""
        self.overwhelmed = max(lag_s, waiting_s) > OVERWHELMED_S
        if lag_s > BUSY_LAG_S or waiting_s > BUSY_WAITING_S:
            self._calm.clear()
        else:
            self._calm.set()

    def rest(self) -> None:
        """Nothing is going on: whoever waits may go on."""
        self.note(0.0, 0.0)

    def wait(self) -> None:
        """Wait for calm, called before a piece of work that can wait; not for ever."""
        self._calm.wait(LONGEST_WAIT_S)
