"""WeCom's side of 微信客服: customers, colleagues at their seats, and the API between.

It keeps the rules that matter: messages are fetched by cursor, an id is sent once, five
messages follow a customer's own within 48 hours and only in the states 0 and 1, an
event's code allows one message. Calls may be lost or repeated.
"""

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx

from api.wechat.crypt import signature
from api.wechat.envelope import BodyFormat
from api.wechat.kf_account import KfAccount
from api.wechat.simulator import write_fields

MAX_TEXT_BYTES = 2048
MAX_ID_BYTES = 32
SENDS, WINDOW_S, EVENT_S = 5, 48 * 3600.0, 20.0
NEW, ASSISTANT, QUEUE, SEAT, OVER = range(5)
OK: Mapping[str, Any] = {"errcode": 0, "errmsg": "ok"}

# Sends one callback to the service: path with query, body.
Deliver = Callable[[str, bytes], httpx.Response]


@dataclass
class Customer:
    """One person who writes to a desk."""

    state: int = NEW
    window_until: float = 0.0
    sends_left: int = 0
    servicer: str = ""
    shown: list[str] = field(default_factory=list)


class KfSimulator:
    """Plays WeCom for one desk of one account."""

    def __init__(self, account: KfAccount, open_kfid: str, deliver: Deliver) -> None:
        self.account = account
        self.open_kfid = open_kfid
        self.clock: Callable[[], float] = time.time
        self.customers: dict[str, Customer] = {}
        self.log: list[dict[str, Any]] = []  # what sync_msg hands out
        self.no_seats = False  # nobody is there to take over
        self._deliver = deliver
        self._sent_ids: set[str] = set()
        self._codes: dict[str, tuple[str, float]] = {}  # code -> customer, until
        self._token = "access-1"  # noqa: S105

    def customer(self, name: str) -> Customer:
        """Return a customer, new when the name is."""
        return self.customers.setdefault(name, Customer())

    def says(self, name: str, text: str, *, told: bool = True) -> None:
        """Let a customer write; `told` False: the callback is lost."""
        self._write(name, {"msgtype": "text", "origin": 3, "text": {"content": text}})
        if told:
            self.call_back()

    def sends(self, name: str, kind: str) -> None:
        """Let a customer send an image, a voice message, a file."""
        self._write(name, {"msgtype": kind, "origin": 3, kind: {"media_id": "x"}})
        self.call_back()

    def enters(self, name: str) -> None:
        """Let a customer open the chat."""
        self._event(name, {"event_type": "enter_session", "welcome_code": self._code(name)})

    def takes(self, servicer: str, name: str) -> None:
        """Let a colleague take a customer from the queue."""
        customer = self.customer(name)
        customer.state, customer.servicer = SEAT, servicer
        self._change(name, 1, {"new_servicer_userid": servicer})

    def answers(self, servicer: str, name: str, text: str) -> None:
        """Let a colleague write to a customer."""
        self.customer(name).shown.append(text)
        words = {"msgtype": "text", "origin": 5, "text": {"content": text}}
        self._add(name, {**words, "servicer_userid": servicer})
        self.call_back()

    def ends(self, name: str) -> None:
        """Let the conversation with a colleague end."""
        customer = self.customer(name)
        customer.state, customer.servicer = OVER, ""
        self._change(name, 3, {"msg_code": self._code(name)})

    def call_back(self) -> httpx.Response:
        """Tell the service that there is news."""
        path, body = self.callback(f"token-{len(self.log)}")
        return self._deliver(path, body)

    def callback(self, token: str, desk: str = "") -> tuple[str, bytes]:
        """Return path and body of one callback, encrypted and signed."""
        fields = {
            "ToUserName": self.account.corpid,
            "CreateTime": str(int(self.clock())),
            "MsgType": "event",
            "Event": "kf_msg_or_event",
            "Token": token,
            "OpenKfId": desk or self.open_kfid,
        }
        cipher = self.account.ciphers[0]
        encrypted = cipher.encrypt(write_fields(BodyFormat.XML, fields), os.urandom(16))
        envelope = {"ToUserName": self.account.corpid, "AgentID": "", "Encrypt": encrypted}
        return self._path(encrypted), write_fields(BodyFormat.XML, envelope)

    def address_check(self, echo: str) -> str:
        """Return the path with which WeCom checks an address."""
        encrypted = self.account.ciphers[0].encrypt(echo.encode(), os.urandom(16))
        return f"{self._path(encrypted)}&{urlencode({'echostr': encrypted})}"

    def answer_api(self, path: str, query: Mapping[str, str], content: bytes) -> dict[str, Any]:
        """Answer one call of the API."""
        name = path.removeprefix("/cgi-bin/")
        if name == "gettoken":
            good = query.get("corpsecret") == self.account.secret
            token = {"access_token": self._token, "expires_in": 7200}
            return {**OK, **token} if good else _refused(40001)
        if query.get("access_token") != self._token:
            return _refused(42001)
        body = json.loads(content)
        answers = {
            "kf/sync_msg": self._sync,
            "kf/send_msg": self._send,
            "kf/send_msg_on_event": self._send_on_event,
            "kf/service_state/get": self._get_state,
            "kf/service_state/trans": self._change_state,
        }
        return answers[name](body)

    def renew_token(self) -> None:
        """Let the access token end before its time."""
        self._token += "1"

    def transport(self) -> httpx.MockTransport:
        """Return a transport on which this API answers."""

        def answer(request: httpx.Request) -> httpx.Response:
            path, query = request.url.path, dict(request.url.params)
            return httpx.Response(200, json=self.answer_api(path, query, request.read()))

        return httpx.MockTransport(answer)

    def _sync(self, body: Mapping[str, Any]) -> dict[str, Any]:
        if body.get("token") and not str(body["token"]).startswith("token-"):
            return _refused(95007)
        start = int(str(body.get("cursor") or "c0")[1:])
        end = min(start + int(body["limit"]), len(self.log))
        more = int(end < len(self.log))
        return {**OK, "next_cursor": f"c{end}", "has_more": more, "msg_list": self.log[start:end]}

    def _send(self, body: Mapping[str, Any]) -> dict[str, Any]:
        customer = self.customer(body["touser"])
        if refused := self._checked(body):
            return refused
        if customer.state not in (NEW, ASSISTANT):
            return _refused(95018)
        if customer.sends_left < 1 or self.clock() >= customer.window_until:
            return _refused(95001)
        customer.sends_left -= 1
        customer.shown.append(body["text"]["content"])
        return {**OK, "msgid": body["msgid"]}

    def _send_on_event(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name, until = self._codes.pop(body["code"], ("", 0.0))
        if not name or self.clock() > until:
            return _refused(95008)
        if refused := self._checked(body):
            return refused
        self.customer(name).shown.append(body["text"]["content"])
        return {**OK, "msgid": body["msgid"]}

    def _checked(self, body: Mapping[str, Any]) -> dict[str, Any] | None:
        """Check id and size of a message; one id is taken once."""
        send_id, text = body["msgid"], body["text"]["content"]
        if len(text.encode()) > MAX_TEXT_BYTES:
            return _refused(45002)
        if len(send_id.encode()) > MAX_ID_BYTES or send_id in self._sent_ids:
            return _refused(40058)
        self._sent_ids.add(send_id)
        return None

    def _get_state(self, body: Mapping[str, Any]) -> dict[str, Any]:
        customer = self.customer(body["external_userid"])
        return {**OK, "service_state": customer.state, "servicer_userid": customer.servicer}

    def _change_state(self, body: Mapping[str, Any]) -> dict[str, Any]:
        name = body["external_userid"]
        customer = self.customer(name)
        if customer.state == OVER:
            return _refused(95013)
        if self.no_seats:
            return _refused(95014)
        customer.state = body["service_state"]
        return {**OK, "msg_code": self._code(name) if customer.state in (QUEUE, SEAT) else ""}

    def _write(self, name: str, message: Mapping[str, Any]) -> None:
        customer = self.customer(name)
        if customer.state == OVER:
            customer.state = NEW
        customer.window_until, customer.sends_left = self.clock() + WINDOW_S, SENDS
        self._add(name, message)

    def _change(self, name: str, change: int, more: Mapping[str, Any]) -> None:
        self._event(name, {"event_type": "session_status_change", "change_type": change, **more})

    def _event(self, name: str, event: Mapping[str, Any]) -> None:
        where = {"open_kfid": self.open_kfid, "external_userid": name}
        entry = {"msgtype": "event", "origin": 4, "event": {**event, **where}}
        self.log.append({**self._head(), **entry})
        self.call_back()

    def _add(self, name: str, message: Mapping[str, Any]) -> None:
        where = {"open_kfid": self.open_kfid, "external_userid": name}
        self.log.append({**self._head(), **where, **message})

    def _head(self) -> dict[str, Any]:
        return {"msgid": f"msg{len(self.log)}", "send_time": int(self.clock())}

    def _code(self, name: str) -> str:
        code = f"code{len(self._codes)}-{len(self.log)}"
        self._codes[code] = name, self.clock() + EVENT_S
        return code

    def _path(self, encrypted: str) -> str:
        timestamp, nonce = str(int(self.clock())), str(len(self.log))
        signed = signature(self.account.token, timestamp, nonce, encrypted)
        query = {"msg_signature": signed, "timestamp": timestamp, "nonce": nonce}
        return f"/kf/{self.account.name}?{urlencode(query)}"


def _refused(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "refused"}
