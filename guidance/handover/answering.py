"""What people answer, and what a person adds: turns of a session of their own.

The session of a hand-over is OPEN until the hand-over is closed; its end moves with each
answer, so that a person may have several. What it counts as the ledger decides, as always.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from audit.log import SYSTEM, Actor, append_event
from guidance.handover.handover import (
    Handover,
    HandoverWords,
    ask_again,
    note_answered,
    note_closed,
    quiet_handovers,
)
from guidance.handover.lifecycle import HandoverRefused, HandoverState
from guidance.intake import NO_SUBSTANCE
from guidance.lifecycle import ServiceLine, SessionState
from guidance.session import GuidanceSession, Turn
from storage.database import storable, take_turns

MOST_REPLY = 600  # characters: what one WeChat message holds
MOST_WORDS = 500
MOST_WAITING = 20  # additions without an answer
EPISODE = timedelta(days=7)  # from the first message: one consultation, however many answers
QUIET = "答复后两天没有再问，自动结束"
ANSWERED = "answered"
ANSWERS = "handover:"  # begins the message id of every answer


@dataclass(frozen=True, slots=True)
class HumanAnswer:
    """What a member of staff answers: `provider` "account:7", `key` the same for a repeat."""

    text: str
    provider: str
    unit_name: str  # as the person is told
    key: str


def check_reply(text: str) -> str:
    """Return an answer without blanks at its ends. Raises HandoverRefused."""
    text = str(storable(text)).strip()
    if not text:
        raise HandoverRefused("请先写下答复再发送。")
    if len(text) > MOST_REPLY:
        raise HandoverRefused(f"答复现在有 {len(text)} 字，请精简到 {MOST_REPLY} 字以内。")
    return text


def answer_person(
    db: Session, handover: Handover, answer: HumanAnswer, by: Actor, at: datetime
) -> Turn:
    """Record an answer as a turn, once however often it is sent. Raises HandoverRefused."""
    text = check_reply(answer.text)
    message_id = f"{ANSWERS}{handover.id}:{answer.key}"
    take_turns(db, f"person {handover.person}")
    told = select(Turn).where(Turn.channel == handover.channel, Turn.message_id == message_id)
    if (stored := db.scalar(told)) is not None:
        return stored
    note_answered(db, handover, by, at)
    words = waiting_words(db, handover.id)
    matter = matter_of(db, handover)
    session = _session(db, handover, answer.provider, at)
    asked = [one.text for one in words]
    if session.turn_count == 0 and (matter.intent not in NO_SUBSTANCE or not asked):
        asked.insert(0, matter.question)
    turn = Turn(
        session_id=session.id,
        conversation_id=handover.conversation_id,
        sequence=session.turn_count + 1,
        channel=handover.channel,
        message_id=message_id,
        question="\n".join(asked),
        completed_question="",
        status=ANSWERED,
        intent=matter.intent,
        answer_text=text,
        reply=_payload(text, answer.unit_name),
        versions={},
        asked_at=max(words[0].said_at if words else at, handover.opened_at),
        answered_at=at,
        latency_ms=0,
    )
    db.add(turn)
    session.turn_count += 1
    session.last_turn_at = session.closed_at = max(at, session.opened_at)
    db.execute(delete(HandoverWords).where(HandoverWords.handover_id == handover.id))
    db.flush()
    return turn


def say(db: Session, handover: Handover, key: str, text: str, due_on: date, at: datetime) -> None:
    """Keep what a person adds, `text` without personal numbers, once. Raises HandoverRefused."""
    text = str(storable(text)).strip()
    if not text:
        raise HandoverRefused("请先写下要补充的话再发送。")
    if len(text) > MOST_WORDS:
        raise HandoverRefused(f"现在有 {len(text)} 字，请精简到 {MOST_WORDS} 字以内。")
    if not handover.is_open:
        raise HandoverRefused("这次转交已经结束。还有问题，请回到提问页重新提问。")
    named = f"{handover.id}:{key}"
    if db.scalar(select(HandoverWords.id).where(HandoverWords.key == named)) is not None:
        return
    waiting = select(func.count()).where(HandoverWords.handover_id == handover.id)
    if (db.scalar(waiting) or 0) >= MOST_WAITING:
        raise HandoverRefused("补充的话已经很多了，请等工作人员答复后再补充。")
    if handover.state is HandoverState.ANSWERED:
        ask_again(db, handover, due_on, at)
    db.add(HandoverWords(handover_id=handover.id, key=named, text=text, said_at=at))
    db.flush()


def waiting_words(db: Session, handover_id: int) -> Sequence[HandoverWords]:
    """Return what a person added and nobody has answered, oldest first."""
    mine = select(HandoverWords).where(HandoverWords.handover_id == handover_id)
    return db.scalars(mine.order_by(HandoverWords.id)).all()


def matter_of(db: Session, handover: Handover) -> Turn:
    """Return the turn that says what it is about: the last one of substance, or the asking."""
    turns = select(Turn).where(
        Turn.conversation_id == handover.conversation_id,
        Turn.intent.not_in(NO_SUBSTANCE),
        Turn.question != "",
        ~Turn.message_id.startswith(ANSWERS),  # what people answered is not what was asked
    )
    found = db.scalar(turns.order_by(Turn.id.desc()).limit(1))
    return found or db.get_one(Turn, handover.turn_id)


def last_answer(db: Session, handover: Handover) -> str:
    """Return what people answered last, "" when they have not."""
    told = select(Turn.answer_text).where(Turn.session_id == handover.session_id)
    return db.scalar(told.order_by(Turn.sequence.desc()).limit(1)) or ""


def close_handover(db: Session, handover: Handover, reason: str, by: Actor, at: datetime) -> None:
    """End a hand-over, and with it its session. Raises HandoverRefused."""
    note_closed(db, handover, reason, by, at)
    if handover.session_id is not None:
        mine = update(GuidanceSession).where(
            GuidanceSession.id == handover.session_id, GuidanceSession.state == SessionState.OPEN
        )
        db.execute(mine.values(state=SessionState.RECORDED))


def close_quiet(db: Session, at: datetime) -> int:
    """End the hand-overs to which nothing was said for two days; return how many."""
    quiet = quiet_handovers(db, at)
    for handover in quiet:
        close_handover(db, handover, QUIET, SYSTEM, at)
    return len(quiet)


def _session(db: Session, handover: Handover, provider: str, at: datetime) -> GuidanceSession:
    """Return the session that the hand-over's answers belong to, as long as it may grow.

    Behind seven days it ends, and the next one says what it continues.
    """
    known = None
    if handover.session_id is not None:
        known = db.get(GuidanceSession, handover.session_id, with_for_update=True)
    if known is not None and known.state is SessionState.OPEN and known.erased_at is None:
        if at - known.opened_at < EPISODE:
            return known
        known.state = SessionState.RECORDED
    session = GuidanceSession(
        person=handover.person,
        channel=handover.channel,
        service_line=ServiceLine.HANDOVER,
        state=SessionState.OPEN,
        opened_at=handover.opened_at if handover.session_id is None else at,
        last_turn_at=at,
        closed_at=at,
        turn_count=0,
        org_unit=handover.org_unit,
        provider=provider,
        recorder=provider,
        continues_id=known.id if known else None,
    )
    db.add(session)
    db.flush()
    handover.session_id = session.id
    append_event(db, "session.opened", f"session:{session.id}", SYSTEM)
    return session


def _payload(text: str, unit_name: str) -> dict[str, Any]:
    """Return an answer in the form that every channel shows; `human` says who gave it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {
        "sentences": [
            {"text": line, "citations": [], "bullet": False, "computation": None, "office": None}
            for line in lines
        ],
        "citations": [],
        "offices": [],
        "suggestions": [],
        "cards": [],
        "rephrased": False,
        "human": unit_name,
    }
