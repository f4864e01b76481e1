"""Tencent's API as a simulated account has it: tokens, and messages that reach its readers.

It keeps Tencent's limits (windows and quotas, sizes, form of every field of a template) by
rules of its own, so that a message which it takes is one that Tencent would take.
"""

import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import regex

from api.wechat.account import OfficialAccount
from api.wechat.client import Way
from api.wechat.simulated_login import SimulatedLogin
from api.wechat.template import NoticeTemplate

MAX_TEXT_BYTES = 2048
QUOTA = (5, 48 * 3600.0)  # customer messages after a message of the user, and for how long
EVENT_QUOTA = (3, 60.0)
MOST_BUBBLES = 200  # of one chat that are remembered
_QUOTA_EVENTS = {"subscribe", "SCAN", "CLICK"}
OK = {"errcode": 0, "errmsg": "ok"}


@dataclass
class Bubble:
    """One line of a chat as a phone shows it."""

    side: str  # "reader", "account", or "note" for what is told beside the chat
    text: str
    at_s: float


@dataclass
class Reader:
    """One user of the account as their phone shows it."""

    openid: str
    thread: list[Bubble] = field(default_factory=list)
    window_until: float = 0.0
    pushes_left: int = 0
    follows: bool = True
    waiting_since_s: float = 0.0  # for the reply to what they did last; 0 for nothing
    allowed: dict[str, int] = field(default_factory=dict)  # pushes of a template still allowed

    @property
    def shown(self) -> list[str]:
        """What the account said, oldest first."""
        return [bubble.text for bubble in self.thread if bubble.side == "account"]

    def show(self, text: str, at_s: float, side: str = "account") -> None:
        """Add a line to the chat."""
        if side == "account":
            self.waiting_since_s = 0.0
        self.thread.append(Bubble(side, text, at_s))

    def does(self, message: Mapping[str, Any], now_s: float) -> None:
        """Note what a message or event of this user lets the account send."""
        event = message.get("Event", "")
        self.show(message.get("Content", f"[{event or message['MsgType']}]"), now_s, "reader")
        for choice in message.get("List", ()):
            accepts = choice["SubscribeStatusString"] == "accept"
            template = choice["TemplateId"]
            self.allowed[template] = self.allowed.get(template, 0) + 1 if accepts else 0
        if event in {"subscribe", "unsubscribe"}:
            self.follows = event == "subscribe"
        if message["MsgType"] != "event":
            self.follows = True
            self.pushes_left, self.window_until = QUOTA[0], now_s + QUOTA[1]
        elif event in _QUOTA_EVENTS and now_s + EVENT_QUOTA[1] > self.window_until:
            self.pushes_left, self.window_until = EVENT_QUOTA[0], now_s + EVENT_QUOTA[1]


