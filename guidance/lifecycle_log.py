"""The states of all sessions as the audit log tells them, by the table of transitions."""

import json
from array import array
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from audit.log import ActorKind, AuditEvent, AuditPayload
from guidance.lifecycle import TRANSITIONS, SessionState
from guidance.session import GuidanceSession

BATCH = 5_000
MOST = 100
_STATES = tuple(SessionState)
_PLACES = {state: place for place, state in enumerate(_STATES, start=1)}


@dataclass(slots=True)
class Replay:
    """What the log amounts to: a few bytes for each session, by its number."""

    states: bytearray  # 0: the log does not name it
    approvers: "array[int]"  # the account that approved it last; 0: none did
    wrong: list[str] = field(default_factory=list)  # steps that the table forbids
    missing: list[int] = field(default_factory=list)  # named, beyond the last one stored

    def state_of(self, session_id: int) -> SessionState | None:
        """Return where the log leaves a session, None when it does not name it."""
        place = self.states[session_id]
        return _STATES[place - 1] if place else None


def replay(db: Session) -> Replay:
    """Go through the whole log once."""
    last = db.scalar(select(func.max(GuidanceSession.id))) or 0
    told = Replay(bytearray(last + 1), array("i", bytes(4 * (last + 1))))
    steps = (
        select(
            AuditEvent.seq,
            AuditEvent.action,
            AuditEvent.subject,
            AuditEvent.actor_kind,
            AuditEvent.actor_id,
        )
        .where(AuditEvent.action.in_([*TRANSITIONS, "session.opened"]))
        .order_by(AuditEvent.seq)
        .execution_options(yield_per=BATCH)
    )
    for seq, action, subject, kind, actor in db.execute(steps):
        of, _, name = subject.partition(":")
        if of != "session":
            continue
        session_id = int(name)
        if session_id > last:
            _note(told.missing, session_id)
            continue
        wrong = _step(told, action, session_id)
        if wrong:
            _note(told.wrong, f"第 {seq} 号事件：会话 {session_id} {wrong}")
        if action == "review.approved":
            told.approvers[session_id] = int(actor) if kind is ActorKind.ACCOUNT else 0
    return told


def carried_sessions(db: Session) -> dict[int, str]:
    """Return the quarter that every carried session was carried to last."""
    events = (
        select(AuditPayload.payload)
        .join(AuditEvent, AuditEvent.seq == AuditPayload.seq)
        .where(AuditEvent.action == "period.carried")
        .order_by(AuditEvent.seq)
    )
    carried: dict[int, str] = {}
    for payload in db.scalars(events):
        said = json.loads(payload)["details"]
        carried.update(dict.fromkeys(said["sessions"], said["to"]))
    return carried


def _step(told: Replay, action: str, session_id: int) -> str:
    """Take one step; return what is wrong with it, "" when nothing is."""
    place = told.states[session_id]
    if action == "session.opened":
        told.states[session_id] = _PLACES[SessionState.OPEN]
        return "重复开始" if place else ""
    row = TRANSITIONS[action]
    before = _STATES[place - 1] if place else SessionState.RECORDED
    told.states[session_id] = _PLACES[row.target]
    return "" if before in row.sources else f"不能从 {before} 到 {row.target}"


def _note(notes: list[Any], one: Any) -> None:
    if len(notes) < MOST:
        notes.append(one)
