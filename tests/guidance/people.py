"""Staff, and consultations for them to judge."""

from datetime import datetime, timedelta

from accounts.role import Role
from guidance.counting.rules import CountingRules, propose_rules, sign_rules
from guidance.human_session import HumanEntry, record_human_session
from guidance.intake import qualify_recorded, seal_recorded
from guidance.lifecycle import ServiceLine
from guidance.message import Channel, Reply
from guidance.periods.period import Quarter, shanghai_day
from guidance.recording import close_idle_sessions, record_turn
from guidance.review.decisions import CHECKLIST, approve, submit
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session
from storage.database import Database
from tests.guidance.messages import NOON, REPLY, message


def staff(number: int, *roles: Role, mentor_code: str | None = None, org_unit: str = "") -> Staff:
    return Staff(number, frozenset(roles), org_unit, mentor_code)


HANDLER = staff(1, Role.HANDLER)
REVIEWER = staff(2, Role.REVIEWER)
SECOND_REVIEWER = staff(3, Role.REVIEWER)
SIGNER = staff(4, Role.SIGNER)
SECOND_SIGNER = staff(5, Role.SIGNER)
THIRD_REVIEWER = staff(6, Role.REVIEWER)
LATER = timedelta(hours=2)


def chat(
    database: Database,
    message_id: str,
    *,
    person: str = "visitor-1",
    at: datetime = NOON,
    text: str = "怎么申请小额担保贷款？",
    reply: Reply = REPLY,
) -> int:
    """Record one question; return its session."""
    inbound = message(message_id, person=person, at=at, text=text, channel=Channel.WEB)
    with database.writing() as db:
        return record_turn(db, inbound, reply, answered_at=at).session_id


def judge_all(database: Database, at: datetime = NOON + LATER) -> None:
    """Close, seal and qualify what is idle by then."""
    with database.writing() as db:
        close_idle_sessions(db, at)
    with database.writing() as db:
        seal_recorded(db, at)
    with database.writing() as db:
        qualify_recorded(db, at)


def put_in_force(database: Database, rules: CountingRules, at: datetime) -> None:
    """Sign rules that hold from the quarter after a moment."""
    following = Quarter.of(shanghai_day(at)).following
    with database.writing() as db:
        proposal = propose_rules(db, rules, following, SIGNER, at, "试行")
    with database.writing() as db:
        sign_rules(db, proposal.id, SECOND_SIGNER, at, "1号")


def qualified_chat(database: Database, message_id: str, **words: object) -> int:
    session_id = chat(database, message_id, **words)  # type: ignore[arg-type]
    at = words.get("at", NOON)
    assert isinstance(at, datetime)
    judge_all(database, at + LATER)
    return session_id


def approved_chat(database: Database, message_id: str, **words: object) -> int:
    session_id = qualified_chat(database, message_id, **words)
    send_and_approve(database, session_id)
    return session_id


def send_and_approve(database: Database, session_id: int, at: datetime = NOON + LATER) -> None:
    with database.writing() as db:
        submit(db, session_id, HANDLER, at)
    with database.writing() as db:
        approve(db, session_id, REVIEWER, at, CHECKLIST)


def enter(
    database: Database, *, person: str = "visitor-9", at: datetime = NOON, **words: object
) -> GuidanceSession:
    """Enter a consultation at the window by the handler."""
    values: dict[str, object] = {
        "service_line": ServiceLine.WINDOW,
        "person": person,
        "provider": "account:9",
        "started_at": at,
        "ended_at": at + timedelta(minutes=20),
        "place": "区服务大厅",
        "topic": "贷款",
        "summary": f"咨询小额担保贷款的条件和材料，已逐项说明，{person} 准备下周申请。",
        **words,
    }
    entry = HumanEntry(**values)  # type: ignore[arg-type]
    with database.writing() as db:
        session, _ = record_human_session(db, entry, HANDLER, entry.ended_at)
    return session


def at_rest(database: Database, session_id: int) -> GuidanceSession:
    with database.reading() as db:
        return find_session(db, session_id)
