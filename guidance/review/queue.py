"""Who may review what waits, and how the units' sessions fared in review."""

import re
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guidance.periods.period import Quarter
from guidance.review.sampling import draw_reviewer
from guidance.review.staff import Staff
from guidance.session import GuidanceSession

PAGE = 50
YEARS = re.compile(r"(\d{4})-(\d{4})", re.ASCII)
MOST_YEARS = 10


def may_review(session: GuidanceSession, staff: Staff) -> bool:
    """Whether this account has no part in the session and no earlier decision on it."""
    return not staff.is_one_of(
        session.provider, session.recorder, session.submitter, session.approver,
        session.person, session.counts_for,
    )  # fmt: skip


def drawn_reviewer(session: GuidanceSession, reviewers: Sequence[Staff]) -> str | None:
    """Return the reference of the reviewer that the lot gives a session, among those who may.

    The lot rests on the session's seal: it is there before anybody judges, nobody can
    choose it, and whoever holds the record can draw again (G1). None before it is sealed.
    """
    if not session.seal:
        return None
    within = [one for one in reviewers if one.org_unit in ("", session.org_unit)]
    eligible = [one.reference for one in within if may_review(session, one)]
    return draw_reviewer(session.seal, session.id, eligible)


def quarters_of(period: str) -> list[str]:
    """Return the quarters of a year or of years (2026-2027), or the quarter itself.

    Raises PeriodInvalid.
    """
    if period.isdigit() and len(period) == 4:
        return [f"{period}Q{number}" for number in range(1, 5)]
    years = YEARS.fullmatch(period)
    if years and 0 <= int(years[2]) - int(years[1]) < MOST_YEARS:
        return [
            f"{year}Q{number}"
            for year in range(int(years[1]), int(years[2]) + 1)
            for number in range(1, 5)
        ]
    return [str(Quarter.parse(period))]


def unit_rates(db: Session, period: str) -> dict[str, dict[str, int]]:
    """Return every unit's sessions of a quarter by state (G9: rejections beside the count)."""
    rows = db.execute(
        select(GuidanceSession.org_unit, GuidanceSession.state, func.count())
        .where(GuidanceSession.period == period)
        .group_by(GuidanceSession.org_unit, GuidanceSession.state)
    )
    rates: dict[str, dict[str, int]] = {}
    for unit, state, count in rows:
        rates.setdefault(unit, {})[str(state)] = count
    return dict(sorted(rates.items()))
