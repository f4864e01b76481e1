"""qichuang backup and restore: one checked file, and no older history taken unseen."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import make_url

from api.accounts.commands import CONSOLE
from api.console import FAILED, load_settings
from api.progress import say
from api.settings import Settings
from api.startup import open_database
from audit.checkpoint import compare_with_witness
from audit.log import append_event
from audit.verify import verify
from audit.witness import open_witness
from storage.database import Database

POSTGRES = (
    "数据库是 PostgreSQL，请用 pg_dump 和 pg_restore 备份、恢复，再运行 qichuang audit verify。"
)
BESIDE = ("-wal", "-shm")


def backup(
    file: Annotated[Path, typer.Argument(help="备份文件，不能已经存在。")],
) -> None:
    """把数据库备份成一个文件，并核验；服务可以照常运行。密钥另行保管，不在备份里。"""
    settings = load_settings()
    _database_file(settings)
    if file.exists():
        raise typer.BadParameter("这个文件已经存在，请换一个名字")
    database = open_database(settings.database_url)
    with database.writing() as db:
        append_event(db, "backup.made", "backup:database", CONSOLE)
    draft = file.with_name(f".{file.name}.part")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    with database.alone() as connection:  # a pooled one may be set to read only
        connection.execute("VACUUM INTO ?", (str(draft),))
    database.close()
    events = _checked(draft)
    os.replace(draft, file)
    say(f"✓ 已备份到 {file}：日志 {events} 条，核验完好。密钥 secret.key、audit.key 请另行保管。")


def restore(
    file: Annotated[Path, typer.Argument(help="qichuang backup 做的备份文件。")],
    rollback: Annotated[
        bool, typer.Option("--rollback", help="备份比签名检查点旧也要恢复，承认丢失其后的记录。")
    ] = False,
) -> None:
    """用备份替换数据库；请先停止服务。原来的数据库改名保留。"""
    settings = load_settings()
    target = _database_file(settings)
    copy = target.with_name(f".{target.name}.restoring")
    try:
        copy.write_bytes(file.read_bytes())
    except OSError as error:
        raise typer.BadParameter(f"读不到 {file}：{error.strerror}") from error
    copy.chmod(0o600)
    events = _checked(copy)
    trouble = _behind(settings, copy)
    if trouble and not rollback:
        _drop(copy)
        say(f"✗ 没有恢复：{trouble}确实要退回到这份备份，请加 --rollback。")
        raise typer.Exit(FAILED)
    kept = target.with_name(f"{target.name}.before-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    if target.exists():
        _fold(target)
        target.rename(kept)
    for ending in BESIDE:
        target.with_name(target.name + ending).unlink(missing_ok=True)
    copy.rename(target)
    say(f"✓ 已恢复 {events} 条日志的备份；原数据库保留为 {kept.name}。")
    say("备份之后按本人要求删除的内容，请在隐私请求页重新删除，并销毁旧文件。")
    if trouble:
        say("这是一次回退：请运行 qichuang audit resume --reason 写明原因，系统才会继续记录。")


def _database_file(settings: Settings) -> Path:
    address = make_url(settings.database_url)
    if address.get_backend_name() != "sqlite" or not address.database:
        say(POSTGRES)
        raise typer.Exit(FAILED)
    return Path(address.database)


def _checked(path: Path) -> int:
    """Return how many events a copy holds; a copy with a fault is dropped and the command ends."""
    try:
        with closing(sqlite3.connect(path)) as connection:
            sound = connection.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError:
        sound = "no database"
    if sound == "ok":
        database = Database(f"sqlite:///{path}")
        try:
            result = verify(database, None)
        finally:
            database.close()
        _fold(path)
        if result.holds:
            return result.events
        sound = result.findings[0].what
    _drop(path)
    say(f"✗ 这份备份不能用：{sound}。")
    raise typer.Exit(FAILED)


def _behind(settings: Settings, path: Path) -> str:
    """Return what a copy lacks that the signed checkpoints vouch for, "" for nothing."""
    database = Database(f"sqlite:///{path}")
    try:
        witness = open_witness(settings.data_dir, settings.witness_dir)
        return compare_with_witness(database, witness).trouble
    finally:
        database.close()
        _fold(path)


def _fold(path: Path) -> None:
    """Bring what stands in the write-ahead log into the file itself."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for ending in BESIDE:
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _drop(path: Path) -> None:
    for ending in ("", *BESIDE):
        path.with_name(path.name + ending).unlink(missing_ok=True)
