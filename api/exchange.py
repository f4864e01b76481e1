"""One message and its reply, the same for the API and the page: the steps around the answer."""

import logging
import time
import traceback
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from api.snapshot import Snapshot
from assistant import wording
from assistant.answer import Answer, AnswerStatus, Intent, PastTurn, Question, Sentence
from assistant.guardrails import mask_personal_data
from assistant.rephraser import rephrase
from guidance.session import (
    SHANGHAI,
    Channel,
    InboundMessage,
    Reply,
    Turn,
    find_conversation,
    find_turn,
    recent_turns,
    record_turn,
)
from storage.database import Database

log = logging.getLogger("qichuang")

HISTORY_TURNS = 6
CONVERSATION_ID_LENGTH = 64


@dataclass(frozen=True, slots=True)
class Received:
    """A message with what was known when it came: earlier turns, or its own stored turn."""

    message: InboundMessage
    raw_text: str  # as typed; only the answer sees it, the record keeps the masked text
    history: tuple[PastTurn, ...]
    stored: Turn | None


def receive(
    database: Database, person: str, message_id: str, text: str, conversation_id: str | None
) -> Received:
    """Look up a message: was it answered before, and which conversation does it continue?

    Whoever presents a conversation's id continues it as the person who began it; an
    unknown id begins a new conversation. Raises MessageIdReused, MessageIdInvalid.
    """
    received_at = datetime.now(UTC)
    with database.reading() as db:
        conversation = None
        if conversation_id and len(conversation_id) <= CONVERSATION_ID_LENGTH:
            conversation = find_conversation(db, conversation_id)
        message = InboundMessage(
            channel=Channel.WEB,
            person=conversation.person if conversation else person,
            message_id=message_id,
            text=mask_personal_data(text),
            received_at=received_at,
            conversation_id=conversation.id if conversation else None,
        )
        stored = find_turn(db, message)
        history = () if stored or not conversation else _history(db, conversation.id)
    return Received(message, text, history, stored)


def reply_to(database: Database, snapshot: Snapshot, received: Received) -> Turn:
    """Answer a message and record the turn; it is on disk when this returns.

    Answering happens outside any transaction. If it fails, the turn is recorded all the
    same, as failed and with an apology. A repeated message returns its stored turn.
    """
    if received.stored is not None:
        return received.stored
    began = time.perf_counter()
    answer = _answer(snapshot, received)
    reply = Reply(
        text=answer.text,
        status=answer.status,
        intent=answer.intent,
        payload=_payload(answer),
        completed_question=answer.completed_question,
        versions=answer.versions or snapshot.versions,
        latency_ms=round((time.perf_counter() - began) * 1000),
    )
    with database.writing() as db:
        return record_turn(db, received.message, reply, answered_at=datetime.now(UTC))


def _answer(snapshot: Snapshot, received: Received) -> Answer:
    today = received.message.received_at.astimezone(SHANGHAI).date()
    try:
        question = Question(received.raw_text, today, received.history)
        answer = snapshot.answer(question)
        return rephrase(question, answer, snapshot.complete) if snapshot.complete else answer
    except Exception as error:
        # Where it failed, without the words of the message that an error text may quote.
        log.error(  # noqa: TRY400
            "answer failed: %s\n%s",
            type(error).__name__,
            "".join(traceback.format_tb(error.__traceback__)),
        )
        return Answer(AnswerStatus.FAILED, Intent.POLICY, (Sentence(wording.FAILED),))


def _payload(answer: Answer) -> dict[str, Any]:
    return {
        "sentences": [asdict(sentence) for sentence in answer.sentences],
        "citations": [
            {
                **asdict(citation),
                "effective_on": citation.effective_on and citation.effective_on.isoformat(),
                "expires_on": citation.expires_on and citation.expires_on.isoformat(),
            }
            for citation in answer.citations
        ],
        "suggestions": list(answer.suggestions),
        "rephrased": answer.rephrased,
    }


def _history(db: Session, conversation_id: str) -> tuple[PastTurn, ...]:
    return tuple(_past(turn) for turn in recent_turns(db, conversation_id, HISTORY_TURNS))


def _past(turn: Turn) -> PastTurn:
    return PastTurn(
        question=turn.question,
        completed_question=turn.completed_question,
        intent=Intent(turn.intent),
        status=AnswerStatus(turn.status),
        clause_ids=tuple(citation["clause_id"] for citation in turn.reply["citations"]),
    )
