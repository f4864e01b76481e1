"""Tencent's side of an official account: calls the address, waits five seconds, calls again.

It signs and encrypts like Tencent, repeats a call up to twice, and keeps the limits of
customer messages. What goes wrong on the way can be chosen: calls lost, repeated, delayed,
out of order. Tests and `qichuang wechat simulate` use the same class.
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from api.wechat.account import OfficialAccount
from api.wechat.crypt import CallbackRefused, check_signature, decrypt_with, signature
from api.wechat.envelope import Body, BodyFormat, cdata, read_body

CALLS = 3
TIMEOUT_S = 5.0
MAX_TEXT_BYTES = 2048
QUOTA = (5, 48 * 3600.0)  # customer messages after a message of the user, and for how long
FAULT = "该公众号提供的服务出现故障，请稍后再试"
ACCOUNT_ID = "gh_simulated"

# Sends one request to the service: path with query, body, seconds to wait.
Deliver = Callable[[str, bytes, float], httpx.Response]


@dataclass(frozen=True, slots=True)
class Mishaps:
    """Shares (0 to 1) of calls with which something happens on the way."""

    lose: float = 0.0  # the call never arrives, or its reply is lost: both look the same here
    repeat: float = 0.0  # it arrives twice
    delay_s: float = 0.0  # up to so long before it arrives


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: the text the reader saw, and how many calls it took."""

    shown: str | None  # None: nothing, as after "success"
    calls: int


@dataclass
class Reader:
    """One user of the account as their phone shows it."""

    openid: str
    shown: list[str] = field(default_factory=list)
    window_until: float = 0.0
    pushes_left: int = 0


