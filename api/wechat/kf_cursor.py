"""How far the messages of 微信客服 were fetched.

A cursor and the messages it brought are written in one transaction: a process that dies
between fetching and writing leaves the old cursor, and the next one fetches them again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.kf_client import Fetched
from api.wechat.kf_message import LEASE, Desk, keep_message
from storage.database import Base, take_turns

# A callback may be lost: whoever waits for it would wait for ever.
LOOKED_AFTER = timedelta(minutes=3)


class KfCursor(Base):
    """How far the messages of a desk were fetched, and when to look again."""

    __tablename__ = "kf_cursors"

    account: Mapped[str] = mapped_column(primary_key=True)
    open_kfid: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str]
    token: Mapped[str]  # of the last callback, "" when it is used up
    due_at: Mapped[datetime]
    leased_until: Mapped[datetime]
    synced_at: Mapped[datetime | None]
    problem: Mapped[str]


def note_news(db: Session, desk: Desk, token: str, at: datetime) -> None:
    """Note that there is something to fetch; told twice, it is fetched once."""
    take_turns(db, f"kf {desk.account} {desk.open_kfid}")
    cursor = db.get(KfCursor, (desk.account, desk.open_kfid)) or _begin(db, desk, at)
    cursor.token, cursor.due_at = token, at


@dataclass(frozen=True, slots=True)
class Leased:
    """A desk whose messages one process fetches: from where, with which token, since when."""

    desk: Desk
    cursor: str
    token: str
    at: datetime


def take_cursor(db: Session, desk: Desk, at: datetime) -> Leased | None:
    """Lease a desk whose messages are due to be fetched; None while it is not."""
    take_turns(db, f"kf {desk.account} {desk.open_kfid}")
    row = db.get(KfCursor, (desk.account, desk.open_kfid)) or _begin(db, desk, at)
    if row.due_at > at or row.leased_until > at:
        return None
    row.leased_until = at + LEASE
    return Leased(desk, row.cursor, row.token, at)


def keep_fetched(
    db: Session, leased: Leased, fetched: Fetched, secret: str, at: datetime
) -> Leased | None:
    """Write what a call brought together with the new cursor.

    Returns the lease for the next call where there is more. Where another process was
    faster nothing is written.
    """
    desk = leased.desk
    take_turns(db, f"kf {desk.account} {desk.open_kfid}")
    row = db.get_one(KfCursor, (desk.account, desk.open_kfid), populate_existing=True)
    if row.cursor != leased.cursor:
        return None
    row.cursor, row.synced_at, row.problem = fetched.cursor, at, ""
    for message in fetched.messages:
        keep_message(db, desk, message, secret, at)
    if fetched.more:
        row.leased_until = at + LEASE
        return Leased(desk, row.cursor, leased.token, leased.at)
    row.leased_until = at
    if row.due_at <= leased.at:  # no news came while it was being fetched
        row.due_at, row.token = at + LOOKED_AFTER, ""
    return None


def note_sync_failed(db: Session, leased: Leased, problem: str, again_at: datetime) -> None:
    """Note that fetching did not succeed, and when to try again."""
    desk = leased.desk
    row = db.get_one(KfCursor, (desk.account, desk.open_kfid), populate_existing=True)
    row.problem, row.leased_until = problem[:200], again_at
    if row.token == leased.token:
        row.token = ""


def _begin(db: Session, desk: Desk, at: datetime) -> KfCursor:
    cursor = KfCursor(
        account=desk.account, open_kfid=desk.open_kfid, cursor="", token="", due_at=at,
        leased_until=at, problem="",
    )  # fmt: skip
    db.add(cursor)
    db.flush()
    return cursor
