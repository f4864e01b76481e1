"""What can wait waits while callbacks are not taken in time."""

import threading

import pytest

from api.wechat import calm as calm_module
from api.wechat.answering import Job, Workers
from api.wechat.calm import BUSY_LAG_S, BUSY_WAITING_S, Calm


def test_work_waits_until_callbacks_are_taken_in_time_again() -> None:
    calm, done = Calm(), threading.Event()
    begun = threading.Event()

    def may_begin() -> None:
        begun.set()
        calm.wait()

    workers = Workers(1, 10, may_begin)
    calm.note(BUSY_LAG_S * 2, 0.0)
    workers.submit(Job(done.set, lambda: None))
    assert begun.wait(10)
    assert not done.is_set()
    calm.note(0.0, BUSY_WAITING_S * 2)
    assert not done.is_set()
    calm.note(0.0, 0.0)
    assert done.wait(10)


def test_a_load_that_never_ends_does_not_stop_all_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calm_module, "LONGEST_WAIT_S", 0.01)
    calm = Calm()
    calm.note(BUSY_LAG_S * 2, 0.0)
    calm.wait()  # returns after a while
    calm.rest()
    calm.wait()
