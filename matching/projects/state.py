"""The way of a project through the library, and what each step asks for.

Source: the practice of Guangdong 2015, Zhengzhou 2016 and Lianyungang: solicitation,
screening, experts, public notice, admission, promotion, follow-up, retirement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class ProjectState(StrEnum):
    """Where a project stands in the library."""

    SOLICITED = "solicited"  # 征集
    SCREENING = "screening"  # 初审
    EXPERT_REVIEW = "expert_review"  # 专家评审
    PUBLIC_NOTICE = "public_notice"  # 公示
    ADMITTED = "admitted"  # 入库
    PROMOTED = "promoted"  # 推介
    FOLLOWED = "followed"  # 跟踪
    RETIRED = "retired"  # 退出
    REJECTED = "rejected"  # 不予入库


class ProjectAction(StrEnum):
    """What somebody does to move a project."""

    SUBMIT = "submit"
    PASS_SCREENING = "pass_screening"
    PASS_REVIEW = "pass_review"
    ADMIT = "admit"
    PUBLISH = "publish"
    FOLLOW = "follow"
    VERIFY = "verify"
    WITHDRAW = "withdraw"
    RETURN = "return"
    REJECT = "reject"
    RETIRE = "retire"
    REOPEN = "reopen"


PUBLISHED = frozenset({ProjectState.PROMOTED, ProjectState.FOLLOWED})
IN_LIBRARY = PUBLISHED | {ProjectState.ADMITTED}
IN_REVIEW = frozenset(
    {ProjectState.SCREENING, ProjectState.EXPERT_REVIEW, ProjectState.PUBLIC_NOTICE}
)
CLOSED = frozenset({ProjectState.RETIRED, ProjectState.REJECTED})

STATE_NAMES = {
    ProjectState.SOLICITED: "征集",
    ProjectState.SCREENING: "初审",
    ProjectState.EXPERT_REVIEW: "专家评审",
    ProjectState.PUBLIC_NOTICE: "公示",
    ProjectState.ADMITTED: "入库",
    ProjectState.PROMOTED: "推介",
    ProjectState.FOLLOWED: "跟踪",
    ProjectState.RETIRED: "退出",
    ProjectState.REJECTED: "不予入库",
}


@dataclass(frozen=True, slots=True)
class Move:
    """One edge of the state machine; `target` None keeps the state."""

    name: str
    sources: frozenset[ProjectState]
    target: ProjectState | None
    opinion_needed: bool = False


def _from(*states: ProjectState) -> frozenset[ProjectState]:
    return frozenset(states)


MOVES: Mapping[ProjectAction, Move] = {
    ProjectAction.SUBMIT: Move("提交初审", _from(ProjectState.SOLICITED), ProjectState.SCREENING),
    ProjectAction.PASS_SCREENING: Move(
        "初审通过，送专家评审", _from(ProjectState.SCREENING), ProjectState.EXPERT_REVIEW, True
    ),
    ProjectAction.PASS_REVIEW: Move(
        "评审通过，开始公示", _from(ProjectState.EXPERT_REVIEW), ProjectState.PUBLIC_NOTICE, True
    ),
    ProjectAction.ADMIT: Move(
        "公示期满，入库", _from(ProjectState.PUBLIC_NOTICE), ProjectState.ADMITTED
    ),
    ProjectAction.PUBLISH: Move("发布推介", _from(ProjectState.ADMITTED), ProjectState.PROMOTED),
    ProjectAction.FOLLOW: Move("转入跟踪", _from(ProjectState.PROMOTED), ProjectState.FOLLOWED),
    ProjectAction.VERIFY: Move("记录核实", IN_LIBRARY, None, True),
    ProjectAction.WITHDRAW: Move("撤下推介", PUBLISHED, ProjectState.ADMITTED, True),
    ProjectAction.RETURN: Move("退回修改", IN_REVIEW, ProjectState.SOLICITED, True),
    ProjectAction.REJECT: Move("不予入库", IN_REVIEW, ProjectState.REJECTED, True),
    ProjectAction.RETIRE: Move("退出项目库", IN_LIBRARY, ProjectState.RETIRED, True),
    ProjectAction.REOPEN: Move("重新征集", CLOSED, ProjectState.SOLICITED, True),
}


class MoveNotPossible(ValueError):
    """The project's state does not allow this step, or its opinion is missing."""


def state_after(state: ProjectState, action: ProjectAction, opinion: str) -> ProjectState:
    """Return the state that a step leads to. Raises MoveNotPossible, with the reason."""
    move = MOVES[action]
    if state not in move.sources:
        allowed = "、".join(STATE_NAMES[one] for one in ProjectState if one in move.sources)
        raise MoveNotPossible(
            f"项目现在处于“{STATE_NAMES[state]}”，不能“{move.name}”；"
            f"只有处于“{allowed}”的项目可以。请刷新页面后再操作。"
        )
    if move.opinion_needed and not opinion.strip():
        raise MoveNotPossible(f"“{move.name}”必须填写意见或原因。")
    return state if move.target is None else move.target


def possible_actions(state: ProjectState) -> tuple[ProjectAction, ...]:
    """Return the steps that a project in this state may take."""
    return tuple(action for action, move in MOVES.items() if state in move.sources)
