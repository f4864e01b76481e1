"""Sign-in sheets: a workbook of consultations, judged row by row before anything is recorded."""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NoReturn

import xlsxwriter
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from accounts.account import UNIT_LENGTH
from api.access import Permission, allow
from api.deps import OpenDatabase
from api.forms import PostedForm
from api.ledger.entry import LINES, LONGEST, Desk, Typed, identity_key, take_entry
from api.ledger.evidence import DIGEST, keep_upload
from api.ledger.staff import CurrentStaff, typed
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from guidance.human_session import EntryHeld, EntryInvalid
from guidance.indicators.evidence import EvidenceFile, EvidenceUnusable, add_evidence
from matching.spreadsheets.reading import ParsedSheet
from matching.spreadsheets.rows import INSTRUCTIONS, SpreadsheetUnreadable
from storage.database import Database, storable

router = APIRouter(include_in_schema=False)

MOST_ROWS = 300
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
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
}
EXAMPLE = (
    "窗口", "2026-07-01", "09:30", "10:00", "13800000000", "", "区服务大厅", "小额担保贷款",
    "说明贷款条件和材料，约定下周带齐材料来办理。", "", "",
)  # fmt: skip
RULES = (
    "1. 一行登记一次咨询，表头不要改动。手机号和证件号至少填一项，只保存加密摘要。",
    "2. 日期写成 2026-07-01，时间写成 09:30；由导师接待的填导师编号。",
    "3. 上传后先看预览；有一处错误就一行也不登记，改好再传。",
    f"4. 与已有记录重复的行会留下不登记，请核对。一次最多 {MOST_ROWS} 行。",
    f"5. 服务方式只能填：{'、'.join(LINES.values())}。例：{'，'.join(filter(None, EXAMPLE))}",
)


@dataclass
class Judged:
    """What became of a sheet's rows; `digest` is that of the file, which is the evidence."""

    digest: str
    taken: list[tuple[int, str]] = field(default_factory=list)  # row, what it is about
    held: list[tuple[int, str, int]] = field(default_factory=list)  # row, why, session
    wrong: list[tuple[int, str]] = field(default_factory=list)  # row, why


class _PreviewDone(Exception):  # noqa: N818  (no error: it takes back what a preview tried)
    pass


@router.get("/staff/entries/sheets", dependencies=allow(Permission.HANDLING))
def show_upload(request: Request, account: CurrentAccount) -> Response:
    """Show where to get the template and upload the sheet."""
    return _page(request, account)


@router.get("/staff/entries/template.xlsx", dependencies=allow(Permission.HANDLING))
def download_template() -> Response:
    """Return the workbook to fill in."""
    headers = {
        "Content-Disposition": "attachment; filename*=UTF-8''%E7%AD%BE%E5%88%B0%E8%A1%A8.xlsx"
    }
    return Response(write_template(), media_type=XLSX, headers=headers)


@router.post("/staff/uploads/sheets", dependencies=allow(Permission.HANDLING))
def preview(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Keep the sheet and show what would become of every row; nothing is recorded yet."""
    desk = Desk(staff, datetime.now(UTC), identity_key(request))
    try:
        with database.writing() as db:
            digest = keep_upload(db, posted, staff, desk.at)
        judged = judge_sheet(database, digest, account, desk, keep=False)
    except (SpreadsheetUnreadable, EvidenceUnusable) as error:
        return _page(request, account, None, str(error))
    return _page(request, account, judged)


@router.post("/staff/entries/sheets", dependencies=allow(Permission.HANDLING))
def record(
    request: Request,
    database: OpenDatabase,
    account: CurrentAccount,
    staff: CurrentStaff,
    posted: PostedForm,
) -> Response:
    """Record the rows of a sheet that was previewed: all that are not held, or none."""
    digest = typed(posted, "digest", 64)
    desk = Desk(staff, datetime.now(UTC), identity_key(request))
    try:
        judged = judge_sheet(database, digest, account, desk, keep=True)
    except (SpreadsheetUnreadable, EvidenceUnusable) as error:
        return _page(request, account, None, str(error))
    if judged.wrong:
        return _page(request, account, judged)
    return RedirectResponse("/staff/sessions?saved=1", HTTPStatus.SEE_OTHER)


def judge_sheet(
    database: Database, digest: str, account: SignedIn, desk: Desk, *, keep: bool
) -> Judged:
    """Record the rows of a stored sheet; without `keep`, or with a wrong row, take all back.

    Raises SpreadsheetUnreadable, EvidenceUnusable.
    """
    with database.reading() as db:
        file = db.get(EvidenceFile, digest) if DIGEST.fullmatch(digest) else None
        if file is None or file.uploaded_by != desk.by.reference:
            raise EvidenceUnusable("请先选择签到表，上传后再确认。")
        content = file.content
    rows = read_rows(content, account)
    judged = Judged(digest)
    try:
        with database.writing() as db:
            _take_rows(db, rows, desk, judged)
            if judged.wrong or not keep:
                _take_back()
    except _PreviewDone:
        pass
    return judged


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


def _take_rows(db: Session, rows: Sequence[tuple[int, Typed]], desk: Desk, judged: Judged) -> None:
    row_of: dict[int, int] = {}
    for number, given in rows:
        try:
            if why := _too_long(given):
                raise EntryInvalid(why)
            with db.begin_nested():
                session, _ = take_entry(db, given, desk)
        except EntryHeld as error:
            twin = row_of.get(error.session_id)
            why = f"与本表第 {twin} 行重复。" if twin else str(error)
            judged.held.append((number, why, 0 if twin else error.session_id))
        except EntryInvalid as error:
            judged.wrong.append((number, str(error)))
        else:
            row_of[session.id] = number
            add_evidence(db, session, judged.digest, desk.by, desk.at)
            judged.taken.append((number, f"{given.day}，{given.topic}"))


def _too_long(given: Typed) -> str:
    for heading, name in COLUMNS.items():
        most = LONGEST.get(name, UNIT_LENGTH)
        if len(getattr(given, name)) > most:
            return f"“{heading}”最多 {most} 个字，请精简。"
    return ""


def _take_back() -> NoReturn:
    raise _PreviewDone


def _places(headings: Sequence[str]) -> dict[str, int]:
    places = {
        COLUMNS[heading.strip()]: place
        for place, heading in enumerate(headings)
        if heading.strip() in COLUMNS
    }
    lacking = [
        heading
        for heading, name in COLUMNS.items()
        if name not in places and name not in {"phone", "papers", "mentor", "unit", "place"}
    ]
    if lacking:
        raise SpreadsheetUnreadable(f"签到表缺少这些列：{'、'.join(lacking)}。请用模板填写。")
    return places


def _cell(cells: Sequence[str], place: int) -> str:
    text = str(storable(cells[place])).strip() if place < len(cells) else ""
    # A spreadsheet keeps a time as 09:30:00.
    return text[:-3] if len(text) == 8 and text.count(":") == 2 else text


def _page(
    request: Request, account: SignedIn, judged: Judged | None = None, told: str = ""
) -> Response:
    failed = told or (judged is not None and judged.wrong)
    return render_staff(
        request,
        account,
        "ledger/sheets.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if failed else HTTPStatus.OK,
        judged=judged,
        told=told,
        most_rows=MOST_ROWS,
    )
