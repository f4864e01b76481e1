"""Who else could count on a day that became free once its quarter was closed (D9).

While a quarter is open the next session of the person and day takes the place by itself.
Afterwards it does not: it was never reviewed, and a published figure is only corrected by
two people. What is told here is which sessions they may look at.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from guidance.lifecycle import SessionState
from guidance.people.identity import references_of
from guidance.periods.record import PeriodState, state_of
from guidance.person_day import claims_on
from guidance.session import GuidanceSession

ONE_A_DAY = "Q8"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Sessions that did not count only because another one of the day did, which is out now."""

    sessions: tuple[int, ...]
    locked: bool  # only then can they be added
    spent: bool  # one was added on the day before, and no second may be

    @property
    def why(self) -> str:
        """Why none of them counts, and what may be done, in words for staff."""
        numbers = "、".join(str(one) for one in self.sessions)
        begins = f"这一天原来计数的记录已经不再计数，同一天的记录 {numbers} 没有自动补上："
        if self.spent:
            return begins + "一人一天只能补计一次，这一天补计过又核减了，不能再补计。"
        if not self.locked:
            return begins + "季度已经结算。要补计的，等锁定以后由一人提议、另一人确认。"
        return begins + (
            "季度已经锁定，补上一次也是更正公布过的数字，须由两人签字。"
            "查实后打开那条记录，在“登记调整”里提议补计，再由另一人确认。"
        )


def left_out(db: Session, session: GuidanceSession) -> LeftOut | None:
    """Return who could count on a session's day instead of it; None where somebody counts."""
    state = state_of(db, session.period)
    if state is PeriodState.OPEN:
        return None
    claims = claims_on(db, session.counts_for, session.count_on)
    if any(one.stands for one in claims):
        return None
    passed_over = (
        select(GuidanceSession.id)
        .where(
            GuidanceSession.counts_for.in_(references_of(db, session.counts_for)),
            GuidanceSession.count_on == session.count_on,
            GuidanceSession.state == SessionState.UNQUALIFIED,
            GuidanceSession.codes == ONE_A_DAY,
            GuidanceSession.erased_at.is_(None),  # nobody could look into it
            GuidanceSession.id.not_in([one.session_id for one in claims]),
        )
        .order_by(GuidanceSession.opened_at, GuidanceSession.id)
    )
    found = tuple(db.scalars(passed_over))
    spent = any(one.added for one in claims)
    return LeftOut(found, state is PeriodState.LOCKED, spent) if found else None
