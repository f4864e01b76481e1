"""qichuang ingest: policy documents from files."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from tqdm import tqdm

from api.console import FAILED, console_database
from api.progress import say
from knowledge.document import DocumentStatus
from knowledge.ingest import IngestReport, store_reading
from knowledge.policy_reading import Confirmed, read_policy
from knowledge.reader import UnreadableDocument
from storage.database import Database

UNREADABLE: dict[type[OSError], str] = {
    FileNotFoundError: "没有这个文件",
    IsADirectoryError: "这是文件夹，不是文件",
    PermissionError: "没有读取权限",
}


def ingest(
    files: Annotated[list[Path], typer.Argument(help="txt、md、html、docx、xlsx 或 pdf 文件。")],
    title: Annotated[str | None, typer.Option(help="标题（只对一个文件）。")] = None,
    number: Annotated[str | None, typer.Option(help="文号（只对一个文件）。")] = None,
    effective_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="施行日期（只对一个文件）。")
    ] = None,
    expires_on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="失效日期（只对一个文件）。")
    ] = None,
    draft: Annotated[bool, typer.Option("--draft", help="先作为草稿，不用于回答。")] = False,
) -> None:
    """载入政策文件；正在运行的服务会自动发现。"""
    confirmed = Confirmed(
        title=title,
        doc_number=number,
        effective_on=effective_on.date() if effective_on else None,
        expires_on=expires_on.date() if expires_on else None,
    )
    if confirmed != Confirmed() and len(files) > 1:
        raise typer.BadParameter("标题、文号等只能随一个文件填写")
    status = DocumentStatus.DRAFT if draft else DocumentStatus.PUBLISHED
    failures = 0
    with console_database() as database:
        for path in tqdm(files, desc="正在载入", unit="份", disable=len(files) < 2 or None):
            try:
                report = _ingest_one(database, path, confirmed, status)
            except UnreadableDocument as error:
                failures += 1
                tqdm.write(f"✗ {path.name}：{error}", file=sys.stderr)
            else:
                tqdm.write("\n".join(["✓ " + report.lines()[0], *report.lines()[1:], ""]))
    if failures:
        say(f"{len(files)} 个文件中有 {failures} 个没有载入。")
        raise typer.Exit(FAILED)


def _ingest_one(
    database: Database, path: Path, confirmed: Confirmed, status: DocumentStatus
) -> IngestReport:
    try:
        data = path.read_bytes()
    except OSError as error:
        why = UNREADABLE.get(type(error), "读不到这个文件")
        raise UnreadableDocument(f"{why}，请检查路径和权限。") from error
    reading = read_policy(path.name, data, confirmed)  # parsing takes time: not in a transaction
    with database.writing() as db:
        return store_reading(db, reading, now=datetime.now(UTC), status=status)
