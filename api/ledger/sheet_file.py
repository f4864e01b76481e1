"""The sign-in sheet as a file: the template to fill in, and the rows of one that was."""

import io
from collections.abc import Sequence

import xlsxwriter

from accounts.account import UNIT_LENGTH
from api.ledger.entry import LINES, Typed
from api.signed_in import SignedIn
from matching.spreadsheets.reading import ParsedSheet
from matching.spreadsheets.rows import INSTRUCTIONS, SpreadsheetUnreadable
from storage.database import storable

MOST_ROWS = 300
# Headings of the template, in its order, with the fields of an entry.
COLUMNS = {
    "服务方式": "line",
    "日期": "day",
    "开始时间": "begin",
    "结束时间": "end",
    "咨询人手机号": "phone",
    "证件号": "papers",
    "地点": "place",
    "主题": "topic",
    "内容摘要": "summary",
    "导师编号": "mentor",
    "所属单位": "unit",
    "服务人员登录名": "colleague",
}
MAY_LACK = frozenset({"phone", "papers", "mentor", "unit", "place", "colleague"})
EXAMPLE = (
    "窗口", "2026-07-01", "09:30", "10:00", "13800000000", "", "区服务大厅", "小额担保贷款",
    "说明贷款条件和材料，约定下周带齐材料来办理。", "", "", "",
)  # fmt: skip
RULES = (
    "1. 一行登记一次咨询，表头不要改动。手机号和证件号至少填一项，登记只用它们的加密摘要；"
    "整张表作为原始凭证保存，到期删除。",
    "2. 日期写成 2026-07-01，时间写成 09:30；由导师接待的填导师编号，由同事接待的填其登录名。",
    "3. 上传后先看预览；有一处错误就一行也不登记，改好再传。",
    f"4. 与已有记录重复的行，核对后逐行选择录入或不录，录入要写理由。一次最多 {MOST_ROWS} 行。",
    f"5. 服务方式只能填：{'、'.join(LINES.values())}。例：{'，'.join(filter(None, EXAMPLE))}",
)


def read_rows(content: bytes, account: SignedIn) -> list[tuple[int, Typed]]:
    """Return the rows of a sheet with their numbers. Raises SpreadsheetUnreadable."""
    with ParsedSheet(content) as sheet:
        rows = iter(sheet)
        _, headings, _ = next(rows, (0, [], []))
        places = _places(headings)
        found = []
        for number, cells, _ in rows:
            values = {name: _cell(cells, place) for name, place in places.items()}
            values["unit"] = account.org_unit or values.get("unit", "")[:UNIT_LENGTH]
            words = {name: values.get(name, "") for name in COLUMNS.values()}
            found.append((number, Typed(**words)))
    if not found:
        raise SpreadsheetUnreadable("签到表里没有可以登记的行。")
    if len(found) > MOST_ROWS:
        raise SpreadsheetUnreadable(f"一次最多登记 {MOST_ROWS} 行，请拆成几个文件。")
    return found


def write_template() -> bytes:
    """Return the empty workbook with its instructions."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"strings_to_formulas": False, "strings_to_urls": False})
    bold = book.add_format({"bold": True, "text_wrap": True})
    plain = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("签到表")
    sheet.freeze_panes(1, 0)
    for place, heading in enumerate(COLUMNS):
        sheet.set_column(place, place, 30 if heading == "内容摘要" else 14, plain)
        sheet.write_string(0, place, heading, bold)
    choice = {"validate": "list", "source": list(LINES.values())}
    sheet.data_validation(1, 0, MOST_ROWS, 0, choice)
    notes = book.add_worksheet(INSTRUCTIONS)
    notes.set_column(0, 0, 100)
    for number, text in enumerate(RULES):
        notes.write_string(number, 0, text)
    book.close()
    return target.getvalue()


def _places(headings: Sequence[str]) -> dict[str, int]:
    places = {
        COLUMNS[heading.strip()]: place
        for place, heading in enumerate(headings)
        if heading.strip() in COLUMNS
    }
    lacking = [
        heading for heading, name in COLUMNS.items() if name not in places and name not in MAY_LACK
    ]
    if lacking:
        raise SpreadsheetUnreadable(f"签到表缺少这些列：{'、'.join(lacking)}。请用模板填写。")
    return places


def _cell(cells: Sequence[str], place: int) -> str:
    text = str(storable(cells[place])).strip() if place < len(cells) else ""
    # A spreadsheet keeps a time as 09:30:00.
    return text[:-3] if len(text) == 8 and text.count(":") == 2 else text
