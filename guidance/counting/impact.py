"""What other rules would have made of a quarter: shown before anybody signs them (G10)."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from guidance.counting.qualification import qualify
from guidance.counting.rules import CountingRules
from guidance.intake import facts_of
from guidance.lifecycle import COUNTED, SessionState
from guidance.session import GuidanceSession

LARGEST = 5_000


@dataclass(frozen=True, slots=True)
class Impact:
    """Sessions of a quarter under other rules; `complete` is False when only the first count."""

    sessions: int
    counted_now: int
    would_qualify: int
    codes: dict[str, int]  # how often each reason would apply
    complete: bool


def impact_of(db: Session, rules: CountingRules, period: str) -> Impact:
    """Judge a quarter's recorded sessions by other rules, without writing anything."""
    listed = (
        select(GuidanceSession)
        .where(
            GuidanceSession.period == period,
            GuidanceSession.state.not_in([SessionState.OPEN, SessionState.MERGED]),
            GuidanceSession.erased_at.is_(None),
        )
        .order_by(GuidanceSession.id)
        .limit(LARGEST + 1)
    )
    sessions = db.scalars(listed).all()
    verdicts = [
        qualify(facts_of(db, session, flags=False), rules) for session in sessions[:LARGEST]
    ]
    return Impact(
        sessions=len(verdicts),
        counted_now=sum(session.state in COUNTED for session in sessions[:LARGEST]),
        would_qualify=sum(verdict.qualified for verdict in verdicts),
        codes=dict(sorted(Counter(code for one in verdicts for code in one.codes).items())),
        complete=len(sessions) <= LARGEST,
    )
