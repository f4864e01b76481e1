"""A notice: one short thing that a person or a mentor is told outside a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class NoticeKind(StrEnum):
    """What a notice is about; templates of the public platform are chosen by it."""

    MENTOR_PROPOSAL = "mentor_proposal"  # to a mentor: somebody asks for guidance
    PROPOSAL_REMINDER = "proposal_reminder"
    PROPOSAL_ENDED = "proposal_ended"  # withdrawn, expired or given to another mentor
    MENTOR_ACCEPTED = "mentor_accepted"  # to an entrepreneur
    MENTOR_DECLINED = "mentor_declined"
    MEETING_PROPOSED = "meeting_proposed"  # to either: a time to meet
    QUESTION_ANSWERED = "question_answered"  # an open question has its answer
    HANDOVER_ANSWERED = "handover_answered"  # a member of staff answered
    MEETING_TO_CONFIRM = "meeting_to_confirm"  # did this meeting take place?


@dataclass(frozen=True, slots=True)
class Words:
    """What a kind of notice says: its name, its first sentence, the words of its link."""

    name: str
    says: str
    link: str


WORDS: Mapping[NoticeKind, Words] = MappingProxyType(
    {
        NoticeKind.MENTOR_PROPOSAL: Words(
            "结对请求", "有一位创业者想请您指导，请您答复是否接受。", "查看并答复"
        ),
        NoticeKind.PROPOSAL_REMINDER: Words(
            "结对提醒", "有一位创业者还在等您的答复。", "查看并答复"
        ),
        NoticeKind.PROPOSAL_ENDED: Words(
            "结对请求结束", "先前请您指导的一个请求已经结束，不用再答复了。", "打开查看"
        ),
        NoticeKind.MENTOR_ACCEPTED: Words("导师已接受", "导师已经接受您的请求。", "查看怎么联系"),
        NoticeKind.MENTOR_DECLINED: Words(
            "导师未接受", "这位导师这次不能指导您。下一步请点开查看。", "查看下一步"
        ),
        NoticeKind.MEETING_PROPOSED: Words(
            "见面时间", "有人为您提出了见面的时间，请您看看是否合适。", "查看并答复"
        ),
        NoticeKind.QUESTION_ANSWERED: Words(
            "问题有了答复", "您问过的问题现在有答复了。", "查看答复"
        ),
        NoticeKind.HANDOVER_ANSWERED: Words("工作人员答复", "工作人员答复了您的问题。", "查看答复"),
        NoticeKind.MEETING_TO_CONFIRM: Words(
            "确认见面", "请您确认一次见面的记录是否属实。", "查看并确认"
        ),
    }
)
# The facts that a notice may state, with the label before each.
FACTS: Mapping[str, str] = MappingProxyType(
    {
        "person": "创业者",
        "mentor": "导师",
        "project": "项目",
        "topic": "想聊的事",
        "question": "问题",
        "answer": "答复",
        "department": "答复单位",
        "time": "时间",
        "place": "地点",
        "deadline": "请在此前答复",
        "reason": "原因",
    }
)


class NoticeInvalid(ValueError):
    """A notice states a fact that no template knows, or opens a page that is not ours."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice. Raises NoticeInvalid.

    Attributes:
        kind: what it is about.
        facts: the words of its fields, by the keys of FACTS; times as 2026年7月1日 09:05.
        path: the page it opens, below the public address: begins with one slash.
        cause: why it is told, unique over all notices: one cause is told once.
        until: from then on nobody needs it any more; None: for a week.
    """

    kind: NoticeKind
    facts: Mapping[str, str]
    path: str
    cause: str
    until: datetime | None = None

    def __post_init__(self) -> None:
        unknown = set(self.facts) - set(FACTS)
        if unknown or not self.cause:
            raise NoticeInvalid(f"{self.kind}: {sorted(unknown)}, cause {self.cause!r}")
        if not self.path.startswith("/") or self.path.startswith("//"):
            raise NoticeInvalid(f"{self.kind}: path {self.path!r}")
