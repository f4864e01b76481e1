"""What mentors did of their yearly duty: sessions in the ledger against what was agreed."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from guidance.lifecycle import ServiceLine, SessionState
from guidance.session import GuidanceSession
from matching.mentors.mentor import Mentor

PREFIX = "mentor:"
DAYS_OF_YEAR = 365
# What was never held, or stands for another one.
NOT_HELD = (SessionState.REJECTED, SessionState.WITHDRAWN, SessionState.MERGED)


@dataclass(frozen=True, slots=True)
class Duty:
    """Sessions of this calendar year that are long enough, and how many are owed.

    `expected` is the share of the yearly duty that falls on the days of office so far.
    """

    held: int
    owed: int
    expected: int

    @property
    def is_behind(self) -> bool:
        """Whether fewer were held than the days gone by call for."""
        return self.held < self.expected


def duties(db: Session, mentors: Iterable[Mentor], on: date) -> dict[str, Duty]:
    """Return the duty of each mentor by code, from one query over the ledger."""
    first = date(on.year, 1, 1)
    lengths: dict[str, Counter[int]] = {}
    rows = db.execute(
        select(GuidanceSession.provider, GuidanceSession.minutes, func.count())
        .where(
            GuidanceSession.service_line == ServiceLine.MENTOR,
            GuidanceSession.provider.startswith(PREFIX),
            GuidanceSession.count_on.between(first, on),
            GuidanceSession.state.not_in(NOT_HELD),
        )
        .group_by(GuidanceSession.provider, GuidanceSession.minutes)
    )
    for provider, minutes, count in rows:
        lengths.setdefault(provider.removeprefix(PREFIX), Counter())[minutes] += count
    return {
        mentor.code: _duty(mentor, lengths.get(mentor.code, Counter()), on) for mentor in mentors
    }


def _duty(mentor: Mentor, lengths: Counter[int], on: date) -> Duty:
    held = sum(count for minutes, count in lengths.items() if minutes >= mentor.duty_minutes)
    begin = max(mentor.term_start_on, date(on.year, 1, 1))
    days = (min(on, mentor.term_end_on) - begin).days + 1
    expected = mentor.duty_sessions * max(0, days) // DAYS_OF_YEAR
    return Duty(held, mentor.duty_sessions, expected)
