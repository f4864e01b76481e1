"""The commands of qichuang."""

import json
import logging
import signal
import socket
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
import uvicorn
from fastapi import FastAPI
from tqdm import tqdm

from api import doctor as examination
from api.accounts.commands import account_app
from api.app import create_app
from api.backup_commands import backup, restore
from api.chat.answer_pool import answering
from api.chat.language_model import language_model, with_model
from api.chat.thread import REPHRASED_LABEL, SOURCE_LABEL
from api.console import FAILED, AddressTaken, load_settings, run
from api.evaluation import evaluate_app
from api.ledger.audit_commands import audit_app
from api.ledger.indicator_commands import indicators
from api.policies.validity import today
from api.privacy.commands import privacy_app
from api.programs.tools import mcp
from api.progress import say
from api.reports.commands import report
from api.settings import Settings
from api.spreadsheets.commands import export_records, import_records
from api.startup import (
    bring_in_mentors,
    bring_in_pack,
    bring_in_projects,
    open_database,
    open_snapshot,
    snapshot_builder,
)
from api.wechat.console import wechat_app
from assistant.answer import Answer, Question
from assistant.rephraser import rephrase
from knowledge.document import DocumentStatus
from knowledge.encoder import load_encoder
from knowledge.encoder_choice import reset_model, use_model
from knowledge.ingest import IngestReport, store_reading
from knowledge.policy_reading import Confirmed, read_policy
from knowledge.reader import UnreadableDocument
from storage.database import Database

app = typer.Typer(
    help="启创：区级创业服务台。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
UNREADABLE: dict[type[OSError], str] = {
    FileNotFoundError: "没有这个文件",
    IsADirectoryError: "这是文件夹，不是文件",
    PermissionError: "没有读取权限",
}
encoder_app = typer.Typer(help="换用语义模型。", no_args_is_help=True)
app.add_typer(evaluate_app, name="evaluate")
app.add_typer(wechat_app, name="wechat")
app.add_typer(encoder_app, name="encoder")
app.add_typer(audit_app, name="audit")
app.add_typer(account_app, name="account")
app.add_typer(privacy_app, name="privacy")
app.command()(indicators)
app.command()(report)
app.command()(backup)
app.command()(restore)
app.command()(mcp)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="监听地址，默认见设置。")] = None,
    port: Annotated[int | None, typer.Option(help="监听端口，默认见设置。")] = None,
) -> None:
    """启动网页和接口服务。"""
    # The server hands a SIGTERM on when it is done; what follows it has to run as well.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    settings = load_settings(host=host, port=port)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%m-%d %H:%M:%S"
    )
    for name in ("alembic", "storage.connection"):
        logging.getLogger(name).setLevel(logging.WARNING)
    listening = _bind(settings.host, settings.port)
    database = open_database(settings.database_url)
    bring_in_pack(database)
    bring_in_projects(database)
    bring_in_mentors(database)
    build = snapshot_builder(load_encoder(settings.data_dir), settings.data_dir)
    build = with_model(build, language_model(settings))
    with answering(settings, database, build) as live:
        corpus = live.current.corpus
        say(f"已载入 {len(corpus.documents)} 份文件、{len(corpus.clauses)} 个条款。")
        server = uvicorn.Server(_server_config(settings, create_app(settings, database, live)))
        listening.listen()  # from now on whoever connects waits instead of being refused
        say(f"服务已启动：{_address(listening)}  按 Ctrl+C 停止")
        server.run(sockets=[listening])
    database.close()


def _server_config(settings: Settings, application: FastAPI) -> uvicorn.Config:
    proxies = [proxy.strip() for proxy in settings.trusted_proxies.split(",") if proxy.strip()]
    return uvicorn.Config(
        application,
        access_log=False,  # ours names no paths and no questions
        log_level="warning",
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies,
        server_header=False,
    )


