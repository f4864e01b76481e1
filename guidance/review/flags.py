"""What makes a session worth a closer look: copies, bursts, a rush at the quarter's end."""

from collections.abc import Iterable
from datetime import timedelta

from rapidfuzz import fuzz
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guidance.counting.rules import CountingRules
from guidance.lifecycle import COUNTED, ServiceLine, SessionState
from guidance.periods.period import Quarter, last_working_days
from guidance.session import GuidanceSession

COMPARED = 200  # latest sessions of a provider
WINDOW = timedelta(days=90)
RUSH_DAYS = 5
RUSH_SHARE = 0.4


def alike_sessions(db: Session, session: GuidanceSession, rules: CountingRules) -> int:
    """Return how many other persons' sessions say nearly the same (G4).

    Online: the very same messages, three or more. With a person: the provider's
    summaries, alike by at least `rules.alike`.
    """
    if session.service_line is ServiceLine.ASSISTANT:
        if not session.wording:
            return 0
        copies = select(func.count(func.distinct(GuidanceSession.counts_for))).where(
            GuidanceSession.wording == session.wording,
            GuidanceSession.counts_for != session.counts_for,
        )
        return db.scalar(copies) or 0
    summaries = db.execute(
        select(GuidanceSession.counts_for, GuidanceSession.summary)
        .where(
            GuidanceSession.provider == session.provider,
            GuidanceSession.count_on >= session.count_on - WINDOW,
            GuidanceSession.counts_for != session.counts_for,
            GuidanceSession.state != SessionState.MERGED,
        )
        .order_by(GuidanceSession.count_on.desc(), GuidanceSession.id.desc())
        .limit(COMPARED)
    ).all()
    return len(
        {
            person
            for person, summary in summaries
            if fuzz.ratio(session.summary, summary) >= 100 * rules.alike
        }
    )


def with_flag(flags: str, flag: str) -> str:
    """Return stored flags with one more, in a fixed order, none twice."""
    return " ".join(sorted({*flags.split(), flag}))


def rushing_units(db: Session, quarter: Quarter) -> set[str]:
    """Return the units with more than 40 % of their quarter in its last five working days (G5)."""
    days = last_working_days(quarter, RUSH_DAYS)
    counted = (
        select(GuidanceSession.org_unit, func.count())
        .where(GuidanceSession.period == str(quarter), GuidanceSession.state.in_(COUNTED))
        .group_by(GuidanceSession.org_unit)
    )
    late = counted.where(GuidanceSession.count_on >= min(days))
    totals = _counts(db.execute(counted))
    return {
        unit
        for unit, count in _counts(db.execute(late)).items()
        if count > RUSH_SHARE * totals[unit]
    }


def _counts(rows: Iterable[tuple[str, int]]) -> dict[str, int]:
    return dict(iter(rows))