class SimulatedApi:
    """The API of one account and the phones of its readers."""

    def __init__(self, account: OfficialAccount) -> None:
        self.account = account
        self.readers: dict[str, Reader] = {}
        self.tokens: set[str] = set()
        self.login = SimulatedLogin(account)
        self.clock: Callable[[], float] = time.time

    def reader(self, openid: str) -> Reader:
        """Return a user, new or known."""
        return self.readers.setdefault(openid, Reader(openid))

    def state(self) -> dict[str, Any]:
        """Return everything that it remembers, as JSON values."""
        readers = [asdict(reader) for reader in self.readers.values()]
        for reader in readers:
            reader["thread"] = reader["thread"][-MOST_BUBBLES:]
        return {"readers": readers, "tokens": sorted(self.tokens)}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Remember what `state` returned before."""
        readers = [
            Reader(**(reader | {"thread": [Bubble(**bubble) for bubble in reader["thread"]]}))
            for reader in state.get("readers", ())
        ]
        self.readers = {reader.openid: reader for reader in readers}
        self.tokens = set(state.get("tokens", ()))

    def answer_api(self, path: str, query: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """Answer a call of Tencent's API."""
        try:
            asked = {**query, **json.loads(body or b"{}")}
        except ValueError:
            return _refused(47001)
        if path == "/cgi-bin/stable_token":
            return self._token(asked)
        if path == "/sns/oauth2/access_token":
            return self.login.exchange(asked)
        answer = self._calls().get(path)
        if answer is None:
            return _refused(-1)
        if query.get("access_token") not in self.tokens:
            return _refused(40001)
        return answer(asked)

    def _calls(self) -> Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]]:
        return {
            "/cgi-bin/message/custom/send": self._push,
            "/cgi-bin/message/template/send": self._send_template,
            "/cgi-bin/message/subscribe/bizsend": self._send_subscribed,
            "/cgi-bin/user/info": self.login.user_info,
            "/cgi-bin/getcallbackip": lambda _asked: {"ip_list": ["127.0.0.1"]},
            "/cgi-bin/template/get_all_private_template": lambda _asked: self._listed(
                Way.TEMPLATE, "template_list", "template_id"
            ),
            "/wxaapi/newtmpl/gettemplate": lambda _asked: self._listed(
                Way.SUBSCRIPTION, "data", "priTmplId"
            ),
        }

    def _token(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        if asked.get("appid") != self.account.appid:
            return _refused(40013)
        if asked.get("secret") != self.account.app_secret:
            return _refused(40125)
        if not self.tokens:
            self.tokens.add(f"token-{secrets.randbelow(10**12)}")
        return {"access_token": min(self.tokens), "expires_in": 7200}

    def _push(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        reader = self.readers.get(str(asked.get("touser")))
        if reader is None:
            return _refused(40003)
        content, problem = pushed_text(asked)
        if problem:
            return _refused(problem)
        if not reader.follows or self.clock() > reader.window_until:
            return _refused(45015)
        if reader.pushes_left <= 0:
            return _refused(45047)
        reader.pushes_left -= 1
        reader.show(content, self.clock())
        return dict(OK)

    def _send_template(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        reader = self.readers.get(str(asked.get("touser")))
        if reader is None:
            return _refused(40003)
        if not reader.follows:
            return _refused(43004)
        return self._show_notice(reader, Way.TEMPLATE, asked) | {"msgid": secrets.randbelow(10**9)}

    def _send_subscribed(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        reader = self.readers.get(str(asked.get("touser")))
        if reader is None:
            return _refused(40003)
        template = str(asked.get("template_id"))
        if reader.allowed.get(template, 0) <= 0:
            return _refused(43101)
        shown = self._show_notice(reader, Way.SUBSCRIPTION, asked)
        if not shown["errcode"]:
            reader.allowed[template] -= 1
        return shown

    def _show_notice(self, reader: Reader, way: Way, asked: Mapping[str, Any]) -> dict[str, Any]:
        template = self._templates(way).get(str(asked.get("template_id")))
        if template is None:
            return _refused(40037)
        data = asked.get("data", {})
        if set(data) != set(template.fields) or not all(
            _takes(name, str(given.get("value", ""))) for name, given in data.items()
        ):
            return _refused(47003)
        lines = [f"{name}：{given['value']}" for name, given in sorted(data.items())]
        opens = asked.get("url") or asked.get("page")
        link = [f'<a href="{opens}">详情</a>'] if opens else []
        reader.show("\n".join(["【服务通知】", *lines, *link]), self.clock())
        return dict(OK)

    def _templates(self, way: Way) -> dict[str, NoticeTemplate]:
        templates = self.account.templates.items()
        return {template.id: template for (known, _), template in templates if known is way}

    def _listed(self, way: Way, name: str, key: str) -> dict[str, Any]:
        templates = self._templates(way).values()
        return OK | {name: [{key: one.id, "content": _content(one)} for one in templates]}


def _content(template: NoticeTemplate) -> str:
    return "\n".join(f"{name}：{{{{{name}.DATA}}}}" for name in template.fields)


# What Tencent takes as the value of a field, by the type in its name.
_FORMS = {
    "thing": r"[^\n]{1,20}",
    "const": r"[^\n]{1,20}",
    "name": r"(?=.*\p{Han})[^\n]{1,10}|[^\n\p{Han}]{1,20}",
    "phrase": r"\p{Han}{1,5}",
    "character_string": r"[\x21-\x7e]{1,32}",
    "letter": r"[A-Za-z]{1,32}",
    "number": r"\d{1,32}(\.\d+)?",
    "symbol": r"[\p{P}\p{S}]{1,5}",
    "phone_number": r"[0-9+-]{1,17}",
    "amount": r"[¥￥]?\d{1,10}(\.\d+)?元?",
    "car_number": r"\w{1,8}",
    "time": r"(\d{4}[年/.-]\d{1,2}[月/.-]\d{1,2}日? )?\d{1,2}:\d{2}(:\d{2})?(~.+)?",
    "date": r"\d{4}[年/.-]\d{1,2}[月/.-]\d{1,2}日?( \d{1,2}:\d{2})?(~.+)?",
}


def _takes(name: str, value: str) -> bool:
    form = _FORMS.get(re.sub(r"\d+$", "", name))
    return form is not None and regex.fullmatch(form, value) is not None


def _refused(code: int) -> dict[str, Any]:
    return {"errcode": code, "errmsg": "refused by the simulator"}


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
