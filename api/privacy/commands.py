"""qichuang privacy: erase what has had its time, and leave no byte of it in the files."""

from datetime import UTC, datetime

import typer

from api.console import load_settings
from api.privacy.work import keep_to_schedule, purge_when_due
from api.progress import say
from api.startup import open_database
from guidance.privacy.retention import read_schedule

privacy_app = typer.Typer(help="保存期限和清除。", no_args_is_help=True)


@privacy_app.command()
def sweep() -> None:
    """按保存期限清除到期的内容，并立即清理数据库文件。"""
    settings = load_settings()
    database = open_database(settings.database_url)
    now = datetime.now(UTC)
    schedule = read_schedule(settings.data_dir)
    done = keep_to_schedule(database, settings.data_dir, now)
    purge_when_due(database, schedule, now, now=True)
    database.close()
    say(f"按“{schedule.version}”清除了 {done} 项到期内容。")
