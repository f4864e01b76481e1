"""Messages as they arrive, whatever the channel, and the replies that go back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

MESSAGE_ID_LENGTH = 128


class MessageIdInvalid(ValueError):
    """A message id is empty or too long."""


class Channel(StrEnum):
    """Where a message came from."""

    WEB = "web"
    API = "api"
    WECHAT = "wechat"
    KF = "kf"  # 微信客服
    WINDOW = "window"
    TELEPHONE = "telephone"
    MENTOR = "mentor"
    EVENT = "event"


CHANNEL_NAMES = {
    Channel.WEB: "网页",
    Channel.API: "接口",
    Channel.WECHAT: "微信",
    Channel.KF: "微信客服",
    Channel.WINDOW: "窗口",
    Channel.TELEPHONE: "电话",
    Channel.MENTOR: "导师",
    Channel.EVENT: "现场活动",
}


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message as it arrived.

    `message_id` is chosen by the sender at random and proves who sent it: the same
    id again is the same message. `person` is the signed visitor reference. `text` is
    what may be stored, personal data already masked. Without `conversation_id` the
    message opens a conversation.
    """

    channel: Channel
    person: str
    message_id: str
    text: str
    received_at: datetime
    conversation_id: str | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.message_id) <= MESSAGE_ID_LENGTH:
            raise MessageIdInvalid(f"消息编号须为 1 至 {MESSAGE_ID_LENGTH} 个字符。")


@dataclass(frozen=True, slots=True)
class Reply:
    """What is sent back, as it will be sent again whenever the message is repeated.

    `payload` is the whole reply with its frozen citations, without the ids of turn,
    session and conversation, which the turn carries. `versions` names what the answer
    was made with: corpus, encoder, application.
    """

    text: str
    status: str
    intent: str
    payload: Mapping[str, Any]
    completed_question: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    latency_ms: int = 0
