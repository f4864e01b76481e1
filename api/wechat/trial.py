"""A trial account: our own simulator stands where Tencent is, and people play its followers.

What the simulated phones show is kept in the database, because the process that pushes a
message need not be the one that a browser looks at.
"""

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.account import OfficialAccount
from api.wechat.client import TencentApi
from api.wechat.simulated_api import SimulatedApi
from api.wechat.simulator import FAULT, Deliver, Mishaps, Simulator
from storage.database import Base, Database, take_turns

LONGEST_S = 60.0  # three calls with every delay; a phone that waits longer waits for nothing


class WeChatTrial(Base):
    """What the simulated Tencent of one trial account remembers."""

    __tablename__ = "wechat_trials"

    account: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[dict[str, Any]]


@contextmanager
def playing(database: Database, account: OfficialAccount) -> Iterator[SimulatedApi]:
    """Lend the simulated Tencent of an account, and keep what was changed in it."""
    with database.writing() as db:
        take_turns(db, f"wechat trial {account.name}")
        kept = db.get(WeChatTrial, account.name)
        api = _opened(account, kept)
        yield api
        if kept is None:
            db.add(WeChatTrial(account=account.name, state=api.state()))
        else:
            kept.state = api.state()


def _opened(account: OfficialAccount, kept: WeChatTrial | None) -> SimulatedApi:
    api = SimulatedApi(account)
    api.restore(kept.state if kept is not None else {})
    return api


def look_at(db: Session, account: OfficialAccount) -> SimulatedApi:
    """Return the simulated Tencent of an account, to be looked at."""
    return _opened(account, db.get(WeChatTrial, account.name))


def end_trial(db: Session, account: OfficialAccount) -> None:
    """Forget every chat of a trial account; what the product recorded stays."""
    db.execute(delete(WeChatTrial).where(WeChatTrial.account == account.name))


class _TrialTransport(httpx.BaseTransport):
    """Answers calls of Tencent's API for one trial account."""

    def __init__(self, database: Database, account: OfficialAccount) -> None:
        self._database = database
        self._account = account

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with playing(self._database, self._account) as api:
            query = dict(request.url.params)
            answered = api.answer_api(request.url.path, query, request.read())
        return httpx.Response(200, content=json.dumps(answered))


def trial_api(database: Database, account: OfficialAccount) -> TencentApi:
    """Return the API of a trial account: nothing of it leaves this installation."""
    return TencentApi("http://simulated", _TrialTransport(database, account))


@dataclass(frozen=True, slots=True)
class Deed:
    """What a played follower does: the fields of the message, and what happens to it."""

    openid: str
    fields: Mapping[str, Any]
    mishaps: Mishaps


def begin(database: Database, account: OfficialAccount, deed: Deed) -> dict[str, Any]:
    """Let a follower do something: their phone shows it at once. Returns the message."""
    simulator = Simulator(account, _nowhere)
    message = simulator.message(deed.openid, deed.fields)
    with playing(database, account) as api:
        api.reader(deed.openid).does(message, api.clock())
        api.reader(deed.openid).waiting_since_s = api.clock()
    return message


def deliver_it(
    database: Database,
    account: OfficialAccount,
    deed: Deed,
    message: Mapping[str, Any],
    deliver: Deliver,
) -> None:
    """Deliver what a follower did as Tencent would, and show the reply on their phone."""
    simulator = Simulator(account, deliver, mishaps=deed.mishaps, seed=secrets.randbits(64))
    began = time.monotonic()
    outcome = simulator.call(message)
    took_s = time.monotonic() - began
    with playing(database, account) as api:
        reader = api.reader(deed.openid)
        if outcome.shown is not None:
            reader.show(outcome.shown, api.clock())
        elif message["MsgType"] == "event":
            reader.waiting_since_s = 0.0
        way = "没有显示回复" if outcome.shown is None else "回复随推送返回"
        if outcome.shown == FAULT:
            way = "微信显示了故障提示"
        note = f"推送 {outcome.calls} 次，用时 {took_s:.1f} 秒，{way}"
        reader.show(note, api.clock(), "note")


def _nowhere(_path: str, _body: bytes, _timeout_s: float) -> httpx.Response:
    raise httpx.ConnectError("nothing is delivered here")
