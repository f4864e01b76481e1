"""States of a session and every way from one to the next: one table, T1 to T14."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.role import Role


class TransitionRefused(ValueError):
    """A session may not be moved that way now; the message says why and what to do."""


class SessionState(StrEnum):
    """Where a session stands."""

    OPEN = "open"  # the next message may still belong to it
    RECORDED = "recorded"  # closed; nothing is added any more
    QUALIFIED = "qualified"  # meets the counting rules
    UNQUALIFIED = "unqualified"  # does not; its reason codes say why
    MERGED = "merged"  # stands for the same consultation as another one
    PENDING = "pending_review"
    APPROVED = "approved"  # counts
    RETURNED = "returned"  # back to the handler for a supplement
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LOCKED = "locked"  # counts, frozen with its quarter


STATE_NAMES = {
    SessionState.OPEN: "进行中",
    SessionState.RECORDED: "已记录",
    SessionState.QUALIFIED: "符合口径",
    SessionState.UNQUALIFIED: "不符合口径",
    SessionState.MERGED: "已合并",
    SessionState.PENDING: "待复核",
    SessionState.APPROVED: "已通过",
    SessionState.RETURNED: "已退回",
    SessionState.REJECTED: "不予计数",
    SessionState.WITHDRAWN: "已撤回",
    SessionState.LOCKED: "已锁定",
}


class ServiceLine(StrEnum):
    """Who gives the guidance, and how; sessions of different lines never flow together."""

    ASSISTANT = "assistant"
    MENTOR = "mentor"
    WINDOW = "window"
    TELEPHONE = "telephone"
    EVENT = "event"
    HANDOVER = "handover"  # staff answer a conversation that the assistant handed over


LINE_NAMES = {
    ServiceLine.ASSISTANT: "在线问答",
    ServiceLine.MENTOR: "导师指导",
    ServiceLine.WINDOW: "窗口",
    ServiceLine.TELEPHONE: "电话",
    ServiceLine.EVENT: "现场活动",
    ServiceLine.HANDOVER: "人工答复",
}

COUNTED = frozenset({SessionState.APPROVED, SessionState.LOCKED})
# Lines on which every message is recorded while it happens.
CHATTED = frozenset({ServiceLine.ASSISTANT, ServiceLine.HANDOVER})
# One session of a person and day is on its way to being counted, or is; the others wait.
HOLDS_DAY = COUNTED | {SessionState.QUALIFIED, SessionState.PENDING, SessionState.RETURNED}
HOLDS_DAY_SQL = "state IN ('approved', 'locked', 'pending_review', 'qualified', 'returned')"
# Codes of judgement: two reviewers may decide otherwise. The rest are facts.
JUDGEMENT_CODES = frozenset({"Q3", "Q4", "Q5"})


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the table: `roles` may do it, none means the system alone."""

    number: str
    action: str  # of the audit event
    sources: frozenset[SessionState]
    target: SessionState
    roles: frozenset[Role] = frozenset()


def _row(
    number: str, action: str, sources: set[SessionState], target: SessionState, *roles: Role
) -> tuple[str, Transition]:
    return action, Transition(number, action, frozenset(sources), target, frozenset(roles))


_S = SessionState
# T4 also leads from the review states: merging two identities may find two sessions of
# one person and day there (D8); staff may part again what was merged. T9 of "withdrawn"
# follows the diagram of the facts.
TRANSITIONS: dict[str, Transition] = dict(
    (
        _row("T2", "session.recorded", {_S.OPEN, _S.RECORDED}, _S.RECORDED),
        _row("T3", "session.qualified", {_S.RECORDED}, _S.QUALIFIED),
        _row("T3", "session.unqualified", {_S.RECORDED}, _S.UNQUALIFIED),
        _row(
            "T4",
            "session.merged",
            {_S.RECORDED, _S.UNQUALIFIED, *HOLDS_DAY} - {_S.LOCKED},
            _S.MERGED,
            Role.HANDLER,
            Role.REVIEWER,
        ),
        _row(
            "T4", "session.parted", {_S.MERGED}, _S.RECORDED, Role.HANDLER, Role.REVIEWER,
        ),
        _row("T5", "session.requalified", {_S.UNQUALIFIED}, _S.QUALIFIED, Role.REVIEWER),
        _row("T5", "session.promoted", {_S.UNQUALIFIED}, _S.QUALIFIED),
        _row("T6", "review.submitted", {_S.QUALIFIED}, _S.PENDING, Role.HANDLER),
        _row("T7", "review.approved", {_S.PENDING}, _S.APPROVED, Role.REVIEWER),
        _row("T8", "review.returned", {_S.PENDING}, _S.RETURNED, Role.REVIEWER),
        _row("T8", "review.rejected", {_S.PENDING}, _S.REJECTED, Role.REVIEWER),
        _row("T9", "review.resubmitted", {_S.RETURNED}, _S.PENDING, Role.HANDLER),
        _row(
            "T9", "review.withdrawn", {_S.PENDING, _S.RETURNED, _S.QUALIFIED}, _S.WITHDRAWN,
            Role.HANDLER,
        ),
        _row("T10", "review.appealed", {_S.REJECTED}, _S.PENDING, Role.HANDLER),
        _row("T11", "review.unapproved", {_S.APPROVED}, _S.PENDING, Role.SIGNER),
        _row("T12", "period.locked", {_S.APPROVED}, _S.LOCKED, Role.SIGNER),
    )
)  # fmt: skip


def check_transition(action: str, state: SessionState) -> Transition:
    """Return the row of an action. Raises TransitionRefused when the state does not allow it."""
    row = TRANSITIONS[action]
    if state not in row.sources:
        raise TransitionRefused(
            f"这条记录现在是“{STATE_NAMES[state]}”，不能这样处理。请刷新页面，查看最新状态。"
        )
    return row
