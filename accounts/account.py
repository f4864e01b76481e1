"""Accounts: who may sign in, in which roles and for which street or department."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.role import ROLES_WITH_CODE, Role, RolesConflict, RoleSet, check_roles
from storage.database import LARGEST_ID, Base, storable, take_turns

LOGIN_LENGTH = 64
NAME_LENGTH = 40
UNIT_LENGTH = 60
_LOGIN_MARKS = frozenset(".-_@")


class AccountNotFound(LookupError):
    """There is no account with this login or number."""


class AccountInvalid(ValueError):
    """Something about an account cannot be so; the message says what to change."""


class LoginTaken(AccountInvalid):
    """Another account has this login, this mentor or this outside identity."""


class Account(Base):
    """One person who may sign in. Accounts are switched off, never deleted: the log names them."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    roles: Mapped[frozenset[Role]] = mapped_column(RoleSet())
    org_unit: Mapped[str]  # street or department; "" is the whole district
    mentor_code: Mapped[str | None] = mapped_column(String(32), unique=True)
    active: Mapped[bool]
    password_hash: Mapped[str | None]  # none: by link or single sign-on only
    must_change_password: Mapped[bool]
    password_changed_at: Mapped[datetime | None]
    link_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    link_expires_at: Mapped[datetime | None]
    external_id: Mapped[str | None] = mapped_column(unique=True)  # whom the provider will name
    oidc_subject: Mapped[str | None] = mapped_column(unique=True)  # "issuer subject", once linked
    code_secret: Mapped[str | None]  # of one-time codes, base32; none: not enrolled
    code_step: Mapped[int | None]  # the last 30 s step whose code was taken
    recovery_hashes: Mapped[list[str]]
    created_at: Mapped[datetime]
    last_login_at: Mapped[datetime | None]

    @property
    def subject(self) -> str:
        """How the audit log names it."""
        return f"account:{self.id}"

    @property
    def details(self) -> "AccountDetails":
        """What an administrator decides, as it is now."""
        return AccountDetails(self.name, self.roles, self.org_unit, self.mentor_code)

    @property
    def wants_code(self) -> bool:
        """Whether a one-time code is asked for after the password."""
        return self.code_secret is not None

    def needs_code(self, required: bool) -> bool:
        """Whether it may not do without one-time codes, where the installation requires them."""
        return required and bool(self.roles & ROLES_WITH_CODE)


@dataclass(frozen=True, slots=True)
class AccountDetails:
    """What an administrator decides about an account."""

    name: str
    roles: frozenset[Role]
    org_unit: str = ""  # street or department; "" is the whole district
    mentor_code: str | None = None


def add_account(db: Session, login: str, details: AccountDetails, at: datetime) -> Account:
    """Add an account that cannot sign in until it has a password, a link or an identity.

    Raises AccountInvalid, LoginTaken, RolesConflict.
    """
    take_turns(db, "accounts")
    account = Account(
        login=normal_login(login),
        active=True,
        must_change_password=False,
        recovery_hashes=[],
        created_at=at,
    )
    change_account(db, account, details)
    db.add(account)
    db.flush()
    return account


def change_account(db: Session, account: Account, details: AccountDetails) -> None:
    """Set what an administrator decides about an account. Raises as add_account."""
    roles = check_roles(details.roles)
    mentor_code = details.mentor_code or None
    if (Role.MENTOR in roles) != bool(mentor_code):
        raise AccountInvalid("导师账号要写明导师编号，其他账号不要写。")
    with db.no_autoflush:
        _refuse_taken(db, account, mentor_code)
    account.name = _short(details.name, "姓名", NAME_LENGTH)
    unit = details.org_unit.strip()
    account.org_unit = _short(unit, "单位", UNIT_LENGTH) if unit else ""
    account.roles = roles
    account.mentor_code = mentor_code


def find_account(db: Session, login: str) -> Account | None:
    """Return the account of a login as typed, switched off or not."""
    return db.scalar(select(Account).where(Account.login == _folded(login)))


def get_account(db: Session, account_id: int) -> Account:
    """Return an account by its number. Raises AccountNotFound."""
    # No engine takes a number beyond its column.
    account = db.get(Account, account_id) if 0 < account_id <= LARGEST_ID else None
    if account is None:
        raise AccountNotFound("没有这个账号。")
    return account


def list_accounts(db: Session, search: str = "") -> Sequence[Account]:
    """Return the accounts, active ones first, whose login, name or unit has the words."""
    query = select(Account).order_by(Account.active.desc(), Account.login)
    for word in search.split():
        found = [
            func.lower(column).contains(word.lower(), autoescape=True)
            for column in (Account.login, Account.name, Account.org_unit)
        ]
        query = query.where(or_(*found))
    return db.scalars(query).all()


def accounts_with(db: Session, role: Role) -> list[Account]:
    """Return the active accounts that hold a role, by number."""
    query = select(Account).where(Account.active).order_by(Account.id)
    return [account for account in db.scalars(query) if role in account.roles]


def refuse_last_administrator(db: Session, account: Account) -> None:
    """Raise RolesConflict if without this account nobody could administer any more."""
    if accounts_with(db, Role.ADMINISTRATOR) == [account]:
        raise RolesConflict("这是最后一位管理员。请先让另一个账号担任管理员。")


def normal_login(login: str) -> str:
    """Return a login as it is kept. Raises AccountInvalid."""
    folded = _folded(login)
    usable = all(c.isalnum() or c in _LOGIN_MARKS for c in folded)
    if not 2 <= len(folded) <= LOGIN_LENGTH or not usable:
        raise AccountInvalid(
            f"登录名用 2 至 {LOGIN_LENGTH} 个字母、数字、汉字或 . - _ @，不含空格。"
        )
    return folded


def _folded(login: str) -> str:
    folded = unicodedata.normalize("NFKC", login).casefold().strip()
    return str(storable(folded))[: LOGIN_LENGTH + 1]


def _short(text: str, what: str, most: int) -> str:
    text = str(storable(text)).strip()
    if not 1 <= len(text) <= most or not text.isprintable():
        raise AccountInvalid(f"{what}请写 1 至 {most} 个字，不换行。")
    return text


def _refuse_taken(db: Session, account: Account, mentor_code: str | None) -> None:
    others = select(Account).where(Account.id != account.id) if account.id else select(Account)
    if db.scalar(others.where(Account.login == account.login)):
        raise LoginTaken(f"登录名 {account.login} 已经有人用了，请换一个。")
    if mentor_code and db.scalar(others.where(Account.mentor_code == mentor_code)):
        raise LoginTaken(f"导师 {mentor_code} 已经有账号了，请到账号列表里查找。")
