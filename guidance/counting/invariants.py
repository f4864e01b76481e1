"""I1 to I12: what has to hold of the ledger at any time, checked against what is stored."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, literal, select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload
from guidance.counting.tally import PersonYear, Tally, YearPersons, tallies_of_sessions
from guidance.lifecycle import COUNTED, HOLDS_DAY, SessionState
from guidance.lifecycle_log import states_of_log
from guidance.people.identity import Person
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.periods.locking import members_root, units_restated
from guidance.periods.record import WHOLE, PeriodRecord, PeriodState, PeriodValue
from guidance.seal import SEALED_OF_SESSION, SEALED_OF_TURN, seal_of
from guidance.session import GuidanceSession, Turn

MOST = 20
BATCH = 5_000
SEALS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that does not hold, and where."""

    invariant: str
    what: str  # Chinese


def check_invariants(db: Session, *, seals: bool = True) -> list[Violation]:
    """Check everything; `seals` recomputes every sealed transcript, which reads all turns."""
    found: list[Violation] = []
    for name, check in CHECKS.items():
        found += [Violation(name, what) for what in _some(check(db))]
    if seals:
        found += [Violation("I5", what) for what in _some(_broken_seals(db))]
    return found


def _i1_counts(db: Session) -> Iterator[str]:
    """M3c of every quarter equals the sessions that count, in the log and in the counters."""
    stored = _totals(db, select(GuidanceSession.period, func.count()).where(
        GuidanceSession.state.in_(COUNTED)).group_by(GuidanceSession.period))  # fmt: skip
    tallied = _totals(db, select(Tally.period, func.sum(Tally.count)).group_by(Tally.period))
    for period in sorted(stored.keys() | tallied.keys()):
        if stored[period] != tallied[period]:
            yield f"{period}：明细 {stored[period]}，汇总 {tallied[period]}"


def _i2_one_a_day(db: Session) -> Iterator[str]:
    doubled = (
        select(GuidanceSession.counts_for, GuidanceSession.count_on, func.count())
        .where(GuidanceSession.state.in_(HOLDS_DAY))
        .group_by(GuidanceSession.counts_for, GuidanceSession.count_on)
        .having(func.count() > 1)
    )
    for _, day, count in db.execute(doubled.limit(MOST)):
        yield f"同一人在 {day} 有 {count} 条计数或待计数的记录"


def _i3_separate(db: Session) -> Iterator[str]:
    s = GuidanceSession
    mixed = select(s.id).where(
        s.state.in_(COUNTED),
        s.approver.in_([s.provider, s.recorder, s.submitter, s.person, s.counts_for]),
    )
    for session_id in db.scalars(mixed.limit(MOST)):
        yield f"会话 {session_id} 的复核人同时是服务人、录入人、提交人或咨询人"
    unapproved = select(s.id).where(s.state.in_(COUNTED), s.approver == "")
    for session_id in db.scalars(unapproved.limit(MOST)):
        yield f"会话 {session_id} 计数了，却没有复核人"


def _i4_locked(db: Session) -> Iterator[str]:
    """The members of a locked quarter are, byte for byte, those that were locked."""
    locked = select(PeriodRecord).where(PeriodRecord.state == PeriodState.LOCKED)
    for record in db.scalars(locked):
        if members_root(db, record.period) != record.members_root:
            yield f"{record.period} 的明细与锁定时不同"
        loose = select(func.count()).where(
            GuidanceSession.period == record.period,
            GuidanceSession.state.in_(HOLDS_DAY - {SessionState.LOCKED}),
        )
        if db.scalar(loose):
            yield f"{record.period} 锁定以后又有记录通过，或等着办理"


def _i5_sealed(db: Session) -> Iterator[str]:
    unsealed = select(GuidanceSession.id).where(
        GuidanceSession.state.not_in([SessionState.OPEN, SessionState.RECORDED]),
        GuidanceSession.seal == "",
    )
    for session_id in db.scalars(unsealed.limit(MOST)):
        yield f"会话 {session_id} 没有封存"


