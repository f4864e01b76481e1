"""I4, I8 and I10: what was signed when a quarter was locked stands, to the last byte."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session

from audit.log import AuditEvent, AuditPayload
from guidance.lifecycle import HOLDS_DAY, SessionState
from guidance.periods.locking import PERSONS, SESSIONS
from guidance.periods.members import members_root, sample_root
from guidance.periods.record import (
    DISTRICT,
    PERIOD_STATE_NAMES,
    WHOLE,
    PeriodRecord,
    PeriodState,
    PeriodValue,
)
from guidance.session import GuidanceSession


class Lock(NamedTuple):
    """What the log says of the lock of a quarter."""

    period: str
    signer: str
    said: Mapping[str, Any]

    @property
    def values(self) -> dict[tuple[str, str], int]:
        """The figures that were signed, by indicator and unit."""
        return {
            (indicator, unit): value
            for indicator in (SESSIONS, PERSONS)
            for unit, value in self.said.get(indicator, {}).items()
        }


def i4_locked(db: Session) -> Iterator[str]:
    """The members of a locked quarter and its sample are, byte for byte, those locked."""
    locks = {one.period: one for one in _locks(db)}
    for record in db.scalars(select(PeriodRecord).order_by(PeriodRecord.period)):
        lock = locks.pop(record.period, None)
        if (lock is not None) is not (record.state is PeriodState.LOCKED):
            yield f"{record.period} 的状态是“{PERIOD_STATE_NAMES[record.state]}”，与日志不同"
        if lock is not None:
            yield from _differences(db, record, lock)
    for period in locks:
        yield f"{period} 在日志里已锁定，在表中没有"


def i8_signed(db: Session) -> Iterator[str]:
    """A locked value is what it was when it was signed, and none is missing or added."""
    known = set()
    for lock in _locks(db):
        known.add(lock.period)
        said, values = lock.said, lock.values
        rules = (said.get("definitions", "1"), said.get("rules"), said.get("root"))
        for row in db.scalars(select(PeriodValue).where(PeriodValue.period == lock.period)):
            where = f"{lock.period} 的{_figure(row.indicator, row.org_unit)}"
            if values.pop((row.indicator, row.org_unit), None) != row.value:
                yield f"{where}与签发时不同"
            if rules != (row.definition_version, row.rule_version, row.members_root):
                yield f"{where}的口径版本或明细根与签发时不同"
        for indicator, unit in values:
            yield f"{lock.period} 签发过{_figure(indicator, unit)}，表中没有"
    for period in db.scalars(select(PeriodValue.period).distinct()):
        if period not in known:
            yield f"{period} 没有锁定，却存有签发的数字"


def i10_members(db: Session) -> Iterator[str]:
    """Erasing touches words only: signed figures still equal their members, by unit."""
    s = GuidanceSession
    locked = s.state == SessionState.LOCKED
    sessions: dict[str, dict[str, tuple[int, int]]] = defaultdict(dict)
    counts = (func.count(), func.count(s.counts_for.distinct()))
    by_unit = select(s.period, s.org_unit, *counts).where(locked).group_by(s.period, s.org_unit)
    whole = select(s.period, literal(WHOLE), *counts).where(locked).group_by(s.period)
    for query in (by_unit, whole):
        for period, unit, count, persons in db.execute(query):
            sessions[period][unit] = (count, persons)
    for lock in _locks(db):
        members = sessions[lock.period]
        for (indicator, unit), value in lock.values.items():
            now = members.get(unit, (0, 0))[indicator == PERSONS]
            if now != value:
                figure = _figure(indicator, unit)
                yield f"{lock.period} 锁定的{figure}为 {value}，明细为 {now}"


def _figure(indicator: str, unit: str) -> str:
    """Return what a signed figure is called: 人次（全区）."""
    name = {SESSIONS: "人次", PERSONS: "人数"}.get(indicator, f"指标 {indicator}")
    return f"{name}（{'全区' if unit == WHOLE else unit or DISTRICT}）"


def _differences(db: Session, record: PeriodRecord, lock: Lock) -> Iterator[str]:
    said = lock.said
    if (record.members_root, record.signed_by) != (said.get("root"), lock.signer):
        yield f"{record.period} 的明细根或签发人与日志不同"
    if record.as_of_seq != said.get("as_of", record.as_of_seq):
        yield f"{record.period} 的截止事件与日志不同"
    if members_root(db, record.period, said.get("leaf", 1)) != said.get("root"):
        yield f"{record.period} 的明细与锁定时不同"
    if "sample" in said and sample_root(db, record.period) != said["sample"]:
        yield f"{record.period} 的抽查结果与锁定时不同"
    loose = select(func.count()).where(
        GuidanceSession.period == record.period,
        GuidanceSession.state.in_(HOLDS_DAY - {SessionState.LOCKED}),
    )
    if db.scalar(loose):
        yield f"{record.period} 锁定以后又有记录通过，或等着办理"


def _locks(db: Session) -> Iterator[Lock]:
    events = (
        select(AuditEvent.subject, AuditEvent.actor_id, AuditPayload.payload)
        .outerjoin(AuditPayload, AuditPayload.seq == AuditEvent.seq)
        .where(AuditEvent.action == "period.locked")
        .order_by(AuditEvent.seq)
    )
    for subject, actor, payload in db.execute(events).all():
        said = json.loads(payload)["details"] if payload else {}
        yield Lock(subject.split(":")[1], f"account:{actor}", said)
