"""Recording what was asked and answered: a turn joins the person's open session, or opens one.

Recording is what must never fail or be slow: statements are built once, a session is
counted with one statement, and nothing here waits for the ledger's decisions.
"""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from guidance.conversation import join_conversation
from guidance.lifecycle import ServiceLine, SessionState
from guidance.message import InboundMessage, Reply
from guidance.session import GuidanceSession, Turn, find_turn
from storage.database import storable, take_turns

IDLE_LIMIT = timedelta(minutes=30)
# A message may still be on its way through the assistant when its session is swept.
ANSWERING_LIMIT = timedelta(minutes=1)
SWEPT_AT_ONCE = 500  # a sweep after a long pause must not keep the writers waiting

# Built once: putting a statement together takes longer than running it.
_OPEN_SESSION = (
    select(
        GuidanceSession.id,
        GuidanceSession.opened_at,
        GuidanceSession.last_turn_at,
        GuidanceSession.turn_count,
    )
    .where(
        GuidanceSession.person == bindparam("person"),
        GuidanceSession.service_line == ServiceLine.ASSISTANT,
        GuidanceSession.closed_at.is_(None),
    )
    .with_for_update()
)
_IDLE_SESSIONS = (
    select(GuidanceSession)
    .where(GuidanceSession.closed_at.is_(None), GuidanceSession.last_turn_at <= bindparam("before"))
    .limit(SWEPT_AT_ONCE)
    .with_for_update(skip_locked=True)
)
_CLOSE_SESSION = (
    update(GuidanceSession)
    .where(GuidanceSession.id == bindparam("session_id"))
    .values(closed_at=bindparam("at"), state=SessionState.RECORDED)
)
_COUNT_TURN = (
    update(GuidanceSession)
    .where(GuidanceSession.id == bindparam("session_id"))
    .values(turn_count=bindparam("count"), last_turn_at=bindparam("at"))
)
_ADD_SESSION = insert(GuidanceSession).returning(GuidanceSession.id)
_ADD_TURN = insert(Turn).returning(Turn.id)


def record_turn(db: Session, message: InboundMessage, reply: Reply, answered_at: datetime) -> Turn:
    """Record a message with its reply, opening a conversation and a session where needed.

    A message that came before returns its stored turn and records nothing, also when
    both deliveries are recorded at the same moment. Raises MessageIdReused, and
    ConversationNotFound for an unknown conversation id.
    """
    take_turns(db, f"message {message.channel} {message.message_id}", f"person {message.person}")
    if (stored := find_turn(db, message)) is not None:
        return stored
    conversation_id = join_conversation(db.connection(), message)
    session_id, sequence = _count_in_session(db.connection(), message)
    values = {
        "session_id": session_id,
        "conversation_id": conversation_id,
        "sequence": sequence,
        "channel": message.channel,
        "message_id": message.message_id,
        "question": storable(message.text),
        "completed_question": storable(reply.completed_question),
        "status": str(reply.status),
        "intent": str(reply.intent),
        "answer_text": storable(reply.text),
        "reply": storable(reply.payload),
        "versions": storable(reply.versions),
        "asked_at": message.received_at,
        "answered_at": answered_at,
        "latency_ms": reply.latency_ms,
    }
    turn_id = db.connection().execute(_ADD_TURN, values).scalar_one()
    if sequence == 1:  # last: whoever else appends an event waits for this transaction
        append_event(db, "session.opened", f"session:{session_id}", SYSTEM)
    return Turn(id=turn_id, **values)


def close_idle_sessions(db: Session, now: datetime) -> int:
    """Close the sessions whose idle time ran out, some hundreds at a time; return how many.

    The answer to a message that came in time may still be in the making, so a session
    is left alone a minute longer.
    """
    before = now - IDLE_LIMIT - ANSWERING_LIMIT
    sessions = db.scalars(_IDLE_SESSIONS, {"before": before}).all()
    for session in sessions:
        session.closed_at = _idle_since(session.opened_at, session.last_turn_at)
        session.state = SessionState.RECORDED
    return len(sessions)


def _count_in_session(connection: Connection, message: InboundMessage) -> tuple[int, int]:
    """Add one turn to the person's open session, or to a new one; return id and number."""
    at = message.received_at
    session = connection.execute(_OPEN_SESSION, {"person": message.person}).first()
    if session is not None and not _is_idle(session.last_turn_at, at):
        counted = {
            "session_id": session.id,
            "count": session.turn_count + 1,
            "at": _last_turn_at(session.last_turn_at, at),
        }
        connection.execute(_COUNT_TURN, counted)
        return session.id, session.turn_count + 1
    if session is not None:
        ended_at = _idle_since(session.opened_at, session.last_turn_at)
        connection.execute(_CLOSE_SESSION, {"session_id": session.id, "at": ended_at})
    opened = {
        "person": message.person,
        "channel": message.channel,
        "opened_at": at,
        "last_turn_at": at,
        "turn_count": 1,
    }
    return connection.execute(_ADD_SESSION, opened).scalar_one(), 1


def _is_idle(last_turn_at: datetime, at: datetime) -> bool:
    return at - last_turn_at >= IDLE_LIMIT


def _last_turn_at(previous: datetime, at: datetime) -> datetime:
    """Return when a session's last turn was, after one more that was received at `at`."""
    # A late message changes nothing. One far too late shows that the clock was set
    # back: it is followed, or the session would stay open until the wrong time comes.
    return at if at > previous or previous - at >= IDLE_LIMIT else previous


def _idle_since(opened_at: datetime, last_turn_at: datetime) -> datetime:
    """Return when a session's idle time ran out, whenever that is noticed."""
    return max(opened_at, last_turn_at + IDLE_LIMIT)
