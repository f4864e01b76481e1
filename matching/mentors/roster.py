"""The roster of the volunteer experts' team: the mentors in office (M3a of the register)."""

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.mentors.mentor import Mentor
from matching.mentors.search import IN_OFFICE


def roster(db: Session, day: date) -> list[Mentor]:
    """Return the mentors whose term covers a day, in order; samples are nobody's mentors."""
    in_office = select(Mentor).where(
        Mentor.state.in_(IN_OFFICE),
        Mentor.sample.is_(False),
        Mentor.term_start_on <= day,
        Mentor.term_end_on >= day,
    )
    return list(db.scalars(in_office.order_by(Mentor.code)))
