"""States of a hand-over and every step from one to the next: one table."""

from collections.abc import Mapping
from enum import StrEnum


class HandoverReason(StrEnum):
    """Why people have to answer."""

    ASKED = "asked"
    NOT_IN_POLICY = "not_in_policy"
    FAILED = "failed"
    PROGRESS = "progress"
    NO_MENTOR = "no_mentor"


REASON_NAMES = {
    HandoverReason.ASKED: "要求人工",
    HandoverReason.NOT_IN_POLICY: "文件里没有写明",
    HandoverReason.FAILED: "系统没有答出",
    HandoverReason.PROGRESS: "问办理进度",
    HandoverReason.NO_MENTOR: "没有合适的导师",
}


class HandoverState(StrEnum):
    """Where a hand-over stands."""

    WAITING = "waiting"
    TAKEN = "taken"
    ANSWERED = "answered"  # the person may still ask back
    CLOSED = "closed"


STATE_NAMES = {
    HandoverState.WAITING: "待接手",
    HandoverState.TAKEN: "处理中",
    HandoverState.ANSWERED: "已答复",
    HandoverState.CLOSED: "已结束",
}
UNANSWERED = frozenset({HandoverState.WAITING, HandoverState.TAKEN})


class HandoverNotFound(LookupError):
    """No hand-over has the given id, or not for this account."""


class HandoverRefused(ValueError):
    """A step may not be taken now; the message says why."""


_S = HandoverState
# Every step with the states it may be taken in and the state it leads to.
STEPS: Mapping[str, tuple[frozenset[HandoverState], HandoverState]] = {
    "handover.taken": (UNANSWERED, _S.TAKEN),
    "handover.answered": (UNANSWERED | {_S.ANSWERED}, _S.ANSWERED),
    "handover.asked_again": (frozenset({_S.ANSWERED}), _S.TAKEN),
    "handover.passed_on": (UNANSWERED | {_S.ANSWERED}, _S.WAITING),
    "handover.closed": (UNANSWERED | {_S.ANSWERED}, _S.CLOSED),
}
