"""What a person is told when people take over: who answers, until when, and where it appears."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy.orm import Session

from api.policies.validity import chinese_date
from assistant.answer import Answer, AnswerStatus, Intent, PastTurn, Sentence
from guidance.handover.answering import last_answer
from guidance.handover.duty import Promise, promise
from guidance.handover.handover import Asked, Handover, answered_of, open_of
from guidance.handover.lifecycle import HandoverReason, HandoverState
from guidance.message import Channel, InboundMessage
from guidance.periods.period import shanghai_day
from guidance.periods.working_days import working_days
from knowledge.department import mentioned_departments
from storage.database import Database

# What the button below an answer says that left the question open; it is a message like others.
ASK_PEOPLE = "请工作人员回复"
MOST_SUGGESTIONS = 4  # of a reply, this one included: as many as a WeChat message lists
DESK_NAME = "区创业服务台"
LEFT_OPEN = frozenset(
    {
        AnswerStatus.NOT_IN_POLICY,
        AnswerStatus.PARTLY_ANSWERED,
        AnswerStatus.EXPIRED_ONLY,
        AnswerStatus.BLOCKED_ANSWER,
        AnswerStatus.FAILED,
    }
)
_REASONS = {
    AnswerStatus.FAILED: HandoverReason.FAILED,
    AnswerStatus.BLOCKED_ANSWER: HandoverReason.FAILED,
    AnswerStatus.NOT_IN_POLICY: HandoverReason.NOT_IN_POLICY,
    AnswerStatus.PARTLY_ANSWERED: HandoverReason.NOT_IN_POLICY,
    AnswerStatus.EXPIRED_ONLY: HandoverReason.NOT_IN_POLICY,
}
_WHERE = {
    Channel.WEB: "答复会显示在这段对话里，请用同一个手机或浏览器回来查看。",
    Channel.WECHAT: "有了答复，会在微信里通知您；没收到的话，过几天再发“转人工”，就能看到答复。",
    Channel.KF: "有了答复，会发在这个聊天里。",
}


@dataclass(frozen=True, slots=True)
class Handing:
    """A hand-over about to be opened with its turn, and what the person is told of it."""

    asked: Asked
    says: tuple[str, ...]


def plan_handover(
    database: Database,
    answer: Answer,
    history: Sequence[PastTurn],
    message: InboundMessage,
) -> Handing | None:
    """Work out what to promise for an answer that hands over; None for every other answer.

    Programs that ask for somebody else (the API channel) cannot be answered later, so
    nothing is promised to them.
    """
    if answer.status is not AnswerStatus.HANDED_OVER or message.channel not in _WHERE:
        return None
    with database.reading() as db:
        known = open_of(db, message.conversation_id) if message.conversation_id else None
        unit = known.org_unit if known else unit_of(answer)
        promised = promise(db, unit, working_days(db), message.received_at)
        told = _told_before(db, message)
    asked, where = Asked(unit, _reason(answer, history), promised.due_on), _WHERE[message.channel]
    if known is not None and known.state is not HandoverState.ANSWERED:
        return Handing(asked, (*told, _again(known), where))
    return Handing(asked, (*told, *promise_lines(promised), where))


def _told_before(db: Session, message: InboundMessage) -> tuple[str, ...]:
    """Repeat the last answer of people where a notice of it may not have come through."""
    answered = answered_of(db, message.person) if message.channel is not Channel.WEB else None
    said = last_answer(db, answered) if answered is not None else ""
    return (f"{unit_said(answered.org_unit)}上次答复您：{said}",) if answered and said else ()


def with_promise(answer: Answer, handing: Handing) -> Answer:
    """Return an answer that says what was promised, after what it says already."""
    said = tuple(Sentence(line) for line in handing.says)
    return replace(answer, sentences=(*answer.sentences, *said))


def suggestions_of(answer: Answer) -> list[str]:
    """Return what can be tapped next; where the question is left open, to ask people."""
    if answer.status not in LEFT_OPEN:
        return list(answer.suggestions)
    return [*answer.suggestions[: MOST_SUGGESTIONS - 1], ASK_PEOPLE]


def unit_of(answer: Answer) -> str:
    """Return the department that an answer names, "" for the district's desk."""
    for citation in answer.citations:
        found = mentioned_departments(citation.department or "")
        if found:
            return found[0].name
    return ""


def unit_said(org_unit: str) -> str:
    """Return how a person is told of a unit."""
    return org_unit or DESK_NAME


def promise_lines(promised: Promise) -> tuple[str, str]:
    """Say who answers until when, and whether somebody is there now."""
    unit, due = unit_said(promised.org_unit), day_said(promised.due_on, promised.holidays_known)
    first = f"已经转给{unit}的工作人员，最晚{due}前答复您。"
    if promised.on_duty is None:
        return first, "这个单位没有登记值班时间，请以上面的日期为准。"
    if promised.on_duty:
        return first, "现在是值班时间，工作人员会尽快看您的问题。"
    return first, f"现在不在值班时间，值班时间是{promised.hours}，法定节假日除外。"


def day_said(due_on: date, holidays_known: bool) -> str:
    """Say a promised day, and honestly so where the holidays of the year are not known."""
    day = chinese_date(due_on)
    return day if holidays_known else f"{day}（按周一至周五推算，遇法定节假日顺延）"


def _again(known: Handover) -> str:
    opened, due = chinese_date(shanghai_day(known.opened_at)), chinese_date(known.due_on)
    return f"您{opened}的问题已经转给{unit_said(known.org_unit)}，最晚{due}前答复，不用重复提交。"


def _reason(answer: Answer, history: Sequence[PastTurn]) -> HandoverReason:
    if answer.intent is Intent.PROGRESS:
        return HandoverReason.PROGRESS
    if answer.intent is Intent.MENTOR:
        return HandoverReason.NO_MENTOR
    return (
        _REASONS.get(history[-1].status, HandoverReason.ASKED) if history else HandoverReason.ASKED
    )


def promise_anew(db: Session, org_unit: str, at: datetime) -> date:
    """Return the day until which a further question to a unit is answered."""
    return promise(db, org_unit, working_days(db), at).due_on