def _broken_seals(db: Session) -> Iterator[str]:
    """Compute every seal anew, some hundred sessions with their turns at a time."""
    last = 0
    while sessions := db.execute(_SEALED, {"last": last}).all():
        first, last = sessions[0].id, sessions[-1].id
        turns: dict[int, list[Any]] = defaultdict(list)
        for turn in db.execute(_TURNS_BETWEEN, {"first": first, "last": last}):
            turns[turn.session_id].append(turn)
        for session in sessions:
            if seal_of(session, turns[session.id], session.seal_salt) != session.seal:
                yield f"会话 {session.id} 的内容与封存时不同"


_SEALED = (
    select(
        *(getattr(GuidanceSession, name) for name in SEALED_OF_SESSION),
        GuidanceSession.seal,
        GuidanceSession.seal_salt,
    )
    .where(
        GuidanceSession.id > bindparam("last"),
        GuidanceSession.seal != "",
        GuidanceSession.erased_at.is_(None),
    )
    .order_by(GuidanceSession.id)
    .limit(SEALS_AT_ONCE)
)
_TURNS_BETWEEN = (
    select(Turn.session_id, *(getattr(Turn, name) for name in SEALED_OF_TURN))
    .where(Turn.session_id.between(bindparam("first"), bindparam("last")))
    .order_by(Turn.session_id, Turn.sequence)
)


def _i6_replays(db: Session) -> Iterator[str]:
    """Turns are numbered without gaps, as many as the session counted, in one session each."""
    uneven = (
        select(GuidanceSession.id, GuidanceSession.turn_count, func.count(Turn.id))
        .outerjoin(Turn, Turn.session_id == GuidanceSession.id)
        .group_by(GuidanceSession.id, GuidanceSession.turn_count)
        .having(
            (func.count(Turn.id) != GuidanceSession.turn_count)
            | (func.coalesce(func.max(Turn.sequence), 0) != GuidanceSession.turn_count)
        )
    )
    for session_id, expected, found in db.execute(uneven.limit(MOST)):
        yield f"会话 {session_id} 应有 {expected} 轮，实有 {found} 轮"


def _i7_projection(db: Session) -> Iterator[str]:
    """What the log amounts to is what the table says."""
    states, _ = states_of_log(db)
    rows = db.execute(
        select(GuidanceSession.id, GuidanceSession.state).execution_options(yield_per=BATCH)
    )
    seen = set()
    for session_id, state in rows:
        seen.add(session_id)
        logged = states.get(session_id)
        if logged is None and state not in (SessionState.OPEN, SessionState.RECORDED):
            yield f"会话 {session_id} 是 {state}，日志里却没有它"
        if logged is SessionState.APPROVED and state is SessionState.LOCKED:
            continue  # one event locks a whole quarter
        closed = state is SessionState.RECORDED and logged is SessionState.OPEN
        if logged is not None and logged is not state and not closed:
            yield f"会话 {session_id}：日志为 {logged}，表中为 {state}"
    for session_id in sorted(states.keys() - seen):
        yield f"会话 {session_id} 在日志里有，在表中没有"


def _i7_counters(db: Session) -> Iterator[str]:
    expected = {tuple(map(str, row[:-1])): row[-1] for row in db.execute(tallies_of_sessions())}
    t = Tally
    stored_rows = db.execute(
        select(t.period, t.month, t.org_unit, t.service_line, t.channel, t.identity_level, t.count)
        .where(t.count != 0)
    )  # fmt: skip
    stored = {tuple(map(str, row[:-1])): row[-1] for row in stored_rows}
    for key in sorted(expected.keys() | stored.keys()):
        if expected.get(key) != stored.get(key):
            yield f"汇总 {'、'.join(key)} 应为 {expected.get(key, 0)}，存为 {stored.get(key, 0)}"


