"""An official account as its administrators see it: its switch, its last signs of life."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Mapped, Session, mapped_column

from audit.log import Actor, append_event
from storage.database import Base, Database, take_turns

MOST_REASON = 200


class WeChatChannel(Base):
    """What is kept of one account besides its messages."""

    __tablename__ = "wechat_channels"

    account: Mapped[str] = mapped_column(primary_key=True)
    stopped_at: Mapped[datetime | None]  # since then nothing is answered or sent
    stopped_for: Mapped[str]
    heard_at: Mapped[datetime | None]  # the last genuine callback
    clock_off_s: Mapped[int]  # its time stamp less our time
    refused_at: Mapped[datetime | None]  # the last callback that was refused
    refusal: Mapped[str]  # which check it failed
    refused_count: Mapped[int]
    checked_at: Mapped[datetime | None]
    checks: Mapped[dict[str, Any]]  # what asking Tencent showed, by check


class ReasonMissing(ValueError):
    """A channel was to be stopped without a reason."""


_STOPPED = select(WeChatChannel.account).where(WeChatChannel.stopped_at.is_not(None))


def is_stopped(column: InstrumentedAttribute[str]) -> ColumnElement[bool]:
    """Return the condition that the account named in a column is switched off."""
    return column.in_(_STOPPED)


def stopped_accounts(db: Session) -> frozenset[str]:
    """Return the names of the accounts that are switched off."""
    return frozenset(db.scalars(_STOPPED))


def get_channel(db: Session, account: str) -> WeChatChannel:
    """Return what is kept of an account; a new record when there is none, yet to be added."""
    return db.get(WeChatChannel, account) or WeChatChannel(
        account=account, stopped_for="", clock_off_s=0, refusal="", refused_count=0, checks={}
    )


def switch_off(db: Session, account: str, reason: str, by: Actor, at: datetime) -> None:
    """Stop answering and sending; what comes in is told so. Raises ReasonMissing."""
    reason = reason.strip()[:MOST_REASON]
    if not reason:
        raise ReasonMissing("请写明停用的原因，审计日志里要留下。")
    channel = _locked(db, account)
    if channel.stopped_at is None:
        channel.stopped_at, channel.stopped_for = at, reason
        append_event(db, "wechat.stopped", f"channel:{account}", by, reason=reason)


def switch_on(db: Session, account: str, by: Actor) -> None:
    """Answer and send again."""
    channel = _locked(db, account)
    if channel.stopped_at is not None:
        channel.stopped_at, channel.stopped_for = None, ""
        append_event(db, "wechat.started", f"channel:{account}", by)


def note_checks(db: Session, account: str, checks: dict[str, Any], at: datetime) -> None:
    """Keep what asking Tencent showed."""
    channel = _locked(db, account)
    channel.checks, channel.checked_at = checks, at


def _locked(db: Session, account: str) -> WeChatChannel:
    take_turns(db, f"wechat channel {account}")
    channel = get_channel(db, account)
    db.add(channel)
    db.flush()
    return channel


@dataclass(frozen=True, slots=True)
class _Signs:
    heard_at: datetime | None = None
    clock_off_s: int = 0
    refused_at: datetime | None = None
    refusal: str = ""
    refused: int = 0


class Pulse:
    """The signs of life of this process, written down now and then: not for each callback."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._signs: dict[str, _Signs] = {}

    def heard(self, account: str, timestamp: str, at: datetime) -> None:
        """A callback was genuine; `timestamp` is its own, in seconds."""
        off_s = round(int(timestamp) - at.timestamp())
        with self._guard:
            signs = self._signs.get(account, _Signs())
            self._signs[account] = replace(signs, heard_at=at, clock_off_s=off_s)

    def refused(self, account: str, why: str, at: datetime) -> None:
        """A callback was refused; `why` names the check, as the log does."""
        with self._guard:
            signs = self._signs.get(account, _Signs())
            self._signs[account] = replace(
                signs, refused_at=at, refusal=why[:60], refused=signs.refused + 1
            )

    def write_down(self, database: Database) -> None:
        """Add what was seen since the last time to the records of the accounts."""
        with self._guard:
            seen, self._signs = self._signs, {}
        if seen:
            with database.writing() as db:
                for account, signs in sorted(seen.items()):
                    _add_signs(_locked(db, account), signs)


def _add_signs(channel: WeChatChannel, signs: _Signs) -> None:
    if signs.heard_at is not None and _newer(signs.heard_at, channel.heard_at):
        channel.heard_at, channel.clock_off_s = signs.heard_at, signs.clock_off_s
    if signs.refused_at is not None and _newer(signs.refused_at, channel.refused_at):
        channel.refused_at, channel.refusal = signs.refused_at, signs.refusal
    channel.refused_count += signs.refused


def _newer(one: datetime, other: datetime | None) -> bool:
    return other is None or one > other


def channels_of(db: Session, accounts: Sequence[str]) -> dict[str, WeChatChannel]:
    """Return what is kept of each of these accounts."""
    return {account: get_channel(db, account) for account in accounts}
