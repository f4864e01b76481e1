"""Spreadsheet files as rows of text, read in a child process with hard limits.

The child prints one JSON line a row: its number, its cells as text, and the places of
cells that hold a formula or an error. The last line is the number of rows, or an error.
"""

import csv
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from openpyxl import load_workbook

from knowledge.sandbox import limit

MEMORY_BYTES = 1024 * 2**20
CPU_SECONDS = 150
PRINTED_BYTES = 400 * 2**20
MOST_ROWS = 50_000
MOST_COLUMNS = 200
MOST_UNPACKED_BYTES = 500 * 2**20
MOST_PACKED_FILES = 500
INSTRUCTIONS = "填写说明"
BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

Row = tuple[int, list[str], list[int]]


class SpreadsheetUnreadable(ValueError):
    """A file is no spreadsheet that can be taken in; the message says what to do."""


def rows_of(data: bytes) -> Iterator[Row]:
    """Yield the rows that are not empty, with their numbers as a spreadsheet shows them."""
    reader = _xlsx_rows(data) if data[:4] == b"PK\x03\x04" else _csv_rows(data)
    count = 0
    for number, cells, strange in reader:
        if any(cells) or strange:
            count += 1
            if count > MOST_ROWS + 10:
                raise SpreadsheetUnreadable(
                    f"一次最多导入 {MOST_ROWS} 行，请拆成几个文件分别导入。"
                )
            yield number, cells, strange


def _xlsx_rows(data: bytes) -> Iterator[Row]:
    _refuse_bomb(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False)
    except Exception as error:
        raise SpreadsheetUnreadable(
            "读不出这个工作簿，请在 Excel 或 WPS 里另存为 xlsx 再上传。"
        ) from error
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    named = [sheet for sheet in sheets if sheet.title != INSTRUCTIONS]
    if not named:
        raise SpreadsheetUnreadable("工作簿里没有可读的工作表。")
    named[0].reset_dimensions()
    for number, row in enumerate(named[0].iter_rows(max_col=MOST_COLUMNS), start=1):
        cells, strange = [], []
        for place, cell in enumerate(row):
            value = cell.value
            if value is not None and cell.data_type in {"f", "e"}:
                strange.append(place)
            cells.append("" if value is None else _text_of(value))
        while cells and not cells[-1]:
            cells.pop()
        yield number, cells, strange


def _refuse_bomb(data: bytes) -> None:
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except zipfile.BadZipFile as error:
        raise SpreadsheetUnreadable("文件已损坏，请重新保存后上传。") from error
    if sum(entry.file_size for entry in entries) > MOST_UNPACKED_BYTES:
        raise SpreadsheetUnreadable("文件展开后过大，已拒绝。请拆成几个文件分别导入。")
    if len(entries) > MOST_PACKED_FILES:
        raise SpreadsheetUnreadable("文件里的附件过多，请只保留数据工作表。")


def _text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()


def _csv_rows(data: bytes) -> Iterator[Row]:
    text = _decode(data)
    csv.field_size_limit(1_000_000)
    first = text.split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, [_plain(cell) for cell in cells[:MOST_COLUMNS]], []
    except csv.Error as error:
        raise SpreadsheetUnreadable(
            f"第 {reader.line_num} 行的引号或分隔符不对，请用 Excel 或 WPS 重新保存。"
        ) from error


def _plain(cell: str) -> str:
    """Take back the apostrophe with which our export keeps a text from being a formula."""
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:2] in tuple("=+-@") else cell


def _decode(data: bytes) -> str:
    for bom, encoding in BOMS:
        if data.startswith(bom):
            return _decoded(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _decoded(data, "gb18030")


def _decoded(data: bytes, encoding: str) -> str:
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise SpreadsheetUnreadable(
            "认不出文件的编码。请另存为 xlsx，或“CSV UTF-8”格式。"
        ) from error
    if "\x00" in text:
        raise SpreadsheetUnreadable("这不是 xlsx 或 csv 文件。旧的 xls 文件请另存为 xlsx。")
    return text


def main() -> int:
    """Read standard input as the child; rows go to standard output as JSON lines."""
    limit(MEMORY_BYTES, CPU_SECONDS, PRINTED_BYTES)
    count = 0
    try:
        for row in rows_of(sys.stdin.buffer.read()):
            count += 1
            sys.stdout.write(json.dumps(row, ensure_ascii=False) + "\n")
    except SpreadsheetUnreadable as error:
        sys.stdout.write(json.dumps({"error": str(error)}) + "\n")
        return 0
    except (MemoryError, RecursionError):
        return 1
    sys.stdout.write(json.dumps({"rows": count}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
