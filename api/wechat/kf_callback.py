"""What WeCom's callback says: that there is news, with a token to fetch it. Never the news."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.wechat.callback import parameter
from api.wechat.crypt import CallbackRefused, check_signature, check_time, decrypt_with
from api.wechat.envelope import read_body
from api.wechat.kf_account import KfAccount

EVENT = "kf_msg_or_event"
MAX_ECHO = 4096
MAX_TOKEN = 128


@dataclass(frozen=True, slots=True)
class News:
    """There is something to fetch for a desk; the token is good for ten minutes."""

    open_kfid: str
    token: str


def check_kf_address(account: KfAccount, query: Mapping[str, str], now: datetime) -> str:
    """Return what WeCom's check of the address wants back. Raises CallbackRefused."""
    return _decrypted(account, query, parameter(query, "echostr", MAX_ECHO), now).decode(
        "utf-8", "replace"
    )


def open_kf_callback(
    account: KfAccount, query: Mapping[str, str], data: bytes, now: datetime
) -> News | None:
    """Check and decrypt a callback; None for an event of another kind. Raises CallbackRefused."""
    encrypted = read_body(data).field("Encrypt")
    body = read_body(_decrypted(account, query, encrypted, now))
    if body.fields.get("Event") != EVENT:
        return None
    news = News(body.field("OpenKfId"), body.field("Token"))
    if news.open_kfid not in account.desks or len(news.token) > MAX_TOKEN:
        raise CallbackRefused("desk")
    return news


def _decrypted(
    account: KfAccount, query: Mapping[str, str], encrypted: str, now: datetime
) -> bytes:
    timestamp, nonce = parameter(query, "timestamp"), parameter(query, "nonce")
    signed = parameter(query, "msg_signature")
    check_signature(signed, account.token, timestamp, nonce, encrypted)
    check_time(timestamp, now.timestamp())
    return decrypt_with(account.ciphers, encrypted)[0]
