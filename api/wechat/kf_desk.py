"""微信客服 in one process: fetches messages, settles them, sends what follows.

Nothing is kept here: any process may do any step of any message, and what one leaves
undone when it dies another takes up.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import exists, or_, select

from api.limiter import MessageLimit
from api.snapshot import LiveSnapshot
from api.wechat.account_file import AccountsInvalid
from api.wechat.client import SendFailed
from api.wechat.kf_account import KfAccount, KfBook
from api.wechat.kf_answering import Surroundings, settle_message
from api.wechat.kf_callback import News
from api.wechat.kf_client import TOKEN_REFUSED, WeComApi
from api.wechat.kf_cursor import (
    KfCursor,
    Leased,
    keep_fetched,
    note_news,
    note_sync_failed,
    take_cursor,
)
from api.wechat.kf_message import Desk, KfMessage, take_up
from api.wechat.kf_outbox import KfOutboxMessage, KfState
from api.wechat.kf_sending import KfPost, send_kf, with_access
from storage.connection import DatabaseUnavailable
from storage.database import Database

log = logging.getLogger("qichuang")

STEP_SECONDS = 0.5
SETTLED_AT_ONCE = 20
CALLS_AT_ONCE = 50  # of sync_msg for one desk: 10,000 messages
AFTER_FAILURE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class KfSetting:
    """What the desk works with besides the database."""

    book: KfBook
    api: WeComApi
    secret: str  # of this installation, for the references of persons
    limit: MessageLimit
    in_trouble: Callable[[], bool]  # nothing may be recorded now


class KfDesk:
    """Takes news from callbacks, and does what follows in the background."""

    def __init__(self, database: Database, live: LiveSnapshot, setting: KfSetting) -> None:
        self.book = setting.book
        self.post = KfPost(database, setting.api, setting.book)
        self._database = database
        self._live = live
        self._setting = setting
        self._working = threading.Lock()

    def jobs(self) -> Sequence[tuple[float, Callable[[], object]]]:
        """Return what has to be done again and again: seconds between calls, and the call."""
        return ((STEP_SECONDS, self.work),)

    def close(self) -> None:
        """Close the connections to WeCom."""
        self._setting.api.close()

    def note(self, account: KfAccount, news: News) -> None:
        """Note what a callback told; it is on disk when this returns."""
        with self._database.writing() as db:
            desk = Desk(account.name, news.open_kfid)
            note_news(db, desk, news.token, datetime.now(UTC))

    def work(self) -> None:
        """Fetch, settle and send what is due. One caller at a time."""
        try:
            accounts = self.book.accounts()
        except AccountsInvalid:
            return  # the official accounts of the same file tell of it
        if not accounts:
            return
        with self._working:
            for account in accounts.values():
                for open_kfid in sorted(account.desks):
                    self.fetch(account, Desk(account.name, open_kfid))
            if not self._anything_due():
                return
            self.settle()
            send_kf(self.post)

    def fetch(self, account: KfAccount, desk: Desk) -> None:
        """Fetch what is new at a desk, if it is time to look."""
        now = self.post.clock()
        with self._database.reading() as db:
            row = db.get(KfCursor, (desk.account, desk.open_kfid))
        if row is not None and (row.due_at > now or row.leased_until > now):
            return
        with self._database.writing() as db:
            leased = take_cursor(db, desk, now)
        for _ in range(CALLS_AT_ONCE):
            if leased is None:
                return
            leased = self._fetch_once(account, leased)

    def _fetch_once(self, account: KfAccount, leased: Leased) -> Leased | None:
        desk = leased.desk
        try:
            fetched = with_access(
                self.post,
                account,
                lambda key: self.post.api.sync(key, desk.open_kfid, leased.cursor, leased.token),
            )
        except SendFailed as failure:
            log.warning("kf messages not fetched: %s", failure.code)
            # A token that is too old is not needed; everything else may pass.
            wait = timedelta(0) if failure.code == TOKEN_REFUSED else AFTER_FAILURE
            with self._database.writing() as db:
                note_sync_failed(db, leased, str(failure), self.post.clock() + wait)
            return None
        with self._database.writing() as db:
            return keep_fetched(db, leased, fetched, self._setting.secret, self.post.clock())

    def settle(self) -> int:
        """Settle messages that were fetched; return how many."""
        if self._setting.in_trouble():
            return 0
        with self._database.writing() as db:
            messages = take_up(db, self.post.clock(), SETTLED_AT_ONCE)
        accounts = self.book.accounts()
        work = Surroundings(self._database, self._live.current, self._setting.limit)
        for message in messages:
            account = accounts.get(message.account)
            if account is None:
                continue
            try:
                settle_message(work, account, message, self.post.clock())
            except DatabaseUnavailable:
                raise
            except Exception as error:
                # It stays unsettled and is taken up again, five times at most.
                log.warning("kf message not settled: %s", type(error).__name__)
        return len(messages)

    def _anything_due(self) -> bool:
        now = self.post.clock()
        received = exists().where(KfMessage.settled_at.is_(None), KfMessage.leased_until <= now)
        waiting = exists().where(
            KfOutboxMessage.state == KfState.WAITING, KfOutboxMessage.due_at <= now
        )
        with self._database.reading() as db:
            return bool(db.scalar(select(or_(received, waiting))))
