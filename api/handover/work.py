"""Answering a hand-over, and bringing the answer to where the person asked."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.handover.promise import unit_said
from api.notice import Notice, NoticeKind
from api.notices import tell
from api.signed_in import SignedIn
from api.staff_page import chinese_time
from api.wechat.kf_outbox import KfOutboxMessage, KfState, put_answer
from api.wechat.outbox import OutboxMessage, OutboxState
from guidance.handover.answering import HumanAnswer, answer_person, matter_of
from guidance.handover.handover import Handover
from guidance.message import Channel
from guidance.session import Turn

NOT_ON_WECHAT = "对方没有关注公众号，或已取消关注，微信通知发不到；答复放在对话页面上。"
_DELIVERY = {
    OutboxState.WAITING: "微信通知正在发送。",
    OutboxState.SENT: "微信通知已发出。",
    OutboxState.HELD: "微信现在不允许发送，对方再次发言时会自动发出。",
    OutboxState.DEAD: "微信通知没有发出：",
    OutboxState.DROPPED: "微信通知没有发出：",
}
_KF_DELIVERY = {
    KfState.WAITING: "微信客服消息正在发送。",
    KfState.SENT: "微信客服消息已发出。",
    KfState.DEAD: "微信客服消息没有发出：",
}


def answer_handover(
    db: Session, handover: Handover, account: SignedIn, said: tuple[str, str], at: datetime
) -> Turn:
    """Record a member of staff's answer and send it; `said` is the text and its form's key.

    Raises HandoverRefused.
    """
    text, key = said
    question = matter_of(db, handover).question
    provider = f"account:{account.account_id}"
    answer = HumanAnswer(text, provider, unit_said(handover.org_unit), key)
    turn = answer_person(db, handover, answer, account.actor, at)
    if turn.answered_at != at:  # the same form once more
        return turn
    if handover.taken_by is None:
        handover.taken_by, handover.taken_at = account.account_id, at
    handover.undelivered = _send(db, handover, turn, question, at)
    return turn


def delivery_of(db: Session, handover: Handover, turn: Turn) -> str:
    """Say what became of the message that brought an answer, "" where there was none."""
    if handover.channel is Channel.KF:
        sent = select(KfOutboxMessage).where(KfOutboxMessage.send_id == _send_id(turn))
        kf = db.scalar(sent)
        return _told(_KF_DELIVERY[kf.state], kf.problem) if kf else ""
    cause = f"notice:{_cause(handover, turn)}"
    found = db.scalar(select(OutboxMessage).where(OutboxMessage.cause == cause))
    return _told(_DELIVERY[found.state], found.problem) if found else ""


def _send(db: Session, handover: Handover, turn: Turn, question: str, at: datetime) -> str:
    """Put the answer into the right outbox; return why it does not go out, "" if it does."""
    if handover.channel is Channel.KF:
        return put_answer(db, handover.person, _send_id(turn), turn.answer_text, at)
    notice = Notice(
        NoticeKind.HANDOVER_ANSWERED,
        {
            "question": question or "您的问题",
            "answer": turn.answer_text,
            "department": unit_said(handover.org_unit),
            "time": chinese_time(at),
        },
        f"/handed/{handover.token}",
        _cause(handover, turn),
    )
    told = tell(db, handover.person, notice, at)
    return "" if told or handover.channel is Channel.WEB else NOT_ON_WECHAT


def _cause(handover: Handover, turn: Turn) -> str:
    return f"handover:{handover.id}:{turn.id}"


def _send_id(turn: Turn) -> str:
    return f"t{turn.id}-{int(turn.answered_at.timestamp())}"


def _told(words: str, problem: str) -> str:
    return f"{words}{problem}" if words.endswith("：") else words
