"""The browser someone signs in with: what it is called, and whether it has been here before."""

import re
import secrets
from urllib.parse import quote, unquote

from fastapi import Request, Response
from itsdangerous import BadSignature, Signer

from accounts.account import Account

COOKIE = "qichuang_device"
COOKIE_SECONDS = 180 * 24 * 3600
SALT = "qichuang.device"
SYSTEMS = {
    "MicroMessenger": "微信",
    "HarmonyOS|OpenHarmony": "鸿蒙",
    "Android": "安卓手机",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows 电脑",
    "Mac OS": "Mac 电脑",
    "Linux": "Linux 电脑",
}
BROWSERS = {
    "Edg": "Edge",
    "Firefox": "Firefox",
    "Chrome|Chromium|CriOS": "Chrome",
    "Safari": "Safari",
}


def describe_device(request: Request) -> str:
    """Return what the list of sessions calls a browser, as 安卓手机 · Chrome."""
    agent = request.headers.get("user-agent", "")
    system = next((name for mark, name in SYSTEMS.items() if re.search(mark, agent)), "")
    browser = next((name for mark, name in BROWSERS.items() if re.search(mark, agent)), "")
    return " · ".join(part for part in (system, browser) if part) or "其他设备"


def known_device(request: Request, login: str) -> str:
    """Return the reference of a browser that has signed in to this login before, else ""."""
    try:
        value = _signer(request).unsign(request.cookies.get(COOKIE, "")).decode("ascii")
    except (BadSignature, UnicodeError):
        return ""
    reference, _, owner = value.partition(":")
    return reference if unquote(owner) == login.strip().casefold() else ""


def keep_device(request: Request, response: Response, account: Account) -> None:
    """Remember that this browser has signed in to the account; it gives no right by itself."""
    value = f"{secrets.token_urlsafe(16)}:{quote(account.login)}"
    response.set_cookie(
        COOKIE,
        _signer(request).sign(value).decode("ascii"),
        max_age=COOKIE_SECONDS,
        path="/login",
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def device_signer(secret: str) -> Signer:
    """Build the signer of device cookies."""
    return Signer(secret, salt=SALT)


def _signer(request: Request) -> Signer:
    signer: Signer = request.app.state.device_signer
    return signer
