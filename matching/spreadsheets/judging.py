"""Rows of a spreadsheet judged one by one: what each would do, and what is wrong in which cell."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any

from openpyxl.utils import get_column_letter
from sqlalchemy.orm import Session

from matching.projects.editing import Editor
from matching.spreadsheets.column import CellUnreadable, Column, Unit
from matching.spreadsheets.reading import ParsedSheet
from matching.spreadsheets.rows import Row, SpreadsheetUnreadable

CHUNK = 500
HEADING_WITHIN_ROWS = 10
Progress = Callable[[int, int], None]


class RowAction(StrEnum):
    """What a row would do."""

    INSERT = "insert"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Stored:
    """A record as it is now: its version, its values, and these as texts by column name."""

    version: str
    values: Mapping[str, Any]
    contents: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be imported and exported, keyed by its column "code".

    `conflicts` judges all values of a record that would result, and returns column name
    -> what is wrong. `insert` takes values of new records, `update` those that change,
    by code.
    """

    name: str
    label: str
    columns: tuple[Column, ...]
    stored: Callable[[Session, Sequence[str]], Mapping[str, Stored]]
    conflicts: Callable[[Mapping[str, Any]], Mapping[str, str]]
    insert: Callable[[Session, Sequence[Mapping[str, Any]], Editor], None]
    update: Callable[[Session, Mapping[str, Mapping[str, Any]], Editor], None]
    records: Callable[[Session], Iterator[object]]


