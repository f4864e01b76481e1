"""Bodies of callbacks and replies, XML or JSON: read with suspicion, written without surprise."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from lxml import etree

from api.wechat.crypt import CallbackRefused, MessageCipher, signature

MAX_BODY_BYTES = 64 * 1024
MAX_FIELDS = 64
# What XML 1.0 cannot hold; JSON could, but nobody needs it in a chat.
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class BodyFormat(StrEnum):
    """How an account's callbacks are written; replies have to be written alike."""

    XML = "xml"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Body:
    """The top-level fields of a body as texts, and the records of the lists nested in them."""

    format: BodyFormat
    fields: Mapping[str, str]
    records: tuple[Mapping[str, str], ...] = ()

    def field(self, name: str) -> str:
        """Return a field that has to be there. Raises CallbackRefused."""
        value = self.fields.get(name)
        if not value:
            raise CallbackRefused(f"no {name}")
        return value


def read_body(data: bytes) -> Body:
    """Read a body of either format. Raises CallbackRefused."""
    if len(data) > MAX_BODY_BYTES:
        raise CallbackRefused("body size")
    first = data.lstrip()[:1]
    if first == b"<":
        return Body(BodyFormat.XML, *_read_xml(data))
    if first == b"{":
        return Body(BodyFormat.JSON, *_read_json(data))
    raise CallbackRefused("body format")


Records = tuple[Mapping[str, str], ...]


def _read_xml(data: bytes) -> tuple[dict[str, str], Records]:
    # No document type, hence no entities; no network; the encoding is UTF-8 whatever it says.
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise CallbackRefused("document type")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise CallbackRefused("xml") from error
    if root.tag != "xml":
        raise CallbackRefused("xml root")
    found: dict[str, str] = {}
    for child in root:
        if not isinstance(child.tag, str) or len(found) >= MAX_FIELDS:
            raise CallbackRefused("xml content")
        _add(found, child.tag, "" if len(child) else child.text or "")
    listed = [item for child in root for item in child if len(item)]
    records = [{part.tag: part.text or "" for part in item} for item in listed[:MAX_FIELDS]]
    return found, tuple(records)


def _read_json(data: bytes) -> tuple[dict[str, str], Records]:
    try:
        read = json.loads(data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
    except (ValueError, RecursionError) as error:
        raise CallbackRefused("json") from error
    found = {name: _text(value) for name, value in read.items()}
    lists = [value for value in read.values() if isinstance(value, list)]
    listed = [item for items in lists for item in items if isinstance(item, dict)]
    records = [{name: _text(value) for name, value in item.items()} for item in listed]
    return found, tuple(records[:MAX_FIELDS])


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return str(value)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs) or len(found) > MAX_FIELDS:
        raise ValueError("fields")
    return found


def _constant(name: str) -> None:
    raise ValueError(name)


def _add(found: dict[str, str], name: str, value: str) -> None:
    if name in found:
        raise CallbackRefused("field twice")
    found[name] = value


def write_text_reply(format_: BodyFormat, to: str, sender: str, at_s: int, text: str) -> bytes:
    """Write a passive text reply: `to` is the reader's openid, `sender` the account's id."""
    text = _NO_XML.sub("", text)
    if format_ is BodyFormat.JSON:
        fields = {
            "ToUserName": to,
            "FromUserName": sender,
            "CreateTime": at_s,
            "MsgType": "text",
            "Content": text,
        }
        return json.dumps(fields, ensure_ascii=False).encode()
    return (
        f"<xml><ToUserName>{cdata(to)}</ToUserName><FromUserName>{cdata(sender)}</FromUserName>"
        f"<CreateTime>{at_s}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content>{cdata(text)}</Content></xml>"
    ).encode()


def seal(
    format_: BodyFormat, cipher: MessageCipher, token: str, reply: bytes, stamp: "Stamp"
) -> bytes:
    """Encrypt and sign a reply for the passive answer of a callback."""
    encrypted = cipher.encrypt(reply, stamp.random)
    signed = signature(token, str(stamp.at_s), stamp.nonce, encrypted)
    if format_ is BodyFormat.JSON:
        sealed = {
            "Encrypt": encrypted,
            "MsgSignature": signed,
            "TimeStamp": stamp.at_s,
            "Nonce": stamp.nonce,
        }
        return json.dumps(sealed).encode()
    return (
        f"<xml><Encrypt>{cdata(encrypted)}</Encrypt><MsgSignature>{cdata(signed)}</MsgSignature>"
        f"<TimeStamp>{stamp.at_s}</TimeStamp><Nonce>{cdata(stamp.nonce)}</Nonce></xml>"
    ).encode()


@dataclass(frozen=True, slots=True)
class Stamp:
    """What makes one sealed reply unlike another: time, the callback's nonce, 16 random bytes."""

    at_s: int
    nonce: str
    random: bytes


def cdata(text: str) -> str:
    """Wrap a text in a CDATA section that its own "]]>" cannot end."""
    return "<![CDATA[" + text.replace("]]>", "]]]]><![CDATA[>") + "]]>"
