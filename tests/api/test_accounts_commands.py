import io
from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.account import Account, list_accounts
from accounts.password import verify_password
from accounts.role import Role
from api.command_line import app
from api.console import run
from api.startup import open_database
from audit.log import events_of
from storage.database import Database

PASSWORD = "walnut teapot 41 river"
Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("QICHUANG_DATA_DIR", str(tmp_path))

    def run_with(*arguments: str, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        return run(app, ["account", *arguments])

    return run_with


@pytest.fixture
def first(command: Command) -> Command:
    assert command(*ADD, typed=f"{PASSWORD}\n") == 0
    return command


ADD = ("add", "admin", "--name", "王建国", "--role", "administrator")


def stored(tmp_path: Path) -> tuple[Database, list[Account]]:
    database = open_database(f"sqlite:///{tmp_path}/qichuang.db")
    with database.reading() as db:
        return database, list(list_accounts(db))


def test_there_is_no_account_until_one_is_added(command: Command, tmp_path: Path) -> None:
    assert command("list") == 0
    assert stored(tmp_path)[1] == []


def test_first_administrator_is_added_with_a_password_from_the_pipe(
    first: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database, (account,) = stored(tmp_path)
    assert account.roles == {Role.ADMINISTRATOR}
    assert verify_password(account.password_hash, PASSWORD)
    with database.reading() as db:
        events = [(e.action, e.actor_id) for e, _ in events_of(db, account.subject)]
    assert events == [("account.added", "console"), ("password.changed", "console")]
    assert first("list") == 0
    assert "admin\t王建国\t管理员\t全区" in capsys.readouterr().out


def test_password_at_the_terminal_is_asked_twice(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    answers = iter([PASSWORD, "something else", PASSWORD, PASSWORD])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(answers))
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(app, ["account", *ADD]) == 1
    assert "不一样" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Terminal())
    assert run(app, ["account", *ADD]) == 0
    assert command("list") == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((*ADD,), "已经有人用了"),
        (("add", "b", "--name", "王", "--role", "handler"), "登录名"),
        (("add", "bb", "--name", "王", "--role", "auditor", "--role", "signer"), "审计"),
        (("add", "bb", "--name", "王", "--role", "mentor"), "导师编号"),
        (("password", "nobody"), "没有账号"),
        (("disable", "nobody", "--reason", "x"), "没有账号"),
        (("disable", "admin", "--reason", "x"), "最后一位管理员"),
        (("roles", "admin", "--role", "handler"), "最后一位管理员"),
    ],
)
def test_what_cannot_be_is_explained(
    first: Command, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str
) -> None:
    assert first(*arguments, typed=f"{PASSWORD}\n") == 1
    errors = capsys.readouterr().err
    assert said in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("typed", ["", "short\n", "123456789012\n", "my admin is a river\n"])
def test_weak_password_is_refused(command: Command, tmp_path: Path, typed: str) -> None:
    assert command(*ADD, typed=typed) == 1
    assert stored(tmp_path)[1] == []


def test_unknown_role_is_misuse(command: Command) -> None:
    assert command("add", "b2", "--name", "王", "--role", "king", typed=PASSWORD) == 2


def test_account_is_changed_at_the_console(first: Command, tmp_path: Path) -> None:
    add = ("add", "lihua", "--name", "李华", "--role", "handler", "--unit", "河东街道")
    assert first(*add, typed=f"{PASSWORD}\n") == 0
    assert first("roles", "lihua", "--role", "reviewer", "--role", "handler") == 0
    assert first("password", "lihua", typed="copper lantern 7 meadow\n") == 0
    assert first("disable", "lihua", "--reason", "调离") == 0
    _, accounts = stored(tmp_path)
    (account,) = [one for one in accounts if one.login == "lihua"]
    assert account.roles == {Role.REVIEWER, Role.HANDLER}
    assert account.org_unit == "河东街道"
    assert verify_password(account.password_hash, "copper lantern 7 meadow")
    assert not account.active