@dataclass(frozen=True, slots=True)
class CellError:
    """What is wrong in one cell."""

    address: str  # "C12"
    row: int
    heading: str
    message: str


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What one row would do, with the values that its cells give."""

    number: int
    code: str
    action: RowAction
    values: Mapping[str, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()  # labels of the columns that differ
    errors: tuple[CellError, ...] = ()


@dataclass(frozen=True, slots=True)
class Headings:
    """Where the row of headings is, and which column stands at which place."""

    row: int
    columns: Mapping[int, tuple[Column, Unit]]  # place -> column and the unit of its heading
    ignored: tuple[str, ...]


def find_headings(subject: Subject, sheet: ParsedSheet) -> Headings:
    """Find the row of headings among the first rows: the first that names two columns."""
    for number, cells, _strange in islice(iter(sheet), HEADING_WITHIN_ROWS):
        columns, ignored, seen = {}, [], set()
        for place, text in enumerate(cells):
            found = _column_of(subject, text)
            if found is None:
                ignored += [text] if text else []
            elif found[0].name in seen:
                raise SpreadsheetUnreadable(f"表头里“{found[0].label}”出现了两次，请删去一列。")
            else:
                seen.add(found[0].name)
                columns[place] = found
        if len(columns) >= 2 and "code" in seen:
            return Headings(number, columns, tuple(ignored[:20]))
    key = next(column.heading for column in subject.columns if column.name == "code")
    raise SpreadsheetUnreadable(
        f"没有找到表头。请用下载的模板填写，第一行要有“{key}”等列名，不要改动。"
    )


def _column_of(subject: Subject, heading: str) -> tuple[Column, Unit] | None:
    """Return the column that a heading names, with the unit that it states."""
    plain = heading.replace("(", "（").replace(")", "）").replace(" ", "").replace("*", "")
    label, _, rest = plain.partition("（")
    note = rest.rstrip("）")
    for column in subject.columns:
        if label != column.label:
            continue
        if note in {Unit.WAN, Unit.YUAN} and column.unit in {Unit.WAN, Unit.YUAN}:
            return column, Unit(note)
        return column, column.unit
    return None


def judged_rows(
    db: Session,
    subject: Subject,
    sheet: ParsedSheet,
    headings: Headings,
    note: Callable[[bytes], None],
    progress: Progress | None,
) -> Iterator[list[RowVerdict]]:
    """Yield the verdicts in chunks; what decides them goes into the fingerprint."""
    rows = iter(sheet)
    for number, _cells, _strange in rows:
        if number >= headings.row:
            break
    codes: dict[str, int] = {}
    done = 0
    while chunk := list(islice(rows, CHUNK)):
        read = [_read_row(headings, row, codes) for row in chunk]
        stored = subject.stored(db, [one.code for one in read if one.code])
        verdicts = []
        for one in read:
            known = stored.get(one.code)
            note(f"{one.code}\t{known.version if known else '-'}\n".encode())
            verdicts.append(_judge(subject, headings, one, known))
        done += len(chunk)
        if progress is not None:
            progress(done, sheet.rows - 1)
        yield verdicts


def _read_row(headings: Headings, row: Row, codes: dict[str, int]) -> RowVerdict:
    """Read the cells of a row; `codes` remembers in which row a code came before."""
    number, cells, strange = row
    values: dict[str, Any] = {}
    errors = []
    for place, (column, unit) in headings.columns.items():
        if column.read_only:
            continue
        text = cells[place] if place < len(cells) else ""
        try:
            if place in strange:
                raise CellUnreadable("是公式或错误值，请“选择性粘贴”为数值后再上传")
            values[column.name] = column.read(text, unit)
        except CellUnreadable as error:
            errors.append(_cell_error(number, place, column, str(error)))
    code = str(values.get("code", ""))
    if code in codes:
        place = next(p for p, (column, _) in headings.columns.items() if column.name == "code")
        column = headings.columns[place][0]
        errors.append(_cell_error(number, place, column, f"与第 {codes[code]} 行的编号重复"))
    elif code:
        codes[code] = number
    action = RowAction.ERROR if errors else RowAction.UNCHANGED
    return RowVerdict(number, code, action, values, errors=tuple(errors))


def _judge(
    subject: Subject, headings: Headings, row: RowVerdict, known: Stored | None
) -> RowVerdict:
    """Compare a row that was read with the record of its code."""
    if row.errors:
        return row
    if known is None:
        values = {c.name: c.empty for c in subject.columns if not c.read_only} | dict(row.values)
        errors = [*_missing(subject, headings, row), *_conflicts(subject, headings, row, values)]
        action = RowAction.ERROR if errors else RowAction.INSERT
        return RowVerdict(row.number, row.code, action, values, errors=tuple(errors))
    by_name = {column.name: column for column in subject.columns}
    differing = {
        name: value
        for name, value in row.values.items()
        if by_name[name].write(value) != known.contents.get(name, "")
    }
    if not differing:
        return row
    conflicts = _conflicts(subject, headings, row, dict(known.values) | differing)
    labels = tuple(by_name[name].label for name in differing)
    action = RowAction.ERROR if conflicts else RowAction.UPDATE
    return RowVerdict(row.number, row.code, action, differing, labels, tuple(conflicts))


def _missing(subject: Subject, headings: Headings, row: RowVerdict) -> list[CellError]:
    present = {column.name for column, _ in headings.columns.values()}
    return [
        CellError(f"第{row.number}行", row.number, column.heading, "新记录必须有这一列")
        for column in subject.columns
        if column.required and column.name not in present
    ]


def _conflicts(
    subject: Subject, headings: Headings, row: RowVerdict, values: Mapping[str, Any]
) -> list[CellError]:
    conflicts = subject.conflicts(values)
    if not conflicts:
        return []
    places = {column.name: (p, column) for p, (column, _) in headings.columns.items()}
    labels = {column.name: column.heading for column in subject.columns}
    found = []
    for name, message in conflicts.items():
        if name in places:
            found.append(_cell_error(row.number, *places[name], message))
        else:
            address = f"第{row.number}行"
            found.append(CellError(address, row.number, labels.get(name, name), message))
    return found


def _cell_error(number: int, place: int, column: Column, message: str) -> CellError:
    return CellError(f"{get_column_letter(place + 1)}{number}", number, column.heading, message)
