"""When the people of a unit are on duty, and how soon they promise to answer."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import Actor, append_event
from guidance.periods.period import SHANGHAI, shanghai_day
from guidance.periods.working_days import WorkingDays
from storage.database import Base

DAY_NAMES = "一二三四五六日"
ANSWER_DAYS = 3  # 国办秘函〔2019〕19号 inspects what stays unanswered
MOST_ANSWER_DAYS = 15


class DutyInvalid(ValueError):
    """Duty hours cannot be right; the message says what to correct."""


class DutyHours(Base):
    """The hours in which a unit's people answer at once; "" is the district's desk."""

    __tablename__ = "duty_hours"

    org_unit: Mapped[str] = mapped_column(primary_key=True)
    weekdays: Mapped[str]  # "12345": 1 is Monday
    spans: Mapped[str]  # "09:00-12:00 13:30-17:00"
    answer_days: Mapped[int]  # working days in which a question is answered at the latest
    entered_at: Mapped[datetime]

    @property
    def hours(self) -> "WeeklyHours":
        """The hours as plain values."""
        return WeeklyHours(frozenset(map(int, self.weekdays)), read_spans(self.spans.split()))


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Days of the week (1 is Monday) and the stretches of time on each of them."""

    weekdays: frozenset[int]
    spans: tuple[tuple[time, time], ...]

    def covers(self, at: datetime, days: WorkingDays) -> bool:
        """Whether somebody is on duty at a moment.

        Nobody is on a public holiday; a weekend day worked instead is a working day like
        others for a unit that works from Monday to Friday.
        """
        local = at.astimezone(SHANGHAI)
        day, weekday = local.date(), local.isoweekday()
        if day in days.worked:
            serves = weekday in self.weekdays or bool(self.weekdays & {1, 2, 3, 4, 5})
        else:
            serves = weekday in self.weekdays and day not in days.off
        return serves and any(start <= local.time() < end for start, end in self.spans)

    def __str__(self) -> str:
        """Write them as people do: 周一至周五 9:00—12:00、13:30—17:00."""
        spans = "、".join(f"{_clock(start)}—{_clock(end)}" for start, end in self.spans)
        return f"{_days_said(sorted(self.weekdays))} {spans}"


@dataclass(frozen=True, slots=True)
class Promise:
    """Who answers and until when, as it is said to the person."""

    org_unit: str
    due_on: date
    holidays_known: bool  # False: only Saturdays and Sundays were taken off
    on_duty: bool | None  # None: nobody entered when
    hours: str


def promise(db: Session, org_unit: str, days: WorkingDays, at: datetime) -> Promise:
    """Work out what can honestly be promised for a question that comes now."""
    duty = db.get(DutyHours, org_unit)
    due_on = days.after(shanghai_day(at), duty.answer_days if duty else ANSWER_DAYS)
    known = days.knows(due_on) and days.knows(shanghai_day(at))
    on_duty = duty.hours.covers(at, days) if duty else None
    return Promise(org_unit, due_on, known, on_duty, str(duty.hours) if duty else "")


def duty_hours(db: Session) -> list[DutyHours]:
    """Return the hours of every unit that has some."""
    return list(db.scalars(select(DutyHours).order_by(DutyHours.org_unit)))


def enter_duty(db: Session, duty: DutyHours, by: Actor) -> None:
    """Keep the hours of a unit, in place of what was there. Raises DutyInvalid."""
    if not duty.weekdays or not set(duty.weekdays) <= set("1234567"):
        raise DutyInvalid("请至少选一天。")
    if not read_spans(duty.spans.split()):
        raise DutyInvalid("请至少填一段时间。")
    if not 1 <= duty.answer_days <= MOST_ANSWER_DAYS:
        raise DutyInvalid(f"答复期限请填 1 到 {MOST_ANSWER_DAYS} 个工作日。")
    db.merge(duty)
    details: dict[str, Any] = {"weekdays": duty.weekdays, "spans": duty.spans}
    details["answer_days"] = duty.answer_days
    append_event(db, "duty.entered", f"unit:{duty.org_unit}", by, details)


def drop_duty(db: Session, org_unit: str, by: Actor) -> None:
    """Forget the hours of a unit."""
    duty = db.get(DutyHours, org_unit)
    if duty is not None:
        db.delete(duty)
        append_event(db, "duty.dropped", f"unit:{org_unit}", by)


def read_spans(parts: list[str]) -> tuple[tuple[time, time], ...]:
    """Read ["09:00-12:00", ...] in the order of the day. Raises DutyInvalid."""
    spans = []
    for part in parts:
        start, _, end = part.partition("-")
        try:
            span = time.fromisoformat(start), time.fromisoformat(end)
        except ValueError as error:
            raise DutyInvalid("时间请写成 09:00 的样子，开始和结束都要填。") from error
        if span[0] >= span[1]:
            raise DutyInvalid("结束时间须晚于开始时间。")
        spans.append(span)
    spans.sort()
    if any(one[1] > later[0] for one, later in zip(spans, spans[1:], strict=False)):
        raise DutyInvalid("两段时间重叠了，请检查。")
    return tuple(spans)


def _clock(moment: time) -> str:
    return f"{moment.hour}:{moment.minute:02d}"


def _days_said(days: list[int]) -> str:
    """Say days of the week: 周一至周五; 周二、周四."""
    runs: list[list[int]] = []
    for day in days:
        if runs and day == runs[-1][-1] + 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = []
    for run in runs:
        names = [f"周{DAY_NAMES[day - 1]}" for day in run]
        said += [f"{names[0]}至{names[-1]}"] if len(run) > 2 else names
    return "、".join(said)
