"""Sending to Tencent's API as the simulator has it, at a time that a test chooses."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest
import time_machine

from api.wechat.account import OfficialAccount
from api.wechat.arrival import ArrivalKind
from api.wechat.client import TencentApi
from api.wechat.contact import note_contact
from api.wechat.simulator import Simulator
from storage.database import Database

# For what both engines do alike; the queries themselves are tested on both.
on_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
READER = ("verified", "oAlice")


class Api:
    """Tencent's API as the simulator has it, with replies that a test may put before it."""

    def __init__(self, account: OfficialAccount) -> None:
        def nothing(_path: str, _body: bytes, _timeout_s: float) -> httpx.Response:
            raise AssertionError

        self.tencent = Simulator(account, nothing)
        self.tencent.clock = lambda: datetime.now(UTC).timestamp()
        self.replies: list[httpx.Response | Exception] = []
        self.called: list[str] = []
        self.client = TencentApi("http://tencent", httpx.MockTransport(self._answer))

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.called.append(request.url.path.rsplit("/", 1)[-1])
        if self.replies and self.called[-1].endswith("send"):
            reply = self.replies.pop(0)
            if isinstance(reply, Exception):
                raise reply
            return reply
        answered = self.tencent.answer_api(
            request.url.path, dict(request.url.params), request.read()
        )
        return httpx.Response(200, content=json.dumps(answered))

    def open_window(self) -> None:
        reader = self.tencent.reader("oAlice")
        reader.window_until = self.tencent.clock() + 48 * 3600
        reader.pushes_left = 5

    @property
    def shown(self) -> list[str]:
        return self.tencent.reader("oAlice").shown


Send = Callable[[datetime], int]


def heard(database: Database, kind: ArrivalKind = ArrivalKind.QUESTION, at: datetime = NOW) -> None:
    with database.writing() as db:
        note_contact(db, READER, "wechat:verified:x", kind, at)


def opened(api: Api, at: datetime = NOW) -> Api:
    with time_machine.travel(at, tick=False):
        api.open_window()
    return api


def answer(code: int) -> httpx.Response:
    return httpx.Response(200, json={"errcode": code, "errmsg": "x"})
