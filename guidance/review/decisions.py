"""Decisions on sessions: submitted, approved, returned, rejected, appealed, taken back."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, object_session

from guidance.lifecycle import SessionState, TransitionRefused
from guidance.people.identity import references_of
from guidance.periods.carrying import carry_late
from guidance.periods.record import (
    PeriodState,
    SampleItem,
    SampleOutcome,
    require_open,
    state_of,
)
from guidance.review.flags import with_flag
from guidance.review.proposal import Proposal, required_reason
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from guidance.transition import day_holder, find_session, move, take_ledger
from storage.database import storable

CHECKLIST = {
    "identity": "咨询人与记录一致，不是内部人员",
    "content": "谈的是创业问题，内容具体",
    "answer": "答复有依据，或有人工答复",
    "evidence": "记录完整，材料齐全",
}
RETURN_REASONS = {
    "summary": "摘要不清楚，请补充",
    "evidence": "缺少证明材料，请补充",
    "unit": "所属单位不明，请说明",
}
REJECT_REASONS = {
    "not_guidance": "不是创业指导",
    "duplicate": "与另一条记录重复",
    "untrue": "内容不实",
    "no_evidence": "始终没有证明材料",
}


class SecondPersonNeeded(TransitionRefused):
    """The decision needs a second reviewer."""


def submit(db: Session, session_id: int, by: Staff, at: datetime) -> GuidanceSession:
    """Send a qualified session to review (T6)."""
    session = take_open(db, session_id, at)
    changes = {"submitter": by.reference, "submitted_at": at}
    move(session, "review.submitted", by, changes=changes)
    return session


def approve(
    db: Session, session_id: int, by: Staff, at: datetime, checklist: Iterable[str]
) -> GuidanceSession:
    """Let a session count (T7); every point of CHECKLIST has to be ticked.

    Raises TransitionRefused, DutiesNotSeparate, NotYourDuty, SecondPersonNeeded, PeriodClosed.
    """
    session = take_open(db, session_id, at)
    if set(checklist) != set(CHECKLIST):
        raise TransitionRefused("请逐项核对并勾选核对清单后再通过。")
    if "G7" in session.flags.split():
        raise SecondPersonNeeded("服务人员当天次数超过上限，须由两位复核人先后确认。")
    let_count(db, session, by, at)
    return session


def send_back(
    db: Session, session_id: int, by: Staff, at: datetime, code: str, reason: str
) -> GuidanceSession:
    """Return a session for a supplement (T8); `code` is one of RETURN_REASONS."""
    session = _decided_by_another(db, session_id, by, at)
    move(
        session,
        "review.returned",
        by,
        changes={"decided_at": at},
        reason=required_reason(reason),
        details={"code": _known(code, RETURN_REASONS)},
    )
    return session


def reject(
    db: Session, session_id: int, by: Staff, at: datetime, code: str, reason: str
) -> GuidanceSession:
    """Decide that a session does not count (T8); a sibling of the day may take its place (D9)."""
    session = _decided_by_another(db, session_id, by, at)
    move(
        session,
        "review.rejected",
        by,
        changes={"decided_at": at, "approver": by.reference},
        reason=required_reason(reason),
        details={"code": _known(code, REJECT_REASONS)},
    )
    promote_sibling(db, session)
    return session


def resubmit(
    db: Session, session_id: int, by: Staff, at: datetime, supplement: str
) -> GuidanceSession:
    """Send a returned session in again (T9); the record itself stays as it was sealed."""
    session = take_open(db, session_id, at)
    added = "\n".join(filter(None, (session.supplement, str(storable(supplement)).strip())))
    changes = {"submitter": by.reference, "submitted_at": at, "supplement": added}
    move(session, "review.resubmitted", by, changes=changes)
    return session


def withdraw(db: Session, session_id: int, by: Staff, at: datetime, reason: str) -> GuidanceSession:
    """Take a session out of the run for good."""
    session = take_open(db, session_id, at)
    move(session, "review.withdrawn", by, reason=required_reason(reason))
    promote_sibling(db, session)
    return session


def appeal(db: Session, session_id: int, by: Staff, at: datetime, reason: str) -> GuidanceSession:
    """Ask once for another reviewer's decision on a rejected session (T10, 复议)."""
    session = take_open(db, session_id, at)
    if session.appealed:
        raise TransitionRefused("这条记录已经复议过一次，不能再次复议。")
    changes = {"appealed": True, "submitted_at": at, "submitter": by.reference}
    move(session, "review.appealed", by, changes=changes, reason=required_reason(reason))
    return session


