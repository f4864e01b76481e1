"""One person and one day: what counts there, or is on its way to (D3)."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select, text
from sqlalchemy.orm import Session

from guidance.lifecycle import HOLDS_DAY, SessionState
from guidance.people.identity import references_of
from guidance.periods.adjustment import POSTED, Adjustment, AdjustmentKind
from guidance.session import GuidanceSession


@dataclass(frozen=True, slots=True)
class Claim:
    """One session that counts on a person's day, may come to, or did until it was voided."""

    session_id: int
    state: SessionState
    added: bool  # by a posted adjustment, after its quarter was locked
    voided: bool

    @property
    def locked(self) -> bool:
        """Whether only an adjustment can take it out."""
        return self.added or self.state is SessionState.LOCKED

    @property
    def stands(self) -> bool:
        """Whether it counts, or is on its way to."""
        return not self.voided

    @property
    def holds(self) -> bool:
        """Whether no other may begin to count; a voided session keeps its day (D3)."""
        return self.state in HOLDS_DAY or not self.voided


def claims_on(db: Session, person: str, day: date) -> list[Claim]:
    """Return what claims a person's day, under whichever of their references, by number.

    A locked session keeps the reference from before a merge, so all of them are looked at.
    """
    s = GuidanceSession

    def posted(kind: AdjustmentKind) -> Any:
        return (
            select(Adjustment.id)
            .where(Adjustment.session_id == s.id, Adjustment.kind == kind, text(POSTED))
            .exists()
        )

    added = posted(AdjustmentKind.ADD)
    rows = db.execute(
        select(s.id, s.state, added, posted(AdjustmentKind.VOID))
        .where(
            s.counts_for.in_(references_of(db, person)),
            s.count_on == day,
            or_(s.state.in_(HOLDS_DAY), added),
        )
        .order_by(s.id)
    )
    return [Claim(number, state, bool(plus), bool(minus)) for number, state, plus, minus in rows]
