"""An installation with two official accounts, and Tencent played by the simulator."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import time_machine
import yaml
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from api.snapshot import LiveSnapshot
from api.wechat.account import AccountBook, OfficialAccount, read_accounts
from api.wechat.account_file import FILE_NAME
from api.wechat.client import TencentApi
from api.wechat.desk import WeChatDesk
from api.wechat.sending import Post, send_due
from api.wechat.simulator import Simulator
from api.wechat.surroundings import Pace
from storage.database import Database
from tests.api.wechat.outgoing import Api, Send
from tests.fixtures.edge import add_document, live, settings, small_document, stand_in

__all__ = ["add_document", "live", "settings", "small_document", "stand_in"]

SITE = "https://qichuang.test"
PATIENT = Pace(passive_s=60.0, give_up_s=90.0, hold_s=90.0, poll_s=0.02)
# For answers that a test keeps back: they are late at once.
QUICK = Pace(passive_s=0.1, give_up_s=90.0, hold_s=0.2, poll_s=0.02)


def aes_key(seed: str) -> str:
    return base64.b64encode(hashlib.sha256(seed.encode()).digest()).decode()[:43]


def write_accounts(folder: Path, *more: dict[str, Any]) -> Path:
    accounts: list[dict[str, Any]] = [
        *more,
        {
            "name": "verified",
            "appid": "wx0000000000000001",
            "token": "tokenverified",
            "aes_key": aes_key("verified"),
            "app_secret": "secret-of-verified",
            "verified": True,
            "templates": {
                "mentor_proposal": {
                    "id": "template-proposal",
                    "fields": {"thing1": "topic", "time2": "deadline", "phrase3": "=待答复"},
                },
            },
            "subscriptions": {
                "question_answered": {
                    "id": "template-answered",
                    "fields": {"thing1": "question", "thing2": "answer"},
                },
            },
        },
        {
            "name": "small",
            "appid": "wx0000000000000002",
            "token": "tokensmall",
            "aes_key": aes_key("small"),
        },
    ]
    path = folder / FILE_NAME
    path.touch(mode=0o600)
    path.write_text(yaml.safe_dump({"accounts": accounts}))
    return path


@pytest.fixture
def accounts(tmp_path: Path) -> dict[str, OfficialAccount]:
    return read_accounts(write_accounts(tmp_path))


@pytest.fixture
def app(
    settings: Settings,
    sqlite_database: Database,
    live: LiveSnapshot,
    accounts: dict[str, OfficialAccount],
) -> FastAPI:
    assert accounts
    settings.public_url = SITE
    app = create_app(settings, sqlite_database, live)
    app.state.wechat._pace = PATIENT
    return app


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


class Tencent(Simulator):
    """The simulator without waiting: a call that answered nothing in time is cut off."""

    def __init__(self, account: OfficialAccount, client: TestClient) -> None:
        super().__init__(account, self._post)
        self.client = client
        self.wait = lambda _seconds: None

    def _post(self, path: str, body: bytes, _timeout_s: float) -> httpx.Response:
        reply = self.client.post(path, content=body)
        if reply.content == b"" and reply.status_code == 200:
            raise httpx.ReadTimeout("held longer than Tencent waits")
        return httpx.Response(reply.status_code, content=reply.content)

    def transport(self) -> httpx.MockTransport:
        def answer(request: httpx.Request) -> httpx.Response:
            answered = self.answer_api(request.url.path, dict(request.url.params), request.read())
            return httpx.Response(200, content=json.dumps(answered))

        return httpx.MockTransport(answer)


def play(app: FastAPI, client: TestClient, account: OfficialAccount) -> Tencent:
    """Let the simulator stand where Tencent is, for calls both ways."""
    tencent = Tencent(account, client)
    desk: WeChatDesk = app.state.wechat
    object.__setattr__(desk._around, "api", TencentApi("http://tencent", tencent.transport()))
    return tencent


@pytest.fixture
def verified(app: FastAPI, client: TestClient, accounts: dict[str, OfficialAccount]) -> Tencent:
    return play(app, client, accounts["verified"])


@pytest.fixture
def small(app: FastAPI, client: TestClient, accounts: dict[str, OfficialAccount]) -> Tencent:
    return play(app, client, accounts["small"])


@pytest.fixture
def desk(app: FastAPI) -> WeChatDesk:
    desk: WeChatDesk = app.state.wechat
    return desk


@pytest.fixture
def book(tmp_path: Path) -> AccountBook:
    write_accounts(tmp_path)
    return AccountBook(tmp_path / FILE_NAME)


@pytest.fixture
def api(book: AccountBook) -> Api:
    return Api(book["verified"])


@pytest.fixture
def send(database: Database, api: Api, book: AccountBook) -> Send:
    def send_at(at: datetime) -> int:
        with time_machine.travel(at, tick=False):
            return send_due(Post(database, lambda _account: api.client, book))

    return send_at
