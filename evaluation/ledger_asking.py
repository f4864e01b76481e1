"""Steps of a random walk: people ask and meet, and what the keeper of the ledger does of itself."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from evaluation.ledger_walker import (
    GAPS_S,
    PEOPLE,
    REPLY,
    STAFF,
    TEXTS,
    UNITS,
    Step,
    Walker,
)
from guidance.human_session import HumanEntry, record_human_session
from guidance.intake import qualify_recorded, seal_recorded, submit_waiting
from guidance.lifecycle import CHATTED, ServiceLine, SessionState
from guidance.message import Channel, InboundMessage
from guidance.recording import close_idle_sessions, record_turn
from guidance.session import GuidanceSession, Turn


def _wait(walker: Walker, _db: Session) -> None:
    walker.now += timedelta(seconds=walker.choose(GAPS_S))


def _ask(walker: Walker, db: Session) -> None:
    inbound = InboundMessage(
        Channel.WEB,
        walker.choose(PEOPLE[:3]),
        f"{walker.name}-{len(walker.sent)}",
        walker.choose(TEXTS),
        walker.now,
    )
    walker.sent.append(inbound)
    record_turn(db, inbound, REPLY, walker.now)
    walker.now += timedelta(seconds=walker.choose(GAPS_S[:3]))


def _ask_again(walker: Walker, db: Session) -> None:
    if walker.sent:
        record_turn(db, walker.choose(walker.sent), REPLY, walker.now)


def _meet(walker: Walker, db: Session) -> None:
    start = walker.now - timedelta(days=walker.choose((0, 1, 6, 9)), minutes=30)
    entry = HumanEntry(
        service_line=walker.choose([one for one in ServiceLine if one not in CHATTED]),
        person=walker.choose(PEOPLE),
        provider=walker.choose(("mentor:M0001", "account:1", "account:3")),
        started_at=start,
        ended_at=start + timedelta(minutes=walker.choose((3, 20))),
        place=walker.choose(("大厅", "园区")),
        topic="贷款",
        summary=f"谈了贷款的条件与材料，时间 {walker.now.isoformat()}",
        org_unit=walker.choose(UNITS),
    )
    session, code = record_human_session(db, entry, walker.choose(STAFF), walker.now)
    walker.met.append((session.id, code))


def _sweep(walker: Walker, db: Session) -> None:
    close_idle_sessions(db, walker.now)
    seal_recorded(db, walker.now)


def _judge(walker: Walker, db: Session) -> None:
    qualify_recorded(db, walker.now, lambda _db, person: UNITS[len(person) % 3])


def _batch(walker: Walker, db: Session) -> None:
    submit_waiting(db, walker.now)


def _erase(walker: Walker, db: Session) -> None:
    """Take the words of a session away, as the privacy officer does."""
    session_id = walker.one(db)
    session = db.get_one(GuidanceSession, session_id)
    if session.state is SessionState.OPEN or not session.seal:
        return
    gone = {"question": "", "completed_question": "", "answer_text": "", "reply": {}}
    db.execute(update(Turn).where(Turn.session_id == session_id).values(gone))
    session.summary = session.supplement = session.seal_salt = ""
    session.erased_at = walker.now


ASKING: dict[str, Step] = {
    "wait": _wait,
    "ask": _ask,
    "ask_again": _ask_again,
    "meet": _meet,
    "sweep": _sweep,
    "judge": _judge,
    "batch": _batch,
    "erase": _erase,
}