def _bind(host: str, port: int) -> socket.socket:
    """Take the port before loading anything; raises AddressTaken."""
    listening = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except OSError as error:
        if listening is not None:
            listening.close()
        raise AddressTaken(
            f"不能在 {host}:{port} 上监听（{error.strerror}）。如端口已被占用，请用 --port 换。"
        ) from error
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@app.command()
def ingest(
    files: Annotated[list[Path], typer.Argument(help="txt、md、html、docx 或 pdf 文件。")],
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
    database = open_database(load_settings().database_url)
    status = DocumentStatus.DRAFT if draft else DocumentStatus.PUBLISHED
    failures = 0
    for path in tqdm(files, desc="正在载入", unit="份", disable=len(files) < 2 or None):
        try:
            report = _ingest_one(database, path, confirmed, status)
        except UnreadableDocument as error:
            failures += 1
            tqdm.write(f"✗ {path.name}：{error}", file=sys.stderr)
        else:
            tqdm.write("\n".join(["✓ " + report.lines()[0], *report.lines()[1:], ""]))
    database.close()
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


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="用平常的话写的问题。")],
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="按哪一天的有效文件回答，默认今天。"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON。")] = False,
) -> None:
    """问一个问题；只回答，不计入咨询记录。"""
    settings = load_settings()
    database = open_database(settings.database_url)
    bring_in_pack(database)
    snapshot = open_snapshot(database, settings.data_dir)
    database.close()
    asked = Question(question, as_of.date() if as_of else today())
    answer, model = snapshot.answer(asked), language_model(settings)
    if model is not None:
        answer = rephrase(asked, answer, model.complete)
    if as_json:
        typer.echo(json.dumps(_as_json(answer), ensure_ascii=False, indent=1))
    else:
        typer.echo(_as_text(answer))


def _as_json(answer: Answer) -> dict[str, Any]:
    def iso(day: date | None) -> str | None:
        return day.isoformat() if day else None

    return {
        "status": answer.status,
        "text": answer.text,
        "citations": [
            {
                "document": citation.document,
                "doc_number": citation.doc_number,
                "address": citation.address,
                "quote": citation.quote,
                "department": citation.department,
                "effective_on": iso(citation.effective_on),
                "expires_on": iso(citation.expires_on),
            }
            for citation in answer.citations
        ],
        "offices": [
            {
                "name": office.name,
                "unit": office.unit,
                "details": dict(office.details),
                "updated_on": iso(office.updated_on),
            }
            for office in answer.offices
        ],
        "suggestions": list(answer.suggestions),
    }


def _as_text(answer: Answer) -> str:
    sources = [
        f"[{number}] 《{citation.document}》{citation.address}：{citation.quote}"
        for number, citation in enumerate(answer.citations, start=1)
    ]
    label = REPHRASED_LABEL if answer.rephrased else SOURCE_LABEL
    return "\n".join([answer.text, *(["", "依据：", *sources] if sources else []), f"（{label}）"])


@encoder_app.command("use")
def use_encoder(
    name: Annotated[str, typer.Argument(help="模型文件夹，或 sentence-transformers 的模型名。")],
) -> None:
    """换用另一个模型，下次启动生效，索引会重新建立。"""
    say("正在检查并转换模型…")
    model = use_model(name, load_settings().data_dir)
    typer.echo(f"已换用 {model.card.name}（{model.card.dimension} 维），下次启动生效。")


@encoder_app.command("reset")
def reset_encoder() -> None:
    """恢复默认模型，下次启动生效。"""
    reset_model(load_settings().data_dir)
    typer.echo("已恢复默认模型，下次启动生效。")


@app.command()
def doctor() -> None:
    """检查本机环境和数据，列出生效的设置。"""
    settings = load_settings()
    for name, value in examination.effective_settings(settings):
        typer.echo(f"  {name} = {value}")
    findings = examination.examine(settings)
    for finding in findings:
        typer.echo(f"{'✓' if finding.ok else '✗'} {finding.what}：{finding.detail}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(FAILED)


app.command("import")(import_records)
app.command("export")(export_records)


def main() -> None:
    """Run the command line."""
    sys.exit(run(app))


if __name__ == "__main__":
    main()
