"""The ledger as a file: every session of a time, masked, for checking the counts."""

import csv
import io
from collections.abc import Iterator
from itertools import chain, count, islice
from typing import Any

import xlsxwriter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api.reports.cells import neutral, write_cell
from api.reports.excel import OPTIONS
from guidance.lifecycle import COUNTED, LINE_NAMES, STATE_NAMES
from guidance.message import CHANNEL_NAMES
from guidance.people.identity import Person, digest_of
from guidance.people.level import LEVEL_NAMES
from guidance.reports.report import DISTRICT
from guidance.review.queue import quarters_of
from guidance.session import GuidanceSession

COLUMNS = (
    "编号", "季度", "计数日期", "单位", "服务方式", "渠道", "身份核验程度", "咨询人代号", "状态",
    "是否计数", "不计原因代码", "提醒代码", "口径版本", "消息数", "封存摘要",
)  # fmt: skip
BATCH = 5_000
SHEET_ROWS = 1_000_000  # a sheet holds 1,048,576
PERSON_SHOWN = 8


def ledger_rows(db: Session, period: str, org_unit: str) -> Iterator[tuple[str | int, ...]]:
    """Yield the sessions of a quarter or year and of a unit ("" for all), by number.

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
        listed = listed.where(one.org_unit == org_unit)
    rows = db.execute(listed.order_by(one.id).execution_options(yield_per=BATCH))
    for row in rows:
        yield _masked(row)


def write_csv(rows: Iterator[tuple[str | int, ...]]) -> Iterator[bytes]:
    """Yield the file in pieces: UTF-8 with a mark, so that Excel reads it right."""
    yield "\ufeff".encode()
    for batch in _batches(([*COLUMNS],), rows):
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        for row in batch:
            writer.writerow([cell if isinstance(cell, int) else neutral(cell) for cell in row])
        yield buffer.getvalue().encode()


def write_xlsx(rows: Iterator[tuple[str | int, ...]]) -> bytes:
    """Return the workbook; beyond a million rows with a second sheet."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"constant_memory": True, **OPTIONS})
    heading = book.add_format({"bold": True})
    for number in count(1):
        part = list(islice(rows, 1))
        if not part and number > 1:
            break
        sheet = book.add_worksheet(f"台账{number}")
        sheet.freeze_panes(1, 1)
        for place, name in enumerate(COLUMNS):
            sheet.set_column(place, place, 14)
            write_cell(sheet, 0, place, name, heading)
        for line, row in enumerate(chain(part, islice(rows, SHEET_ROWS - 1)), start=1):
            for place, value in enumerate(row):
                write_cell(sheet, line, place, value)
    book.close()
    return target.getvalue()


def _masked(row: Any) -> tuple[str | int, ...]:
    return (
        row.id, row.period, row.count_on.isoformat(), row.org_unit or DISTRICT,
        LINE_NAMES[row.service_line], CHANNEL_NAMES[row.channel], LEVEL_NAMES[row.identity_level],
        digest_of(row.holder)[:PERSON_SHOWN], STATE_NAMES[row.state],
        "是" if row.state in COUNTED else "否", row.codes, row.flags, row.rule_version,
        row.turn_count, row.seal,
    )  # fmt: skip


def _batches(*parts: Any) -> Iterator[list[Any]]:
    rows = chain(*parts)
    while batch := list(islice(rows, BATCH)):
        yield batch
