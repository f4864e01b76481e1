"""The report of a quarter or a year: every figure computed once, for every format.

Word, Excel and page show the same tables of the same frozen value, so they cannot differ.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from guidance.counting.persons import PersonsOf, count_persons
from guidance.counting.tally import counted_by
from guidance.indicators.agreed import Choices, agreed, frame_of
from guidance.indicators.definition import choices_of
from guidance.indicators.indicator import Span, load_register
from guidance.indicators.standing import Given, guidance_sessions, standing_at
from guidance.lifecycle import LINE_NAMES, ServiceLine
from guidance.message import CHANNEL_NAMES, Channel
from guidance.people.level import LEVEL_NAMES, IdentityLevel
from guidance.periods.frozen import frozen_of
from guidance.periods.period import PeriodInvalid, Quarter, shanghai_day
from guidance.periods.record import PeriodState, state_of
from guidance.reports.indicators import (
    beside_table,
    counted_then,
    indicator_table,
    restated_indicators,
)
from guidance.reports.method import method_table
from guidance.reports.published import FIRST_AND_REVISED, Beside, of_quarter, of_year_so_far
from guidance.reports.restatement import basis_table, restatement_table
from guidance.reports.suppression import HIDDEN, hiding_note, suppress
from guidance.reports.table import NOTHING, Cell, Table, percent, shown_count
from guidance.reports.units import unit_table
from guidance.review.queue import quarters_of

NOTE = "人次按次数计，同一人同一天只计一次；人按不同的人计，各季之和大于或等于全年。"
QUARTERS_OF_YEAR = 4
LOCKED_NOTE = (
    "锁定的季度先列锁定时公布的数，其后有变动的在旁边列修订值，“—”为没有变动；没有锁定的是目前的数。"
    "累计是最近一次锁定时公布的累计，含当时已生效的调整。"
)


class ReportNotReady(ValueError):
    """There is nothing to report of that time; the message says why."""


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of a quarter (2026Q3) or a year (2026), as of a moment."""

    period: str
    name: str  # 2026年第三季度
    first_on: date
    as_of_on: date
    made_at: datetime
    locked: bool  # every quarter in it
    locked_quarters: tuple[str, ...]
    published: bool  # small counts are hidden
    sessions: Cell  # 人次, as locked where it is
    persons: Cell  # 人, as locked where it is
    revised: tuple[Cell, Cell]  # both as they are now, NOTHING where nothing has changed
    tables: tuple[Table, ...]

    @property
    def is_revised(self) -> bool:
        """Whether its 人次 or 人 is no longer what was published."""
        return self.revised != (NOTHING, NOTHING)

    @property
    def now(self) -> tuple[Cell, Cell]:
        """人次 and 人 as they are now, changed or not."""
        sessions, persons = self.revised
        return (
            self.sessions if sessions == NOTHING else sessions,
            self.persons if persons == NOTHING else persons,
        )

    def table(self, name: str) -> Table:
        """Return a table by its name."""
        return next(one for one in self.tables if one.name == name)


def make_report(
    db: Session, period: str, made_at: datetime, given: Given, *, published: bool
) -> Report:
    """Compute the report of a quarter or a year.

    `given` holds what the project library counts, as in `progress`. Raises PeriodInvalid,
    and ReportNotReady for a time that has not begun.
    """
    quarters = quarters_of(period)
    first, last = Quarter.parse(quarters[0]), Quarter.parse(quarters[-1])
    today = shanghai_day(made_at)
    if first.first_day > today:
        raise ReportNotReady("这段时间还没有开始，没有可以汇总的数字。")
    if len(quarters) > QUARTERS_OF_YEAR:
        raise PeriodInvalid("报表按季度或年度做，例如 2026Q3 或 2026。")
    people = {one: count_persons(db, PersonsOf(one, one)) for one in quarters}
    locked = tuple(one for one in quarters if state_of(db, one) is PeriodState.LOCKED)
    on = min(last.last_day, today)
    whole = of_year_so_far(db, on)
    maker = _Maker(db, quarters, people, whole, on, bool(locked), published, choices_of(db))
    frozen = frozen_of(db, quarters[-1])
    rows = standing_at(db, on, counted_then(frozen, given))
    headline = of_quarter(db, quarters[0], people[quarters[0]]) if first == last else whole
    (sessions, sessions_now), (persons, persons_now) = (
        one.cells(published=published) for one in headline
    )
    return Report(
        period=period.strip().upper(),
        name=f"{first.year}年" + (f"第{'一二三四'[first.number - 1]}季度" if first == last else ""),
        first_on=first.first_day,
        as_of_on=maker.on,
        made_at=made_at,
        locked=len(locked) == len(quarters),
        locked_quarters=locked,
        published=published,
        sessions=sessions,
        persons=persons,
        revised=(sessions_now, persons_now),
        tables=(
            maker.guidance(),
            indicator_table(db, rows, frozen, maker.choices, published=published),
            beside_table(rows, locked=bool(frozen), published=published),
            restatement_table(db, people, published=published),
            restated_indicators(db, quarters, given, published=published),
            basis_table(db, quarters, published=published),
            maker.split("channel", "渠道", CHANNEL_BY_VALUE),
            maker.split("service_line", "服务方式", LINE_BY_VALUE),
            maker.split("identity_level", "身份核验程度", LEVEL_BY_VALUE),
            maker.split("month", "月份", {}),
            unit_table(db, quarters, locked=bool(locked), published=published),
            method_table(db, quarters, published=published),
        ),
    )


