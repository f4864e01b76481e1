"""From a recorded session to the review queue: sealing, judging by the rules, submitting."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from guidance.awaited import is_awaited
from guidance.counting.qualification import Said, SessionFacts, Verdict, qualify
from guidance.counting.rules import rules_in_force
from guidance.indicators.evidence import count_evidence
from guidance.lifecycle import ServiceLine, SessionState
from guidance.people.identity import standing_of
from guidance.periods.carrying import carry_late
from guidance.periods.exceptions import exception_covers
from guidance.periods.period import shanghai_day
from guidance.periods.record import PeriodRecord, PeriodState
from guidance.periods.sample import unreliable_units
from guidance.review.flags import alike_sessions
from guidance.review.wording import wording_of
from guidance.seal import sealed_values, turns_of
from guidance.session import GuidanceSession, Turn
from guidance.transition import day_holder, find_session, move, take_ledger

AT_ONCE = 200
NO_SUBSTANCE = ("smalltalk", "out_of_scope", "handoff")
# What shows that the answer spoke of this person's case.
MATCHED = ("eligibility", "project", "mentor")

UnitOf = Callable[[Session, str], str]


def nowhere(_db: Session, _person: str) -> str:
    """Attribute every session to the district itself."""
    return ""


def seal_recorded(db: Session, at: datetime, limit: int = AT_ONCE) -> int:
    """Seal sessions that ended (T2), some at a time; return how many."""
    take_ledger(db)
    ended = (
        select(GuidanceSession)
        .where(GuidanceSession.state == SessionState.RECORDED, GuidanceSession.seal == "")
        .order_by(GuidanceSession.id)
        .limit(limit)
    )
    sessions = db.scalars(ended).all()
    for session in sessions:
        turns = turns_of(db, session.id)
        session.topic = topic_of(turns)
        session.wording = wording_of([turn.question for turn in turns])
        db.flush()
        changes = sealed_values(session, turns, at)
        move(
            session,
            "session.recorded",
            changes=changes,
            details={"seal": changes["seal"], "turns": session.turn_count},
        )
    return len(sessions)


def qualify_recorded(
    db: Session, at: datetime, unit_of: UnitOf = nowhere, limit: int = AT_ONCE
) -> tuple[int, int]:
    """Judge sealed sessions (T3), some at a time; return how many qualified and did not.

    Those of which a confirmation or a paper is still awaited are left alone. `unit_of` gives
    the street or department a person's online sessions belong to.
    """
    take_ledger(db)
    sealed = (
        select(GuidanceSession.id)
        .where(
            GuidanceSession.state == SessionState.RECORDED,
            GuidanceSession.seal != "",
            ~is_awaited(db, at),
        )
        .order_by(GuidanceSession.id)
        .limit(limit)
    )
    outcomes = [
        _judge(db, find_session(db, session_id), at, unit_of)
        for session_id in db.scalars(sealed).all()
    ]
    return outcomes.count(True), outcomes.count(False)


def facts_of(db: Session, session: GuidanceSession, *, flags: bool = True) -> SessionFacts:
    """Collect everything the rules look at, from what is stored.

    Without `flags` what only raises a flag is left out: it takes longest to collect.
    """
    turns = turns_of(db, session.id)
    rules = rules_in_force(db, session.period)
    standing = standing_of(db, session.person)
    staffed = session.service_line is not ServiceLine.ASSISTANT
    counted = staffed and flags
    earlier = _earlier(db, session, standing.reference)
    return SessionFacts(
        service_line=session.service_line,
        opened_at=session.opened_at,
        last_turn_at=session.last_turn_at,
        count_on=session.count_on,
        recorded_at=session.recorded_at or session.last_turn_at,
        level=standing.level,
        internal=standing.internal,
        with_oneself=session.person == session.provider,
        said=tuple(_said(turn) for turn in turns),
        complete=[turn.sequence for turn in turns] == list(range(1, session.turn_count + 1)),
        minutes=session.minutes,
        topic=session.topic,
        summary=session.summary,
        evidence=count_evidence(db, session.id) if staffed else 0,
        confirmed_at=session.confirmed_at,
        day_taken=day_holder(db, standing.reference, session) is not None,
        continued_from_at=earlier.last_turn_at if earlier else None,
        excepted=exception_covers(db, session, session.recorded_at or session.last_turn_at),
        provider_that_day=_of_provider(db, session, timedelta(0)) if counted else 0,
        provider_that_hour=_of_provider(db, session, timedelta(hours=1)) if counted else 0,
        alike=alike_sessions(db, session, rules) if flags else 0,
    )


def judge_facts(db: Session, session: GuidanceSession) -> Verdict:
    """Return the verdict on a session as the rules stand, without writing anything."""
    return qualify(facts_of(db, session), rules_in_force(db, session.period))


def submit_waiting(db: Session, now: datetime, limit: int = AT_ONCE) -> int:
    """Submit the qualified sessions of past weeks (T6, the weekly batch); return how many.

    Units whose last sample was too bad submit theirs singly, and so does whoever has an
    exception for a quarter that is closed.
    """
    take_ledger(db)
    today = shanghai_day(now)
    monday = today - timedelta(days=today.weekday())
    closed = select(PeriodRecord.period).where(PeriodRecord.state != PeriodState.OPEN)
    waiting = (
        select(GuidanceSession.id)
        .where(
            GuidanceSession.state == SessionState.QUALIFIED,
            GuidanceSession.count_on < monday,
            GuidanceSession.org_unit.not_in(unreliable_units(db)),
            GuidanceSession.period.not_in(closed),
        )
        .order_by(GuidanceSession.id)
        .limit(limit)
    )
    ids = db.scalars(waiting).all()
    for session_id in ids:
        session = find_session(db, session_id)
        move(session, "review.submitted", changes={"submitted_at": now})
    return len(ids)


def topic_of(turns: list[Turn]) -> str:
    """Return what most of the messages were about, "" when none had substance."""
    intents = Counter(turn.intent for turn in turns if turn.intent not in NO_SUBSTANCE)
    return min(intents, key=lambda intent: (-intents[intent], intent)) if intents else ""


def _judge(db: Session, session: GuidanceSession, at: datetime, unit_of: UnitOf) -> bool:
    carry_late(db, session, at)
    standing = standing_of(db, session.person)
    verdict = judge_facts(db, session)
    changes: dict[str, Any] = {
        "counts_for": standing.reference,
        "identity_level": standing.level,
        "rule_version": verdict.rule_version,
        "codes": " ".join(verdict.codes),
        # What was flagged before, as by a call back or when it was entered, stays.
        "flags": " ".join(dict.fromkeys([*session.flags.split(), *verdict.flags])),
    }
    if session.service_line is ServiceLine.ASSISTANT and not session.org_unit:
        changes["org_unit"] = unit_of(db, standing.reference)
    earlier = _earlier(db, session, standing.reference) if "D4" in verdict.codes else None
    if earlier is not None:
        changes["continues_id"] = earlier.id
    session.counts_for = standing.reference
    db.flush()
    action = "session.qualified" if verdict.qualified else "session.unqualified"
    details = {"rules": verdict.rule_version, "codes": verdict.codes, "flags": verdict.flags}
    move(session, action, changes=changes, details=details)
    return verdict.qualified


def _said(turn: Turn) -> Said:
    cards = turn.reply.get("cards") or []
    human = turn.reply.get("human")  # a member of staff answered this person's case
    return Said(
        question=turn.question,
        status=turn.status,
        intent=turn.intent,
        grounded=bool(turn.reply.get("citations") or turn.reply.get("offices") or cards or human),
        situated=bool(turn.reply.get("learned") or cards or turn.intent in MATCHED or human),
        at=turn.asked_at,
    )


def _earlier(db: Session, session: GuidanceSession, person: str) -> Row[int, datetime] | None:
    """Return the person's last session on the same topic, if it counts or may: id and end."""
    if not session.topic:
        return None
    return db.execute(
        select(GuidanceSession.id, GuidanceSession.last_turn_at)
        .where(
            GuidanceSession.counts_for == person,
            GuidanceSession.opened_at < session.opened_at,
            GuidanceSession.opened_at >= session.opened_at - timedelta(days=2),
            GuidanceSession.topic == session.topic,
            GuidanceSession.state.not_in(
                [SessionState.UNQUALIFIED, SessionState.MERGED, SessionState.REJECTED]
            ),
            GuidanceSession.id != session.id,
        )
        .order_by(GuidanceSession.last_turn_at.desc(), GuidanceSession.id.desc())
        .limit(1)
    ).first()


def _of_provider(db: Session, session: GuidanceSession, within: timedelta) -> int:
    """Return how many other sessions the provider had that day, or in the hour up to it."""
    day, s = session.count_on, GuidanceSession
    when = [s.count_on == day]
    if within:  # an hour may begin on the day before
        after = session.opened_at - within
        when = [s.count_on.between(shanghai_day(after), day), s.opened_at > after]
        when.append(s.opened_at <= session.opened_at)
    others = select(func.count()).where(
        s.provider == session.provider,
        s.state != SessionState.MERGED,
        s.id != session.id,
        *when,
    )
    return db.scalar(others) or 0
