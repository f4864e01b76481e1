"""A report as a workbook: a cover, and a sheet for each of its tables."""

import io

import xlsxwriter

from api.reports.cells import neutral, write_cell
from api.reports.paper import LABEL, Paper
from api.reports.rows_behind import RowLinks
from guidance.reports.table import Cell, Table

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
WIDEST = 40
# The numbers of the cover, by what they open.
OPENED = {
    "人次": "sessions", "人": "persons",
    "人次（修订值）": "sessions_now", "人（修订值）": "persons_now",
}  # fmt: skip


def write_report(paper: Paper) -> bytes:
    """Return the workbook."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True, **OPTIONS})
    book.set_properties({
        "title": neutral(paper.title),
        "author": "启创",
        "comments": paper.metadata,
        "created": paper.report.made_at.replace(tzinfo=None),
    })  # fmt: skip
    _write_cover(book, paper)
    for table in paper.report.tables:
        _write_table(book, table, paper.behind.get(table.name, []))
    book.close()
    return target.getvalue()


def _write_cover(book: xlsxwriter.Workbook, paper: Paper) -> None:
    sheet = book.add_worksheet("封面")
    bold = book.add_format({"bold": True, "font_size": 16})
    name = book.add_format({"bold": True})
    sheet.set_column(0, 0, 14)
    sheet.set_column(1, 1, 72)
    write_cell(sheet, 0, 0, paper.title, bold)
    totals = paper.totals
    rows = [
        *paper.head,
        ("人次", paper.report.sessions),
        ("人", paper.report.persons),
        *_revised(paper),
        ("审计日志序号", paper.anchor.seq),
        ("审计日志根", paper.anchor.root),
        ("检查点时间", paper.anchor.told_at),
        ("签名公钥", paper.anchor.key),
        ("生成说明", LABEL),
    ]
    for number, (label, value) in enumerate(rows, start=2):
        write_cell(sheet, number, 0, label, name)
        opened = totals.get(OPENED.get(label, ""), "")
        write_cell(sheet, number, 1, value, link=opened)
    image = {"image_data": paper.anchor.picture(), "description": "审计日志序号和根的二维码"}
    sheet.insert_image(len(rows) + 3, 1, "audit.png", image)


def _revised(paper: Paper) -> list[tuple[str, Cell]]:
    """Return what 人次 and 人 are now, where either is no longer what was published."""
    now = zip(("人次（修订值）", "人（修订值）"), paper.report.now, strict=True)
    return list(now) if paper.report.is_revised else []


def _write_table(book: xlsxwriter.Workbook, table: Table, links: list[RowLinks]) -> None:
    sheet = book.add_worksheet(table.title)
    heading = book.add_format({"bold": True, "bg_color": "#1F6F5C", "font_color": "#FFFFFF"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    opening = book.add_format(
        {"text_wrap": True, "valign": "top", "font_color": "#0B57A4", "underline": 1}
    )
    sheet.freeze_panes(1, 1)
    for place, column in enumerate(table.columns):
        cells = [str(row[place]) for row in table.rows]
        widest = max(map(_width, [column, *cells]))
        sheet.set_column(place, place, min(widest + 2, WIDEST))
        write_cell(sheet, 0, place, column, heading)
    for number, row in enumerate(table.rows, start=1):
        opened = links[number - 1] if links else {}
        for place, value in enumerate(row):
            link = opened.get(place, "")
            write_cell(sheet, number, place, value, opening if link else wrapped, link)
    if table.note:
        write_cell(sheet, len(table.rows) + 2, 0, table.note)


def _width(text: str) -> int:
    return sum(1 if character.isascii() else 2 for character in text)
