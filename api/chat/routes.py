"""The chat API: one POST per message, its reply as JSON or as server-sent events."""

import json
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.access import Permission, allow
from api.chat.exchange import Received, receive, reply_to
from api.deps import CurrentSnapshot, CurrentVisitor, OpenDatabase
from api.guards import refuse_foreign_forms
from api.input import Storable, Text
from api.limiter import count_message
from api.problems import PROBLEMS, Problem, problem_body, problem_of
from api.signed_in import presence_of
from api.snapshot import Snapshot
from api.visitor import remember
from assistant.answer import AnswerStatus, CardKind
from guidance.message import MESSAGE_ID_LENGTH
from guidance.people.identity import mark_internal, standing_of
from guidance.session import Turn
from storage.database import Database

log = logging.getLogger("qichuang")

MAX_TEXT_LENGTH = 500
LOOKING_UP = "正在查找政策…"
# Proxies that collect a reply before passing it on would undo the stream.
STREAM_HEADERS = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}

router = APIRouter(prefix="/api/v1/chat", tags=["问答"])


def check_text(text: str) -> str:
    """Return a message's text without blanks at its ends; raises ValueError in Chinese."""
    text = text.strip()
    if not text:
        raise ValueError("请先写下您的问题再发送。")
    if len(text) > MAX_TEXT_LENGTH:
        raise ValueError(
            f"问题太长了（现在 {len(text)} 字），请精简到 {MAX_TEXT_LENGTH} 字以内，或分几次问。"
        )
    return text


def check_message_id(message_id: str) -> str:
    """Return a message id of visible characters; raises ValueError in Chinese."""
    if not 1 <= len(message_id) <= MESSAGE_ID_LENGTH:
        raise ValueError(f"消息编号须为 1 至 {MESSAGE_ID_LENGTH} 个字符。")
    if not message_id.isprintable() or any(character.isspace() for character in message_id):
        raise ValueError("消息编号只能用看得见的字符，不含空格。")
    return message_id


class ChatMessage(BaseModel):
    """One message to the assistant."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "message_id": "5f0c7f0e-6f0b-4c39-9d0e-2f6f3a1d7c55",
                    "text": "创业培训的目标是多少人？",
                }
            ]
        }
    )

    message_id: Annotated[str, Storable, AfterValidator(check_message_id)] = Field(
        description="发送方生成的随机编号（建议 UUID,1–128 个可见字符）。"
        "同一编号重发，得到同一答复，不重复记录。",
        json_schema_extra={"minLength": 1, "maxLength": MESSAGE_ID_LENGTH},
    )
    text: Annotated[str, Storable, AfterValidator(check_text)] = Field(
        description=f"问题，去掉首尾空白后 1–{MAX_TEXT_LENGTH} 字。"
    )
    conversation_id: Text | None = Field(
        default=None, description="上一条答复里的对话编号；不填或无效则开始新的对话。"
    )


class CitationOut(BaseModel):
    """The clause an answer rests on, as it was when the answer was given."""

    document: str
    doc_number: str | None
    address: str
    quote: str
    department: str | None
    effective_on: date | None
    expires_on: date | None
    url: str = Field(description="本站的条款页，相对地址。")


class OfficeOut(BaseModel):
    """Where to go, as the district entered it; no policy text."""

    name: str
    unit: str = Field(description="所属的部门或街道。")
    details: dict[str, str] = Field(
        description="address 地址、phone 电话、hours 办公时间、bring 要带、directions 怎么走。"
    )
    updated_on: date


class ProjectOut(BaseModel):
    """One recommended project, as it was when the answer was given."""

    code: str
    title: str
    why: str = Field(description="一句话理由。")
    money: str = Field(description="投资和第一年要备的现金。")
    risk: str
    policy: str = Field(description="有关条款的文件和编号，没有则为空。")
    policy_url: str
    mentor: str = Field(description="适合的导师，没有则为空。")
    url: str = Field(description="本站的项目页，相对地址。")


class MentorOut(BaseModel):
    """One recommended mentor."""

    code: str
    title: str
    why: str
    weakness: str
    url: str = Field(description="本站的导师页，相对地址。")


class ChatReply(BaseModel):
    """The assistant's reply, recorded before it was sent."""

    conversation_id: str
    message_id: str
    status: AnswerStatus
    text: str
    citations: list[CitationOut]
    offices: list[OfficeOut] = Field(description="由区里提供的办事地点，不是政策原文。")
    projects: list[ProjectOut] = Field(description="推荐的创业项目，最合适的在前。")
    mentors: list[MentorOut] = Field(description="推荐的导师，最合适的在前。")
    suggestions: list[str]
    session_id: int
    rephrased: bool = Field(description="是否由语言模型改写并逐句核对过。")
    notes: list[str] = Field(
        description="所引文件需要注意的：已失效或部分修改、以当地为准等；text 末尾也有。"
    )


def clause_url(citation: dict[str, Any]) -> str:
    """Return the page of a cited clause with its quoted span highlighted."""
    return f"/clauses/{citation['clause_id']}?start={citation['start']}&end={citation['end']}"