def _i8_rules(db: Session) -> Iterator[str]:
    """A locked value is what it was when it was signed."""
    events = db.execute(
        select(AuditEvent.subject, AuditPayload.payload)
        .join(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.action == "period.locked")
    )
    for subject, payload in events:
        period, details = subject.split(":")[1], json.loads(payload)["details"]
        values = select(PeriodValue).where(PeriodValue.period == period)
        for value in db.scalars(values):
            if details.get(value.indicator, {}).get(value.org_unit) != value.value:
                yield f"{period} 的 {value.indicator}（{value.org_unit}）与签发时不同"


def _i9_sums(db: Session) -> Iterator[str]:
    """Units sum to the district, quarters and adjustments to the year."""
    periods = db.scalars(select(Tally.period).distinct()).all()
    for period in sorted(periods):
        units = sum(units_restated(db, period).values())
        members = select(func.count()).where(
            GuidanceSession.period == period, GuidanceSession.state.in_(COUNTED)
        )
        whole = db.scalar(members) or 0
        adjusted = db.scalar(select(func.coalesce(func.sum(Adjustment.amount), 0)).where(
            Adjustment.period == period, Adjustment.status == AdjustmentStatus.POSTED,
        ))  # fmt: skip
        if units != whole + (adjusted or 0):
            yield f"{period}：各单位之和 {units}，全区 {whole + (adjusted or 0)}"


def _i10_erased(db: Session) -> Iterator[str]:
    """Erasing touches words only: locked values still equal their members."""
    values = select(PeriodValue).where(
        PeriodValue.indicator == "M3c", PeriodValue.org_unit == WHOLE
    )
    for value in db.scalars(values):
        counted = db.scalar(
            select(func.count()).where(
                GuidanceSession.period == value.period,
                GuidanceSession.state == SessionState.LOCKED,
            )
        )
        if counted != value.value:
            yield f"{value.period} 锁定 {value.value} 人次，明细 {counted} 条"


def _i11_persons(db: Session) -> Iterator[str]:
    """Persons are at most sessions, and as many as the sessions name."""
    same = select(Person.reference, Person.merged_into).where(Person.merged_into.is_not(None))
    merged = {absorbed: kept or "" for absorbed, kept in db.execute(same)}
    years: dict[int, Counter[str]] = defaultdict(Counter)
    s, a = GuidanceSession, Adjustment
    counted = select(s.count_on, s.counts_for, literal(1)).where(s.state.in_(COUNTED))
    posted = select(a.count_on, a.person, a.amount).where(
        a.status == AdjustmentStatus.POSTED, a.kind != AdjustmentKind.RECLASSIFY
    )
    for steps in (counted, posted):
        for day, person, step in db.execute(steps.execution_options(yield_per=BATCH)):
            years[day.year][merged.get(person, person)] += step
    for year in sorted(years):
        persons = sum(count > 0 for count in years[year].values())
        stored = db.scalar(select(YearPersons.persons).where(YearPersons.year == year)) or 0
        rows = db.scalar(select(func.count()).where(PersonYear.year == year, PersonYear.count > 0))
        if not persons == stored == rows:
            yield f"{year} 年应有 {persons} 人，汇总 {stored} 人，明细 {rows} 人"
        if persons > sum(years[year].values()):
            yield f"{year} 年的人数多于人次"


def _i12_table(db: Session) -> Iterator[str]:
    yield from states_of_log(db)[1]


CHECKS: dict[str, Callable[[Session], Iterator[str]]] = {
    "I1": _i1_counts,
    "I2": _i2_one_a_day,
    "I3": _i3_separate,
    "I4": _i4_locked,
    "I5": _i5_sealed,
    "I6": _i6_replays,
    "I7": _i7_projection,
    "I7 汇总": _i7_counters,
    "I8": _i8_rules,
    "I9": _i9_sums,
    "I10": _i10_erased,
    "I11": _i11_persons,
    "I12": _i12_table,
}


def _some(found: Iterator[str]) -> list[str]:
    return [what for what, _ in zip(found, range(MOST), strict=False)]


def _totals(db: Session, query: Any) -> Counter[str]:
    return Counter({period: int(count) for period, count in db.execute(query) if count})
