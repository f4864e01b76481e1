"""One message and its reply, the same for the API and the page: the steps around the answer."""

import logging
import time
import traceback
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from api.handover.promise import plan_handover, suggestions_of, with_promise
from api.snapshot import Snapshot
from assistant import wording
from assistant.answer import (
    Answer,
    AnswerStatus,
    Intent,
    PastTurn,
    Question,
    Sentence,
    past_turn,
)
from assistant.guardrails import mask_personal_data
from assistant.rephraser import rephrase
from guidance.conversation import find_conversation
from guidance.handover.handover import open_handover
from guidance.message import Channel, InboundMessage, Reply
from guidance.periods.period import shanghai_day
from guidance.recording import record_turn
from guidance.session import Turn, find_turn, recent_turns
from matching.profile.entrepreneur import KnownPerson, known_person, remember
from matching.recommending.impression import log_list
from storage.database import Database

log = logging.getLogger("qichuang")

HISTORY_TURNS = 6
CONVERSATION_ID_LENGTH = 64
NOTHING_KNOWN = KnownPerson({}, (), profile_in_use=True)


@dataclass(frozen=True, slots=True)
class Received:
    """A message with what was known when it came: earlier turns, or its own stored turn."""

    message: InboundMessage
    raw_text: str  # as typed; only the answer sees it, the record keeps the masked text
    history: tuple[PastTurn, ...]
    stored: Turn | None
    known: KnownPerson = NOTHING_KNOWN


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
        return _received(db, message, text)


def receive_message(database: Database, message: InboundMessage, raw_text: str) -> Received:
    """Look up a message that the adapter of another channel has put together.

    Raises MessageIdReused.
    """
    with database.reading() as db:
        return _received(db, message, raw_text)


def _received(db: Session, message: InboundMessage, raw_text: str) -> Received:
    stored = find_turn(db, message)
    conversation_id = message.conversation_id
    history = () if stored or not conversation_id else _history(db, conversation_id)
    known = NOTHING_KNOWN if stored else known_person(db, message.person)
    return Received(message, raw_text, history, stored, known)


def reply_to(database: Database, snapshot: Snapshot, received: Received) -> Turn:
    """Answer a message and record the turn; it is on disk when this returns.

    Answering happens outside any transaction. If it fails, the turn is recorded all the
    same, as failed and with an apology. A repeated message returns its stored turn.
    """
    if received.stored is not None:
        return received.stored
    began = time.perf_counter()
    message = received.message
    answer = _answer(snapshot, received)
    handing = plan_handover(database, answer, received.history, message)
    if handing is not None:
        answer = with_promise(answer, handing)
    reply = Reply(
        text=answer.full_text,
        status=answer.status,
        intent=answer.intent,
        payload=_payload(answer),
        completed_question=answer.completed_question,
        versions=answer.versions or snapshot.versions,
        latency_ms=round((time.perf_counter() - began) * 1000),
    )
    answered_at = datetime.now(UTC)
    with database.writing() as db:
        turn = record_turn(db, message, reply, answered_at)
        # Of two deliveries at the same moment, one recorded the turn; the other adds nothing.
        if turn.answered_at == answered_at:
            remember(db, message.person, answer.learned, turn.id, answered_at)
            if answer.shown is not None:
                log_list(db, message.person, answer.shown, turn.id, answered_at)
            if handing is not None:
                open_handover(db, turn, message.person, handing.asked, answered_at)
        return turn


def _answer(snapshot: Snapshot, received: Received) -> Answer:
    today = shanghai_day(received.message.received_at)
    try:
        question = Question(
            received.raw_text,
            today,
            received.history,
            known=received.known.facts,
            declined=received.known.declined,
            profile_in_use=received.known.profile_in_use,
            draw=received.message.person,
        )
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
        "offices": [
            {**asdict(office), "updated_on": office.updated_on.isoformat()}
            for office in answer.offices
        ],
        "suggestions": suggestions_of(answer),
        "cards": [asdict(card) for card in answer.cards],
        "rephrased": answer.rephrased,
        "notes": list(answer.notes),
    }


def _history(db: Session, conversation_id: str) -> tuple[PastTurn, ...]:
    return tuple(_past(turn) for turn in recent_turns(db, conversation_id, HISTORY_TURNS))


def _past(turn: Turn) -> PastTurn:
    clauses = (citation["clause_id"] for citation in turn.reply["citations"])
    cards = ((card["kind"], card["code"]) for card in turn.reply.get("cards", ()))
    return past_turn(
        turn.question, turn.completed_question, turn.intent, turn.status, clauses, cards
    )
