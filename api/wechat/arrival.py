"""What a callback says: a text to answer, something we cannot read, or an event."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from api.wechat.crypt import CallbackRefused
from api.wechat.envelope import Body

MAX_COMMAND = 40  # characters; what is longer is a question
ASK_PREFIX = "ask:"  # of a menu key; the question follows
_OPENID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,20}")
_SPOKEN_END = re.compile(r"[。，\s]+$")
_BINDING = re.compile(r"绑定(?:微信)?[\s:“”\"「」]*([0-9\s]*)[\s“”\"「」。.]*")
_RELEASE = re.compile(r"(?:解除|取消)绑定[\s。.!]*|解绑[\s。.!]*")


class ArrivalKind(StrEnum):
    """What arrived, as far as the reply differs."""

    QUESTION = "question"  # text, recognised voice, a menu key that asks
    VOICE = "voice"  # without a recognition result
    IMAGE = "image"
    VIDEO = "video"
    FILE = "file"
    LOCATION = "location"
    LINK = "link"
    FOLLOWED = "followed"
    SCANNED = "scanned"
    CLICKED = "clicked"  # a menu key that we do not know
    BINDING = "binding"  # 绑定 with the code of a web page; the text is the code
    RELEASE = "release"  # 解除绑定
    LEFT = "left"
    SILENT = "silent"  # reports that nobody expects an answer to


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message or event of one person."""

    kind: ArrivalKind
    openid: str
    account_id: str  # ToUserName: gh_...
    key: str  # the same for every delivery of it, unique in its account
    text: str = ""


_MEDIA = {
    "image": ArrivalKind.IMAGE,
    "video": ArrivalKind.VIDEO,
    "shortvideo": ArrivalKind.VIDEO,
    "file": ArrivalKind.FILE,
    "location": ArrivalKind.LOCATION,
    "link": ArrivalKind.LINK,
}
_EVENTS = {
    "subscribe": ArrivalKind.FOLLOWED,
    "unsubscribe": ArrivalKind.LEFT,
    "scan": ArrivalKind.SCANNED,
    "click": ArrivalKind.CLICKED,
}


def read_arrival(body: Body) -> Arrival:
    """Read a decrypted body. Raises CallbackRefused when a field is missing or no sense."""
    openid, account_id = body.field("FromUserName"), body.field("ToUserName")
    if not (_OPENID.fullmatch(openid) and _OPENID.fullmatch(account_id)):
        raise CallbackRefused("user name")
    created, kind = body.field("CreateTime"), body.field("MsgType").lower()
    if not _NUMBER.fullmatch(created):
        raise CallbackRefused("create time")
    if kind == "event":
        return _event(body, openid, account_id, created)
    message_id = body.field("MsgId")
    if not _NUMBER.fullmatch(message_id):
        raise CallbackRefused("message id")
    read, text = _message(kind, body)
    return Arrival(read, openid, account_id, f"m{int(message_id)}", text)


def _message(kind: str, body: Body) -> tuple[ArrivalKind, str]:
    if kind == "text":
        return _command(body.fields.get("Content", "").strip())
    if kind == "voice":
        spoken = _SPOKEN_END.sub("", body.fields.get("Recognition", "").strip())
        return (ArrivalKind.QUESTION, spoken) if spoken else (ArrivalKind.VOICE, "")
    return _MEDIA.get(kind, ArrivalKind.SILENT), ""


def _command(text: str) -> tuple[ArrivalKind, str]:
    """Tell the two things that are commands from questions."""
    if len(text) > MAX_COMMAND:
        return ArrivalKind.QUESTION, text
    plain = unicodedata.normalize("NFKC", text)
    if _RELEASE.fullmatch(plain):
        return ArrivalKind.RELEASE, ""
    if found := _BINDING.fullmatch(plain):
        return ArrivalKind.BINDING, "".join(found[1].split())
    return ArrivalKind.QUESTION, text


def _event(body: Body, openid: str, account_id: str, created: str) -> Arrival:
    event, event_key = body.field("Event").lower(), body.fields.get("EventKey", "")
    kind, text = _EVENTS.get(event, ArrivalKind.SILENT), ""
    if kind is ArrivalKind.CLICKED and event_key.startswith(ASK_PREFIX):
        kind, text = ArrivalKind.QUESTION, event_key.removeprefix(ASK_PREFIX).strip()
    told = "\n".join((openid, created, event, event_key))
    key = "e" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:40]
    return Arrival(kind, openid, account_id, key, text)
