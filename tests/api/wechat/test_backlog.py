"""Whether one who writes now is answered in time, from how the ones before were."""

import pytest

from api.wechat.backlog import STALLED_S, Backlog

LIMIT_S = 4.0


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def backlog(clock: Clock) -> Backlog:
    return Backlog(threads=2, limit_s=LIMIT_S, clock=clock)


def test_nobody_is_late_while_a_thread_is_free(backlog: Backlog, clock: Clock) -> None:
    backlog.enter(1)
    clock.now_s += 1000
    assert not backlog.is_late()


def test_an_engine_that_stands_still_makes_everybody_late(backlog: Backlog, clock: Clock) -> None:
    for message in range(4):
        backlog.enter(message)
    assert not backlog.is_late()
    clock.now_s += STALLED_S + 0.1
    assert backlog.is_late()
    backlog.leave(0)  # it moves again
    assert not backlog.is_late()


def test_a_queue_too_long_for_its_pace_is_late(backlog: Backlog, clock: Clock) -> None:
    for message in range(1000):
        backlog.enter(message)
    for message in range(100):
        clock.now_s += 0.01
        backlog.leave(message)
    assert backlog.is_late()  # 900 wait, 100 a second leave
    for message in range(100, 800):
        clock.now_s += 0.01
        backlog.leave(message)
    assert not backlog.is_late()  # 200 wait


def test_what_left_twice_counts_once(backlog: Backlog) -> None:
    backlog.enter(1)
    backlog.leave(1)
    backlog.leave(1)
    assert backlog.waiting == 0