def unapprove(
    db: Session, session_id: int, by: Staff, at: datetime, reason: str
) -> GuidanceSession:
    """Take an approval back before the quarter is locked (T11); another reviewer decides then.

    Also while the quarter is closed and checked: without an exception it is decided on,
    and may count, in the next open quarter then. What a second check did not confirm is
    flagged, so that it is looked at singly and drawn again.
    """
    take_ledger(db)
    session = find_session(db, session_id)
    if state_of(db, session.period) is PeriodState.LOCKED:
        require_open(db, session, at)
    check_separate(session, by)
    item = db.get(SampleItem, (session.period, session_id))
    changes = {}
    if item is not None and item.outcome is SampleOutcome.NOT_CONFIRMED:
        changes["flags"] = with_flag(session.flags, "NC")
    move(session, "review.unapproved", by, changes=changes, reason=required_reason(reason))
    carry_late(db, session, at)
    return session


def promote_sibling(db: Session, session: GuidanceSession) -> GuidanceSession | None:
    """Let the next session of the same person and day take a place that became free (D9)."""
    sibling_id = db.scalar(
        select(GuidanceSession.id)
        .where(
            GuidanceSession.counts_for == session.counts_for,
            GuidanceSession.count_on == session.count_on,
            GuidanceSession.state == SessionState.UNQUALIFIED,
            GuidanceSession.codes == "Q8",
        )
        .order_by(GuidanceSession.opened_at, GuidanceSession.id)
        .limit(1)
    )
    if sibling_id is None:
        return None
    sibling = find_session(db, sibling_id)
    if state_of(db, sibling.period) is not PeriodState.OPEN:
        return None
    if day_holder(db, sibling.counts_for, sibling) is not None:  # one that was added since
        return None
    details = {"instead_of": session.id}
    move(sibling, "session.promoted", changes={"codes": ""}, details=details)
    return sibling


def take_open(db: Session, session_id: int, at: datetime) -> GuidanceSession:
    """Return a session to be decided on, alone. Raises PeriodClosed."""
    take_ledger(db)
    session = find_session(db, session_id)
    require_open(db, session, at)
    return session


def _decided_by_another(db: Session, session_id: int, by: Staff, at: datetime) -> GuidanceSession:
    session = take_open(db, session_id, at)
    check_separate(session, by)
    return session


def let_count(
    db: Session, session: GuidanceSession, by: Staff, at: datetime, proposal: Proposal | None = None
) -> None:
    """Let a session count, whoever proposed it. Raises DutiesNotSeparate, TransitionRefused."""
    if session.erased_at is not None:
        raise TransitionRefused("咨询人已要求删除，原始记录已清空，不能再通过。请驳回并写明原因。")
    check_separate(session, by)
    parts = (session.provider, session.recorder, session.submitter, session.person)
    if proposal and proposal.proposed_by in (*parts, session.counts_for):
        raise DutiesNotSeparate("提议通过的人后来参与了这条记录，请由其他同事单独复核。")
    changes = {"approver": by.reference, "decided_at": at}
    if state_of(db, session.period) is not PeriodState.OPEN:
        changes["flags"] = with_flag(session.flags, "LATE")
    details = {
        "on": session.count_on,
        "period": session.period,
        "unit": session.org_unit,
        "proposed_by": proposal.proposed_by if proposal else "",
    }
    move(session, "review.approved", by, changes=changes, details=details)


def check_separate(session: GuidanceSession, by: Staff) -> None:
    """Raise DutiesNotSeparate unless someone without a part in the session decides (G1)."""
    if by.is_one_of(session.provider, session.recorder, session.submitter):
        raise DutiesNotSeparate("服务人、录入人、提交人不能复核同一条记录，请由其他同事办理。")
    db = object_session(session)
    client = references_of(db, session.counts_for) if db else [session.counts_for]
    if by.is_one_of(session.person, *client):
        raise DutiesNotSeparate("咨询人不能复核自己的记录，请由其他同事办理。")
    if by.is_one_of(session.approver):
        raise DutiesNotSeparate("您已经对这条记录作过决定，请由另一位复核人办理。")


def _known(code: str, codes: dict[str, str]) -> str:
    if code not in codes:
        raise TransitionRefused("请从列表中选择一项原因。")
    return code
