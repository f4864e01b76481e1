"""Steps of a random walk: people ask and meet, and what the keeper of the ledger does of itself."""

from datetime import timedelta

from sqlalchemy.orm import Session

from audit.log import Actor, ActorKind
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
from guidance.lifecycle import CHATTED, ServiceLine
from guidance.message import Channel, InboundMessage
from guidance.privacy.retention import SHIPPED, erase_old, read_schedule
from guidance.privacy.rights import erase_person
from guidance.recording import close_idle_sessions, record_turn
from guidance.session import GuidanceSession

OFFICER = Actor(ActorKind.ACCOUNT, "8")
SHIPPED_SCHEDULE = read_schedule(SHIPPED.parent)


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
    """Erase a person on their wish: what counts goes under lock, a talk under way is ended."""
    session = db.get_one(GuidanceSession, walker.one(db))
    erase_person(db, session.counts_for, OFFICER, walker.now, SHIPPED_SCHEDULE.counted_for)


def _retain(walker: Walker, db: Session) -> None:
    """Erase what has had its time."""
    erase_old(db, SHIPPED_SCHEDULE, walker.now)


ASKING: dict[str, Step] = {
    "wait": _wait,
    "ask": _ask,
    "ask_again": _ask_again,
    "meet": _meet,
    "sweep": _sweep,
    "judge": _judge,
    "batch": _batch,
    "erase": _erase,
    "retain": _retain,
}
