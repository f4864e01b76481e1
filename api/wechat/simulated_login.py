"""Tencent's side of a web login: sends the browser back with a code, and tells who it is."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

from api.wechat.account import OfficialAccount


@dataclass
class SimulatedLogin:
    """The codes of one account; a code serves once."""

    account: OfficialAccount
    codes: dict[str, str] = field(default_factory=dict)  # code -> openid
    unionids: dict[str, str] = field(default_factory=dict)  # openid -> unionid
    snapshots: set[str] = field(default_factory=set)  # openids that WeChat made up

    def authorize(self, query: Mapping[str, str], openid: str) -> str:
        """Return the address to which the browser of a user is sent back.

        Raises ValueError for what Tencent would show an error page.
        """
        back_to, state = query.get("redirect_uri", ""), query.get("state", "")
        wanted = (query.get("appid"), query.get("response_type"), query.get("scope"))
        if wanted != (self.account.appid, "code", "snsapi_base"):
            raise ValueError("appid, response_type or scope")
        if not urlsplit(back_to).netloc or not state.isalnum() or len(state) > 128:
            raise ValueError("redirect_uri or state")
        code = secrets.token_hex(16)
        self.codes[code] = openid
        return f"{back_to}?{urlencode({'code': code, 'state': state})}"

    def exchange(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer /sns/oauth2/access_token."""
        if asked.get("appid") != self.account.appid:
            return {"errcode": 40013, "errmsg": "invalid appid"}
        if asked.get("secret") != self.account.app_secret:
            return {"errcode": 40125, "errmsg": "invalid appsecret"}
        openid = self.codes.pop(str(asked.get("code")), None)
        if openid is None or asked.get("grant_type") != "authorization_code":
            return {"errcode": 40029, "errmsg": "invalid code"}
        told = {
            "access_token": "of-the-user",
            "expires_in": 7200,
            "refresh_token": "of-the-user",
            "openid": openid,
            "scope": "snsapi_base",
        }
        if openid in self.snapshots:
            return told | {"is_snapshotuser": 1}
        return told | self._union(openid)

    def user_info(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """Answer /cgi-bin/user/info."""
        openid = str(asked.get("openid"))
        return {"subscribe": 1, "openid": openid, "language": "zh_CN"} | self._union(openid)

    def _union(self, openid: str) -> dict[str, Any]:
        return {"unionid": self.unionids[openid]} if openid in self.unionids else {}
