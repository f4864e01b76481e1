"""Reports: a quarter or a year as a page, as Word and Excel; the ledger as a masked file."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy import func, select

from api.access import Permission, allow
from api.attachment import XLSX, attached_as
from api.deps import CurrentSettings, OpenDatabase
from api.forms import PostedForm, typed
from api.ledger.staff import require_district
from api.policies.validity import today
from api.reports import excel
from api.reports.form import read_form
from api.reports.ledger_file import COLUMNS, SHEET, ledger_rows
from api.reports.paper import make_paper, report_now
from api.reports.rows_behind import rows_behind, totals_behind
from api.reports.table_file import write_csv, write_xlsx
from api.signed_in import CurrentAccount
from api.staff_page import render_staff
from audit.log import append_event
from audit.witness import open_witness
from guidance.indicators.agreed import without_owner
from guidance.indicators.definition import signed_choices
from guidance.indicators.indicator import load_register
from guidance.periods.period import Quarter
from guidance.periods.record import PERIOD_STATE_NAMES, state_of
from guidance.reports.report import Report
from guidance.review.queue import quarters_of
from guidance.session import GuidanceSession
from storage.database import Database

router = APIRouter(
    prefix="/staff/reports", include_in_schema=False, dependencies=allow(Permission.REPORTING)
)

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
QUARTERS_LISTED = 12


@router.get("")
def show_reports(
    request: Request, database: OpenDatabase, account: CurrentAccount, settings: CurrentSettings
) -> Response:
    """List the quarters and years that can be reported."""
    quarter, listed = Quarter.of(today()), list[tuple[str, str]]()
    with database.reading() as db:
        unowned = without_owner(load_register(), signed_choices(db))
        oldest = db.scalar(select(func.min(GuidanceSession.period))) or str(quarter)
        while len(listed) < QUARTERS_LISTED and (not listed or str(quarter) >= oldest):
            listed.append((str(quarter), PERIOD_STATE_NAMES[state_of(db, str(quarter))]))
            quarter = quarter.preceding
    years = sorted({period[:4] for period, _ in listed}, reverse=True)
    form = read_form(settings.data_dir)
    return render_staff(
        request, account, "reports/reports.html", listed=listed, years=years, form=form,
        whole=not account.org_unit, unowned=len(unowned),
    )  # fmt: skip


@router.post("/ledger")
def export_ledger(
    database: OpenDatabase, account: CurrentAccount, posted: PostedForm
) -> StreamingResponse:
    """Return the masked ledger of a quarter or year as csv or xlsx; the log says who took it."""
    period = typed(posted, "period", 8).upper()
    quarters_of(period)  # refuses what is none before the log says anything
    form = "xlsx" if typed(posted, "form") == "xlsx" else "csv"
    with database.writing() as db:
        said = {"form": form, "unit": account.org_unit}
        append_event(db, "ledger.exported", f"ledger:{period}", account.actor, said)
    name = f"咨询台账{period}.{form}"
    if form == "csv":
        return _file(_csv(database, period, account.org_unit), "text/csv; charset=utf-8", name)
    with database.reading() as db:
        data = write_xlsx(SHEET, COLUMNS, ledger_rows(db, period, account.org_unit))
    return _file(iter([data]), XLSX, name)


@router.get("/{period}")
def show_report(
    request: Request,
    period: str,
    database: OpenDatabase,
    account: CurrentAccount,
    published: Annotated[str, Query()] = "",
) -> Response:
    """Show the figures of a report as they stand now."""
    require_district(account)
    report = _report(database, period, published=published == "1")
    with database.reading() as db:
        unowned = without_owner(load_register(), signed_choices(db))
    return render_staff(
        request, account, "reports/report.html", report=report, behind=rows_behind(report),
        totals=totals_behind(report), unowned=len(unowned),
    )  # fmt: skip


@router.post("/{period}")
def download_report(
    request: Request,
    period: str,
    database: OpenDatabase,
    account: CurrentAccount,
    settings: CurrentSettings,
    posted: PostedForm,
) -> Response:
    """Return the report as Word or Excel; its digest goes into the log."""
    require_district(account)
    form = "xlsx" if typed(posted, "form") == "xlsx" else "docx"
    report = _report(database, period, published=typed(posted, "published") == "1")
    witness = open_witness(settings.data_dir, settings.witness_dir)
    # What was printed opens its rows where it was asked for, unless the site has another name.
    site = settings.public_url or str(request.base_url)
    paper = make_paper(database, witness, settings, report, site)
    if form == "xlsx":
        data, media = excel.write_report(paper), XLSX
    else:
        # Read when a report is printed: a part of every start would go into python-docx.
        from api.reports import word

        data, media = word.write_report(paper, settings.data_dir), DOCX
    with database.writing() as db:
        said = {
            "form": form, "published": report.published, "seq": paper.anchor.seq,
            "sha256": hashlib.sha256(data).hexdigest(),
        }  # fmt: skip
        append_event(db, "report.exported", f"report:{report.period}", account.actor, said)
    return _file(iter([data]), media, file_name(report, form))


def file_name(report: Report, form: str) -> str:
    """Return what a report's file is called."""
    return f"创业指导服务{report.name}报表（{'公开版' if report.published else '内部版'}）.{form}"


def _report(database: Database, period: str, *, published: bool) -> Report:
    with database.reading() as db:
        return report_now(db, period, datetime.now(UTC), published=published)


def _csv(database: Database, period: str, org_unit: str) -> Iterator[bytes]:
    with database.reading() as db:
        yield from write_csv(COLUMNS, ledger_rows(db, period, org_unit))


def _file(pieces: Iterator[bytes], media_type: str, name: str) -> StreamingResponse:
    return StreamingResponse(pieces, media_type=media_type, headers=attached_as(name))
