"""Adjustments: how a locked figure is corrected without being changed."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.role import Role
from audit.log import SYSTEM, append_event
from guidance.counting.tally import count_person
from guidance.lifecycle import HOLDS_DAY, SessionState, TransitionRefused
from guidance.people.identity import holder_of
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import PeriodState, state_of
from guidance.review.proposal import AlreadyDecided, required_reason
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from guidance.transition import find_session, take_ledger
from storage.database import Base, storable

POSTED = "status = 'posted' AND kind <> 'reclassify'"


class AdjustmentKind(StrEnum):
    """What is corrected."""

    VOID = "void"  # -1: it should not have counted
    ADD = "add"  # +1: it should have
    RECLASSIFY = "reclassify"  # it belongs to another unit


class AdjustmentStatus(StrEnum):
    """How it stands; posted ones take effect and stay."""

    PROPOSED = "proposed"
    POSTED = "posted"
    REFUSED = "refused"


class Adjustment(Base):
    """One correction of a locked quarter, posted in the quarter that is open then."""

    __tablename__ = "adjustments"
    __table_args__ = (
        Index(
            "uq_adjustments_posted",
            "session_id",
            "kind",
            unique=True,
            sqlite_where=text(POSTED),
            postgresql_where=text(POSTED),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[AdjustmentKind]
    period: Mapped[str] = mapped_column(String(8), index=True)  # the locked one
    posted_in: Mapped[str] = mapped_column(String(8))
    amount: Mapped[int]
    session_id: Mapped[int | None] = mapped_column(ForeignKey("guidance_sessions.id"))
    person: Mapped[str]
    count_on: Mapped[date]
    org_unit: Mapped[str]
    to_unit: Mapped[str]
    reference: Mapped[str]
    evidence_digest: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str]
    status: Mapped[AdjustmentStatus]
    proposed_by: Mapped[str]
    proposed_at: Mapped[datetime]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime | None]


def propose_adjustment(
    db: Session, kind: AdjustmentKind, session_id: int, by: Staff, at: datetime, words: "Words"
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
    """Propose by the system to void a locked session, as when two persons turn out to be one."""
    words = Words(reason)
    return _add(db, AdjustmentKind.VOID, session, words, ("qichuang", at), None)


def post_adjustment(db: Session, adjustment_id: int, by: Staff, at: datetime) -> Adjustment:
    """Put a proposed adjustment in force (T13, second person)."""
    by.require(Role.REVIEWER, Role.SIGNER)
    adjustment = _proposed(db, adjustment_id, by)
    session = find_session(db, adjustment.session_id or 0)
    _separate(session, by)
    _check(db, adjustment.kind, session, adjustment.to_unit)
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
    return adjustment


def refuse_adjustment(
    db: Session, adjustment_id: int, by: Staff, at: datetime, reason: str
) -> Adjustment:
    """Refuse a proposed adjustment, with a reason."""
    by.require(Role.REVIEWER, Role.SIGNER)
    adjustment = _proposed(db, adjustment_id, by)
    adjustment.status = AdjustmentStatus.REFUSED
    adjustment.decided_by, adjustment.decided_at = by.reference, at
    db.flush()
    said = {"adjustment": adjustment.id}
    why = required_reason(reason)
    append_event(db, "adjustment.refused", f"session:{adjustment.session_id}", by.actor, said, why)
    return adjustment


def posted_of(db: Session, period: str) -> list[Adjustment]:
    """Return the posted adjustments of a quarter, oldest first."""
    posted = select(Adjustment).where(
        Adjustment.period == period, Adjustment.status == AdjustmentStatus.POSTED
    )
    return list(db.scalars(posted.order_by(Adjustment.decided_at, Adjustment.id)))


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


def is_voided(db: Session, session_id: int) -> bool:
    """Whether a posted adjustment took a locked session out."""
    return _posted(db, session_id, AdjustmentKind.VOID)


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
        amount={AdjustmentKind.VOID: -1, AdjustmentKind.ADD: 1}.get(kind, 0),
        session_id=session.id,
        person=holder_of(db, session.counts_for),
        count_on=session.count_on,
        org_unit=session.org_unit,
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


def _check(db: Session, kind: AdjustmentKind, session: GuidanceSession, to_unit: str) -> None:
    if state_of(db, session.period) is not PeriodState.LOCKED:
        raise TransitionRefused("这个季度还没有锁定，请直接处理记录，不需要登记调整。")
    if kind is AdjustmentKind.ADD:
        if session.state is SessionState.LOCKED or _posted(db, session.id, kind):
            raise TransitionRefused("这条记录已经计数，不能再补计。")
        _check_day(db, session)
        return
    if session.state is not SessionState.LOCKED or is_voided(db, session.id):
        raise TransitionRefused("这条记录没有计数，或已经核减，不能再调整。")
    if kind is AdjustmentKind.RECLASSIFY and to_unit == session.org_unit:
        raise TransitionRefused("请选择要改归的另一个单位。")


def _check_day(db: Session, session: GuidanceSession) -> None:
    """Raise unless nothing else counts for the person and day, voided sessions left aside."""
    same_day = select(GuidanceSession.id).where(
        GuidanceSession.counts_for == session.counts_for,
        GuidanceSession.count_on == session.count_on,
        GuidanceSession.id != session.id,
    )
    holding = db.scalars(same_day.where(GuidanceSession.state.in_(HOLDS_DAY))).all()
    added = select(Adjustment.session_id).where(
        Adjustment.session_id.in_(same_day),
        Adjustment.kind == AdjustmentKind.ADD,
        Adjustment.status == AdjustmentStatus.POSTED,
    )
    if any(not is_voided(db, one) for one in holding) or db.scalar(added.limit(1)):
        raise TransitionRefused("同一人同一天已有一次计数，不能再补计。")


def _posted(db: Session, session_id: int, kind: AdjustmentKind) -> bool:
    found = select(Adjustment.id).where(
        Adjustment.session_id == session_id,
        Adjustment.kind == kind,
        Adjustment.status == AdjustmentStatus.POSTED,
    )
    return db.scalar(found) is not None


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
