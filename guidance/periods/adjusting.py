"""Adjusting: one person proposes to correct a locked figure, another one decides (T13)."""

from datetime import datetime

from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import SYSTEM, append_event
from guidance.counting.tally import count_person
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.people.identity import holder_of, references_of
from guidance.periods.adjustment import (
    Adjustment,
    AdjustmentKind,
    AdjustmentStatus,
    is_posted,
    unit_now,
)
from guidance.periods.carrying import UNDECIDED
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import PeriodState, state_of
from guidance.person_day import claims_on
from guidance.review.proposal import AlreadyDecided, required_reason
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, take_ledger
from storage.database import storable

AMOUNTS = {AdjustmentKind.VOID: -1, AdjustmentKind.ADD: 1, AdjustmentKind.RECLASSIFY: 0}


class Words:
    """Why, with what reference and evidence, and for a reclassification to which unit."""

    __slots__ = ("evidence_digest", "reason", "reference", "to_unit")

    def __init__(
        self, reason: str, reference: str = "", evidence_digest: str = "", to_unit: str = ""
    ) -> None:
        self.reason = required_reason(str(storable(reason)))
        self.reference = str(storable(reference))
        self.evidence_digest = evidence_digest
        self.to_unit = to_unit


def propose_adjustment(
    db: Session, kind: AdjustmentKind, session_id: int, by: Staff, at: datetime, words: Words
) -> Adjustment:
    """Propose to correct a locked quarter (T13, first person).

    Raises TransitionRefused, and DutiesNotSeparate for whoever approved the session.
    """
    by.require(Role.HANDLER, Role.REVIEWER)
    take_ledger(db)
    session = find_session(db, session_id)
    _separate(session, by)
    _check(db, kind, session, words.to_unit)
    return _add(db, kind, session, words, (by.reference, at), by)


def propose_void(db: Session, session: GuidanceSession, at: datetime, reason: str) -> Adjustment:
    """Propose by the system to void what counts, as when two persons turn out to be one."""
    words = Words(reason)
    return _add(db, AdjustmentKind.VOID, session, words, ("qichuang", at), None)


def possible_kinds(db: Session, session: GuidanceSession, by: Staff) -> list[AdjustmentKind]:
    """Return the corrections of a session that this account may propose now."""
    found = []
    for kind in AdjustmentKind:
        try:
            by.require(Role.HANDLER, Role.REVIEWER)
            _separate(session, by)
            _check(db, kind, session, None)
        except (TransitionRefused, DutiesNotSeparate, NotYourDuty):
            continue
        found.append(kind)
    return found


def post_adjustment(db: Session, adjustment_id: int, by: Staff, at: datetime) -> Adjustment:
    """Put a proposed adjustment in force (T13, second person)."""
    by.require(Role.REVIEWER, Role.SIGNER)
    adjustment = _proposed(db, adjustment_id, by)
    session = find_session(db, adjustment.session_id or 0)
    _separate(session, by)
    _check(db, adjustment.kind, session, adjustment.to_unit)
    # Since it was proposed the person may have been merged, or the session moved.
    adjustment.person = holder_of(db, adjustment.person)
    adjustment.org_unit = unit_now(db, session)
    adjustment.status = AdjustmentStatus.POSTED
    adjustment.decided_by, adjustment.decided_at = by.reference, at
    adjustment.posted_in = str(Quarter.of(shanghai_day(at)))
    if adjustment.amount:
        count_person(db, adjustment.count_on, adjustment.person, adjustment.amount)
    db.flush()
    said = {
        "adjustment": adjustment.id, "kind": adjustment.kind, "period": adjustment.period,
        "amount": adjustment.amount, "unit": adjustment.org_unit, "to_unit": adjustment.to_unit,
    }  # fmt: skip
    append_event(db, "adjustment.posted", session.subject, by.actor, said, adjustment.reason)
    # What is said of a session may be erased with it; the figures of a quarter stay.
    figures = {**said, "session": session.id}
    append_event(db, "period.adjusted", f"period:{adjustment.period}", by.actor, figures)
    return adjustment


