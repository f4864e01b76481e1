"""How commands speak: Chinese messages for what a person can mend, never a stack trace."""

import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import typer
from pydantic import ValidationError
from typer import rich_utils

from accounts.account import AccountInvalid, AccountNotFound
from accounts.password import PasswordRefused
from accounts.role import RolesConflict
from api.settings import PREFIX, Settings
from api.startup import open_database
from api.wechat.account_file import AccountsInvalid, OfficialAccountNotFound
from audit.witness import WitnessDamaged
from evaluation.case import BadCaseFile
from evaluation.judged_set import JudgedSetInvalid
from evaluation.ledger_store import LedgerNotMade
from evaluation.load import LoadNotMeasured
from guidance.periods.period import PeriodInvalid
from guidance.transition import SessionNotFound
from knowledge.encoder_choice import ModelUnusable, TransformersMissing
from knowledge.reader import UnreadableDocument
from knowledge.weights.model_folder import ModelDamaged
from knowledge.weights.packaged import WeightsNotFound, WeightsUnreadable
from storage.connection import DatabaseUnavailable
from storage.database import Database
from storage.migrations import MigrationFailed

FAILED = 1
MISUSED = 2
MIGRATION_LOG = "migration-failure.log"  # in the data folder: the last failure

# Errors that a person at the console caused or can mend; their messages say how.
TOLD = (
    AccountInvalid,
    AccountNotFound,
    AccountsInvalid,
    OfficialAccountNotFound,
    BadCaseFile,
    DatabaseUnavailable,
    JudgedSetInvalid,
    LedgerNotMade,
    LoadNotMeasured,
    ModelDamaged,
    ModelUnusable,
    PasswordRefused,
    RolesConflict,
    TransformersMissing,
    UnreadableDocument,
    WeightsNotFound,
    WeightsUnreadable,
    WitnessDamaged,
    PeriodInvalid,
    SessionNotFound,
)
USAGE = {
    "MissingParameter": "缺少参数",
    "NoSuchOption": "没有这个选项",
    "BadParameter": "参数的值不对",
    "BadOptionUsage": "选项用法不对",
}


class SettingsWrong(ValueError):
    """An environment variable holds what it may not; the message names it."""


class AddressTaken(ValueError):
    """The address to listen on cannot be had."""


def load_settings(**overrides: object) -> Settings:
    """Read the settings from the environment; raises SettingsWrong."""
    try:
        return Settings(**{k: v for k, v in overrides.items() if v is not None})  # type: ignore[arg-type]
    except ValidationError as error:
        names = "、".join(f"{PREFIX}{str(e['loc'][0]).upper()}" for e in error.errors() if e["loc"])
        raise SettingsWrong(f"这些设置的值不对：{names}。请对照 README 的设置表修改。") from error


@contextmanager
def console_database() -> Iterator[Database]:
    """Open the database of the settings for one command. Raises DatabaseUnavailable."""
    database = open_database(load_settings().database_url)
    try:
        yield database
    finally:
        database.close()


def speak_chinese() -> None:
    """Give the frames of help pages Chinese titles."""
    rich_utils.ARGUMENTS_PANEL_TITLE = "参数"
    rich_utils.OPTIONS_PANEL_TITLE = "选项"
    rich_utils.COMMANDS_PANEL_TITLE = "命令"
    rich_utils.DEFAULT_STRING = "[默认：{}]"
    rich_utils.REQUIRED_LONG_STRING = "[必填]"


def run(app: Callable[..., object], arguments: list[str] | None = None) -> int:
    """Run a typer application; return its exit status.

    0: done; 1: it failed, and standard error says why; 2: it was called wrongly.
    """
    speak_chinese()
    try:
        status = app(arguments, standalone_mode=False)
    except typer.TyperException as error:
        return _misused(error)
    except MigrationFailed as error:
        return _failed(f"{error}{_keep_detail(error)}")
    except (*TOLD, SettingsWrong, AddressTaken) as error:
        return _failed(str(error))
    except OSError as error:
        where = f"({Path(error.filename).name})" if isinstance(error.filename, str) else ""
        return _failed(f"读写出错{where}:{error.strerror or error}。请检查路径、权限和磁盘空间。")
    except (KeyboardInterrupt, typer.Abort):
        return _failed("已中断。")
    return status if isinstance(status, int) else 0


def _keep_detail(error: MigrationFailed) -> str:
    """Write what failed to the log of migrations; return in a sentence where it stands."""
    path = load_settings().data_dir / MIGRATION_LOG
    try:
        path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # a statement that failed may quote what is stored
        detail = "".join(traceback.format_exception(error))
        path.write_text(f"{datetime.now(UTC).isoformat()}\n{detail}", "utf-8")
    except OSError:
        return f"技术细节没能写入 {path}，请检查权限和磁盘空间。"
    return f"技术细节记录在 {path.resolve()}。"


def _failed(message: str) -> int:
    print(f"错误：{message}", file=sys.stderr)  # noqa: T201
    return FAILED


def _misused(error: typer.TyperException) -> int:
    what = USAGE.get(type(error).__name__, "命令用法不对")
    parameter = getattr(error, "param", None)
    name = getattr(error, "option_name", None) or getattr(parameter, "human_readable_name", "")
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "qichuang"
    detail = f" {name}" if name else ""
    print(f"错误：{what}{detail}。用法见 {command} --help", file=sys.stderr)  # noqa: T201
    return MISUSED
