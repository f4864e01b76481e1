"""qichuang audit: verify the log, check the ledger, trace a number, go on after a loss."""

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from api.console import FAILED, console_database, load_settings
from api.progress import counting, say
from api.startup import open_database
from audit.checkpoint import compare_with_witness, write_checkpoint
from audit.log import SYSTEM, append_event
from audit.verify import verify
from audit.witness import open_witness
from guidance.counting.invariants import check_invariants
from guidance.counting.invariants.sealing import check_seals
from guidance.counting.trace import trace_period, trace_session
from guidance.ledger_list import members
from guidance.periods.period import Quarter

audit_app = typer.Typer(help="核验审计日志和台账。", no_args_is_help=True)
LISTED = 1000


@audit_app.command("verify")
def verify_log() -> None:
    """核验日志的编号、哈希链、详情摘要、签名和每个检查点；有问题就指出位置。"""
    settings = load_settings()
    database = open_database(settings.database_url)
    witness = open_witness(settings.data_dir, settings.witness_dir)
    with counting("正在核验") as step:
        result = verify(database, witness, step)
    database.close()
    say(
        f"事件 {result.events} 条，详情 {result.payloads} 份（已清除 {result.erased} 份），"
        f"检查点 {result.checkpoints} 个。"
    )
    if result.torn_lines:
        say(f"检查点文件有 {result.torn_lines} 行写到一半（断电所致），不影响核验。")
    for finding in result.findings:
        say(f"✗ 第 {finding.seq} 号：{finding.what}。")
    if not result.holds:
        raise typer.Exit(FAILED)
    say(f"✓ 完好。日志根：{result.root}")


@audit_app.command()
def invariants(
    seals: Annotated[bool, typer.Option(help="同时重算每条记录的封存摘要。")] = True,
) -> None:
    """检查台账的十二条不变式；不成立的逐条列出。"""
    with console_database() as database:
        with database.reading() as db:
            violations = check_invariants(db, seals=False)
        if seals:
            with counting("正在核对封存") as step:
                violations += check_seals(database, step)
    for violation in violations:
        say(f"✗ {violation.invariant}：{violation.what}。")
    if violations:
        raise typer.Exit(FAILED)
    say("✓ 十二条不变式全部成立。")


@audit_app.command()
def trace(
    what: Annotated[str, typer.Argument(help="季度（2026Q3）或记录编号。")],
) -> None:
    """追溯一个数字：从季度到每条记录，从记录到封存、复核和每条消息；输出 JSON。"""
    with console_database() as database, database.reading() as db:
        if what.isdigit():
            found = trace_session(db, int(what))
        else:
            period = str(Quarter.parse(what))
            found = trace_period(db, period)
            found["members"] = [one.id for one in members(db, period, limit=LISTED).sessions]
    typer.echo(json.dumps(found, ensure_ascii=False, indent=1, default=_plain))


@audit_app.command()
def resume(
    reason: Annotated[str, typer.Option(help="为什么丢失的部分找不回来，写入日志。")],
) -> None:
    """数据丢失且无法恢复时，封存旧检查点、记录缺口，从现有数据继续。"""
    settings = load_settings()
    database = open_database(settings.database_url)
    witness = open_witness(settings.data_dir, settings.witness_dir)
    standing = compare_with_witness(database, witness)
    if not standing.trouble or standing.checkpoint is None:
        say("数据库与检查点一致，不需要这样做。")
        raise typer.Exit(FAILED)
    now = datetime.now(UTC)
    kept = witness.path.with_name(f"checkpoints-{now:%Y%m%dT%H%M%S}.jsonl")
    lost = {"was": standing.checkpoint.seq, "is": standing.seq, "root": standing.checkpoint.root}
    with database.writing() as db:
        append_event(db, "audit.resumed", "audit:log", SYSTEM, {**lost, "kept": kept.name}, reason)
    witness.path.rename(kept)
    write_checkpoint(database, witness, now, now=True)
    database.close()
    say(f"已记录缺口并从现有数据继续；旧检查点保存在 {kept.name}，请勿删除。")


def _plain(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
