"""qichuang report: a quarter or a year as Word and Excel."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from api.accounts.commands import CONSOLE
from api.console import load_settings
from api.progress import say
from api.reports import excel
from api.reports.pages import file_name
from api.reports.paper import make_paper, report_now
from api.settings import Settings
from api.startup import open_database
from audit.log import append_event
from audit.witness import Witness, open_witness
from storage.database import Database


def report(
    out: Annotated[Path, typer.Option(help="放到哪个文件夹，没有就新建。")],
    quarter: Annotated[str, typer.Option(help="季度，如 2026Q3。")] = "",
    year: Annotated[str, typer.Option(help="年份，如 2026，生成年度汇总。")] = "",
    published: Annotated[
        bool, typer.Option("--published", help="公开版：隐去不足 5 的人数和人次。")
    ] = False,
) -> None:
    """生成季度报表和年度汇总（Word 和 Excel，数字相同）。"""
    periods = [period for period in (quarter, year) if period]
    if not periods:
        raise typer.BadParameter("请用 --quarter 写季度，或用 --year 写年份")
    settings = load_settings()
    database = open_database(settings.database_url)
    witness = open_witness(settings.data_dir, settings.witness_dir)
    out.mkdir(parents=True, exist_ok=True)
    for period in periods:
        for path in _write(database, witness, settings, (period, published), out):
            say(f"✓ {path}")
    database.close()


def _write(
    database: Database, witness: Witness, settings: Settings, wanted: tuple[str, bool], out: Path
) -> list[Path]:
    now = datetime.now(UTC)
    with database.reading() as db:
        found = report_now(db, wanted[0], now, published=wanted[1])
    subject = f"report:{found.period}"
    with database.writing() as db:  # first: what is printed then covers that it was made
        append_event(db, "report.made", subject, CONSOLE, {"published": found.published})
    paper = make_paper(database, witness, settings, found, settings.public_url)
    from api.reports import word  # not at every start, see pages.py

    files = {
        "docx": word.write_report(paper, settings.data_dir),
        "xlsx": excel.write_report(paper),
    }
    paths = []
    for form, data in files.items():
        paths.append(out / file_name(found, form))
        paths[-1].write_bytes(data)
        said = {"form": form, "sha256": hashlib.sha256(data).hexdigest(), "seq": paper.anchor.seq}
        with database.writing() as db:
            append_event(db, "report.exported", subject, CONSOLE, said)
    return paths
