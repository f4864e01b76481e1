"""Sign-in sheets: a workbook of consultations, judged row by row before anything is recorded."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http import HTTPStatus
from typing import NoReturn

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session
from starlette.datastructures import FormData

from accounts.account import UNIT_LENGTH
from api.access import Permission, allow
from api.attachment import XLSX, attached_as
from api.deps import OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.entry import LONGEST, WHY, Desk, Typed, identity_key, take_entry
from api.ledger.evidence import DIGEST, keep_upload
from api.ledger.sheet_file import COLUMNS, MOST_ROWS, read_rows, write_template
from api.ledger.staff import CurrentStaff
from api.signed_in import CurrentAccount, SignedIn
from api.staff_page import render_staff
from audit.log import append_event
from guidance.human_session import EntryHeld, EntryInvalid
from guidance.indicators.evidence import EvidenceFile, EvidenceUnusable, add_evidence
from matching.spreadsheets.rows import SpreadsheetUnreadable
from storage.database import Database

router = APIRouter(include_in_schema=False)

DIGITS = 8  # no row has a number as long
CHOICES = frozenset({"admit", "leave"})
SHOWN = 30  # characters of a summary, so that rows can be told apart


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is to become of a row that was held: 录入, which takes a reason, or 不录."""

    admit: bool
    why: str

    @property
    def decided(self) -> bool:
        """Whether it says enough to be carried out."""
        return bool(self.why) or not self.admit


@dataclass
class Judged:
    """What became of a sheet's rows; `digest` is that of the file, which is the evidence."""

    digest: str
    taken: list[tuple[int, str]] = field(default_factory=list)  # row, what it is about
    held: list[tuple[int, str, int]] = field(default_factory=list)  # row, why, session
    chosen: dict[int, Chosen] = field(default_factory=dict)  # what is decided on held rows
    undecided: list[int] = field(default_factory=list)
    admitted: dict[int, int] = field(default_factory=dict)  # row, its session
    wrong: list[tuple[int, str]] = field(default_factory=list)  # row, why
    recorded: bool = False


class _PreviewDone(Exception):  # noqa: N818  (no error: it takes back what a preview tried)
    pass


@router.get("/staff/entries/sheets", dependencies=allow(Permission.HANDLING))
def show_upload(request: Request, account: CurrentAccount) -> Response:
    """Show where to get the template and upload the sheet."""
    return _page(request, account)


@router.get("/staff/entries/template.xlsx", dependencies=allow(Permission.HANDLING))
def download_template() -> Response:
    """Return the workbook to fill in."""
    return Response(write_template(), media_type=XLSX, headers=attached_as("签到表.xlsx"))


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
    """Record the rows of a sheet that was previewed, the held ones as decided, or none."""
    digest = typed(posted, "digest", 64)
    desk = Desk(staff, datetime.now(UTC), identity_key(request))
    try:
        judged = judge_sheet(database, digest, account, desk, keep=True, chosen=_chosen(posted))
    except (SpreadsheetUnreadable, EvidenceUnusable) as error:
        return _page(request, account, None, str(error))
    if judged.undecided and not judged.wrong:
        rows = "、".join(map(str, judged.undecided))
        told = f"第 {rows} 行还没有决定：请选择录入或不录，录入要写理由。一行也没有登记。"
        return _page(request, account, judged, told)
    if judged.wrong or judged.held:  # the rows that were held are named once more
        return _page(request, account, judged)
    return RedirectResponse("/staff/sessions?saved=1", HTTPStatus.SEE_OTHER)


def judge_sheet(
    database: Database,
    digest: str,
    account: SignedIn,
    desk: Desk,
    *,
    keep: bool,
    chosen: dict[int, Chosen] | None = None,
) -> Judged:
    """Record the rows of a stored sheet; take all back without `keep`, or with a wrong row.

    Nothing is recorded either while a held row is undecided. Which rows were held, for
    which sessions, and what was decided and why stays in the log.
    Raises SpreadsheetUnreadable, EvidenceUnusable.
    """
    with database.reading() as db:
        file = db.get(EvidenceFile, digest) if DIGEST.fullmatch(digest) else None
        if file is None or file.uploaded_by != desk.by.reference:
            raise EvidenceUnusable("请先选择签到表，上传后再确认。")
        if not file.size_bytes:
            raise EvidenceUnusable("这张表上传七天没有登记，已经删除，请重新上传。")
        content = file.content
    rows = read_rows(content, account)
    judged = Judged(digest, chosen=chosen or {})
    try:
        with database.writing() as db:
            _take_rows(db, rows, desk, judged)
            if judged.wrong or judged.undecided or not keep:
                _take_back()
            said = {
                "rows": len(judged.taken),
                "held": {row: twin for row, _, twin in judged.held},
                "left_out": {row: judged.chosen[row].why for row, _, _ in judged.held},
                "admitted": judged.admitted,
            }
            append_event(db, "sheet.recorded", f"evidence:{digest}", desk.by.actor, said)
            judged.recorded = True
    except _PreviewDone:
        pass
    return judged


def _take_rows(db: Session, rows: Sequence[tuple[int, Typed]], desk: Desk, judged: Judged) -> None:
    row_of: dict[int, int] = {}
    for number, given in rows:
        chosen = judged.chosen.get(number)
        despite = chosen.why if chosen and chosen.admit else ""
        try:
            if why := _too_long(given):
                raise EntryInvalid(why)
            with db.begin_nested():
                session, _ = take_entry(db, given, desk, despite)
        except EntryHeld as error:
            twin = row_of.get(error.session_id)
            why = f"与本表第 {twin} 行重复。" if twin else str(error)
            judged.held.append((number, why, 0 if twin else error.session_id))
            if chosen is None or not chosen.decided:
                judged.undecided.append(number)
        except EntryInvalid as error:
            judged.wrong.append((number, str(error)))
        else:
            row_of[session.id] = number
            if "D10" in session.flags.split():
                judged.admitted[number] = session.id
            add_evidence(db, session, judged.digest, desk.by, desk.at)
            judged.taken.append((number, _about(given)))


def _about(given: Typed) -> str:
    """Return what tells a row from the others, without who the client is."""
    told = given.summary if len(given.summary) <= SHOWN else given.summary[:SHOWN] + "…"
    return f"{given.day} {given.begin}，{given.place}，{given.topic}：{told}"


def _chosen(posted: FormData) -> dict[int, Chosen]:
    """Return what the form says of the rows that were held, by their numbers."""
    found = {}
    for name in posted:
        field_name, _, row = name.partition("-")
        choice = typed(posted, name, 10)
        if field_name == "row" and row.isdecimal() and len(row) < DIGITS and choice in CHOICES:
            why = typed(posted, f"why-{row}", WHY)
            found[int(row)] = Chosen(choice == "admit", why)
    return found


def _too_long(given: Typed) -> str:
    for heading, name in COLUMNS.items():
        most = LONGEST.get(name, UNIT_LENGTH)
        if len(getattr(given, name)) > most:
            return f"“{heading}”最多 {most} 个字，请精简。"
    return ""


def _take_back() -> NoReturn:
    raise _PreviewDone


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
