"""What a callback says once it is proven to be Tencent's, and how a reply to it is written."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from api.wechat.account import OfficialAccount
from api.wechat.arrival import Arrival, read_arrival
from api.wechat.crypt import (
    CallbackRefused,
    MessageCipher,
    check_signature,
    check_time,
    decrypt_with,
)
from api.wechat.envelope import BodyFormat, Stamp, read_body, seal, write_text_reply
from api.wechat.received import Call

MAX_PARAMETER = 128


@dataclass(frozen=True, slots=True)
class Callback:
    """An opened callback of the secure mode, with what its reply needs."""

    account: OfficialAccount
    arrival: Arrival
    call: Call
    format: BodyFormat
    cipher: MessageCipher

    def sealed_text(self, text: str, at: datetime) -> bytes:
        """Write, encrypt and sign a text as the passive reply."""
        at_s = int(at.timestamp())
        arrival = self.arrival
        reply = write_text_reply(self.format, arrival.openid, arrival.account_id, at_s, text)
        stamp = Stamp(at_s, self.call.nonce, os.urandom(16))
        return seal(self.format, self.cipher, self.account.token, reply, stamp)


def check_address(account: OfficialAccount, query: Mapping[str, str], now: datetime) -> str:
    """Return what Tencent's check of the address wants back. Raises CallbackRefused."""
    _check_plain(account, query, now)
    return parameter(query, "echostr")


def is_secure(query: Mapping[str, str]) -> bool:
    """Whether a callback says that it is encrypted; 兼容模式 says so, too."""
    return query.get("encrypt_type", "") == "aes"


def open_callback(
    account: OfficialAccount, query: Mapping[str, str], data: bytes, now: datetime
) -> Callback:
    """Check and decrypt a callback. Raises CallbackRefused.

    `signature` in the address covers no body and is not looked at, as Tencent demands.
    """
    timestamp, nonce = parameter(query, "timestamp"), parameter(query, "nonce")
    signed = parameter(query, "msg_signature")
    encrypted = read_body(data).field("Encrypt")
    check_signature(signed, account.token, timestamp, nonce, encrypted)
    check_time(timestamp, now.timestamp())
    message, cipher = decrypt_with(account.ciphers, encrypted)
    body = read_body(message)
    call = Call(account.name, timestamp, nonce, signed, now)
    return Callback(account, read_arrival(body), call, body.format, cipher)


def plain_reply(
    account: OfficialAccount, query: Mapping[str, str], data: bytes, text: str, now: datetime
) -> bytes:
    """Write a fixed reply to a callback without encryption. Raises CallbackRefused.

    Its signature does not cover the body, which anybody on the way may have changed:
    nothing of it is looked up or recorded.
    """
    _check_plain(account, query, now)
    body = read_body(data)
    arrival = read_arrival(body)
    at_s = int(now.timestamp())
    return write_text_reply(body.format, arrival.openid, arrival.account_id, at_s, text)


def _check_plain(account: OfficialAccount, query: Mapping[str, str], now: datetime) -> None:
    timestamp, nonce = parameter(query, "timestamp"), parameter(query, "nonce")
    check_signature(parameter(query, "signature"), account.token, timestamp, nonce)
    check_time(timestamp, now.timestamp())


def parameter(query: Mapping[str, str], name: str, most: int = MAX_PARAMETER) -> str:
    """Return a parameter of an address. Raises CallbackRefused for none and a longer one."""
    value = query.get(name, "")
    if not 0 < len(value) <= most or not value.isprintable():
        raise CallbackRefused(f"parameter {name}")
    return value


def single_values(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """Return the parameters of an address. Raises CallbackRefused when one stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise CallbackRefused("parameter twice")
    return found
