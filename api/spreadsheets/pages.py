"""Import and export of projects and mentors: upload, preview, confirm, download."""

from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from starlette.background import BackgroundTask
from starlette.datastructures import UploadFile

from api.access import Permission, allow
from api.attachment import XLSX
from api.deps import OpenDatabase
from api.forms import PostedForm
from api.policies.validity import today
from api.refusals import PageNotFound
from api.signed_in import CurrentAccount, SignedIn
from api.spreadsheets.subjects import SUBJECTS
from api.spreadsheets.work import (
    RUNNING,
    STALLED,
    ImportProgress,
    apply_job,
    confirm_job,
    is_stalled,
    read_job,
    start_job,
)
from api.staff_page import render_staff
from audit.log import append_event
from matching.projects.editing import Editor
from matching.spreadsheets.job import JobState, own_job
from matching.spreadsheets.judging import Subject
from matching.spreadsheets.reading import MOST_BYTES
from matching.spreadsheets.rows import MOST_ROWS
from matching.spreadsheets.writing import write_csv, write_template, write_xlsx
from storage.database import Database

router = APIRouter(
    prefix="/staff/spreadsheets",
    include_in_schema=False,
    dependencies=allow(Permission.CATALOGUE),
)

CSV_ENCODINGS = {"csv": "utf-8-sig", "csv-gb18030": "gb18030"}


def find_subject(name: str) -> Subject:
    """Return what an address names, or raise PageNotFound."""
    if name not in SUBJECTS:
        raise PageNotFound(name)
    return SUBJECTS[name]


def _progress(request: Request) -> ImportProgress:
    progress: ImportProgress = request.app.state.import_progress
    return progress


@router.get("/{name}")
def show_subject(request: Request, name: str, account: CurrentAccount) -> Response:
    """Show what can be downloaded and uploaded."""
    return _subject_page(request, account, find_subject(name))


@router.get("/{name}/template.xlsx")
def download_template(name: str) -> Response:
    """Return the workbook to fill in."""
    subject = find_subject(name)
    return _file(iter([write_template(subject)]), XLSX, f"{subject.name}-template.xlsx")


@router.post("/{name}/export")
def export(name: str, database: OpenDatabase, account: CurrentAccount, posted: PostedForm) -> Any:
    """Return every record as a file; that somebody did is in the audit log."""
    subject = find_subject(name)
    form = str(posted.get("form", "xlsx"))
    with database.writing() as db:
        details = {"form": form if form in CSV_ENCODINGS else "xlsx"}
        append_event(
            db, f"{subject.name}.exported", f"export:{subject.name}", account.actor, details
        )
    stem = f"{subject.name}-{today():%Y%m%d}"
    if form in CSV_ENCODINGS:
        pieces = _csv_pieces(database, subject, CSV_ENCODINGS[form])
        return _file(pieces, "text/csv", f"{stem}.csv")
    with database.reading() as db:
        data = write_xlsx(subject, subject.records(db))
    return _file(iter([data]), XLSX, f"{stem}.xlsx")


@router.post("/{name}")
def upload(
    request: Request,
    name: str,
    database: OpenDatabase,
    account: CurrentAccount,
    posted: PostedForm,
) -> Response:
    """Keep the file and judge it in the background; the page of the import shows how far."""
    subject = find_subject(name)
    file = posted.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return _subject_page(request, account, subject, "请先选择要上传的文件。")
    with file.file as opened:
        data = opened.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        return _subject_page(request, account, subject, "文件超过 10 MB，请拆成几个文件分别上传。")
    job_id = start_job(database, subject, file.filename, data, account.account_id)
    work = BackgroundTask(read_job, database, subject, job_id, data, _progress(request))
    return _to_job(subject, job_id, work)


@router.get("/{name}/{job_id}")
def show_job(
    request: Request, name: str, job_id: str, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Show how far an import is, its preview, or how it ended."""
    subject = find_subject(name)
    progress = _progress(request)
    with database.reading() as db:
        job = own_job(db, job_id, account.account_id)
    if is_stalled(job, progress):
        job.state, job.message = JobState.FAILED, STALLED
    if job.state in RUNNING:
        job.rows_done, job.rows_total = progress.of(job_id)
    return render_staff(
        request,
        account,
        "spreadsheets/job.html",
        subject=subject,
        job=job,
        running=job.state in RUNNING,
    )


@router.post("/{name}/{job_id}")
def confirm(
    request: Request, name: str, job_id: str, database: OpenDatabase, account: CurrentAccount
) -> Response:
    """Take the import in, in the background; a second click does nothing."""
    subject = find_subject(name)
    with database.reading() as db:
        job = own_job(db, job_id, account.account_id)
    data = confirm_job(database, job_id)
    work = None
    if data is not None:
        editor = Editor(account.actor, account.name, datetime.now(UTC))
        work = BackgroundTask(
            apply_job,
            database,
            subject,
            (job_id, job.fingerprint, data),
            editor,
            _progress(request),
        )
    return _to_job(subject, job_id, work)


def _to_job(subject: Subject, job_id: str, work: BackgroundTask | None) -> Response:
    address = f"/staff/spreadsheets/{subject.name}/{job_id}"
    return RedirectResponse(address, HTTPStatus.SEE_OTHER, background=work)


def _subject_page(
    request: Request, account: SignedIn, subject: Subject, told: str = ""
) -> Response:
    return render_staff(
        request,
        account,
        "spreadsheets/spreadsheets.html",
        HTTPStatus.UNPROCESSABLE_ENTITY if told else HTTPStatus.OK,
        subject=subject,
        most_rows=MOST_ROWS,
        told=told,
    )


def _csv_pieces(database: Database, subject: Subject, encoding: str) -> Iterator[bytes]:
    with database.reading() as db:
        yield from write_csv(subject, subject.records(db), encoding)


def _file(pieces: Iterator[bytes], media_type: str, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(pieces, media_type=media_type, headers=headers)
