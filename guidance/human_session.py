"""Consultations with a person: at the window, on the telephone, with a mentor, at an event."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from rapidfuzz import fuzz
from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from guidance.counting.rules import rules_in_force
from guidance.lifecycle import LINE_NAMES, ServiceLine, SessionState
from guidance.message import Channel
from guidance.people.identity import holder_of
from guidance.periods.period import Quarter, shanghai_day
from guidance.review.staff import Staff
from guidance.seal import sealed_values
from guidance.session import GuidanceSession
from guidance.transition import move, take_ledger
from storage.database import storable

LONGEST = timedelta(hours=12)
NEAR = timedelta(days=1)
CODE_DIGITS = 6
NOT_CONFIRMABLE = (SessionState.LOCKED, SessionState.MERGED)
_CHANNELS = {
    ServiceLine.MENTOR: Channel.MENTOR,
    ServiceLine.WINDOW: Channel.WINDOW,
    ServiceLine.TELEPHONE: Channel.TELEPHONE,
    ServiceLine.EVENT: Channel.EVENT,
}


SAME_VISIT = (
    "这位咨询人当天在同一地点、由同一服务人员接待的记录已有一条（编号 {}），请核对是否重复录入。"
)
SAME_WORDS = (
    "这位咨询人前后一天内已有一条摘要几乎相同的记录（编号 {}），请核对是否重复录入。"
    "确是另一次咨询的，请写明这一次谈了什么。"
)
# What was withdrawn or merged may be entered again.
_ENTERED_ANEW = (SessionState.MERGED, SessionState.WITHDRAWN)


class EntryInvalid(ValueError):
    """An entry cannot be right; the message says what to correct."""


class EntryHeld(ValueError):
    """An entry looks like one that is recorded already; `session_id` names that one."""

    def __init__(self, session_id: int, *, same_words: bool = False) -> None:
        super().__init__((SAME_WORDS if same_words else SAME_VISIT).format(session_id))
        self.session_id = session_id


class ConfirmationWrong(ValueError):
    """The code is not the one of the session."""


@dataclass(frozen=True, slots=True)
class HumanEntry:
    """What staff or a mentor enter: who with whom, when, where, about what, with what result."""

    service_line: ServiceLine
    person: str  # reference of the client
    provider: str  # "mentor:M0003" or "account:7"
    started_at: datetime
    ended_at: datetime
    place: str
    topic: str
    summary: str
    org_unit: str = ""


def record_human_session(
    db: Session, entry: HumanEntry, recorder: Staff, at: datetime, despite: str = ""
) -> tuple[GuidanceSession, str]:
    """Record and seal an entry; return it with the code by which the client can confirm it.

    The code is given out once and stored as a digest. Raises EntryInvalid, and EntryHeld
    for what was entered before (D10). `despite` is why it is another consultation all the
    same: it is recorded then, with a flag and the reason in the log.
    """
    _check(entry, at)
    take_ledger(db)
    person = holder_of(db, entry.person)
    held = _held(db, entry, person)
    if held is not None and not despite:
        raise held
    code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}}"
    session = GuidanceSession(
        person=entry.person,
        channel=_CHANNELS[entry.service_line],
        service_line=entry.service_line,
        opened_at=entry.started_at,
        last_turn_at=entry.ended_at,
        closed_at=entry.ended_at,
        turn_count=0,
        counts_for=person,
        org_unit=entry.org_unit,
        provider=entry.provider,
        recorder=recorder.reference,
        minutes=int((entry.ended_at - entry.started_at).total_seconds() // 60),
        place=_words(entry.place),
        topic=_words(entry.topic),
        summary=_words(entry.summary),
    )
    db.add(session)
    db.flush()
    db.refresh(session)
    append_event(db, "session.opened", session.subject, recorder.actor)
    changes = sealed_values(session, [], at)
    changes["confirm_digest"] = _code_digest(session.id, code)
    if held is not None:
        changes["flags"] = "D10"
    details = {"seal": changes["seal"], "provider": entry.provider, "on": session.count_on}
    move(session, "session.recorded", changes=changes, details=details)
    if held is not None:
        said = {"twin": held.session_id}
        append_event(db, "entry.admitted", session.subject, recorder.actor, said, despite)
    return session, code


def confirm_attendance(db: Session, session_id: int, code: str, at: datetime) -> None:
    """Note that the client confirmed the consultation. Raises ConfirmationWrong."""
    session = db.get(GuidanceSession, session_id, populate_existing=True)
    if session is None or not secrets.compare_digest(
        session.confirm_digest, _code_digest(session_id, code.strip())
    ):
        raise ConfirmationWrong("确认码不对，请核对后重新输入。")
    _confirm(db, session, at)


def sessions_to_confirm(db: Session, person: str, provider: str) -> Sequence[GuidanceSession]:
    """Return what a provider recorded with a person who has not confirmed it, oldest first."""
    rows = select(GuidanceSession).where(
        GuidanceSession.person == person,
        GuidanceSession.provider == provider,
        GuidanceSession.confirmed_at.is_(None),
        GuidanceSession.confirm_digest != "",
        GuidanceSession.state.not_in(NOT_CONFIRMABLE),
    )
    return db.scalars(rows.order_by(GuidanceSession.opened_at, GuidanceSession.id)).all()


def confirm_own(db: Session, session_id: int, person: str, at: datetime) -> None:
    """Let a person who is known by their own browser confirm without a code.

    Raises ConfirmationWrong for another's session, as for one that does not exist.
    """
    session = db.get(GuidanceSession, session_id, populate_existing=True)
    if session is None or session.person != person or not session.confirm_digest:
        raise ConfirmationWrong("没有找到这次指导的记录，请刷新页面再看。")
    _confirm(db, session, at)


def _confirm(db: Session, session: GuidanceSession, at: datetime) -> None:
    if session.confirmed_at is None and session.state not in NOT_CONFIRMABLE:
        session.confirmed_at = at
        db.flush()
        append_event(db, "session.confirmed", session.subject, SYSTEM)


def _check(entry: HumanEntry, at: datetime) -> None:
    if entry.service_line not in _CHANNELS:
        raise EntryInvalid("在线问答由系统自动记录，不能手工录入。")
    if entry.ended_at <= entry.started_at:
        raise EntryInvalid("结束时间须晚于开始时间，请修改。")
    if entry.ended_at - entry.started_at > LONGEST:
        raise EntryInvalid("一次咨询不会超过 12 小时，请检查开始和结束时间。")
    if entry.ended_at > at + timedelta(minutes=10):
        raise EntryInvalid("结束时间还没有到，请在咨询结束后录入。")
    for name, words in (
        ("服务人员", entry.provider),
        ("咨询人", entry.person),
        ("主题", entry.topic),
        ("内容摘要", entry.summary),
    ):
        if not words.strip():
            line = LINE_NAMES[entry.service_line]
            raise EntryInvalid(f"请填写“{name}”，{line}的记录不能没有它。")


def _held(db: Session, entry: HumanEntry, person: str) -> EntryHeld | None:
    if (twin := _twin(db, entry, person)) is not None:
        return EntryHeld(twin)
    if (twin := _same_words(db, entry, person)) is not None:
        return EntryHeld(twin, same_words=True)
    return None


def _twin(db: Session, entry: HumanEntry, person: str) -> int | None:
    return db.scalar(
        select(GuidanceSession.id).where(
            GuidanceSession.counts_for == person,
            GuidanceSession.count_on == shanghai_day(entry.started_at),
            GuidanceSession.provider == entry.provider,
            GuidanceSession.place == _words(entry.place),
            GuidanceSession.state != SessionState.MERGED,
        )
    )


def _same_words(db: Session, entry: HumanEntry, person: str) -> int | None:
    """Return a session of the person, a day before or after, told in nearly the same words."""
    day = shanghai_day(entry.started_at)
    around = select(GuidanceSession.id, GuidanceSession.summary).where(
        GuidanceSession.counts_for == person,
        GuidanceSession.count_on.between(day - NEAR, day + NEAR),
        GuidanceSession.summary != "",
        GuidanceSession.state.not_in(_ENTERED_ANEW),
    )
    least = 100 * rules_in_force(db, str(Quarter.of(day))).alike
    words = _words(entry.summary)
    for number, summary in db.execute(around.order_by(GuidanceSession.id)):
        if fuzz.ratio(words, summary, score_cutoff=least) >= least:
            return int(number)
    return None


def _words(text: str) -> str:
    return str(storable(text)).strip()


def _code_digest(session_id: int, code: str) -> str:
    return hashlib.sha256(f"{session_id}:{code}".encode()).hexdigest()