class Simulator:
    """Plays Tencent for one account."""

    def __init__(
        self,
        account: OfficialAccount,
        deliver: Deliver,
        format_: BodyFormat = BodyFormat.XML,
        mishaps: Mishaps | None = None,
        seed: int = 0,
    ) -> None:
        self.account = account
        self.readers: dict[str, Reader] = {}
        self.tokens: set[str] = set()
        self.clock: Callable[[], float] = time.time
        self.wait: Callable[[float], None] = time.sleep
        self._deliver = deliver
        self._format = format_
        self._mishaps = mishaps or Mishaps()
        self._random = random.Random(seed)
        self._next_id = 10**15 + int(time.time() * 1000)

    def reader(self, openid: str) -> Reader:
        """Return a user, new or known."""
        return self.readers.setdefault(openid, Reader(openid))

    def says(self, openid: str, text: str) -> Outcome:
        """Let a user send a text; return what they see in the chat."""
        return self.sends(openid, {"MsgType": "text", "Content": text})

    def sends(self, openid: str, fields: Mapping[str, str]) -> Outcome:
        """Let a user send a message or cause an event with these fields."""
        message = self.message(openid, fields)
        reader = self.reader(openid)
        if message["MsgType"] != "event":
            reader.window_until = self.clock() + QUOTA[1]
            reader.pushes_left = QUOTA[0]
        outcome = self.call(message)
        if outcome.shown is not None:
            reader.shown.append(outcome.shown)
        return outcome

    def message(self, openid: str, fields: Mapping[str, str]) -> dict[str, str]:
        """Complete the fields of a message as Tencent does."""
        message = {
            "ToUserName": ACCOUNT_ID,
            "FromUserName": openid,
            "CreateTime": str(int(self.clock())),
            **fields,
        }
        if message["MsgType"] != "event" and "MsgId" not in message:
            self._next_id += 1
            message["MsgId"] = str(self._next_id)
        return message

    def call(self, message: Mapping[str, str]) -> Outcome:
        """Deliver a message, three times at most, and read the reply."""
        for number in range(1, CALLS + 1):
            if self._happens(self._mishaps.lose):
                continue
            self.wait(self._random.random() * self._mishaps.delay_s)
            path, body = self.request(message)
            try:
                if self._happens(self._mishaps.repeat):
                    self._deliver(path, body, TIMEOUT_S)
                reply = self._deliver(path, body, TIMEOUT_S)
            except httpx.TimeoutException:
                continue
            except httpx.HTTPError:
                return Outcome(FAULT, number)
            return Outcome(self.read_reply(reply), number)
        return Outcome(FAULT, CALLS)

    def in_disorder(self, messages: Sequence[Mapping[str, str]]) -> list[Outcome]:
        """Deliver several messages in another order than they were sent."""
        mixed = list(messages)
        self._random.shuffle(mixed)
        return [self.call(message) for message in mixed]

    def request(self, message: Mapping[str, str]) -> tuple[str, bytes]:
        """Return path and body of one call, encrypted and signed."""
        cipher = self.account.ciphers[0]
        written = write_fields(self._format, message)
        encrypted = cipher.encrypt(written, os.urandom(16))
        query = self._query(encrypted) | {"openid": message["FromUserName"]}
        envelope = {"ToUserName": message["ToUserName"], "Encrypt": encrypted}
        path = f"/wechat/{self.account.name}?{urlencode(query)}"
        return path, write_fields(self._format, envelope)

    def address_check(self, echo: str) -> str:
        """Return the path with which Tencent checks an address."""
        query = self._query("") | {"echostr": echo}
        return f"/wechat/{self.account.name}?{urlencode(query)}"

    def _query(self, encrypted: str) -> dict[str, str]:
        token, timestamp = self.account.token, str(int(self.clock()))
        nonce = str(self._random.randrange(10**9))
        query = {
            "signature": signature(token, timestamp, nonce),
            "timestamp": timestamp,
            "nonce": nonce,
        }
        if encrypted:
            query["encrypt_type"] = "aes"
            query["msg_signature"] = signature(token, timestamp, nonce, encrypted)
        return query

    def read_reply(self, reply: httpx.Response) -> str | None:
        """Return the text that a reply shows, None for an empty one, the fault for a bad one."""
        if reply.status_code != httpx.codes.OK:
            return FAULT
        if reply.content in (b"", b"success"):
            return None
        try:
            shown = self._opened(reply.content).fields
        except CallbackRefused:
            return FAULT
        content = shown.get("Content", "")
        fits = 0 < len(content.encode()) <= MAX_TEXT_BYTES
        return content if shown.get("MsgType") == "text" and fits else FAULT

    def _opened(self, content: bytes) -> Body:
        sealed = read_body(content)
        if sealed.format is not self._format:
            raise CallbackRefused("format")
        encrypted = sealed.field("Encrypt")
        check_signature(
            sealed.field("MsgSignature"),
            self.account.token,
            sealed.field("TimeStamp"),
            sealed.field("Nonce"),
            encrypted,
        )
        message, _ = decrypt_with(self.account.ciphers, encrypted)
        return read_body(message)

    def _happens(self, share: float) -> bool:
        return self._random.random() < share

    def answer_api(self, path: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Answer a call of Tencent's API: stable_token and custom/send."""
        try:
            asked = json.loads(body)
        except ValueError:
            return {"errcode": 47001, "errmsg": "data format error"}
        if path == "/cgi-bin/stable_token":
            return self._token(asked)
        if path == "/cgi-bin/message/custom/send":
            if query.get("access_token") not in self.tokens:
                return {"errcode": 40001, "errmsg": "invalid credential"}
            return self._push(asked)
        return {"errcode": -1, "errmsg": "unknown path"}

    def _token(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked.get("appid") != self.account.appid:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        if asked.get("secret") != self.account.app_secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        if not self.tokens:
            self.tokens.add(f"token-{self._random.randrange(10**12)}")
        return {"access_token": next(iter(self.tokens)), "expires_in": 7200}

    def _push(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        reader = self.readers.get(str(asked.get("touser")))
        if reader is None:
            return {"errcode": 40003, "errmsg": "invalid openid"}
        content, problem = pushed_text(asked)
        if problem:
            return {"errcode": problem, "errmsg": "refused"}
        if self.clock() > reader.window_until:
            return {"errcode": 45015, "errmsg": "response out of time limit"}
        if reader.pushes_left <= 0:
            return {"errcode": 45047, "errmsg": "client interface request count exceed limit"}
        reader.pushes_left -= 1
        reader.shown.append(content)
        return {"errcode": 0, "errmsg": "ok"}


def pushed_text(asked: Mapping[str, Any]) -> tuple[str, int]:
    """Return what a customer message shows, and Tencent's error code, 0 for none."""
    kind = asked.get("msgtype")
    if kind == "text":
        content = str(asked["text"]["content"])
    elif kind == "msgmenu":
        menu = asked["msgmenu"]
        if len(menu["list"]) > 10:
            return "", 45098
        content = "\n".join(
            [menu["head_content"], *(f"[{item['content']}]" for item in menu["list"])]
        )
    elif kind == "news":
        articles = asked["news"]["articles"]
        if len(articles) != 1:
            return "", 45008
        content = str(articles[0].get("title", ""))
    else:
        return "", 40008
    return (content, 0) if len(content.encode()) <= MAX_TEXT_BYTES else ("", 45002)


def write_fields(format_: BodyFormat, fields: Mapping[str, str]) -> bytes:
    """Write fields as the body of a callback."""
    if format_ is BodyFormat.JSON:
        return json.dumps(dict(fields), ensure_ascii=False).encode()
    inner = "".join(f"<{name}>{cdata(value)}</{name}>" for name, value in fields.items())
    return f"<xml>{inner}</xml>".encode()
