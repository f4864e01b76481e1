"""Records what arrives together in one transaction: one commit for many callbacks."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace

from sqlalchemy.orm import Session

from api.limiter import MessageLimit
from api.refusals import TooManyMessages
from api.wechat.account import OfficialAccount
from api.wechat.arrival import ArrivalKind
from api.wechat.binding import WeChatUser, redeem, release
from api.wechat.callback import Callback
from api.wechat.channel import stopped_accounts
from api.wechat.contact import note_contact, person_reference
from api.wechat.crypt import CallbackRefused
from api.wechat.grant import note_grants
from api.wechat.outbox import note_report, wake
from api.wechat.received import Accepted, Delivery, Entry, accept, note_outcome
from assistant.guardrails import mask_personal_data
from guidance.people.identity import mark_internal, standing_of
from storage.database import Database, take_turns

AT_ONCE = 64

MAX_TEXT = 2000  # characters taken of a message; the assistant itself reads 500

# What a switched-off channel takes as ever.
_UNTOUCHED = {
    ArrivalKind.SILENT,
    ArrivalKind.LEFT,
    ArrivalKind.GRANTED,
    ArrivalKind.REPORTED,
    ArrivalKind.BINDING,
    ArrivalKind.RELEASE,
}
_NO_WAY_OPENED = {ArrivalKind.SILENT, ArrivalKind.REPORTED, ArrivalKind.LEFT}

Outcome = Accepted | CallbackRefused | TooManyMessages


class Intake:
    """Collects the callbacks that arrive while others are being written."""

    def __init__(
        self,
        database: Database,
        threads: Executor,
        secret: str,
        limit: MessageLimit,
        is_late: Callable[[], bool],
    ) -> None:
        """`is_late` tells that a message which comes now cannot be answered in time."""
        self._database = database
        self._threads = threads
        self._secret = secret
        self._limit = limit
        self._is_late = is_late
        self._waiting: list[tuple[Callback, asyncio.Future[Accepted], float]] = []
        self._oldest_at: float | None = None  # when the callbacks being recorded came
        self._writing: asyncio.Task[None] | None = None

    @property
    def waiting_s(self) -> float:
        """How long the oldest callback has waited for being recorded; 0 when none does."""
        if self._oldest_at is None:
            return 0.0
        return asyncio.get_running_loop().time() - self._oldest_at

    async def take(self, callback: Callback, within_s: float) -> Accepted:
        """Record a callback. Raises what recording raises, and TimeoutError.

        One whose time is over before its turn comes is not recorded: Tencent sends it again.
        """
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Accepted] = loop.create_future()
        self._waiting.append((callback, answered, loop.time()))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        return await asyncio.wait_for(answered, within_s)

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            batch = [(callback, answered) for callback, answered, _ in some if not answered.done()]
            if not batch:
                continue
            self._oldest_at = some[0][2]
            callbacks = [callback for callback, _ in batch]
            try:
                outcomes: Sequence[Outcome | Exception] = await loop.run_in_executor(
                    self._threads, self.record, callbacks
                )
            except Exception as error:
                outcomes = [error] * len(batch)
            for (_, answered), outcome in zip(batch, outcomes, strict=True):
                _tell(answered, outcome)
        self._oldest_at = None

    def record(self, callbacks: Sequence[Callback]) -> list[Outcome]:
        """Record callbacks in one transaction; one that is refused does not touch the others."""
        entries = [self._entry(callback) for callback in callbacks]
        outcomes: dict[int, Outcome] = {}
        with self._database.writing() as db:
            take_turns(db, *sorted({turn for entry in entries for turn in entry.turns}))
            stopped = stopped_accounts(db)
            entries = [_admitted(entry, stopped) for entry in entries]
            # In the order of the readers, as the outbox does: see take_due.
            for place in sorted(range(len(entries)), key=lambda n: entries[n].reader):
                try:
                    outcomes[place] = self._accept(db, entries[place])
                except (CallbackRefused, TooManyMessages) as refusal:
                    outcomes[place] = refusal
            self._follow_up(db, entries, outcomes)
            # Last: whoever else appends an event waits for this transaction.
            for place, entry in enumerate(entries):
                self._obey(db, entry, outcomes[place])
                if callbacks[place].account.trial:
                    self._set_apart(db, entry)
        return [outcomes[place] for place in range(len(entries))]

    def _accept(self, db: Session, entry: Entry) -> Accepted:
        accepted = accept(db, entry)
        if accepted.first:
            note_contact(
                db, entry.reader, self._person(entry.reader), entry.arrival.kind, entry.call.at
            )
        return accepted

    def _follow_up(
        self, db: Session, entries: Sequence[Entry], outcomes: Mapping[int, Outcome]
    ) -> None:
        """Note what people allowed and what did not reach them; send what was held for them."""
        news = [
            entries[place]
            for place, outcome in sorted(outcomes.items())
            if isinstance(outcome, Accepted) and outcome.first
        ]
        for entry in news:
            note_grants(db, entry.reader, entry.arrival.choices, entry.call.at)
            for taken_as, why in entry.arrival.reports:
                note_report(db, entry.reader, taken_as, why, entry.call.at)
        heard = [entry for entry in news if entry.arrival.kind not in _NO_WAY_OPENED]
        if heard:
            wake(db, [entry.reader for entry in heard], heard[-1].call.at)

    def _obey(self, db: Session, entry: Entry, outcome: Outcome) -> None:
        """Carry out a command once; its outcome stays with the message, for the next call."""
        if not isinstance(outcome, Accepted) or not outcome.first:
            return
        user = WeChatUser(*entry.reader, self._person(entry.reader))
        if entry.arrival.kind is ArrivalKind.BINDING:
            code = entry.arrival.text
            note_outcome(db, outcome, redeem(db, user, code, self._secret, entry.call.at))
        elif entry.arrival.kind is ArrivalKind.RELEASE:
            note_outcome(db, outcome, release(db, user))

    def _set_apart(self, db: Session, entry: Entry) -> None:
        """Note that whoever writes to a trial account is not to be counted."""
        person = self._person(entry.reader)
        if not standing_of(db, person).internal:
            mark_internal(db, person, entry.call.at)

    def _person(self, reader: tuple[str, str]) -> str:
        return person_reference(self._secret, *reader)

    def _entry(self, callback: Callback) -> Entry:
        arrival, call = callback.arrival, callback.call
        text = arrival.text[:MAX_TEXT]
        if arrival.kind is not ArrivalKind.QUESTION or not text:
            return Entry(arrival, call, "", Delivery.NOTICE, lambda: None)
        person = self._person((call.account, arrival.openid))
        way = late_way(callback.account) if self._is_late() else None
        check = self._limit.check
        return Entry(arrival, call, mask_personal_data(text), way, lambda: check(person, person))


def late_way(account: OfficialAccount) -> Delivery:
    """How an answer goes out for which a callback cannot wait."""
    return Delivery.PUSH if account.can_push else Delivery.LINK


def _admitted(entry: Entry, stopped: Collection[str]) -> Entry:
    """Return an entry as its channel takes it: who writes to a stopped one is told so."""
    if entry.call.account not in stopped or entry.arrival.kind in _UNTOUCHED:
        return entry
    return replace(entry, masked="", delivery=Delivery.STOPPED, admit=lambda: None)


def _tell(answered: asyncio.Future[Accepted], outcome: Outcome | Exception) -> None:
    if answered.done():
        return
    if isinstance(outcome, Exception):
        answered.set_exception(outcome)
    else:
        answered.set_result(outcome)
