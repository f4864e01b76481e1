"""Mentors: who they are, for how long they are appointed, and how much they may carry."""

import calendar
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, String, case, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.mentors.facts import (
    PUTONGHUA,
    Conflicts,
    Load,
    MentorCategory,
    MentorFacts,
    MentorOrigin,
    MentorState,
    Stage,
)
from matching.mentors.weekly_slots import WeeklySlot, half_hours_of, parse_slots, write_slots
from storage.database import Base

MOST_TOPICS = 6
MOST_INDUSTRIES = 6
# Outcomes count as if these many average ones had been seen before: a first bad or good
# answer of a new mentor must not decide everything.
PRIOR_RATINGS = 5
PRIOR_ANSWERS = 5


class MentorNotFound(LookupError):
    """No mentor has the given code."""


class MentorInvalid(ValueError):
    """A mentor's data break a rule; the message says which and what to do."""


class Mentor(Base):
    """One mentor with appointment, caps, field of work, times and declared interests.

    `held` is the number of seats taken by open proposals and running pairings; it is
    raised only by `UPDATE ... WHERE held < seats`. Gender, month of birth and
    ethnicity are kept for the register alone and never reach a score.
    """

    __tablename__ = "mentors"
    __table_args__ = (
        CheckConstraint("held >= 0", name="held_not_negative"),
        CheckConstraint("term_start_on <= term_end_on", name="term_in_order"),
        CheckConstraint(
            "concurrent_cap >= 0 AND yearly_cap >= 0 AND weekly_cap >= 0", name="caps_not_negative"
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str]
    gender: Mapped[str] = mapped_column(default="")
    born_on: Mapped[date | None]  # the first of the month of birth
    ethnicity: Mapped[str] = mapped_column(default="")
    title: Mapped[str] = mapped_column(default="")  # 职称、职务
    degree: Mapped[str] = mapped_column(default="")
    work_unit: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")  # shown after acceptance and consent only
    introduction: Mapped[str] = mapped_column(default="")
    notes: Mapped[str] = mapped_column(default="")
    experience_years: Mapped[int] = mapped_column(default=0)
    category: Mapped[MentorCategory]
    origin: Mapped[MentorOrigin]

    state: Mapped[MentorState] = mapped_column(default=MentorState.CANDIDATE, index=True)
    term_start_on: Mapped[date]
    term_end_on: Mapped[date]  # the last day of the term
    certificate_number: Mapped[str] = mapped_column(default="")  # 聘书编号
    renewals: Mapped[int] = mapped_column(default=0)
    dismissed_on: Mapped[date | None]
    dismissal_reason: Mapped[str] = mapped_column(default="")

    concurrent_cap: Mapped[int] = mapped_column(default=3)
    yearly_cap: Mapped[int] = mapped_column(default=5)  # Shenyang 2023: at most 5 a year
    weekly_cap: Mapped[int] = mapped_column(default=2)
    duty_sessions: Mapped[int] = mapped_column(default=10)  # a year; Qingdao 2014: 10 x 30 min
    duty_minutes: Mapped[int] = mapped_column(default=30)  # the shortest session that counts
    held: Mapped[int] = mapped_column(default=0)
    own_cap: Mapped[int | None]  # at most so many at once, as the mentor wishes for now

    topics: Mapped[list[str]] = mapped_column(default=list)
    industries: Mapped[list[str]] = mapped_column(default=list)  # GB/T 4754 codes
    stages: Mapped[list[str]] = mapped_column(default=list)
    streets: Mapped[list[str]] = mapped_column(default=list)
    languages: Mapped[list[str]] = mapped_column(default=list)
    slots: Mapped[list[str]] = mapped_column(default=list)  # "周三 14:00-16:00"
    pauses: Mapped[list[list[str]]] = mapped_column(default=list)  # ISO first and last day
    conflicts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    online: Mapped[bool] = mapped_column(default=True)
    onsite: Mapped[bool] = mapped_column(default=True)
    asynchronous: Mapped[bool] = mapped_column(default=False)
    guides_minors: Mapped[bool] = mapped_column(default=False)

    proposals_answered: Mapped[int] = mapped_column(default=0)
    proposals_accepted: Mapped[int] = mapped_column(default=0)
    ratings: Mapped[int] = mapped_column(default=0)
    rating_sum: Mapped[float] = mapped_column(default=0.0)  # of ratings from 0 to 1
    sample: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    @hybrid_property
    def seats(self) -> int:
        """How many may be guided at once: as appointed, or fewer where the mentor wishes so."""
        own = self.own_cap
        return self.concurrent_cap if own is None else min(own, self.concurrent_cap)

    @seats.inplace.expression
    @classmethod
    def _seats(cls) -> ColumnElement[int]:
        fewer = cls.own_cap < cls.concurrent_cap
        return case((fewer, cls.own_cap), else_=cls.concurrent_cap)

    def in_term(self, day: date) -> bool:
        """Whether the day lies in the term of office; the last day belongs to it."""
        return self.term_start_on <= day <= self.term_end_on

    def serves_on(self, day: date) -> bool:
        """Whether the mentor may be shown and proposed on a day."""
        return (
            self.state is MentorState.ACTIVE
            and self.in_term(day)
            and not any(first <= day <= last for first, last in self.pause_days)
        )

    @property
    def pause_days(self) -> tuple[tuple[date, date], ...]:
        """First and last day of every pause, in order."""
        days = (
            (date.fromisoformat(first), date.fromisoformat(last)) for first, last in self.pauses
        )
        return tuple(sorted(days))

    @property
    def weekly_slots(self) -> tuple[WeeklySlot, ...]:
        """The weekly times, in order of the week."""
        return parse_slots("；".join(self.slots))

    @property
    def slots_text(self) -> str:
        """The weekly times in one line."""
        return write_slots(self.weekly_slots)

    def age_on(self, day: date) -> int | None:
        """Whole years of age at the end of a day's month; None when unknown."""
        if self.born_on is None:
            return None
        return day.year - self.born_on.year - (day.month < self.born_on.month)

    def check(self) -> None:
        """Raise MentorInvalid for the first rule that the data break."""
        for broken, message in (
            (not self.name.strip(), "请填写导师姓名。"),
            (self.term_start_on > self.term_end_on, "聘期的结束日期不能早于开始日期。"),
            (not self.topics, "请至少填写一个擅长主题。"),
            (len(self.topics) > MOST_TOPICS, f"擅长主题最多 {MOST_TOPICS} 个，请保留最擅长的。"),
            (len(self.industries) > MOST_INDUSTRIES, f"熟悉行业最多 {MOST_INDUSTRIES} 个。"),
            (not (self.online or self.onsite), "线上和线下至少选一种服务方式。"),
            (
                min(self.concurrent_cap, self.yearly_cap, self.weekly_cap) < 0,
                "带教人数上限不能是负数。",
            ),
            (
                any(first > last for first, last in self.pause_days),
                "暂停的结束日期不能早于开始日期。",
            ),
        ):
            if broken:
                raise MentorInvalid(message)

    def facts(
        self, load: Load | None = None, *, mean_rating: float = 0.5, mean_acceptance: float = 0.5
    ) -> MentorFacts:
        """Return what rules and scores may see; `load` defaults to the held seats alone."""
        return MentorFacts(
            code=self.code,
            name=self.name,
            category=self.category,
            origin=self.origin,
            state=self.state,
            term_start_on=self.term_start_on,
            term_end_on=self.term_end_on,
            concurrent_cap=self.seats,
            yearly_cap=self.yearly_cap,
            weekly_cap=self.weekly_cap,
            load=load or Load(self.held),
            topics=tuple(self.topics),
            industries=tuple(self.industries),
            stages=frozenset(Stage(stage) for stage in self.stages),
            streets=frozenset(self.streets),
            languages=frozenset(self.languages) | {PUTONGHUA},
            half_hours=half_hours_of(self.weekly_slots),
            online=self.online,
            onsite=self.onsite,
            asynchronous=self.asynchronous,
            guides_minors=self.guides_minors,
            pauses=self.pause_days,
            conflicts=self._conflicts(),
            rating=(self.rating_sum + PRIOR_RATINGS * mean_rating) / (self.ratings + PRIOR_RATINGS),
            acceptance=(self.proposals_accepted + PRIOR_ANSWERS * mean_acceptance)
            / (self.proposals_answered + PRIOR_ANSWERS),
            sample=self.sample,
        )

    def _conflicts(self) -> Conflicts:
        declared = {name: frozenset(values) for name, values in self.conflicts.items()}
        units = declared.pop("units", frozenset()) | ({self.work_unit} - {""})
        return Conflicts(units=units, **declared)


def find_mentor(db: Session, code: str) -> Mentor:
    """Return the mentor with a code. Raises MentorNotFound."""
    mentor = db.scalar(select(Mentor).where(Mentor.code == code))
    if mentor is None:
        raise MentorNotFound("没有这位导师，请回到导师名单重新选择。")
    return mentor


def mentors_serving(db: Session, day: date) -> Sequence[Mentor]:
    """Return the mentors who may be proposed on a day, by code."""
    rows = select(Mentor).where(
        Mentor.state == MentorState.ACTIVE,
        Mentor.term_start_on <= day,
        Mentor.term_end_on >= day,
    )
    return [mentor for mentor in db.scalars(rows.order_by(Mentor.code)) if mentor.serves_on(day)]


def mentors_whose_term_ends(db: Session, first: date, last: date) -> Sequence[Mentor]:
    """Return the mentors in office whose term ends between two days, soonest first."""
    rows = select(Mentor).where(
        Mentor.state.in_((MentorState.ACTIVE, MentorState.PAUSED)),
        Mentor.term_end_on.between(first, last),
    )
    return db.scalars(rows.order_by(Mentor.term_end_on, Mentor.code)).all()


def term_end(start: date, years: int = 3) -> date:
    """Return the last day of a term of whole years (Qingdao 2014, Zhongshan 2019: three)."""
    last_of_month = calendar.monthrange(start.year + years, start.month)[1]
    anniversary = start.replace(year=start.year + years, day=min(start.day, last_of_month))
    return date.fromordinal(anniversary.toordinal() - 1)