def refuse_adjustment(
    db: Session, adjustment_id: int, by: Staff, at: datetime, reason: str
) -> Adjustment:
    """Refuse a proposed adjustment, with a reason.

    Raises TransitionRefused while without it the person would count twice on the day, or
    count by their own approval.
    """
    by.require(Role.REVIEWER, Role.SIGNER)
    adjustment = _proposed(db, adjustment_id, by)
    if adjustment.kind is AdjustmentKind.VOID:
        claims = claims_on(db, adjustment.person, adjustment.count_on)
        standing = [one.session_id for one in claims if one.stands]
        if adjustment.session_id in standing and len(standing) > 1:
            raise TransitionRefused(
                "同一人同一天有两次计数，必须核减一次。如果该核减的是另一条，请先核减那一条。"
            )
        session = find_session(db, adjustment.session_id or 0)
        if session.approver in references_of(db, session.counts_for):
            raise TransitionRefused("通过这条记录的人就是咨询人，必须核减。")
    adjustment.status = AdjustmentStatus.REFUSED
    adjustment.decided_by, adjustment.decided_at = by.reference, at
    db.flush()
    said = {"adjustment": adjustment.id}
    why = required_reason(reason)
    append_event(db, "adjustment.refused", f"session:{adjustment.session_id}", by.actor, said, why)
    return adjustment


def _add(
    db: Session,
    kind: AdjustmentKind,
    session: GuidanceSession,
    words: Words,
    proposed: tuple[str, datetime],
    by: Staff | None,
) -> Adjustment:
    adjustment = Adjustment(
        kind=kind,
        period=session.period,
        posted_in="",
        amount=AMOUNTS[kind],
        session_id=session.id,
        person=holder_of(db, session.counts_for),
        count_on=session.count_on,
        org_unit=unit_now(db, session),
        to_unit=words.to_unit,
        reference=words.reference,
        evidence_digest=words.evidence_digest,
        reason=words.reason,
        status=AdjustmentStatus.PROPOSED,
        proposed_by=proposed[0],
        proposed_at=proposed[1],
        decided_by="",
    )
    db.add(adjustment)
    db.flush()
    said = {"adjustment": adjustment.id, "kind": kind}
    actor = by.actor if by else SYSTEM
    append_event(db, "adjustment.proposed", session.subject, actor, said, words.reason)
    return adjustment


def _check(
    db: Session, kind: AdjustmentKind, session: GuidanceSession, to_unit: str | None
) -> None:
    """Raise unless it can be corrected so; `to_unit` None leaves open where it is moved."""
    if state_of(db, session.period) is not PeriodState.LOCKED:
        raise TransitionRefused("这个季度还没有锁定，请直接处理记录，不需要登记调整。")
    added = is_posted(db, session.id, AdjustmentKind.ADD)
    if kind is AdjustmentKind.ADD:
        if added or session.state is SessionState.LOCKED:
            raise TransitionRefused("这条记录已经计数，不能再补计。")
        if session.state in UNDECIDED:
            raise TransitionRefused("这条记录还没有结论，请先办结，不需要补计。")
        if session.erased_at is not None:
            raise TransitionRefused("这条记录的原文已按规定删除，无从查实，不能补计。")
        _check_day(db, session)
        return
    counts = added or session.state is SessionState.LOCKED
    if not counts or is_posted(db, session.id, AdjustmentKind.VOID):
        raise TransitionRefused("这条记录没有计数，或已经核减，不能再调整。")
    if kind is AdjustmentKind.RECLASSIFY and to_unit == unit_now(db, session):
        raise TransitionRefused("请选择要改归的另一个单位。")


def _check_day(db: Session, session: GuidanceSession) -> None:
    """Raise unless nothing else counts for the person and day, voided sessions left aside."""
    claims = claims_on(db, session.counts_for, session.count_on)
    if any(one.stands or one.added for one in claims):
        raise TransitionRefused("同一人同一天已有一次计数，或者补计过，不能再补计。")


def _proposed(db: Session, adjustment_id: int, by: Staff) -> Adjustment:
    take_ledger(db)
    adjustment = db.get(Adjustment, adjustment_id, populate_existing=True)
    if adjustment is None or adjustment.status is not AdjustmentStatus.PROPOSED:
        raise AlreadyDecided("没有这项待定的调整，可能已有人处理，请刷新页面。")
    if by.is_one_of(adjustment.proposed_by):
        raise DutiesNotSeparate("提议人不能确认自己提议的调整，请由另一位同事办理。")
    return adjustment


def _separate(session: GuidanceSession, by: Staff) -> None:
    if by.is_one_of(session.approver, session.provider, session.recorder, session.person):
        raise DutiesNotSeparate("参与过这条记录或当时通过它的人不能办理调整，请由其他同事办理。")
