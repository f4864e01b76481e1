"""Tencent's published vectors, and wechatpy as a peer that knows nothing of our code."""

import base64
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from api.wechat.crypt import (
    AesKeyInvalid,
    CallbackRefused,
    MessageCipher,
    check_signature,
    check_time,
    decrypt_with,
    signature,
)
from api.wechat.envelope import BodyFormat, Stamp, read_body, seal, write_text_reply

TOKEN = "AAAAA"
AES_KEY = "A" * 43
APPID = "wxba5fad812f8e6fb9"
CIPHER = MessageCipher.of(AES_KEY, APPID)
ENCRYPTED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcv"
    "ZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3F"
    "n2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSe"
    "OBrebufAlr7F9mFUPAJGj04="
)


@pytest.mark.parametrize(
    ("timestamp", "nonce", "signed"),
    [
        ("1714036504", "1514711492", "f464b24fc39322e44b38aa78f5edd27bd1441696"),
        ("1714037059", "486452656", "899cf89e464efb63f54ddac96b0a0a235f53aa78"),
    ],
)
def test_plain_signatures_of_tencent(timestamp: str, nonce: str, signed: str) -> None:
    assert signature(TOKEN, timestamp, nonce) == signed
    check_signature(signed, TOKEN, timestamp, nonce)


def test_secure_callback_of_tencent() -> None:
    signed = "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    check_signature(signed, TOKEN, "1714112445", "415670741", ENCRYPTED)
    message = CIPHER.decrypt(ENCRYPTED)
    assert len(message) == 167
    read = json.loads(message)
    assert read["ToUserName"] == "gh_97417a04a28d"
    assert read["debug_str"] == "hello world"
    assert CIPHER.encrypt(message, b"a8eedb185eb2fecf") == ENCRYPTED


def test_secure_reply_of_tencent() -> None:
    stamp = Stamp(1713424427, "415670741", b"707722b803182950")
    sealed = seal(BodyFormat.JSON, CIPHER, TOKEN, b'{"demo_resp":"good luck"}', stamp)
    assert json.loads(sealed) == {
        "Encrypt": "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzve1L32tmxSQ==",
        "MsgSignature": "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1",
        "TimeStamp": 1713424427,
        "Nonce": "415670741",
    }


KEY = base64.b64encode(hashlib.sha256(b"a key").digest()).decode()[:43]
OURS = MessageCipher.of(KEY, "wx0123456789abcdef")
THEIRS = WeChatCrypto("a token", KEY, "wx0123456789abcdef")
LINES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=120)


@given(LINES, st.sampled_from(BodyFormat), st.binary(min_size=16, max_size=16))
def test_the_peer_reads_what_we_write(text: str, format_: BodyFormat, random: bytes) -> None:
    reply = write_text_reply(format_, "oUser", "gh_account", 1713424427, text)
    sealed = read_body(seal(format_, OURS, "a token", reply, Stamp(1713424427, "n0nce", random)))
    signed = sealed.field("MsgSignature")
    read = THEIRS.decrypt_message(
        {"Encrypt": sealed.field("Encrypt")}, signed, "1713424427", "n0nce"
    )
    assert read.encode() == reply
    assert read_body(reply).fields["Content"] == text


@given(LINES)
def test_we_read_what_the_peer_writes(text: str) -> None:
    sent = write_text_reply(BodyFormat.XML, "gh_account", "oUser", 1713424427, text).decode()
    envelope = read_body(THEIRS.encrypt_message(sent, "n0nce", "1713424427").encode())
    encrypted = envelope.field("Encrypt")
    check_signature(envelope.field("MsgSignature"), "a token", "1713424427", "n0nce", encrypted)
    assert OURS.decrypt(encrypted).decode() == sent


def test_the_previous_key_still_opens_and_answers() -> None:
    new = MessageCipher.of("B" * 42 + "A", APPID)
    message, cipher = decrypt_with([new, CIPHER], ENCRYPTED)
    assert (len(message), cipher) == (167, CIPHER)
    assert decrypt_with([new, CIPHER], new.encrypt(b"{}", bytes(16))) == (b"{}", new)
    with pytest.raises(CallbackRefused):
        decrypt_with([new], ENCRYPTED)


@given(st.integers(0, 223), st.integers(1, 255))
def test_a_changed_byte_of_the_ciphertext_never_passes_with_its_signature(at: int, by: int) -> None:
    data = bytearray(base64.b64decode(ENCRYPTED))
    data[at] ^= by
    changed = base64.b64encode(data).decode()
    with pytest.raises(CallbackRefused):
        check_signature(
            "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3", TOKEN, "1714112445", "415670741", changed
        )


@given(st.binary(max_size=200))
def test_any_ciphertext_is_opened_or_refused(data: bytes) -> None:
    try:
        CIPHER.decrypt(base64.b64encode(data).decode())
    except CallbackRefused:
        return
    raise AssertionError("opened")


@given(st.text(max_size=100))
def test_any_text_is_no_ciphertext(text: str) -> None:
    with pytest.raises(CallbackRefused):
        CIPHER.decrypt(text)


def plain(content: bytes, pad: bytes) -> str:
    worker = CIPHER._cipher().encryptor()
    return base64.b64encode(worker.update(content + pad) + worker.finalize()).decode()


MESSAGE = bytes(16) + (2).to_bytes(4, "big") + b"{}" + APPID.encode()  # 40 bytes


@pytest.mark.parametrize(
    "encrypted",
    [
        plain(MESSAGE, b"\x00" * 24),
        plain(MESSAGE, b"\x21" * 24),
        plain(MESSAGE, b"\x17" * 23 + b"\x18"),
        plain(MESSAGE[:-1] + b"0", b"\x18" * 24),  # another appid
        plain(MESSAGE[:-18], b"\x0a" * 10),  # no appid
        plain(bytes(16) + (99).to_bytes(4, "big") + MESSAGE[20:], b"\x18" * 24),
        plain(bytes(16) + (2**32 - 1).to_bytes(4, "big") + MESSAGE[20:], b"\x18" * 24),
        plain(bytes(15), b"\x11" * 17),
        plain(b"", b"\x20" * 32),
    ],
)
def test_bad_padding_length_or_appid(encrypted: str) -> None:
    assert CIPHER.decrypt(plain(MESSAGE, b"\x18" * 24)) == b"{}"
    with pytest.raises(CallbackRefused):
        CIPHER.decrypt(encrypted)


@pytest.mark.parametrize("aes_key", ["", "A" * 42, "A" * 44, "!" * 43, "A" * 42 + "=", "键" * 43])
def test_a_wrong_aes_key_is_told_at_once(aes_key: str) -> None:
    with pytest.raises(AesKeyInvalid):
        MessageCipher.of(aes_key, APPID)


@pytest.mark.parametrize(
    "timestamp", ["1000", "1600", "+1300", "1300.0", "", "1" * 30, "١٣٠٠", "-1300"]
)
def test_a_time_outside_the_window(timestamp: str) -> None:
    with pytest.raises(CallbackRefused):
        check_time(timestamp, 1325.0 if timestamp == "1000" else 1299.0)


@pytest.mark.parametrize("timestamp", ["1000", "1300", "1600"])
def test_a_time_inside_the_window(timestamp: str) -> None:
    check_time(timestamp, 1300.0)


def test_a_key_is_not_printed() -> None:
    assert "AAAA" not in repr(MessageCipher.of("A" * 43, APPID))
