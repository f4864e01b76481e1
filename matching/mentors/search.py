"""The register of mentors for the staff: words, filters, order and pages."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from matching.industry import section_letter
from matching.mentors.facts import MentorState
from matching.mentors.mentor import Mentor
from storage.database import storable

PAGE_ROWS = 50
ENDING_SOON = timedelta(days=60)
IN_OFFICE = (MentorState.ACTIVE, MentorState.PAUSED)
MOST_WORDS = 5


class MentorAttention(StrEnum):
    """What needs somebody's attention."""

    ENDING = "ending"
    ENDED = "ended"
    BEHIND = "behind"
    FULL = "full"
    SAMPLE = "sample"


class MentorOrder(StrEnum):
    """Orders of the list."""

    CODE = "code"
    TERM = "term"
    NEWEST = "newest"


ATTENTION_NAMES = {
    MentorAttention.ENDING: "60 天内聘期结束",
    MentorAttention.ENDED: "聘期已结束",
    MentorAttention.BEHIND: "今年指导次数落后",
    MentorAttention.FULL: "名额已满",
    MentorAttention.SAMPLE: "样例",
}
ORDER_NAMES = {
    MentorOrder.CODE: "按编号",
    MentorOrder.TERM: "聘期先结束的在前",
    MentorOrder.NEWEST: "最近修改在前",
}
_ORDERS = {
    MentorOrder.CODE: (Mentor.code,),
    MentorOrder.TERM: (Mentor.term_end_on, Mentor.code),
    MentorOrder.NEWEST: (Mentor.updated_at.desc(), Mentor.code),
}


@dataclass(frozen=True, slots=True)
class MentorFilter:
    """What narrows the list down; empty means everything.

    A mentor without streets serves them all. `behind` are the codes of those whose
    sessions lag, which the caller knows from the ledger.
    """

    words: str = ""
    state: MentorState | None = None
    topic: str = ""
    section: str = ""  # letter of GB/T 4754
    street: str = ""
    attention: MentorAttention | None = None
    order: MentorOrder = MentorOrder.CODE
    behind: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class MentorPage:
    """One page of the list."""

    mentors: Sequence[Mentor]
    total: int
    page: int
    pages: int


def search_mentors(db: Session, wanted: MentorFilter, page: int, on: date) -> MentorPage:
    """Return a page of the mentors; a page past the end is the last one.

    The lists are filtered here and not by the database: the two engines keep JSON in
    different ways, and a register has thousands of rows at most.
    """
    rows = db.execute(
        select(Mentor.id, Mentor.code, Mentor.topics, Mentor.industries, Mentor.streets)
        .where(*_conditions(wanted, on))
        .order_by(*_ORDERS[wanted.order])
    )
    ids = [row.id for row in rows if _takes(wanted, row)]
    pages = max(1, -(-len(ids) // PAGE_ROWS))
    page = min(max(page, 1), pages)
    chosen = ids[(page - 1) * PAGE_ROWS : page * PAGE_ROWS]
    found = {
        mentor.id: mentor for mentor in db.scalars(select(Mentor).where(Mentor.id.in_(chosen)))
    }
    return MentorPage([found[one] for one in chosen], len(ids), page, pages)


def mentor_counts(db: Session) -> Mapping[MentorState, int]:
    """Return how many mentors stand in each state."""
    rows = db.execute(select(Mentor.state, func.count()).group_by(Mentor.state))
    counted = {row[0]: row[1] for row in rows}
    return {state: counted.get(state, 0) for state in MentorState}


def streets_served(db: Session) -> list[str]:
    """Return the streets that mentors name, in order, for a filter."""
    return sorted({street for streets in db.scalars(select(Mentor.streets)) for street in streets})


def _conditions(wanted: MentorFilter, on: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for word in storable(wanted.words).split()[:MOST_WORDS]:
        places = (Mentor.code, Mentor.name, Mentor.title, Mentor.work_unit, Mentor.introduction)
        conditions.append(or_(*(place.icontains(word, autoescape=True) for place in places)))
    if wanted.state is not None:
        conditions.append(Mentor.state == wanted.state)
    match wanted.attention:
        case MentorAttention.ENDING:
            conditions.append(Mentor.state.in_(IN_OFFICE))
            conditions.append(Mentor.term_end_on.between(on, on + ENDING_SOON))
        case MentorAttention.ENDED:
            conditions.append(Mentor.state.in_(IN_OFFICE))
            conditions.append(Mentor.term_end_on < on)
        case MentorAttention.FULL:
            conditions.append(Mentor.held >= Mentor.seats)
        case MentorAttention.SAMPLE:
            conditions.append(Mentor.sample.is_(True))
    return conditions


def _takes(wanted: MentorFilter, row: Any) -> bool:
    if wanted.attention is MentorAttention.BEHIND and row.code not in wanted.behind:
        return False
    return (
        (not wanted.topic or wanted.topic in row.topics)
        and (not wanted.section or wanted.section in map(section_letter, row.industries))
        and (not wanted.street or not row.streets or wanted.street in row.streets)
    )
