"""Signatures and encryption of WeChat callbacks, as Tencent's 消息加解密说明 has them.

Pure: keys, times and randomness are passed in. Everything that may be wrong with a callback
is one error, CallbackRefused, so that a caller cannot tell which check failed.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

AES_KEY_CHARACTERS = 43
PAD_BLOCK = 32  # of Tencent's PKCS#7; the cipher's own block is 16
RANDOM_BYTES = 16
LENGTH_BYTES = 4
WINDOW_S = 300
# Tencent repeats a callback twice, five seconds apart, and may keep its time stamp.
RETRY_SLACK_S = 20


class CallbackRefused(ValueError):
    """A callback does not come from Tencent, or not for us. The text is a code for the log."""


class AesKeyInvalid(ValueError):
    """A configured EncodingAESKey is no key."""


def signature(*parts: str) -> str:
    """Return the SHA-1 of the sorted parts, in hexadecimal: token, timestamp, nonce (, Encrypt)."""
    joined = "".join(sorted(parts)).encode("utf-8", "replace")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def check_signature(given: str, *parts: str) -> None:
    """Compare a signature in constant time. Raises CallbackRefused."""
    if not hmac.compare_digest(given.encode("utf-8", "replace"), signature(*parts).encode()):
        raise CallbackRefused("signature")


def check_time(timestamp: str, now_s: float) -> None:
    """Refuse a time stamp (seconds since 1970) outside the window around now."""
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        raise CallbackRefused("timestamp")
    if not -WINDOW_S - RETRY_SLACK_S <= int(timestamp) - now_s <= WINDOW_S:
        raise CallbackRefused("time window")


@dataclass(frozen=True, slots=True, repr=False)
class MessageCipher:
    """AES-256-CBC with one EncodingAESKey for one appid."""

    key: bytes  # 32 bytes
    appid: str

    @classmethod
    def of(cls, aes_key: str, appid: str) -> "MessageCipher":
        """Build the cipher of an EncodingAESKey of 43 characters. Raises AesKeyInvalid."""
        try:
            key = base64.b64decode(aes_key + "=", validate=True)
        except (binascii.Error, ValueError) as error:
            raise AesKeyInvalid("EncodingAESKey") from error
        if len(aes_key) != AES_KEY_CHARACTERS or len(key) != 32:
            raise AesKeyInvalid("EncodingAESKey")
        return cls(key, appid)

    def decrypt(self, encrypted: str) -> bytes:
        """Return the message of a base64 ciphertext. Raises CallbackRefused."""
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise CallbackRefused("base64") from error
        if not data or len(data) % PAD_BLOCK:
            raise CallbackRefused("ciphertext length")
        worker = self._cipher().decryptor()
        return self._message(_unpadded(worker.update(data) + worker.finalize()))

    def encrypt(self, message: bytes, random: bytes) -> str:
        """Return the base64 ciphertext of a message; `random` are 16 fresh bytes."""
        if len(random) != RANDOM_BYTES:
            raise ValueError("16 random bytes are needed")
        length = len(message).to_bytes(LENGTH_BYTES, "big")
        plain = random + length + message + self.appid.encode()
        pad = PAD_BLOCK - len(plain) % PAD_BLOCK
        worker = self._cipher().encryptor()
        data = worker.update(plain + bytes([pad]) * pad) + worker.finalize()
        return base64.b64encode(data).decode("ascii")

    def _cipher(self) -> Cipher[CBC]:
        return Cipher(AES256(self.key), CBC(self.key[:16]))

    def _message(self, plain: bytes) -> bytes:
        start = RANDOM_BYTES + LENGTH_BYTES
        if len(plain) < start:
            raise CallbackRefused("plaintext length")
        end = start + int.from_bytes(plain[RANDOM_BYTES:start], "big")
        if end > len(plain):
            raise CallbackRefused("message length")
        if not hmac.compare_digest(plain[end:], self.appid.encode()):
            raise CallbackRefused("appid")
        return plain[start:end]


def _unpadded(plain: bytes) -> bytes:
    pad = plain[-1]
    if not 1 <= pad <= PAD_BLOCK or plain[-pad:] != bytes([pad]) * pad:
        raise CallbackRefused("padding")
    return plain[:-pad]


def decrypt_with(ciphers: Sequence[MessageCipher], encrypted: str) -> tuple[bytes, MessageCipher]:
    """Decrypt with the first key that fits, the current one first; return it for the reply.

    Raises CallbackRefused when none fits.
    """
    refusal = CallbackRefused("no key")
    for cipher in ciphers:
        try:
            return cipher.decrypt(encrypted), cipher
        except CallbackRefused as error:
            refusal = error
    raise refusal
