"""How long words are kept, as data; and erasing what has had its time."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import ColumnElement, CompoundSelect, select, text, union
from sqlalchemy.orm import Session

from audit.log import SYSTEM, append_event
from guidance.ledger_indexes import WITH_WORDS_SQL
from guidance.lifecycle import COUNTED, HOLDS_DAY, SessionState
from guidance.people.level import IdentityLevel
from guidance.periods.adjustment import added_sessions
from guidance.periods.record import PeriodRecord
from guidance.privacy.erasing import erase_words
from guidance.privacy.files import empty_untied
from guidance.privacy.rights import Erasure, erase_due
from guidance.session import GuidanceSession

SHIPPED = Path(__file__).with_name("retention.yaml")
FILE_NAME = "retention.yaml"
AT_ONCE = 200
UNCOUNTED = frozenset(SessionState) - HOLDS_DAY - {SessionState.OPEN}
_LONGEST = 100 * 365


class ScheduleInvalid(ValueError):
    """The schedule cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """How many days what is kept, and how large a database is written anew by day."""

    version: str
    uncounted_visitor_days: int
    uncounted_days: int
    counted_days: int
    channel_days: int
    purge_below_mb: int

    @property
    def counted_for(self) -> timedelta:
        """How long the words of what counts are kept after the lock."""
        return timedelta(days=self.counted_days)


def read_schedule(data_dir: Path) -> Schedule:
    """Read the installation's schedule, or the one that ships. Raises ScheduleInvalid."""
    own = data_dir / FILE_NAME
    path = own if own.exists() else SHIPPED
    try:
        told = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ScheduleInvalid(f"{FILE_NAME} 不是正确的 YAML，请检查。") from error
    return _checked(told)


def _checked(told: Any) -> Schedule:
    known = {field.name for field in fields(Schedule)}
    if not isinstance(told, Mapping) or (odd := sorted(known ^ set(told))):
        names = "、".join(odd) if isinstance(told, Mapping) else "整份文件"
        raise ScheduleInvalid(f"{FILE_NAME} 的项目不对：{names}。")
    for name, value in told.items():
        if name != "version" and (type(value) is not int or not 1 <= value <= _LONGEST):
            raise ScheduleInvalid(f"{FILE_NAME} 里 {name} 须为 1 到 {_LONGEST} 的整数。")
    if told["counted_days"] < 2 * 365:
        raise ScheduleInvalid("计数记录至少保存 730 天（统计法实施条例第二十二条）。")
    return Schedule(**{**told, "version": str(told["version"])})


def erase_old(db: Session, schedule: Schedule, at: datetime) -> int:
    """Erase the words of some hundred sessions that have had their time; return how many.

    What is on its way to being counted is left alone, also by an adjustment. One event tells
    how many.
    """
    due = list(db.scalars(_due(db, schedule, at)))
    if due:
        erase_words(db, due, at)
        db.add(Erasure(person="", sessions=len(due), restricted=0, erased_at=at))
        db.flush()
        said = {"sessions": len(due), "schedule": schedule.version}
        append_event(db, "retention.erased", "retention:sessions", SYSTEM, said)
    if empty_untied(db, at):
        db.add(Erasure(person="", sessions=0, restricted=0, erased_at=at))
    return len(due) + erase_due(db, at, schedule.counted_for, SYSTEM)


def _due(db: Session, schedule: Schedule, at: datetime) -> CompoundSelect[Any]:
    """Return the query of some sessions whose words have had their time.

    One walk for each state through the index of sessions with words, oldest first: the
    sweep holds the writers up, so that it must not look at what is not due.
    """
    session = GuidanceSession
    visitors = at - timedelta(days=schedule.uncounted_visitor_days)
    others = at - timedelta(days=schedule.uncounted_days)
    locked = select(PeriodRecord.period).where(PeriodRecord.locked_at <= at - schedule.counted_for)
    periods = db.scalars(locked).all()
    walks: list[tuple[ColumnElement[bool], ...]] = []
    for state in sorted(UNCOUNTED):
        uncounted = (session.state == state, session.id.not_in(added_sessions()))
        walks += [
            (*uncounted, session.opened_at <= visitors,
             session.identity_level == IdentityLevel.VISITOR, session.last_turn_at <= visitors),
            (*uncounted, session.opened_at <= others, session.last_turn_at <= others),
        ]  # fmt: skip
    for state in sorted(COUNTED):
        before = session.opened_at <= at - schedule.counted_for
        walks.append((session.state == state, before, session.period.in_(periods)))
    some = [
        select(session.id)
        .where(text(WITH_WORDS_SQL), *walk)
        .order_by(session.opened_at)
        .limit(AT_ONCE)
        .subquery()
        for walk in walks
    ]
    # Those that were added are few: they are found by their adjustments, not by a walk.
    by_hand = (
        select(session.id)
        .where(text(WITH_WORDS_SQL), session.period.in_(periods))
        .where(session.id.in_(added_sessions(*periods)))
    )
    some.append(by_hand.limit(AT_ONCE).subquery())
    return union(*(select(one.c.id) for one in some)).limit(AT_ONCE)
