"""The ledger as a file: every session of a time, masked, for checking the counts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from api.ledger.corrections import counts_after, words_of
from api.reports.table_file import BATCH, TableRow
from guidance.counting.corrected import counting_ids
from guidance.counting.qualification import FLAGS, REASONS
from guidance.lifecycle import COUNTED, LINE_NAMES, STATE_NAMES, SessionState
from guidance.message import CHANNEL_NAMES
from guidance.people.identity import Person, digest_of
from guidance.people.level import LEVEL_NAMES
from guidance.periods.adjustment import Adjustment, posted_of, unit_after
from guidance.periods.record import DISTRICT
from guidance.review.queue import quarters_of
from guidance.session import GuidanceSession

COLUMNS = (
    "编号", "季度", "计数日期", "单位", "服务方式", "渠道", "身份核验程度", "咨询人代号", "状态",
    "是否计数", "调整", "调整后计数", "调整后单位",
    "不计原因代码", "不计原因", "提醒代码", "提醒", "口径版本", "消息数", "封存摘要",
)  # fmt: skip
SHEET = "台账"
PERSON_SHOWN = 8


def ledger_rows(db: Session, period: str, org_unit: str) -> Iterator[TableRow]:
    """Yield the sessions of a quarter or year and of a unit ("" for all), by number.

    What was moved to the unit from another is in it, with the record's own unit beside.
    No words of a consultation, no place and no names: a person is a short sign that is
    the same in every row, also where a locked record names them as before a merge. Raises
    PeriodInvalid.
    """
    one = GuidanceSession
    holder: Any = func.coalesce(Person.merged_into, one.counts_for).label("holder")
    listed = (
        select(
            one.id, one.period, one.count_on, one.org_unit, one.service_line, one.channel,
            one.identity_level, holder, one.state, one.codes, one.flags, one.rule_version,
            one.turn_count, one.seal,
        )
        .outerjoin(Person, Person.reference == one.counts_for)
        .where(one.period.in_(quarters_of(period)))
    )  # fmt: skip
    if org_unit:
        here = or_(one.org_unit == org_unit, one.id.in_(counting_ids(org_unit)))
        listed = listed.where(here)
    changes = _adjusted(db, quarters_of(period))
    rows = db.execute(listed.order_by(one.id).execution_options(yield_per=BATCH))
    for row in rows:
        yield _masked(row, changes.get(row.id, []))


def in_words(codes: str, names: Mapping[str, str]) -> str:
    """Return what codes stand for, so that a reader needs no key beside the file."""
    return "；".join(names.get(one, one) for one in codes.split())


def _adjusted(db: Session, periods: list[str]) -> dict[int, list[Adjustment]]:
    """Return by session what was adjusted of some quarters, which is little."""
    found: dict[int, list[Adjustment]] = defaultdict(list)
    for period in periods:
        for change in posted_of(db, period):
            found[change.session_id or 0].append(change)
    return found


def _masked(row: Any, changes: list[Adjustment]) -> TableRow:
    counted = row.state in COUNTED
    return (
        row.id, row.period, row.count_on.isoformat(), row.org_unit or DISTRICT,
        LINE_NAMES[row.service_line], CHANNEL_NAMES[row.channel], LEVEL_NAMES[row.identity_level],
        digest_of(row.holder)[:PERSON_SHOWN], STATE_NAMES[row.state],
        "是" if counted else "否", "、".join(words_of(one) for one in changes),
        "是" if counts_after(counted, changes) else "否",
        unit_after(row.org_unit, changes) or DISTRICT, row.codes,
        "复核不予计数" if row.state is SessionState.REJECTED else in_words(row.codes, REASONS),
        row.flags, in_words(row.flags, FLAGS), row.rule_version, row.turn_count, row.seal,
    )  # fmt: skip
