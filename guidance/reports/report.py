"""The report of a quarter or a year: every figure computed once, for every format.

Word, Excel and page show the same tables of the same frozen value, so they cannot differ.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from guidance.counting.persons import PersonsOf, count_persons
from guidance.counting.tally import counted_by
from guidance.indicators.agreed import year_of
from guidance.indicators.indicator import load_register
from guidance.indicators.standing import Given, guidance_sessions, persons_so_far, standing_at
from guidance.lifecycle import LINE_NAMES, ServiceLine, SessionState
from guidance.message import CHANNEL_NAMES, Channel
from guidance.people.level import LEVEL_NAMES, IdentityLevel
from guidance.periods.frozen import frozen_of
from guidance.periods.locking import restated, units_restated
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.record import PeriodState, state_of
from guidance.periods.sample import verification_factors
from guidance.reports.figures import persons_by_unit, returned_by_unit
from guidance.reports.indicators import counted_then, indicator_table, restated_indicators
from guidance.reports.method import method_table
from guidance.reports.restatement import basis_table, restatement_table
from guidance.reports.suppression import HIDDEN, suppress
from guidance.reports.table import NOTHING, Cell, Table, percent, shown_count
from guidance.review.queue import quarters_of, unit_rates

DISTRICT = "区本级"
SUBMITTED = frozenset(
    {SessionState.PENDING, SessionState.RETURNED, SessionState.APPROVED, SessionState.LOCKED,
     SessionState.REJECTED}
)  # fmt: skip
LEAST_FOR_RATES = 20  # a published rate of fewer would give the count away


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
    published: bool  # small counts are hidden
    sessions: Cell  # 人次, revised
    persons: Cell  # 人, revised
    tables: tuple[Table, ...]

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
    people = {one: count_persons(db, PersonsOf(one, one)) for one in quarters}
    maker = _Maker(db, quarters, people, min(last.last_day, today), published)
    sessions = sum(restated(db, one)["revised"] for one in quarters)
    persons = count_persons(db, PersonsOf(quarters[0], quarters[-1]))
    return Report(
        period=period.strip().upper(),
        name=f"{first.year}年" + (f"第{'一二三四'[first.number - 1]}季度" if first == last else ""),
        first_on=first.first_day,
        as_of_on=maker.on,
        made_at=made_at,
        locked=all(state_of(db, one) is PeriodState.LOCKED for one in quarters),
        published=published,
        sessions=maker.shown(sessions),
        persons=maker.shown(persons),
        tables=(
            maker.guidance(),
            maker.indicators(given),
            restatement_table(db, people, published=published),
            restated_indicators(db, quarters, given, published=published),
            basis_table(db, quarters, published=published),
            maker.split("channel", "渠道", CHANNEL_BY_VALUE),
            maker.split("service_line", "服务方式", LINE_BY_VALUE),
            maker.split("identity_level", "身份核验程度", LEVEL_BY_VALUE),
            maker.split("month", "月份", {}),
            maker.units(),
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
    on: date
    published: bool

    def shown(self, count: int) -> Cell:
        return shown_count(count, published=self.published)

    def guidance(self) -> Table:
        """人次 and 人 side by side: each quarter, and the year up to the last of them."""
        target = load_register().get("M3c").target
        rows: list[tuple[Cell, ...]] = []
        for one in self.quarters:
            quarter = Quarter.parse(one)
            if quarter.first_day <= self.on:
                revised = restated(self.db, one)["revised"]
                rows.append((one, self.shown(revised), self.shown(self.people[one]), NOTHING))
        sessions = guidance_sessions(self.db, self.on, year_of(self.on))
        persons = self.shown(persons_so_far(self.db, self.on))
        whole = NOTHING if target is None else int(target)
        rows.append((f"{self.on.year}年累计", self.shown(sessions), persons, whole))
        note = "人次按次数计，同一人同一天只计一次；人按不同的人计，各季之和大于或等于全年。"
        return Table(
            "guidance", "创业指导服务", ("时间", "人次", "人", "全年目标"), tuple(rows), note
        )

    def indicators(self, given: Given) -> Table:
        """Every row of the register with target, value and state."""
        then = counted_then(frozen_of(self.db, self.quarters[-1]), given)
        rows = standing_at(self.db, self.on, then)
        return indicator_table(rows, published=self.published)

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
            return Table(name, title, (heading, "人次"), rows, self._hiding(counts, parts) + note)
        total = sum(counts.values())
        shares = tuple(
            (names.get(key, key), count, percent(count, total)) for key, count in counts.items()
        )
        return Table(name, title, (heading, "人次", "占比"), shares, note)

    def units(self) -> Table:
        """Streets and departments: counts, and beside them returns, rejections, proofs (G9)."""
        counts: Counter[str] = Counter()
        submitted: Counter[str] = Counter()
        rejected: Counter[str] = Counter()
        for one in self.quarters:
            counts.update(units_restated(self.db, one))
            for unit, states in unit_rates(self.db, one).items():
                submitted[unit] += sum(states.get(state, 0) for state in SUBMITTED)
                rejected[unit] += states.get(SessionState.REJECTED, 0)
        people = persons_by_unit(self.db, PersonsOf(self.quarters[0], self.quarters[-1]))
        returned = returned_by_unit(self.db, self.quarters)
        proofs = self._proofs()
        listed = sorted(
            unit for unit in counts.keys() | submitted.keys() if counts[unit] or submitted[unit]
        )
        plain = {unit: counts[unit] for unit in listed}
        parts: Mapping[str, int | None] = suppress(plain) if self.published else plain
        rows = []
        for unit in listed if parts or not plain else []:
            shown, due = parts[unit], submitted[unit]
            with_rates = due >= LEAST_FOR_RATES or not self.published
            rows.append((
                unit or DISTRICT,
                HIDDEN if shown is None else shown,
                HIDDEN if shown is None else self.shown(people.get(unit, 0)),
                percent(returned.get(unit, 0), due) if due and with_rates else NOTHING,
                percent(rejected[unit], due) if due and with_rates else NOTHING,
                proofs.get(unit, NOTHING) if with_rates else NOTHING,
            ))  # fmt: skip
        columns = ("单位", "人次", "人", "退回率", "不予计数率", "抽查证实率")
        note = "人次已含调整。退回率、不予计数率以送审数为分母；到过两个单位的人在两处各计一人。"
        hiding = self._hiding(plain, parts)
        return Table("units", "按街道和部门", columns, tuple(rows), hiding + note)

    def _hiding(self, counts: Mapping[str, int], parts: Mapping[str, int | None]) -> str:
        if counts and not parts:
            return "为保护个人，数字太小，不分列。"
        return f"“{HIDDEN}”为保护个人而隐去。" if None in parts.values() else ""

    def _proofs(self) -> dict[str, str]:
        checked: Counter[str] = Counter()
        confirmed: Counter[str] = Counter()
        for one in self.quarters:
            for factor in verification_factors(self.db, one):
                checked[factor.org_unit] += factor.checked
                confirmed[factor.org_unit] += factor.confirmed
        return {unit: percent(confirmed[unit], n) for unit, n in checked.items() if n}
