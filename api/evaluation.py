"""The commands that measure: `qichuang evaluate ...`."""

import json
import tempfile
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

import evaluation
from api.console import FAILED, load_settings
from api.policies.validity import today
from api.progress import Steps, counting
from api.snapshot import Snapshot
from api.startup import bring_in_pack, open_database, open_snapshot, snapshot_builder
from evaluation.answers import evaluate_answers
from evaluation.case import named_documents, read_cases
from evaluation.ledger_kills import evaluate_kills
from evaluation.ledger_load import check_scale, evaluate_ledger
from evaluation.ledger_parts import Scale
from evaluation.ledger_store import bytes_needed
from evaluation.load import evaluate_load
from evaluation.matching import FULL, QUICK, evaluate_matching
from evaluation.retrieval import evaluate_retrieval
from evaluation.vector_cache import CachedEncoder
from evaluation.wechat import evaluate_wechat
from knowledge.encoder import load_encoder
from knowledge.indexing import TextEncoder
from knowledge.ingest import ingest_file
from matching.assignment.certificate_file import CertificateUnreadable, verify

LOAD_QUESTIONS = Path(evaluation.__file__).parent / "cases" / "plan.jsonl"

TURNS_PER_SESSION = 10.0

evaluate_app = typer.Typer(help="用题目衡量检索和回答。", no_args_is_help=True)


@evaluate_app.command("retrieval")
def retrieval(
    folder: Annotated[Path, typer.Argument(help="含 corpus.jsonl、queries.jsonl、qrels.tsv。")],
    qrels: Annotated[Path | None, typer.Option(help="换用另一个相关性文件。")] = None,
    baselines: Annotated[
        bool, typer.Option("--baselines", help="同时给出几种单一检索方法的得分。")
    ] = False,
    vectors: Annotated[
        Path | None, typer.Option(help="把算好的向量留在这个目录，中断后接着算。")
    ] = None,
) -> None:
    """衡量检索：用正式的切分、编码和检索，输出一个 JSON。"""
    encoder: TextEncoder = load_encoder(load_settings().data_dir)
    if vectors is not None:
        encoder = CachedEncoder(encoder, vectors)
    with Steps() as steps:
        report = evaluate_retrieval(
            folder, encoder, qrels=qrels, baselines=baselines, progress=steps
        )
    typer.echo(json.dumps(report, ensure_ascii=False))


@evaluate_app.command("answers")
def answers(
    file: Annotated[Path, typer.Argument(help="题目文件，每行一个 JSON。")],
    failures: Annotated[bool, typer.Option("--failures", help="列出每道答错的题。")] = False,
) -> None:
    """衡量回答：逐题判断对错，输出一个 JSON。"""
    settings = load_settings()
    cases = read_cases(file)
    documents = named_documents(cases, file.parent / "documents")
    with counting("正在答题") as step:
        if documents:
            with tempfile.TemporaryDirectory(prefix="qichuang-evaluate-") as folder:
                snapshot = _apart(settings.data_dir, Path(folder), documents)
        else:
            database = open_database(settings.database_url)
            bring_in_pack(database)
            snapshot = open_snapshot(database, settings.data_dir)
            database.close()
        report = evaluate_answers(cases, snapshot.answer, today(), failures=failures, progress=step)
    typer.echo(json.dumps(report, ensure_ascii=False, indent=1))


@evaluate_app.command("load")
def load(
    users: Annotated[list[int] | None, typer.Option(help="同时提问的人数，可重复。")] = None,
    seconds: Annotated[float, typer.Option(help="每种人数测多少秒。")] = 10.0,
    file: Annotated[Path, typer.Option(help="题目文件，每行一个 JSON。")] = LOAD_QUESTIONS,
    ledger: Annotated[
        int, typer.Option(help="再编造这么多次咨询的台账，测量台账的查询、页面和日志核验。")
    ] = 0,
    database_url: Annotated[
        str, typer.Option(help="编造的台账写进这个空数据库，见 evaluate ledger。")
    ] = "",
) -> None:
    """衡量速度：另起一个服务，多人同时提问，输出一个 JSON；不动现有数据。"""
    scale = Scale(ledger, TURNS_PER_SESSION) if ledger else None
    if scale is not None:
        check_scale(scale)  # before minutes of asking
    # A follow-up without its history is another question, quicker to answer.
    questions = [case.question for case in read_cases(file) if not case.history]
    settings = load_settings()
    data_dir, processes = settings.data_dir, settings.answer_processes
    load_encoder(data_dir)  # converted once, here, and not in every scratch folder
    with Steps() as steps:
        report = evaluate_load(data_dir, questions, users or (1, 10), seconds, steps, processes)
    if scale is not None:
        report["ledger"] = _ledger(scale, database_url)
    typer.echo(json.dumps(report, ensure_ascii=False))


