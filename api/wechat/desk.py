"""The WeChat desk of one process: takes callbacks within five seconds, finishes the rest later.

Everything that outlives a callback is in the database; what is kept here only saves waiting.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from api.refusals import TooManyMessages
from api.snapshot import LiveSnapshot
from api.wechat import wording
from api.wechat.account import OfficialAccount
from api.wechat.answering import (
    Job,
    Workers,
    record_answer,
    settle_answer,
)
from api.wechat.backlog import Backlog
from api.wechat.callback import Callback
from api.wechat.calm import LOOK_EVERY_S, Calm
from api.wechat.channel import Pulse
from api.wechat.client import TencentApi
from api.wechat.intake import MAX_TEXT, Intake, late_way
from api.wechat.outbox import end_held
from api.wechat.received import (
    Delivery,
    WeChatMessage,
    choose_delivery,
    find_turn_of,
    forget_nonces,
    take_up,
)
from api.wechat.replying import reply_text
from api.wechat.sending import Post, send_due
from api.wechat.surroundings import Pace, Surroundings
from api.wechat.trial import trial_api
from guidance.session import Turn
from storage.connection import DatabaseUnavailable
from storage.database import Database

log = logging.getLogger("qichuang")
Found = TypeVar("Found")

SUCCESS = b"success"
NOTHING = b""
CALLS_OF_TENCENT = 3
ANSWER_THREADS = 8
WAITING_JOBS = 2000
STEP_THREADS = 3  # own ones: routes that hang on the answer must not hold up callbacks
SEND_SECONDS = 0.5
RESUME_SECONDS = 5.0
PULSE_SECONDS = 10.0
FORGET_SECONDS = 600.0


class WeChatDesk:
    """Answers opened callbacks."""

    def __init__(
        self,
        database: Database,
        live: LiveSnapshot,
        around: Surroundings,
        pace: Pace | None = None,
    ) -> None:
        self.book = around.book
        self._database = database
        self._live = live
        self._around = around
        self._pace = pace or Pace()
        self._calm = Calm()
        self._looking: asyncio.Task[None] | None = None
        self._workers = Workers(ANSWER_THREADS, WAITING_JOBS, self._calm.wait)
        self._steps = ThreadPoolExecutor(STEP_THREADS, "wechat")
        self._answering: dict[int, asyncio.Event] = {}
        self._sending, self._resuming = threading.Lock(), threading.Lock()
        self.pulse = Pulse()
        self._backlog = Backlog(ANSWER_THREADS, self._pace.passive_s)
        self._intake = Intake(database, self._steps, around.secret, around.limit, self._is_late)
        self._post = Post(database, self.api_of, self.book, around.site)

    @property
    def api(self) -> TencentApi:
        """Tencent's API."""
        return self._around.api

    @property
    def site(self) -> str:
        """Our public address, "" for none."""
        return self._around.site

    def api_of(self, account: OfficialAccount) -> TencentApi:
        """Return whom to call for an account: a trial account calls nobody outside."""
        return trial_api(self._database, account) if account.trial else self._around.api

    def jobs(self) -> Sequence[tuple[float, Callable[[], object]]]:
        """Return what has to be done again and again: seconds between calls, and the call."""
        return (
            (SEND_SECONDS, self.send),
            (RESUME_SECONDS, self.resume),
            (PULSE_SECONDS, lambda: self.pulse.write_down(self._database)),
            (FORGET_SECONDS, self.forget),
        )

    def close(self) -> None:
        """Take no more steps."""
        self._steps.shutdown(wait=False, cancel_futures=True)
        self._around.api.close()

    async def take(self, callback: Callback) -> bytes:
        """Return the body that answers a callback, in time whatever else stands still."""
        began = self._now()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look_after_callbacks())
        if self._around.in_trouble():
            return callback.sealed_text(wording.BUSY, datetime.now(UTC))
        try:
            accepted = await self._intake.take(callback, self._pace.give_up_s)
        except TooManyMessages:
            return callback.sealed_text(wording.TOO_FAST, datetime.now(UTC))
        except (DatabaseUnavailable, TimeoutError):
            log.warning("wechat message not recorded")
            return callback.sealed_text(wording.BUSY, datetime.now(UTC))
        message = accepted.message
        if accepted.first and message.settled_at is None:
            self._submit(message, callback.arrival.text)
        try:
            return await self._reply(callback, message, began)
        except (DatabaseUnavailable, TimeoutError):
            return SUCCESS  # it is recorded, and will be taken up

    def _is_late(self) -> bool:
        return self._calm.overwhelmed or self._backlog.is_late()

    async def _look_after_callbacks(self) -> None:
        """Watch whether callbacks are taken in time, while there is anything to do."""
        while self._answering or self._intake.waiting_s > 0:
            began = self._now()
            await asyncio.sleep(LOOK_EVERY_S)
            self._calm.note(self._now() - began - LOOK_EVERY_S, self._intake.waiting_s)
        self._calm.rest()

    async def _reply(self, callback: Callback, message: WeChatMessage, began: float) -> bytes:
        delivery, turn = message.delivery, None
        if delivery in (None, Delivery.PASSIVE):
            turn = await self._await_turn(message, began + self._pace.passive_s)
            if turn is None and not callback.account.can_push and message.calls < CALLS_OF_TENCENT:
                await asyncio.sleep(self._pace.hold_s - (self._now() - began))
                return NOTHING
            wanted = late_way(callback.account) if turn is None else Delivery.PASSIVE
            delivery = await self._step(began, lambda: self._choose(message.id, wanted))
            if delivery is Delivery.PASSIVE and turn is None:
                turn = await self._step(began, lambda: self._find_turn(message))
        text = reply_text(callback, self._around.site, message, delivery, turn)
        return callback.sealed_text(text, datetime.now(UTC)) if text else SUCCESS

    async def _await_turn(self, message: WeChatMessage, until: float) -> Turn | None:
        """Return the answer when it is there, None when the time is over."""
        while (left := until - self._now()) > 0:
            done = self._answering.get(message.id)
            if done is None:
                turn = await self._within(left, lambda: self._find_turn(message))
                if turn is not None:
                    return turn
                await asyncio.sleep(min(self._pace.poll_s, max(until - self._now(), 0)))
                continue
            try:
                await asyncio.wait_for(done.wait(), left)
            except TimeoutError:
                return None
        return None

    def _submit(self, message: WeChatMessage, raw_text: str) -> None:
        loop = asyncio.get_running_loop()
        done = self._answering[message.id] = asyncio.Event()
        self._backlog.enter(message.id)

        def finish() -> None:
            self._backlog.leave(message.id)
            self._answering.pop(message.id, None)
            done.set()

        def tell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(finish)

        job = Job(lambda: self._answer(message, raw_text[:MAX_TEXT]), tell)
        if not self._workers.submit(job):
            finish()

    def _answer(self, message: WeChatMessage, raw_text: str) -> None:
        """Answer and settle a message; runs in a worker thread."""
        account = self.book[message.account]
        secret = self._around.secret
        turn = record_answer(self._database, self._live.current, secret, message, raw_text)
        self._around.metrics.answers.labels(turn.status).inc()
        settle_answer(self._database, account, self._around.site, message.id, turn)

    def send(self) -> int:
        """Send the messages that are due; return how many went out.

        One caller at a time: when it returns, nothing that was due is still on its way.
        """
        if not self.book.accounts():
            return 0
        self._calm.wait()
        with self._sending:
            return send_due(self._post)

    def resume(self) -> None:
        """Take up what was left unanswered, here or by a process that is gone.

        While this process has more than enough to do it leaves that to others.
        """
        with self._resuming:
            free = ANSWER_THREADS - self._backlog.waiting
            if free > 0:
                self._take_up(free)

    def _take_up(self, free: int) -> None:
        with self._database.writing() as db:
            messages = take_up(db, datetime.now(UTC), free)
        for message in messages:
            # The typed text is gone with its process; numbers in it stay masked.
            job = Job(
                partial(self._answer, message, message.text),
                partial(self._backlog.leave, message.id),
            )
            self._backlog.enter(message.id)
            if not self._workers.submit(job):
                self._backlog.leave(message.id)

    def forget(self) -> None:
        """Delete what protects nothing any more."""
        with self._database.writing() as db:
            forget_nonces(db, datetime.now(UTC))
            end_held(db, datetime.now(UTC))

    def _choose(self, message_id: int, wanted: Delivery) -> Delivery:
        with self._database.writing() as db:
            return choose_delivery(db, message_id, wanted, datetime.now(UTC))

    def _find_turn(self, message: WeChatMessage) -> Turn | None:
        with self._database.reading() as db:
            return find_turn_of(db, message)

    async def _step(self, began: float, step: Callable[[], Found]) -> Found:
        """Run a step on the database; TimeoutError when Tencent would hang up before its end."""
        return await self._within(began + self._pace.give_up_s - self._now(), step)

    async def _within(self, seconds: float, step: Callable[[], Found]) -> Found:
        running = asyncio.get_running_loop().run_in_executor(self._steps, step)
        return await asyncio.wait_for(running, max(seconds, 0.05))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
