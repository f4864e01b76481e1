"""From an accepted message to its answer: the same exchange as on the web, in a worker thread."""

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from api.chat.exchange import receive_message, reply_to
from api.chat.thread import current_conversation, made_by
from api.snapshot import Snapshot
from api.wechat.account import OfficialAccount
from api.wechat.contact import person_reference
from api.wechat.layout import MAX_CHOICES, Place, answer_text, chosen, plain
from api.wechat.outbox import Letter, menu_body, put_in, text_body
from api.wechat.received import Delivery, WeChatMessage, find_turn_of, lock
from guidance.message import Channel, InboundMessage
from guidance.session import Turn, recent_turns
from storage.database import Database

log = logging.getLogger("qichuang")


def answer_path(message: WeChatMessage) -> str:
    """Return the path of the answer's page; who has it may read the answer."""
    return f"/answers/{message.token}"


def record_answer(
    database: Database, snapshot: Snapshot, secret: str, message: WeChatMessage, raw_text: str
) -> Turn:
    """Answer a message and record the turn, once however often it is called."""
    person = person_reference(secret, message.account, message.openid)
    with database.reading() as db:
        if (stored := find_turn_of(db, message)) is not None:
            return stored
        conversation_id = current_conversation(db, person, message.received_at)
        last = recent_turns(db, conversation_id, 1) if conversation_id else []
    suggestions = last[0].reply["suggestions"] if last else []
    inbound = InboundMessage(
        channel=Channel.WECHAT,
        person=person,
        message_id=message.turn_key,
        text=chosen(message.text, suggestions),
        received_at=message.received_at,
        conversation_id=conversation_id,
    )
    received = receive_message(database, inbound, chosen(raw_text, suggestions))
    return reply_to(database, snapshot, received)


def settle_answer(
    database: Database, account: OfficialAccount, site: str, message_id: int, turn: Turn
) -> None:
    """Send an answer that came too late for the callback, if that is how it is to go."""
    now = datetime.now(UTC)
    with database.writing() as db:
        message = lock(db, message_id)
        if message.delivery is None and message.tries > 1:
            # Taken up again: no callback waits for it any more.
            message.delivery = Delivery.PUSH if account.can_push else Delivery.UNDELIVERED
        if message.settled_at is not None or message.delivery is None:
            return
        if message.delivery is Delivery.PUSH:
            letter = late_letter(turn, site, message)
            put_in(db, (message.account, message.openid), f"message:{message.id}", letter, now)
        message.settled_at = now


def passive_text(turn: Turn, account: OfficialAccount, site: str, message: WeChatMessage) -> str:
    """Return the answer as the reply to its callback."""
    place = Place(site, menu_links=account.verified)
    return answer_text(turn.reply, made_by(turn.reply), answer_path(message), place)


def late_letter(turn: Turn, site: str, message: WeChatMessage) -> Letter:
    """Return the answer as a customer message, which names the question it answers."""
    label, path = made_by(turn.reply), answer_path(message)
    numbered = answer_text(turn.reply, label, path, Place(site), turn.question)
    choices = [plain(text) for text in turn.reply["suggestions"][:MAX_CHOICES]]
    if not choices:
        return Letter(text_body(numbered), numbered)
    without = {**turn.reply, "suggestions": []}
    head = answer_text(without, label, path, Place(site), turn.question)
    return Letter(menu_body(head, choices), numbered)


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of work and whom to tell when it is done, well or not."""

    work: Callable[[], object]
    done: Callable[[], object]


class Workers:
    """Threads that take up jobs in order. They end with the process: a job may hang for ever."""

    def __init__(self, threads: int, waiting: int, may_begin: Callable[[], None]) -> None:
        """`may_begin` returns when a job may be begun."""
        self._jobs: queue.Queue[Job] = queue.Queue(waiting)
        self._threads = threads
        self._may_begin = may_begin
        self._started = False
        self._starting = threading.Lock()

    def submit(self, job: Job) -> bool:
        """Take a job; False when too many wait already."""
        with self._starting:
            if not self._started:
                self._started = True
                for _ in range(self._threads):
                    threading.Thread(target=self._run, daemon=True).start()
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            self._may_begin()
            try:
                job.work()
            except Exception as error:
                # The message stays unsettled and is taken up again.
                log.warning("wechat answer failed: %s", type(error).__name__)
            finally:
                job.done()
                self._jobs.task_done()
