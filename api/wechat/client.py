"""Calls to Tencent's API, and what its error codes mean for a message."""

import json
import logging
import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

import httpx

from api.tls import trusted

# It tells the address of every call, and Tencent wants secrets and tokens in there.
logging.getLogger("httpx").setLevel(logging.WARNING)

TIMEOUT_S = 5.0
MAX_REPLY_BYTES = 64 * 1024


class ErrorKind(StrEnum):
    """What to do after a call that did not succeed."""

    PASSING = "passing"  # try again later
    TOKEN = "token"  # the access token is no longer good
    OVER_QUOTA = "over_quota"  # no message to this person now
    GONE = "gone"  # the person does not follow the account
    NOT_GRANTED = "not_granted"  # the person did not allow this notice, or not any more
    FORM_REFUSED = "form_refused"  # this kind or size of message cannot be sent
    CODE_REFUSED = "code_refused"  # of a web login: wrong, used or too old
    FORBIDDEN = "forbidden"  # the account may not do this at all


class Way(StrEnum):
    """How a message reaches a person."""

    CUSTOMER = "customer"  # 客服消息, within 48 hours of what the person did
    TEMPLATE = "template"  # 模板消息, to followers of a verified service account
    SUBSCRIPTION = "subscription"  # 订阅通知, once for each permission of the person


_PATHS = {
    Way.CUSTOMER: "/cgi-bin/message/custom/send",
    Way.TEMPLATE: "/cgi-bin/message/template/send",
    Way.SUBSCRIPTION: "/cgi-bin/message/subscribe/bizsend",
}


class SendFailed(RuntimeError):
    """Tencent did not take a call. The text names the code; `maybe_sent` when nobody knows.

    `address` is ours as Tencent saw it, where that is what it refused.
    """

    def __init__(
        self, kind: ErrorKind, code: str, *, maybe_sent: bool = False, address: str = ""
    ) -> None:
        super().__init__(f"{code} {MEANINGS[kind]}")
        self.kind = kind
        self.code = code
        self.maybe_sent = maybe_sent
        self.address = address


MEANINGS = {
    ErrorKind.PASSING: "暂时没有发成",
    ErrorKind.TOKEN: "访问令牌失效",
    ErrorKind.OVER_QUOTA: "超出微信允许的条数或时间",
    ErrorKind.GONE: "对方没有关注",
    ErrorKind.NOT_GRANTED: "对方没有允许或已关闭这种通知",
    ErrorKind.FORM_REFUSED: "微信不接受这种内容，请核对模板编号和字段",
    ErrorKind.CODE_REFUSED: "网页授权的 code 无效、已用过或已过期",
    ErrorKind.FORBIDDEN: "公众号没有这项权限或设置不对",
}
# Tencent's global return codes (全局返回码).
_KINDS: dict[ErrorKind, set[int]] = {
    ErrorKind.TOKEN: {40001, 40014, 41001, 42001, 42007},
    ErrorKind.OVER_QUOTA: {45015, 45047},
    ErrorKind.GONE: {40003, 43004, 43019, 46004, 50005},
    ErrorKind.NOT_GRANTED: {43101, 43107},
    ErrorKind.FORM_REFUSED: {
        40008,
        40037,
        41028,
        41029,
        41030,
        43116,
        44003,
        44004,
        45002,
        45008,
        45098,
        47001,
        47003,
    },
    ErrorKind.CODE_REFUSED: {40029, 40163, 41008, 42003},
    ErrorKind.FORBIDDEN: {40002, 40013, 40125, 40164, 48001, 48004, 50001, 50002, 61024},
}


_REFUSED_ADDRESS = re.compile(r"invalid ip ([0-9a-fA-F.:]{3,45})")