CHANNEL_BY_VALUE = {str(one): CHANNEL_NAMES[one] for one in Channel}
LINE_BY_VALUE = {str(one): LINE_NAMES[one] for one in ServiceLine}
LEVEL_BY_VALUE = {str(one): LEVEL_NAMES[one] for one in IdentityLevel}


@dataclass(frozen=True, slots=True)
class _Maker:
    """The tables of one report; each method is one of them."""

    db: Session
    quarters: list[str]
    people: Mapping[str, int]  # 人 of each quarter, revised
    whole: tuple[Beside, Beside]  # 人次 and 人 of the year so far
    on: date
    locked: bool  # something in it was published
    published: bool
    choices: Choices

    def guidance(self) -> Table:
        """人次 and 人 side by side: each quarter, and the year up to the last of them."""
        target = agreed(load_register(), self.choices, self.on.year).get("M3c").target
        goal: Cell = NOTHING if target is None else int(target)
        rows = [
            self._row(one, of_quarter(self.db, one, self.people[one]), NOTHING)
            for one in self.quarters
            if Quarter.parse(one).first_day <= self.on
        ]
        creation = frame_of(self.choices, Span.CREATION, self.on)
        longer = creation.first_on.year < creation.last_on.year
        rows.append(self._row(f"{self.on.year}年累计", self.whole, NOTHING if longer else goal))
        if longer:
            years = f"{creation.first_on.year}-{self.on.year}年累计（创建期间）"
            count = guidance_sessions(self.db, self.on, creation)
            so_far = (shown_count(count, published=self.published), NOTHING)
            published = (NOTHING, NOTHING) if self.locked else ()  # of the whole time none was
            rows.append((years, *published, *so_far, goal))
        counts = FIRST_AND_REVISED if self.locked else ("人次", "人")
        note = NOTE + (LOCKED_NOTE if self.locked else "")
        columns = ("时间", *counts, "目标")
        return Table("guidance", "创业指导服务", columns, tuple(rows), note)

    def _row(self, name: str, both: tuple[Beside, Beside], goal: Cell) -> tuple[Cell, ...]:
        (sessions, revised), (persons, left) = (one.cells(published=self.published) for one in both)
        changes = (revised, left) if self.locked else ()
        return (name, sessions, persons, *changes, goal)

    def split(self, name: str, heading: str, names: Mapping[str, str]) -> Table:
        """The counted sessions by one of the tally's splits; parts sum to the original value."""
        counts = counted_by(self.db, name, *self.quarters)
        title = f"按{heading}"
        note = "各项之和为原公布值；修订见“原公布值与修订值”。"
        if self.published:
            parts = suppress(counts)
            rows = tuple(
                (names.get(key, key), HIDDEN if count is None else count)
                for key, count in parts.items()
            )
            return Table(
                name, title, (heading, "人次"), rows, hiding_note(counts, parts.values()) + note
            )
        total = sum(counts.values())
        shares = tuple(
            (names.get(key, key), count, percent(count, total)) for key, count in counts.items()
        )
        return Table(name, title, (heading, "人次", "占比"), shares, note)
