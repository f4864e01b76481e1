"""Workbooks -> the text of their sheets: a line for each title, a table for each block of rows."""

import io
import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.worksheet import Worksheet

from knowledge.parsed import Parsed, UnreadableDocument, table_lines
from knowledge.word_package import unpack

MAX_CELLS = 200_000
_DAMAGED = "Excel文件已损坏，无法打开。请用Excel或WPS打开后另存为xlsx，再上传。"
_TOO_LARGE = "表格超过20万格，请只保留政策内容，拆分后再上传。"


def read(data: bytes) -> Parsed:
    """Read an xlsx file, hidden sheets left out. Raises UnreadableDocument."""
    try:
        unpack(data)  # refuses a bomb before anything is built from it
    except UnreadableDocument as error:
        raise UnreadableDocument(
            str(error).replace("Word", "Excel").replace("docx", "xlsx")
        ) from error
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and charts, which are not read
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=True)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise UnreadableDocument(_DAMAGED) from error
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    blocks = [(sheet.title, list(_lines(sheet))) for sheet in sheets]
    blocks = [(title, lines) for title, lines in blocks if lines]
    if not blocks:
        raise UnreadableDocument("表格里没有文字，请检查是否选错了文件。")
    lines: list[str] = []
    for number, (title, body) in enumerate(blocks):
        lines += body if number == 0 else ["", f"## {title}", "", *body]
    return Parsed("\n".join(lines))


def _lines(sheet: Worksheet) -> Iterator[str]:
    """Yield the rows up to each empty one as a table; a row of one cell is a line of text."""
    block: list[list[str]] = []
    for row in [*_rows(sheet), []]:
        texts = {cell for cell in row if cell}
        if len(texts) > 1:
            block.append(row)
            continue
        yield from _table(block)
        block = []
        yield from (*texts, "") if texts else ()


def _table(block: list[list[str]]) -> Iterator[str]:
    used = [column for column in zip(*block, strict=True) if any(column)]
    if used:
        yield from (*table_lines([list(row) for row in zip(*used, strict=True)]), "")


def _rows(sheet: Worksheet) -> list[list[str]]:
    """Return the texts of all cells; a merged cell's text stands in each place it covers."""
    # Colouring a whole column makes a sheet a million rows long: only what holds text counts.
    used = [at for at, cell in sheet._cells.items() if cell.value is not None]
    height = max((row for row, _ in used), default=0)
    width = max((column for _, column in used), default=0)
    if height * width > MAX_CELLS:
        raise UnreadableDocument(_TOO_LARGE)
    if not used:
        return []
    cells = sheet.iter_rows(max_row=height, max_col=width, values_only=True)
    rows = [[_text(cell) for cell in row] for row in cells]
    for area in sheet.merged_cells.ranges:
        for row in rows[area.min_row - 1 : area.max_row]:
            text = rows[area.min_row - 1][area.min_col - 1] if area.min_col <= width else ""
            row[area.min_col - 1 : area.max_col] = [text] * len(
                row[area.min_col - 1 : area.max_col]
            )
    return rows


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime | date):
        return f"{value.year}年{value.month}月{value.day}日"
    if isinstance(value, float):
        return f"{value:.10g}"
    return " ".join(str(value).split())
