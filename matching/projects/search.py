"""The library's list for its staff: words, filters, order and pages, done by the database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from matching.industry import sections
from matching.projects.completeness import PUBLISHABLE_PERCENT
from matching.projects.project import Project
from matching.projects.state import ProjectState
from storage.database import storable
from storage.word_list import has_word

PAGE_ROWS = 50
SOON = timedelta(days=30)


class Attention(StrEnum):
    """What needs somebody's attention."""

    EXPIRED = "expired"
    REVIEW_DUE = "review_due"
    INCOMPLETE = "incomplete"
    SHIPPED = "shipped"


class Order(StrEnum):
    """Orders of the list."""

    CODE = "code"
    NEWEST = "newest"
    LEAST_COMPLETE = "least_complete"
    REVIEW = "review"
    CHEAPEST = "cheapest"


ATTENTION_NAMES = {
    Attention.EXPIRED: "已过有效期",
    Attention.REVIEW_DUE: "30 天内要复核",
    Attention.INCOMPLETE: "完整度不够发布",
    Attention.SHIPPED: "系统随附",
}
ORDER_NAMES = {
    Order.CODE: "按编号",
    Order.NEWEST: "最近修改在前",
    Order.LEAST_COMPLETE: "最不完整在前",
    Order.REVIEW: "最早该复核在前",
    Order.CHEAPEST: "投资少的在前",
}
_ORDERS: dict[Order, tuple[Any, ...]] = {
    Order.CODE: (Project.code,),
    Order.NEWEST: (Project.updated_at.desc(), Project.code),
    Order.LEAST_COMPLETE: (Project.completeness, Project.code),
    Order.REVIEW: (Project.next_review_on.is_(None), Project.next_review_on, Project.code),
    Order.CHEAPEST: (Project.investment_min_yuan.is_(None), Project.investment_min_yuan),
}


@dataclass(frozen=True, slots=True)
class ProjectFilter:
    """What narrows the list down; empty means everything."""

    words: str = ""
    state: ProjectState | None = None
    section: str = ""  # letter of GB/T 4754
    group: str = ""
    attention: Attention | None = None
    order: Order = Order.CODE


@dataclass(frozen=True, slots=True)
class ProjectPage:
    """One page of the list."""

    projects: Sequence[Project]
    total: int
    page: int
    pages: int


def search_projects(db: Session, wanted: ProjectFilter, page: int, on: date) -> ProjectPage:
    """Return a page of the projects; a page past the end is the last one."""
    conditions = _conditions(wanted, on)
    total = db.scalar(select(func.count(Project.id)).where(*conditions)) or 0
    pages = max(1, -(-total // PAGE_ROWS))
    page = min(max(page, 1), pages)
    query = (
        select(Project)
        .where(*conditions)
        .order_by(*_ORDERS[wanted.order])
        .limit(PAGE_ROWS)
        .offset((page - 1) * PAGE_ROWS)
    )
    return ProjectPage(db.scalars(query).all(), total, page, pages)


def state_counts(db: Session) -> dict[ProjectState, int]:
    """Return how many projects stand in each state."""
    rows = db.execute(select(Project.state, func.count()).group_by(Project.state))
    counted = {row[0]: row[1] for row in rows}
    return {state: counted.get(state, 0) for state in ProjectState}


def _conditions(wanted: ProjectFilter, on: date) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for word in storable(wanted.words).split()[:5]:
        places = (
            Project.code,
            Project.title,
            Project.summary,
            Project.industry_label,
            Project.holder_name,
        )
        conditions.append(or_(*(place.icontains(word, autoescape=True) for place in places)))
    if wanted.state is not None:
        conditions.append(Project.state == wanted.state)
    if wanted.section:
        codes = [
            d.code for one in sections() if one.letter == wanted.section for d in one.divisions
        ]
        conditions.append(func.substr(Project.industry_code, 1, 2).in_(codes))
    if wanted.group:
        conditions.append(has_word(Project.groups, wanted.group))
    if wanted.attention is not None:
        conditions.append(_attention(wanted.attention, on))
    return conditions


def _attention(attention: Attention, on: date) -> ColumnElement[bool]:
    return {
        Attention.EXPIRED: Project.valid_until < on,
        Attention.REVIEW_DUE: Project.next_review_on <= on + SOON,
        Attention.INCOMPLETE: Project.completeness < PUBLISHABLE_PERCENT,
        Attention.SHIPPED: Project.shipped.is_(True),
    }[attention]
