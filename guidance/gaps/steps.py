"""The steps of a gap: assigned, drafted, approved by another person, published, turned down."""

from datetime import datetime

from sqlalchemy.orm import Session

from audit.log import Actor, append_event
from guidance.gaps.gap import (
    MOST_TEXT,
    ClauseDraftText,
    Gap,
    GapRefused,
    GapState,
    due_day,
)
from guidance.periods.working_days import working_days
from storage.database import storable


def assign(db: Session, gap: Gap, org_unit: str, actor: Actor, at: datetime) -> None:
    """Give a gap to a department. Raises GapRefused."""
    if gap.state not in {GapState.NEW, GapState.ASSIGNED}:
        raise GapRefused("已经起草或处理完的问题不能再改派。")
    if not org_unit:
        raise GapRefused("请选择负责的部门。")
    before, gap.org_unit = gap.org_unit, org_unit
    _move(db, gap, GapState.ASSIGNED, actor, at, {"before": before, "after": org_unit})


def save_draft(
    db: Session, gap: Gap, draft: ClauseDraftText, drafter: tuple[int, Actor], at: datetime
) -> None:
    """Keep a draft; what was approved before has to be approved again. Raises GapRefused."""
    if gap.state is GapState.NEW:
        raise GapRefused("请先分派部门，再起草。")
    if gap.state is GapState.REJECTED:
        raise GapRefused("这个问题已决定不处理；要处理请先重新打开。")
    if draft.expires_on is not None and draft.expires_on < draft.effective_on:
        raise GapRefused("失效日期不能早于施行日期。")
    gap.draft_title = storable(draft.title.strip())
    gap.draft_text = storable(draft.text.strip())[:MOST_TEXT]
    gap.draft_source = storable(draft.source.strip())
    gap.effective_on, gap.expires_on = draft.effective_on, draft.expires_on
    gap.drafter_id, gap.approver_id = drafter[0], None
    _move(db, gap, GapState.DRAFTED, drafter[1], at)


def approve(db: Session, gap: Gap, approver: tuple[int, Actor], at: datetime) -> None:
    """Approve a draft as a second person. Raises GapRefused."""
    if gap.state is not GapState.DRAFTED:
        raise GapRefused("现在没有待审核的草稿。")
    if gap.drafter_id == approver[0]:
        raise GapRefused("起草人不能审核自己的草稿，请换一位同事审核。")
    gap.approver_id = approver[0]
    _move(db, gap, GapState.APPROVED, approver[1], at)


def send_back(db: Session, gap: Gap, actor: Actor, reason: str, at: datetime) -> None:
    """Return a draft to its department with a reason. Raises GapRefused."""
    if gap.state not in {GapState.DRAFTED, GapState.APPROVED}:
        raise GapRefused("现在没有可退回的草稿。")
    _decide(db, gap, GapState.ASSIGNED, actor, reason, at)
    gap.approver_id = None


def reject(db: Session, gap: Gap, actor: Actor, reason: str, at: datetime) -> None:
    """Decide that no clause is to be made. Raises GapRefused."""
    if not gap.is_open:
        raise GapRefused("这个问题已经处理完了。")
    _decide(db, gap, GapState.REJECTED, actor, reason, at)


def reopen(db: Session, gap: Gap, actor: Actor, reason: str, at: datetime) -> None:
    """Take up again what was turned down. Raises GapRefused."""
    if gap.state is not GapState.REJECTED:
        raise GapRefused("只有“不处理”的问题可以重新打开。")
    gap.due_on = due_day(working_days(db), at)
    state = GapState.ASSIGNED if gap.org_unit else GapState.NEW
    _decide(db, gap, state, actor, reason, at)


def mark_published(db: Session, gap: Gap, document_id: int, actor: Actor, at: datetime) -> None:
    """Note that the approved clause is in force. Raises GapRefused."""
    if gap.state is not GapState.APPROVED:
        raise GapRefused("草稿还没有经第二个人审核，不能发布。")
    gap.document_id = document_id
    _move(db, gap, GapState.PUBLISHED, actor, at, {"document_id": document_id})


def _decide(
    db: Session, gap: Gap, state: GapState, actor: Actor, reason: str, at: datetime
) -> None:
    if not reason.strip():
        raise GapRefused("请写明理由。")
    gap.reason = storable(reason.strip())
    _move(db, gap, state, actor, at)


def _move(
    db: Session,
    gap: Gap,
    state: GapState,
    actor: Actor,
    at: datetime,
    details: dict[str, object] | None = None,
) -> None:
    gap.state, gap.changed_at = state, at
    append_event(db, f"gap.{state}", gap.subject, actor, details or {}, gap.reason)
