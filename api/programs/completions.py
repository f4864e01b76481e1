"""An OpenAI-compatible endpoint, so that programs made for one can ask here unchanged.

The format is OpenAI's "Chat Completions". The answers are the service's own: whatever a
system message orders or a sampling setting asks for, sentences come from clauses only,
and every question is recorded as the chat's are.
"""

import hmac
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.access import Permission, allow
from api.chat.exchange import HISTORY_TURNS, Received, receive_message
from api.chat.routes import (
    MAX_TEXT_LENGTH,
    PROBLEM_EXAMPLES,
    STREAM_HEADERS,
    answer_message,
    chat_reply,
    check_message_id,
    check_text,
)
from api.deps import CurrentSettings, CurrentSnapshot, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.input import Text
from api.limiter import count_message
from api.policies.validity import today
from api.refusals import UnusableMessage
from api.snapshot import Snapshot
from api.visitor import REFERENCE_PREFIX, load_secret
from assistant.answer import PastTurn, Question
from assistant.guardrails import mask_personal_data
from guidance.message import Channel, InboundMessage
from guidance.session import Turn
from storage.database import storable

MODEL = "qichuang"
MOST_MESSAGES = 200
LONGEST_USER = 512

router = APIRouter(prefix="/v1", tags=["OpenAI 兼容接口"])


class TextPart(BaseModel):
    """A part of a message; only text is read."""

    type: str
    text: Text = ""


class CompletionMessage(BaseModel):
    """One message of a chat, as OpenAI's format has it."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | list[TextPart] | None = None

    @property
    def words(self) -> str:
        """Return the text of the message, whatever form it came in."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content if part.type == "text").strip()
        return (self.content or "").strip()


class CompletionRequest(BaseModel):
    """What is asked for; settings that a language model would need are accepted and unused."""

    model_config = ConfigDict(
        extra="ignore",
        json_schema_extra={
            "examples": [
                {
                    "model": MODEL,
                    "messages": [{"role": "user", "content": "创业培训的目标是多少人？"}],
                }
            ]
        },
    )

    model: str = Field(default=MODEL, description="任何名称都可以，总由本服务作答。")
    messages: list[CompletionMessage] = Field(min_length=1, max_length=MOST_MESSAGES)
    stream: bool = False
    n: Literal[1] = Field(default=1, description="同一问题只有一个答复。")
    user: Text | None = Field(
        default=None,
        max_length=LONGEST_USER,
        description="调用方给使用者的固定代号；只存加密摘要。不填则每次算新的访客。",
    )


@router.get("/models", summary="可用的模型", dependencies=allow(Permission.PUBLIC))
async def list_models() -> dict[str, Any]:
    """Return the one model there is."""
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": MODEL}
    return {"object": "list", "data": [model]}


@router.post(
    "/chat/completions",
    summary="按 OpenAI 的格式提问",
    response_model=None,
    responses={
        **PROBLEM_EXAMPLES,
        200: {
            "description": "答复；message.content 末尾列出依据，qichuang 是本服务自己的完整答复。"
            "stream 为真时为 server-sent events。请求头 Idempotency-Key 相同的请求只记录一次。"
        },
    },
    dependencies=allow(Permission.PUBLIC, refuse_foreign_forms, count_message),
)
def complete(
    request: Request,
    wanted: CompletionRequest,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    visitor: CurrentVisitor,
    settings: CurrentSettings,
) -> Response:
    """Answer the last message; it is recorded as guidance before the reply leaves."""
    question, earlier = _question_of(wanted.messages)
    person = visitor.reference
    if wanted.user:
        key = load_secret(settings.data_dir).encode()
        person = REFERENCE_PREFIX + hmac.new(key, wanted.user.encode(), sha256).hexdigest()[:32]
    message = InboundMessage(
        channel=Channel.API,
        person=person,
        message_id=_message_id(request.headers.get("idempotency-key")),
        text=mask_personal_data(question),
        received_at=datetime.now(UTC),
    )
    received = receive_message(database, message, question)
    if received.stored is None:
        history = _replay(snapshot, earlier)
        received = Received(message, question, history, None, received.known)
    turn = answer_message(request, database, snapshot, received)
    site = settings.public_url.rstrip("/")
    if wanted.stream:
        events = _chunks(turn, site)
        return StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)
    return JSONResponse(_completion(turn, site))


def _message_id(given: str | None) -> str:
    try:
        return check_message_id(storable(given)) if given else uuid4().hex
    except ValueError as error:
        raise UnusableMessage(str(error)) from error


def _question_of(messages: list[CompletionMessage]) -> tuple[str, list[str]]:
    """Return the last message and the user's earlier ones, oldest first."""
    if messages[-1].role != "user":
        raise UnusableMessage("最后一条消息须是使用者（role 为 user）的问题。")
    try:
        question = check_text(messages[-1].words)
    except ValueError as error:
        raise UnusableMessage(str(error)) from error
    said = [message.words for message in messages[:-1] if message.role == "user"]
    return question, [text for text in said if 0 < len(text) <= MAX_TEXT_LENGTH][-HISTORY_TURNS:]


def _replay(snapshot: Snapshot, earlier: list[str]) -> tuple[PastTurn, ...]:
    """Answer the earlier messages again: the sender keeps the chat, not what was found."""
    history: tuple[PastTurn, ...] = ()
    for text in earlier:
        history += (snapshot.answer(Question(text, today(), history)).as_past(text),)
    return history


def _completion(turn: Turn, site: str) -> dict[str, Any]:
    content = turn.answer_text + _sources(turn, site)
    asked, said = len(turn.question), len(content)
    message = {"role": "assistant", "content": content}
    return {
        **_head(turn, "chat.completion"),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        # In characters: nothing here is made of tokens.
        "usage": {"prompt_tokens": asked, "completion_tokens": said, "total_tokens": asked + said},
        "qichuang": chat_reply(turn).model_dump(mode="json"),
    }


def _chunks(turn: Turn, site: str) -> Iterator[str]:
    yield _chunk(turn, {"role": "assistant", "content": ""})
    yield _chunk(turn, {"content": turn.answer_text})
    if sources := _sources(turn, site):
        yield _chunk(turn, {"content": sources})
    yield _chunk(turn, {}, "stop")
    yield "data: [DONE]\n\n"


def _chunk(turn: Turn, delta: dict[str, str], finish: str | None = None) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {**_head(turn, "chat.completion.chunk"), "choices": choices}
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n"


def _head(turn: Turn, kind: str) -> dict[str, Any]:
    made = int(turn.answered_at.timestamp())
    return {"id": f"chatcmpl-{turn.message_id}", "object": kind, "created": made, "model": MODEL}


def _sources(turn: Turn, site: str) -> str:
    """Return the clauses an answer rests on, as lines to follow its text."""
    lines = []
    for number, citation in enumerate(turn.reply["citations"], start=1):
        link = f" {site}/clauses/{citation['clause_id']}" if site else ""
        lines.append(f"[{number}] 《{citation['document']}》{citation['address']}{link}")
    return "\n\n依据：\n" + "\n".join(lines) if lines else ""
