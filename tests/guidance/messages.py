"""Messages and replies to record."""

from datetime import UTC, datetime

from guidance.message import Channel, InboundMessage, Reply

NOON = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai

REPLY = Reply(
    text="可以申请小额担保贷款。",
    status="answered",
    intent="policy",
    payload={
        "text": "可以申请小额担保贷款。",
        "citations": [{"address": "三(三)4", "quote": "小额担保贷款", "start": 120, "end": 126}],
    },
    completed_question="怎么申请小额担保贷款?",
    versions={"corpus": "0a1b2c3d4e5f", "encoder": "e5-int8", "app": "0.1.0"},
    latency_ms=12,
)


def message(
    message_id: str,
    *,
    person: str = "visitor-1",
    at: datetime = NOON,
    text: str = "怎么申请小额担保贷款?",
    conversation_id: str | None = None,
    channel: Channel = Channel.WEB,
) -> InboundMessage:
    return InboundMessage(
        channel=channel,
        person=person,
        message_id=message_id,
        text=text,
        received_at=at,
        conversation_id=conversation_id,
    )
