"""The commands about accounts; the first administrator is made here."""

import getpass
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from accounts.account import (
    Account,
    AccountDetails,
    AccountInvalid,
    AccountNotFound,
    add_account,
    find_account,
    list_accounts,
)
from accounts.administration import disable_account, edit_account, note_added
from accounts.password import check_new_password, hash_password
from accounts.role import ROLE_NAMES, Role, check_roles, role_names
from accounts.set_password import set_password
from api.console import console_database
from audit.log import Actor, ActorKind
from storage.database import Database

account_app = typer.Typer(help="管理登录账号。", no_args_is_help=True)

CONSOLE = Actor(ActorKind.SYSTEM, "console")
ROLE_HELP = "角色，可写多次：" + "、".join(f"{role} {name}" for role, name in ROLE_NAMES.items())

Login = Annotated[str, typer.Argument(help="登录名。")]
Roles = Annotated[list[Role], typer.Option("--role", help=ROLE_HELP)]
Unit = Annotated[str, typer.Option("--unit", help="所在街道或部门；不写则看全区。")]
Mentor = Annotated[str | None, typer.Option("--mentor", help="导师编号（只对导师）。")]


@account_app.command("add")
def add(
    login: Login,
    name: Annotated[str, typer.Option("--name", help="姓名。")],
    roles: Roles,
    unit: Unit = "",
    mentor: Mentor = None,
) -> None:
    """新建账号；密码在终端输入，或从标准输入读一行，不写在命令里。"""
    with console_database() as database:
        details = AccountDetails(name, frozenset(roles), unit, mentor)
        check_roles(details.roles)
        _check_free(database, login)
        new_hash = hash_password(check_new_password(_ask_password(), login, name))
        now = datetime.now(UTC)
        with database.writing() as db:
            account = add_account(db, login, details, now)
            note_added(db, account, CONSOLE)
            set_password(db, account, new_hash, CONSOLE, now)
        typer.echo(f"已新建账号 {account.login}（{account.name}，{role_names(account.roles)}）。")


@account_app.command("list")
def show(
    search: Annotated[str, typer.Argument(help="登录名、姓名或单位里的字。")] = "",
) -> None:
    """列出账号。"""
    with console_database() as database, database.reading() as db:
        for account in list_accounts(db, search):
            state = "" if account.active else "（已停用）"
            unit = account.org_unit or "全区"
            roles = role_names(account.roles)
            typer.echo(f"{account.login}\t{account.name}{state}\t{roles}\t{unit}")


@account_app.command()
def disable(
    login: Login,
    reason: Annotated[str, typer.Option("--reason", help="理由，记入审计日志。")],
) -> None:
    """停用账号；已登录的立即退出。"""
    with console_database() as database, database.writing() as db:
        account = _existing(find_account(db, login), login)
        disable_account(db, account, CONSOLE, reason)
        typer.echo(f"已停用 {account.login}。")


@account_app.command()
def password(login: Login) -> None:
    """重新设置密码；已登录的立即退出。"""
    with console_database() as database:
        with database.reading() as db:
            account = _existing(find_account(db, login), login)
        new_hash = hash_password(check_new_password(_ask_password(), account.login, account.name))
        with database.writing() as db:
            current = _existing(find_account(db, login), login)
            set_password(db, current, new_hash, CONSOLE, datetime.now(UTC))
        typer.echo(f"已为 {account.login} 设置新密码。")


@account_app.command()
def roles(login: Login, chosen: Roles, mentor: Mentor = None) -> None:
    """改换角色；已登录的立即退出。"""
    with console_database() as database, database.writing() as db:
        account = _existing(find_account(db, login), login)
        details = AccountDetails(account.name, frozenset(chosen), account.org_unit, mentor)
        edit_account(db, account, details, CONSOLE)
        typer.echo(f"{account.login} 现在是{role_names(account.roles)}。")


def _check_free(database: Database, login: str) -> None:
    with database.reading() as db:
        if find_account(db, login) is not None:
            raise AccountInvalid(f"登录名 {login} 已经有人用了，请换一个。")


def _existing(account: Account | None, login: str) -> Account:
    if account is None:
        raise AccountNotFound(f"没有账号 {login}。用 qichuang account list 查看。")
    return account


def _ask_password() -> str:
    """Read a password without showing it, twice; or one line when it is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("密码（至少 12 个字符，输入时不显示）：")
    if first != getpass.getpass("再输一次："):
        raise AccountInvalid("两次输入的不一样，没有保存。请重新运行。")
    return first
