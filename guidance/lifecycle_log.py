"""The states of all sessions as the audit log tells them, by the table of transitions."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import AuditEvent
from guidance.lifecycle import TRANSITIONS, SessionState

BATCH = 5_000


def states_of_log(db: Session) -> tuple[dict[int, SessionState], list[str]]:
    """Replay the audit log: every session's state, and each step that the table forbids."""
    states: dict[int, SessionState] = {}
    wrong: list[str] = []
    steps = (
        select(AuditEvent.seq, AuditEvent.action, AuditEvent.subject)
        .where(AuditEvent.action.in_([*TRANSITIONS, "session.opened"]))
        .order_by(AuditEvent.seq)
        .execution_options(yield_per=BATCH)
    )
    for seq, action, subject in db.execute(steps):
        kind, _, name = subject.partition(":")
        if kind != "session":
            continue
        session_id = int(name)
        if action == "session.opened":
            if session_id in states:
                wrong.append(f"第 {seq} 号事件：会话 {session_id} 重复开始")
            states[session_id] = SessionState.OPEN
            continue
        row = TRANSITIONS[action]
        before = states.get(session_id, SessionState.RECORDED)
        if before not in row.sources:
            wrong.append(f"第 {seq} 号事件：会话 {session_id} 不能从 {before} 到 {row.target}")
        states[session_id] = row.target
    return states, wrong
