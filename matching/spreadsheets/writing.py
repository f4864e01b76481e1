"""Records as xlsx and csv, and the template to fill in."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import xlsxwriter

from matching.spreadsheets.column import NO, YES, Column, ColumnKind, Unit
from matching.spreadsheets.judging import Subject
from matching.spreadsheets.rows import INSTRUCTIONS, MOST_ROWS

_TEMPLATE_ROWS = 2_000
_LONGEST_LIST = 255  # characters of a drop-down that a workbook can hold
_RULES = (
    "1. 一行写一条，表头不要改动；用不到的列可以整列删去，没有的列导入时保持原样。",
    "2. 编号已有的行更新原记录，编号没有的行新增；单元格留空表示清空这一项。",
    "3. 金额按表头的单位填数字，例如投资上限（万元）填 8.5 就是八万五千元。",
    "4. 多个词用顿号隔开；日期写成 2026-07-01；不要用公式。",
    "5. 上传后先看预览，有一处错误就一行也不导入；改好再传即可。",
    f"6. 一次最多 {MOST_ROWS} 行、10 MB；也可以用 CSV（UTF-8 或 GB18030 编码）。",
)


def write_csv(subject: Subject, records: Iterable[object], encoding: str) -> Iterator[bytes]:
    """Yield a csv file in pieces; `encoding` is utf-8-sig or gb18030.

    A text that a spreadsheet program would take for a formula gets an apostrophe.
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow([column.heading for column in subject.columns])
    first = True
    for record in records:
        writer.writerow(
            [neutral(column.write(getattr(record, column.name))) for column in subject.columns]
        )
        if buffer.tell() > 60_000:
            yield buffer.getvalue().encode(encoding if first else encoding.removesuffix("-sig"))
            buffer.seek(0)
            buffer.truncate()
            first = False
    yield buffer.getvalue().encode(encoding if first else encoding.removesuffix("-sig"))


def neutral(text: str) -> str:
    """Keep a text from being read as a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def write_xlsx(subject: Subject, records: Iterable[object], rows: int = 0) -> bytes:
    """Return a workbook with instructions, drop-downs, and a row for each record.

    `rows` is how far drop-downs reach at least; a template has no records.
    """
    target = io.BytesIO()
    book = xlsxwriter.Workbook(
        target,
        {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False},
    )
    heading = book.add_format(
        {"bold": True, "bg_color": "#1F6F5C", "font_color": "#FFFFFF", "text_wrap": True}
    )
    dates = book.add_format({"num_format": "yyyy-mm-dd"})
    sheet = book.add_worksheet(subject.label)
    sheet.freeze_panes(1, 2)
    for place, column in enumerate(subject.columns):
        sheet.set_column(place, place, 30 if column.kind is ColumnKind.PARAGRAPH else 14)
        sheet.write_string(0, place, column.heading, heading)
    count = 0
    for count, record in enumerate(records, start=1):  # noqa: B007  (counted)
        for place, column in enumerate(subject.columns):
            _write_cell(sheet, (count, place), column, getattr(record, column.name), dates)
    for place, column in enumerate(subject.columns):
        _guide(sheet, place, column, max(count, rows))
    _write_instructions(book, subject)
    book.close()
    return target.getvalue()


def write_template(subject: Subject) -> bytes:
    """Return an empty workbook to fill in."""
    return write_xlsx(subject, (), _TEMPLATE_ROWS)


def _write_cell(sheet: Any, where: tuple[int, int], column: Column, value: Any, dates: Any) -> None:
    if value is None or value == "" or value == ():
        return
    if isinstance(value, date):
        sheet.write_datetime(*where, value, dates)
    elif isinstance(value, int) and not isinstance(value, bool) and column.writer is None:
        amount = Decimal(value) / 10_000 if column.unit is Unit.WAN else value
        sheet.write_number(*where, float(amount))
    else:
        sheet.write_string(*where, column.write(value))


def _guide(sheet: Any, place: int, column: Column, rows: int) -> None:
    """Give the cells of a column a drop-down where it has few answers, and its help."""
    if rows == 0:
        return
    rule: dict[str, Any] = {"validate": "any"}
    allowed = _answers(column)
    if allowed and len(",".join(allowed)) <= _LONGEST_LIST:
        rule = {
            "validate": "list",
            "source": allowed,
            "error_title": "不在可选范围内",
            "error_message": "请从下拉列表里选。",
        }
    if column.help:
        rule |= {"input_title": column.label[:32], "input_message": column.help[:255]}
    if len(rule) > 1:
        sheet.data_validation(1, place, rows, place, rule)


def _answers(column: Column) -> list[str]:
    if column.kind is ColumnKind.YES_NO:
        return [YES, NO]
    if column.kind is not ColumnKind.CHOICE or column.read_only:
        return []
    if column.writer is not None:
        return [column.writer(value) for value in column.choices or ()]
    return list((column.choices or {}).values())


def _write_instructions(book: Any, subject: Subject) -> None:
    sheet = book.add_worksheet(INSTRUCTIONS)
    bold = book.add_format({"bold": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 22)
    sheet.set_column(1, 2, 10)
    sheet.set_column(3, 4, 60)
    for number, text in enumerate(_RULES):
        sheet.write_string(number, 0, text)
    top = len(_RULES) + 1
    for place, text in enumerate(("列名", "必填", "长度上限", "怎么填", "可选内容")):
        sheet.write_string(top, place, text, bold)
    for number, column in enumerate(subject.columns, start=top + 1):
        sheet.write_string(number, 0, column.heading)
        sheet.write_string(number, 1, "必填" if column.required else "")
        if column.kind in {ColumnKind.LINE, ColumnKind.PARAGRAPH, ColumnKind.WORDS}:
            sheet.write_number(number, 2, column.longest)
        example = f"例如：{column.example}" if column.example else ""
        sheet.write_string(number, 3, " ".join(t for t in (column.help, example) if t), wrap)
        sheet.write_string(number, 4, "、".join((column.choices or {}).values()), wrap)
