"""A long table as a file, csv or xlsx: written row by row, and nothing in it is a formula."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, count, islice
from typing import Any

import xlsxwriter

from api.reports.cells import neutral, write_cell
from api.reports.excel import OPTIONS

TableRow = tuple[str | int, ...]
BATCH = 5_000
SHEET_ROWS = 1_000_000  # a sheet holds 1,048,576


def write_csv(columns: Sequence[str], rows: Iterable[TableRow]) -> Iterator[bytes]:
    """Yield the file in pieces: UTF-8 with a mark, so that Excel reads it right."""
    yield "\ufeff".encode()
    for batch in _batches(([*columns],), rows):
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        for row in batch:
            writer.writerow([cell if isinstance(cell, int) else neutral(cell) for cell in row])
        yield buffer.getvalue().encode()


def write_xlsx(name: str, columns: Sequence[str], rows: Iterable[TableRow]) -> bytes:
    """Return the workbook with one sheet called by a name; beyond a million rows with a second."""
    target, left = io.BytesIO(), iter(rows)
    book = xlsxwriter.Workbook(target, {"constant_memory": True, **OPTIONS})
    heading = book.add_format({"bold": True})
    for number in count(1):
        part = list(islice(left, 1))
        if not part and number > 1:
            break
        sheet = book.add_worksheet(f"{name}{number}")
        sheet.freeze_panes(1, 1)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, 14)
            write_cell(sheet, 0, place, column, heading)
        for line, row in enumerate(chain(part, islice(left, SHEET_ROWS - 1)), start=1):
            for place, value in enumerate(row):
                write_cell(sheet, line, place, value)
    book.close()
    return target.getvalue()


def _batches(*parts: Any) -> Iterator[list[Any]]:
    rows = chain(*parts)
    while batch := list(islice(rows, BATCH)):
        yield batch
