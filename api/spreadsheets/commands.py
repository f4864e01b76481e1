"""The commands that import and export projects and mentors."""

import io
from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from api.accounts.commands import CONSOLE
from api.console import FAILED, console_database
from api.progress import Steps, say
from api.spreadsheets.subjects import SUBJECTS
from audit.log import append_event
from matching.projects.editing import Editor
from matching.spreadsheets.importing import (
    ImportChanged,
    ImportRefused,
    Preview,
    apply_import,
    preview_import,
)
from matching.spreadsheets.judging import RowAction, Subject
from matching.spreadsheets.reading import MOST_BYTES_HERE, ParsedSheet
from matching.spreadsheets.rows import SpreadsheetUnreadable
from matching.spreadsheets.writing import write_csv, write_template, write_xlsx

ERRORS_SHOWN = 50
WORDS = {
    RowAction.INSERT: "新增",
    RowAction.UPDATE: "更新",
    RowAction.UNCHANGED: "没有变化",
    RowAction.ERROR: "有错误",
}


class Encoding(StrEnum):
    """Encodings of a csv file."""

    UTF_8 = "utf-8"
    GB18030 = "gb18030"


What = Annotated[str, typer.Argument(help="导入导出什么：" + "、".join(SUBJECTS) + "。")]
File = Annotated[Path, typer.Argument(help="xlsx 或 csv 文件。")]
Target = Annotated[Path, typer.Argument(help="写到哪个文件，以 .xlsx 或 .csv 结尾。")]
Yes = Annotated[bool, typer.Option("--yes", help="没有错误就直接导入，不再询问。")]
Template = Annotated[bool, typer.Option("--template", help="只写空白模板。")]
Charset = Annotated[Encoding, typer.Option("--encoding", help="csv 的编码。")]


def import_records(what: What, file: File, yes: Yes = False) -> None:
    """从 xlsx 或 csv 导入项目、导师：先预览，没有错误再确认；按编号新增或更新。"""
    _import(_subject(what), file, yes)


def export_records(
    what: What, file: Target, template: Template = False, encoding: Charset = Encoding.UTF_8
) -> None:
    """导出全部项目、导师到 xlsx 或 csv，或写空白模板。"""
    _export(_subject(what), file, template, encoding)


def _subject(what: str) -> Subject:
    if what not in SUBJECTS:
        raise typer.BadParameter(f"只能是 {'、'.join(SUBJECTS)}")
    return SUBJECTS[what]


def _import(subject: Subject, file: Path, yes: bool) -> None:
    data = file.read_bytes()
    with console_database() as database, Steps() as steps:
        try:
            with ParsedSheet(data, MOST_BYTES_HERE) as sheet:
                with database.reading() as db:
                    preview = preview_import(
                        db, subject, sheet, lambda done, total: steps("核对", done, total)
                    )
                _tell(preview)
                if not preview.possible:
                    raise typer.Exit(FAILED if preview.error_count else 0)
                if not (yes or typer.confirm("确认导入？")):
                    say("没有导入。")
                    raise typer.Exit(FAILED)
                editor = Editor(CONSOLE, "命令行", datetime.now(UTC))
                with database.writing() as db:
                    counts = apply_import(
                        db,
                        subject,
                        sheet,
                        preview.fingerprint,
                        editor,
                        lambda done, total: steps("导入", done, total),
                    )
        except (SpreadsheetUnreadable, ImportRefused, ImportChanged) as error:
            say(f"错误：{error}")
            raise typer.Exit(FAILED) from error
    typer.echo(f"已导入：新增 {counts[RowAction.INSERT]} 条，更新 {counts[RowAction.UPDATE]} 条。")


def _tell(preview: Preview) -> None:
    said = "，".join(f"{word} {preview.counts[action]} 行" for action, word in WORDS.items())
    typer.echo(f"预览：{said}。")
    if preview.ignored:
        typer.echo(f"这些列不认识，不会导入：{'、'.join(preview.ignored)}")
    for error in preview.errors[:ERRORS_SHOWN]:
        typer.echo(f"  {error.address} {error.heading}：{error.message}")
    if preview.error_count > ERRORS_SHOWN:
        typer.echo(f"  ……共 {preview.error_count} 处错误。")
    if preview.error_count:
        typer.echo("有错误，一行也没有导入。请改好再试。")
    elif not preview.possible:
        typer.echo("和现有记录完全一样，不需要导入。")


def _export(subject: Subject, file: Path, template: bool, encoding: Encoding) -> None:
    if file.suffix.lower() not in {".xlsx", ".csv"}:
        raise typer.BadParameter("文件名要以 .xlsx 或 .csv 结尾")
    as_csv = file.suffix.lower() == ".csv"
    charset = "utf-8-sig" if encoding is Encoding.UTF_8 else encoding.value
    if template:
        blank: Iterable[bytes] = write_csv(subject, (), charset)
        _write(file, blank if as_csv else [write_template(subject)])
        typer.echo(f"模板已写到 {file.name}。")
        return
    with console_database() as database:
        with database.writing() as db:
            append_event(
                db,
                f"{subject.name}.exported",
                f"export:{subject.name}",
                CONSOLE,
                {"form": file.suffix.lower().lstrip(".")},
            )
        with database.reading() as db:
            records = subject.records(db)
            _write(
                file,
                write_csv(subject, records, charset) if as_csv else [write_xlsx(subject, records)],
            )
    typer.echo(f"已导出到 {file.name}。文件里可能有联系方式，请妥善保管。")


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    """Write a file as a whole: an export that breaks off leaves the old one."""
    target = io.BytesIO()
    for piece in pieces:
        target.write(piece)
    part = file.with_name(file.name + ".part")
    part.write_bytes(target.getvalue())
    part.replace(file)