class TencentApi:
    """The API at one base address; the simulator gives its own."""

    def __init__(self, base: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = open_client(base, TIMEOUT_S, transport)

    def fetch_token(self, appid: str, secret: str) -> tuple[str, int]:
        """Return a stable access token and its seconds to live. Raises SendFailed."""
        wanted = {"grant_type": "client_credential", "appid": appid, "secret": secret}
        reply = self._post("/cgi-bin/stable_token", {}, wanted)
        return token_of(reply)

    def send(self, way: Way, token: str, openid: str, body: Mapping[str, Any]) -> str:
        """Send a message in one of the ways; return Tencent's number of it, "" for none.

        Raises SendFailed.
        """
        reply = self._post(_PATHS[way], {"access_token": token}, {"touser": openid, **body})
        return str(reply.get("msgid", ""))[:32]

    def look_up(self, path: str, token: str) -> Mapping[str, Any]:
        """Return what Tencent keeps of the account itself: its lists. Raises SendFailed."""
        return self._get(path, {"access_token": token})

    def user_info(self, token: str, openid: str) -> Mapping[str, Any]:
        """Return what Tencent tells of a follower: "unionid" where there is one.

        Raises SendFailed.
        """
        return self._get("/cgi-bin/user/info", {"access_token": token, "openid": openid})

    def exchange_code(self, appid: str, secret: str, code: str) -> Mapping[str, Any]:
        """Return who came back from a web login: "openid", "unionid", "is_snapshotuser".

        Raises SendFailed.
        """
        asked = {
            "appid": appid,
            "secret": secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        return self._get("/sns/oauth2/access_token", asked)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(
        self, path: str, query: Mapping[str, str], body: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        # Escaped Chinese would reach the reader as it is written.
        content = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        return self._call(
            self._client.build_request(
                "POST", path, params=dict(query), content=content, headers=headers
            )
        )

    def _get(self, path: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        return self._call(self._client.build_request("GET", path, params=dict(query)))

    def _call(self, request: httpx.Request) -> Mapping[str, Any]:
        return call(self._client, request, MAX_REPLY_BYTES, _KINDS)


def open_client(
    base: str, timeout_s: float, transport: httpx.BaseTransport | None = None
) -> httpx.Client:
    """Return a client for one of Tencent's APIs: no redirects, no proxy of the environment."""
    return httpx.Client(
        base_url=base,
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        verify=trusted(),
        transport=transport,
    )


def call(
    client: httpx.Client,
    request: httpx.Request,
    most_bytes: int,
    kinds: Mapping[ErrorKind, Collection[int]],
) -> Mapping[str, Any]:
    """Return what Tencent answers to a request; `kinds` are what its codes mean.

    Raises SendFailed.
    """
    try:
        reply = client.send(request)
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise SendFailed(ErrorKind.PASSING, type(error).__name__) from error
    except httpx.HTTPError as error:
        raise SendFailed(ErrorKind.PASSING, type(error).__name__, maybe_sent=True) from error
    if reply.status_code != httpx.codes.OK or len(reply.content) > most_bytes:
        raise SendFailed(ErrorKind.PASSING, f"HTTP {reply.status_code}", maybe_sent=True)
    return _checked(reply.content, kinds)


def token_of(reply: Mapping[str, Any]) -> tuple[str, int]:
    """Return the access token of a reply and its seconds to live. Raises SendFailed."""
    token, seconds = reply.get("access_token"), reply.get("expires_in")
    if not isinstance(token, str) or not isinstance(seconds, int) or not token:
        raise SendFailed(ErrorKind.PASSING, "no token")
    return token, seconds


def _checked(content: bytes, kinds: Mapping[ErrorKind, Collection[int]]) -> Mapping[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise SendFailed(ErrorKind.PASSING, "no JSON", maybe_sent=True) from error
    if not isinstance(read, dict):
        raise SendFailed(ErrorKind.PASSING, "no object", maybe_sent=True)
    code = read.get("errcode", 0)
    if code == 0:
        return read
    kind = next((kind for kind, codes in kinds.items() if code in codes), ErrorKind.PASSING)
    seen = _REFUSED_ADDRESS.search(str(read.get("errmsg", "")))
    raise SendFailed(kind, str(code)[:12], address=seen[1] if seen else "")
