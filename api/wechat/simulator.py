"""Tencent's side of an official account: calls the address, waits five seconds, calls again.

It signs and encrypts like Tencent, repeats a call up to twice, and keeps the limits of
customer messages. What goes wrong on the way can be chosen: calls lost, repeated, delayed,
out of order. Tests and `qichuang wechat simulate` use the same class.
"""

import json
import os
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx

from api.wechat.account import OfficialAccount
from api.wechat.crypt import CallbackRefused, check_signature, decrypt_with, signature
from api.wechat.envelope import Body, BodyFormat, cdata, read_body
from api.wechat.simulated_api import MAX_TEXT_BYTES, SimulatedApi

CALLS = 3
TIMEOUT_S = 5.0
FAULT = "该公众号提供的服务出现故障，请稍后再试"
ACCOUNT_ID = "gh_simulated"
RECORDS = "SubscribeMsgPopupEvent"  # what Tencent's XML puts around a list of records

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


class Simulator(SimulatedApi):
    """Plays Tencent for one account."""

    def __init__(
        self,
        account: OfficialAccount,
        deliver: Deliver,
        format_: BodyFormat = BodyFormat.XML,
        mishaps: Mishaps | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(account)
        self.wait: Callable[[float], None] = time.sleep
        self._deliver = deliver
        self._format = format_
        self._mishaps = mishaps or Mishaps()
        self._random = random.Random(seed)
        self._next_id = 10**15 + int(time.time() * 1000)

    def says(self, openid: str, text: str) -> Outcome:
        """Let a user send a text; return what they see in the chat."""
        return self.sends(openid, {"MsgType": "text", "Content": text})

    def sends(self, openid: str, fields: Mapping[str, Any]) -> Outcome:
        """Let a user send a message or cause an event with these fields."""
        message = self.message(openid, fields)
        reader = self.reader(openid)
        reader.does(message, self.clock())
        outcome = self.call(message)
        if outcome.shown is not None:
            reader.show(outcome.shown, self.clock())
        return outcome

    def message(self, openid: str, fields: Mapping[str, Any]) -> dict[str, Any]:
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

    def call(self, message: Mapping[str, Any]) -> Outcome:
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

    def request(self, message: Mapping[str, Any]) -> tuple[str, bytes]:
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


def write_fields(format_: BodyFormat, fields: Mapping[str, Any]) -> bytes:
    """Write fields as the body of a callback: texts, or a list of records under `List`."""
    if format_ is BodyFormat.JSON:
        return json.dumps(dict(fields), ensure_ascii=False).encode()
    return f"<xml>{_elements(fields)}</xml>".encode()


def _elements(fields: Mapping[str, Any]) -> str:
    written = []
    for name, value in fields.items():
        if isinstance(value, list):
            records = "".join(f"<{name}>{_elements(record)}</{name}>" for record in value)
            written.append(f"<{RECORDS}>{records}</{RECORDS}>")
        else:
            written.append(f"<{name}>{cdata(value)}</{name}>")
    return "".join(written)
