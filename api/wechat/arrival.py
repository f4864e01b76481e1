"""What a callback says: a text to answer, something we cannot read, or an event."""

import hashlib
import re
import unicodedata
from collections.abc import Mapping
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
    GRANTED = "granted"  # what the person allowed or turned off of our notices
    REPORTED = "reported"  # whether a message that Tencent took was delivered
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
    choices: tuple[tuple[str, bool], ...] = ()  # templates, allowed or turned off
    reports: tuple[tuple[str, str], ...] = ()  # Tencent's numbers of messages, why not delivered


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
    "subscribe_msg_popup_event": ArrivalKind.GRANTED,
    "subscribe_msg_change_event": ArrivalKind.GRANTED,
    "templatesendjobfinish": ArrivalKind.REPORTED,
    "subscribe_msg_sent_event": ArrivalKind.REPORTED,
}
DELIVERED = "success"
MAX_REASON = 60  # characters of Tencent's reason


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
    told = "\n".join((openid, created, event, event_key, body.fields.get("MsgID", "")))
    key = "e" + hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()[:40]
    choices = _choices(body) if kind is ArrivalKind.GRANTED else ()
    reports = _reports(body) if kind is ArrivalKind.REPORTED else ()
    return Arrival(kind, openid, account_id, key, text, choices, reports)


def _choices(body: Body) -> tuple[tuple[str, bool], ...]:
    """Return the templates of an event about notices, and whether each was allowed."""
    said = ((one.get("TemplateId", ""), one.get("SubscribeStatusString")) for one in body.records)
    return tuple((template[:64], status == "accept") for template, status in said if template)


def _reports(body: Body) -> tuple[tuple[str, str], ...]:
    """Return the messages that were not delivered, and why."""
    listed = body.records or (body.fields,)
    said = ((one.get("MsgID", ""), _status(one)) for one in listed)
    return tuple((number[:32], why[:MAX_REASON]) for number, why in said if why != DELIVERED)


def _status(report: Mapping[str, str]) -> str:
    return report.get("Status") or report.get("ErrorStatus") or report.get("ErrorCode", "")