@evaluate_app.command("ledger")
def ledger(
    sessions: Annotated[int, typer.Option(help="编造多少次咨询。")] = 1_000_000,
    turns_per_session: Annotated[
        float, typer.Option(help="平均每次多少轮对话。")
    ] = TURNS_PER_SESSION,
    seed: Annotated[int, typer.Option(help="同一个数编出同样的台账。")] = 1,
    database_url: Annotated[
        str, typer.Option(help="空数据库的地址，编造的数据会留在里面；不填则用临时 SQLite 文件。")
    ] = "",
) -> None:
    """衡量台账：编造一份大台账，测量查询、各页面和日志核验，输出一个 JSON；不动现有数据。"""
    report = _ledger(Scale(sessions, turns_per_session, seed), database_url)
    typer.echo(json.dumps(report, ensure_ascii=False))


def _ledger(scale: Scale, database_url: str) -> dict[str, Any]:
    typer.echo(f"约需磁盘 {bytes_needed(scale) / 1e9:.1f} GB。", err=True)
    with Steps() as steps:
        return evaluate_ledger(scale, steps, database_url)


@evaluate_app.command("kills")
def kills(
    number: Annotated[
        int, typer.Option("--kills", min=1, max=100_000, help="强行终止多少次。")
    ] = 200,
    seed: Annotated[int, typer.Option(help="同一个数做同样的破坏。")] = 1,
) -> None:
    """衡量不丢失：反复强行终止记录程序，再弄坏副本的末尾，看签名检查点是否都能发现；不动现有数据。"""
    with Steps() as steps:
        report = evaluate_kills(number, seed, lambda done: steps("正在终止和检查", done, number))
    typer.echo(json.dumps(report, ensure_ascii=False))
    if any(report[name] for name in ("acknowledged_lost", "unseen", "false_alarms")):
        raise typer.Exit(FAILED)


@evaluate_app.command("wechat")
def wechat(
    per_second: Annotated[int, typer.Option(min=1, max=200, help="每秒多少条消息。")] = 100,
    seconds: Annotated[float, typer.Option(min=1, max=600, help="每轮测多少秒。")] = 20.0,
    file: Annotated[Path, typer.Option(help="题目文件，每行一个 JSON。")] = LOAD_QUESTIONS,
) -> None:
    """衡量微信回调：另起服务，作答进程运行和停住时各测一轮，输出一个 JSON；不动现有数据。"""
    questions = [case.question for case in read_cases(file) if not case.history]
    data_dir = load_settings().data_dir
    load_encoder(data_dir)
    with Steps() as steps:
        report = evaluate_wechat(data_dir, questions, per_second, seconds, steps)
    typer.echo(json.dumps(report, ensure_ascii=False))


@evaluate_app.command("matching")
def matching(
    quick: Annotated[bool, typer.Option("--quick", help="只用小规模试一遍。")] = False,
    certificate: Annotated[
        Path | None, typer.Option(help="把一次分配的证明存到这个文件，供 --verify 核对。")
    ] = None,
    verify_file: Annotated[
        Path | None, typer.Option("--verify", help="只核对一份分配证明，不用求解器。")
    ] = None,
) -> None:
    """衡量导师匹配和项目推荐，输出一个 JSON；不读写现有数据。"""
    if verify_file is not None:
        _verify(verify_file)
        return
    with Steps() as steps:
        report, proof = evaluate_matching(QUICK if quick else FULL, steps)
    if certificate is not None:
        certificate.write_text(json.dumps(proof, ensure_ascii=False), encoding="utf-8")
    typer.echo(json.dumps(report, ensure_ascii=False))


def _verify(file: Path) -> None:
    try:
        verdict = verify(json.loads(file.read_text("utf-8")))
    except (OSError, ValueError, RecursionError) as error:
        known = isinstance(error, CertificateUnreadable)
        text = str(error) if known else "读不了这个文件，请检查路径，确认是分配证明。"
        raise typer.BadParameter(text) from error
    typer.echo(json.dumps(asdict(verdict) | {"valid": verdict.valid}, ensure_ascii=False))
    if not verdict.valid:
        raise typer.Exit(FAILED)


def _apart(data_dir: Path, folder: Path, documents: list[Path]) -> Snapshot:
    """Build a snapshot of the pack and the cases' own documents, away from the real data."""
    database = open_database(f"sqlite:///{folder}/qichuang.db")
    bring_in_pack(database)
    for path in documents:
        with database.writing() as db:
            ingest_file(db, path.name, path, now=datetime.now(UTC))
    snapshot = snapshot_builder(load_encoder(data_dir), folder)(database)
    database.close()
    return snapshot