def card_policy_url(card: dict[str, Any]) -> str:
    """Return the page of the clause on a card, "" without one."""
    return f"/clauses/{card['policy_clause_id']}" if card["policy_clause_id"] else ""


def chat_reply(turn: Turn) -> ChatReply:
    """Build the reply from the stored turn, so that a repeat is the same to the byte."""
    cards = turn.reply.get("cards", ())
    return ChatReply(
        conversation_id=turn.conversation_id,
        message_id=turn.message_id,
        status=AnswerStatus(turn.status),
        text=turn.answer_text,
        citations=[
            CitationOut.model_validate(citation | {"url": clause_url(citation)})
            for citation in turn.reply["citations"]
        ],
        offices=[
            OfficeOut.model_validate(office | {"details": dict(office["details"])})
            for office in turn.reply.get("offices", ())
        ],
        projects=[
            ProjectOut.model_validate(card | {"policy_url": card_policy_url(card)})
            for card in cards
            if card["kind"] == CardKind.PROJECT
        ],
        mentors=[
            MentorOut.model_validate(card | {"weakness": card["risk"]})
            for card in cards
            if card["kind"] == CardKind.MENTOR
        ],
        suggestions=turn.reply["suggestions"],
        session_id=turn.session_id,
        rephrased=bool(turn.reply.get("rephrased")),
        notes=turn.reply.get("notes", []),
    )


PROBLEM_EXAMPLES: dict[int | str, dict[str, Any]] = {
    status: {
        "description": title,
        "content": {"application/problem+json": {"schema": {"type": "object"}}},
    }
    for status, title in (
        (403, "请求来自其他网站"),
        (409, "消息编号已用于另一条消息"),
        (413, "内容太长"),
        (422, "内容有误，detail 说明怎么改"),
        (429, "发送太快，Retry-After 为需等待的秒数"),
        (503, "暂时无法保存，可用同一编号重发"),
    )
}


@router.post(
    "/messages",
    summary="提一个问题",
    response_model=ChatReply,
    responses={
        **PROBLEM_EXAMPLES,
        200: {
            "description": "答复。stream=1 时为 server-sent events:"
            "status（进展）、sentence（逐句）、done（完整答复）、error。",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
    },
    dependencies=allow(Permission.PUBLIC, refuse_foreign_forms, count_message),
)
def post_message(
    request: Request,
    message: ChatMessage,
    database: OpenDatabase,
    snapshot: CurrentSnapshot,
    visitor: CurrentVisitor,
    stream: Annotated[bool, Query(description="1:以 server-sent events 发送。")] = False,
) -> Response:
    """Answer one message; it is recorded as guidance before the reply leaves."""
    received = receive(
        database, visitor.reference, message.message_id, message.text, message.conversation_id
    )
    response: Response
    if stream:
        events = _events(request, database, snapshot, received)
        response = StreamingResponse(events, media_type="text/event-stream", headers=STREAM_HEADERS)
    else:
        turn = answer_message(request, database, snapshot, received)
        response = JSONResponse(chat_reply(turn).model_dump(mode="json"))
    remember(request, response, visitor)
    return response


def answer_message(
    request: Request, database: Database, snapshot: Snapshot, received: Received
) -> Turn:
    """Answer and record a message, and count the answer among the metrics."""
    turn = reply_to(database, snapshot, received)
    if received.stored is None:
        _set_apart_ours(request, database, received.message.person)
        request.app.state.metrics.answers.labels(turn.status).inc()
    return turn


def _set_apart_ours(request: Request, database: Database, person: str) -> None:
    """Note that who asks while signed in is one of us: what they try is never counted (Q2).

    Only under this browser's own reference: a conversation that somebody else began and a
    colleague goes on with stays that person's.
    """
    signed_in = presence_of(request)
    visitor = getattr(request.state, "visitor", None)
    if signed_in is None or visitor is None or visitor.reference != person:
        return
    with database.writing() as db:
        if not standing_of(db, person).internal:
            mark_internal(db, person, datetime.now(UTC), signed_in.account.actor)


def server_sent_event(name: str, data: dict[str, Any]) -> str:
    """Format one event; JSON has no line breaks, so one data line holds it."""
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def stream_problem(request: Request, error: Exception) -> str:
    """Format an error that came after the stream began; the status line is gone by then."""
    kinds = set(type(error).__mro__) & set(PROBLEMS)
    if kinds:
        problem = problem_of(error)
    else:
        log.error("stream failed: %s", type(error).__name__)
        problem = Problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "系统出错", "系统刚才出了问题，请稍后重试。"
        )
    return server_sent_event("error", problem_body(problem, request.url.path))


def _events(
    request: Request, database: Database, snapshot: Snapshot, received: Received
) -> Iterator[str]:
    yield server_sent_event("status", {"text": LOOKING_UP})
    try:
        turn = answer_message(request, database, snapshot, received)
    except Exception as error:
        yield stream_problem(request, error)
        return
    for sentence in turn.reply["sentences"]:
        # In this order always: a JSON column may give the keys back in another.
        ordered = {name: sentence[name] for name in ("text", "citations", "bullet")}
        yield server_sent_event("sentence", ordered)
    yield server_sent_event("done", chat_reply(turn).model_dump(mode="json"))
