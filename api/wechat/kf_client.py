"""Calls to WeCom's API for 微信客服, and what its error codes mean."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from api.wechat.client import ErrorKind, SendFailed, call, open_client, token_of

TIMEOUT_S = 8.0
MAX_REPLY_BYTES = 4 * 2**20
SYNC_LIMIT = 200  # messages a call; WeCom allows 1,000
TOKEN_REFUSED = "95007"  # of sync_msg: the callback's token is too old

# 企业微信全局错误码.
_KINDS: dict[ErrorKind, set[int]] = {
    ErrorKind.TOKEN: {40014, 41001, 42001},
    ErrorKind.OVER_QUOTA: {95001, 95002},
    ErrorKind.FORM_REFUSED: {40008, 40058, 44004, 45002, 47001, 95012, 95013, 95016, 95018},
    ErrorKind.CODE_REFUSED: {95008},
    ErrorKind.GONE: {40096, 84061},
    ErrorKind.FORBIDDEN: {40001, 40013, 48002, 60020, 60111, 95000, 95004, 95014, 95017},
}


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one call of sync_msg brought."""

    messages: Sequence[Mapping[str, Any]]
    cursor: str
    more: bool


class WeComApi:
    """The API at one base address; the simulator gives its own."""

    def __init__(self, base: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = open_client(base, TIMEOUT_S, transport)

    def fetch_token(self, corpid: str, secret: str) -> tuple[str, int]:
        """Return an access token and its seconds to live. Raises SendFailed."""
        query = {"corpid": corpid, "corpsecret": secret}
        request = self._client.build_request("GET", "/cgi-bin/gettoken", params=query)
        return token_of(self._call(request))

    def sync(self, access: str, open_kfid: str, cursor: str, token: str) -> Fetched:
        """Return what came after a cursor. Raises SendFailed."""
        wanted: dict[str, Any] = {"open_kfid": open_kfid, "limit": SYNC_LIMIT}
        wanted |= {"cursor": cursor} if cursor else {}
        wanted |= {"token": token} if token else {}
        reply = self._post("/cgi-bin/kf/sync_msg", access, wanted)
        messages, following = reply.get("msg_list", []), reply.get("next_cursor", "")
        if not isinstance(messages, list) or not isinstance(following, str):
            raise SendFailed(ErrorKind.PASSING, "no list")
        found = [one for one in messages if isinstance(one, dict)]
        return Fetched(found, following or cursor, reply.get("has_more") == 1)

    def send(self, access: str, reader: tuple[str, str], send_id: str, body: Any) -> None:
        """Send a message to (open_kfid, external_userid) under our own id. Raises SendFailed."""
        told = {"open_kfid": reader[0], "touser": reader[1], "msgid": send_id, **body}
        self._post("/cgi-bin/kf/send_msg", access, told)

    def send_on_event(self, access: str, code: str, send_id: str, body: Any) -> None:
        """Send the one message that an event's code allows within 20 seconds. Raises SendFailed."""
        told = {"code": code, "msgid": send_id, **body}
        self._post("/cgi-bin/kf/send_msg_on_event", access, told)

    def state(self, access: str, reader: tuple[str, str]) -> int:
        """Return the service state of a conversation, 0 to 4. Raises SendFailed."""
        asked = {"open_kfid": reader[0], "external_userid": reader[1]}
        state = self._post("/cgi-bin/kf/service_state/get", access, asked).get("service_state")
        if not isinstance(state, int):
            raise SendFailed(ErrorKind.PASSING, "no state")
        return state

    def change_state(self, access: str, reader: tuple[str, str], state: int) -> str:
        """Put a conversation into another service state; return the code for one message.

        Raises SendFailed.
        """
        asked = {"open_kfid": reader[0], "external_userid": reader[1], "service_state": state}
        code = self._post("/cgi-bin/kf/service_state/trans", access, asked).get("msg_code", "")
        return code if isinstance(code, str) else ""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, path: str, access: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._call(
            self._client.build_request(
                "POST",
                path,
                params={"access_token": access},
                content=json.dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json"},
            )
        )

    def _call(self, request: httpx.Request) -> Mapping[str, Any]:
        return call(self._client, request, MAX_REPLY_BYTES, _KINDS)
