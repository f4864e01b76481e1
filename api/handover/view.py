"""A hand-over as the person sees it: whose it is, where it stands, what was answered."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api.chat.thread import TurnView, show_turn
from api.handover.promise import day_said, unit_said
from api.policies.validity import chinese_date, today
from guidance.handover.answering import ANSWERS, MOST_WORDS, matter_of, waiting_words
from guidance.handover.handover import Handover, handovers_of
from guidance.handover.lifecycle import HandoverState
from guidance.periods.period import shanghai_day
from guidance.periods.working_days import working_days
from guidance.session import Turn


@dataclass(frozen=True, slots=True)
class HandoverView:
    """What is shown of a hand-over below its conversation and on its own page."""

    token: str
    conversation_id: str
    question: str
    state: str  # one clear sentence
    overdue: bool
    is_open: bool
    added: tuple[str, ...]  # what the person said since the last answer
    last: int  # number of the newest answer, 0 for none


def human_turns(db: Session, handover: Handover, after: int = 0) -> list[TurnView]:
    """Return the answers of people since the hand-over, newest last."""
    turns = select(Turn).where(
        Turn.conversation_id == handover.conversation_id,
        Turn.id > max(after, handover.turn_id),
        Turn.message_id.startswith(f"{ANSWERS}{handover.id}:"),
    )
    return [show_turn(turn) for turn in db.scalars(turns.order_by(Turn.id))]


def view_of(db: Session, handover: Handover) -> HandoverView:
    """Return what the person may see of a hand-over."""
    known = working_days(db).knows(handover.due_on)
    turns = human_turns(db, handover)
    return HandoverView(
        token=handover.token,
        conversation_id=handover.conversation_id,
        question=matter_of(db, handover).question,
        state=_said(handover, day_said(handover.due_on, known)),
        overdue=handover.is_overdue(today()),
        is_open=handover.is_open,
        added=tuple(one.text for one in waiting_words(db, handover.id)),
        last=turns[-1].number if turns else 0,
    )


def box_context(view: HandoverView | None) -> dict[str, Any]:
    """Return what the box below a conversation needs."""
    key = secrets.token_urlsafe(12)
    return {"handed": view, "key": key, "most_words": MOST_WORDS, "error": "", "draft": ""}


def latest_of(db: Session, conversation_id: str) -> HandoverView | None:
    """Return the newest hand-over of a conversation."""
    found = handovers_of(db, conversation_id)
    return view_of(db, found[-1]) if found else None


def open_elsewhere(db: Session, person: str, shown: str) -> Sequence[HandoverView]:
    """Return a person's open hand-overs of other conversations than the one shown."""
    mine = select(Handover).where(
        Handover.person == person,
        Handover.closed_at.is_(None),
        Handover.conversation_id != shown,
    )
    return [view_of(db, one) for one in db.scalars(mine.order_by(Handover.id))]


def _said(handover: Handover, due: str) -> str:
    unit = unit_said(handover.org_unit)
    if handover.state is HandoverState.CLOSED:
        if handover.answered_at is None:
            return f"这次转交已经结束，没有答复。原因：{handover.closing}"
        return "这次转交已经结束。还有问题，可以接着问，或者再转人工。"
    if handover.state is HandoverState.ANSWERED and handover.answered_at is not None:
        return f"{unit}已在{chinese_date(shanghai_day(handover.answered_at))}答复您。"
    if handover.is_overdue(today()):
        return f"已经超过答应您的日期（{due}），我们已提醒{unit}尽快答复。"
    if handover.state is HandoverState.TAKEN:
        return f"{unit}的工作人员正在处理，最晚{due}前答复您。"
    return f"已经转给{unit}，等工作人员接手，最晚{due}前答复您。"
