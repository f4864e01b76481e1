"""Setting a password: by its owner, by a link from the administrator, at the console."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account, get_account
from accounts.login import actor_of
from accounts.login_attempt import begin_attempt, forget_attempts
from accounts.password import (
    PasswordRefused,
    check_new_password,
    hash_password,
    normalized,
    verify_password,
)
from accounts.web_session import end_sessions, token_hash
from audit.log import Actor, append_event
from storage.database import Database

LINK_LIMIT = timedelta(days=3)
LINK_BYTES = 32


class LinkInvalid(LookupError):
    """A link to set a password is unknown, used, replaced or too old."""


class PasswordWrong(PasswordRefused):
    """The present password, asked for before a change, is not right."""


def set_password(
    db: Session, account: Account, password_hash: str, actor: Actor, at: datetime
) -> None:
    """Give an account a password; every session and every link of it ends."""
    account.password_hash = password_hash
    account.password_changed_at = at
    account.must_change_password = False
    account.link_hash = account.link_expires_at = None
    end_sessions(db, account.id)
    append_event(db, "password.changed", account.subject, actor)


def check_present_password(database: Database, account_id: int, present: str, at: datetime) -> None:
    """Check the present password before something about the account changes.

    As often as a login may be tried. Raises PasswordWrong, TooManyLogins, PasswordsBusy.
    """
    keys = (f"present password {account_id}",)
    with database.writing() as db:
        begin_attempt(db, keys, at)
        stored = get_account(db, account_id).password_hash
    if not verify_password(stored, present):
        raise PasswordWrong("现在的密码不对，请重新填写。")
    with database.writing() as db:
        forget_attempts(db, keys, at)


def change_own_password(
    database: Database, account_id: int, present: str, new: str, at: datetime
) -> None:
    """Change a password after the present one was checked; without one there is none to check.

    Raises PasswordWrong, PasswordRefused, TooManyLogins, PasswordsBusy.
    """
    with database.reading() as db:
        account = get_account(db, account_id)
    if account.password_hash is not None:
        check_present_password(database, account_id, present, at)
    if normalized(present) == normalized(new):
        raise PasswordRefused("新密码和现在的一样，请换一个。")
    new_hash = hash_password(check_new_password(new, account.login, account.name))
    with database.writing() as db:
        current = get_account(db, account_id)
        set_password(db, current, new_hash, actor_of(current), at)


def issue_link(db: Session, account: Account, actor: Actor, at: datetime) -> str:
    """Make a link with which the owner sets a password; it is shown once and holds 3 days.

    The old password and every session end at once.
    """
    link = secrets.token_urlsafe(LINK_BYTES)
    account.link_hash = token_hash(link)
    account.link_expires_at = at + LINK_LIMIT
    account.password_hash = None
    end_sessions(db, account.id)
    append_event(db, "password.link_issued", account.subject, actor)
    return link


def owner_of_link(db: Session, link: str, at: datetime) -> Account:
    """Return the active account that a link is for. Raises LinkInvalid."""
    query = select(Account).where(
        Account.link_hash == token_hash(link), Account.link_expires_at > at, Account.active
    )
    account = db.scalar(query)
    if account is None:
        raise LinkInvalid("这个链接已经用过或过期了，请联系管理员重新生成。")
    return account


def set_password_by_link(database: Database, link: str, new: str, at: datetime) -> None:
    """Set a password with a link, which is used up. Raises LinkInvalid, PasswordRefused."""
    with database.reading() as db:
        account = owner_of_link(db, link, at)
    new_hash = hash_password(check_new_password(new, account.login, account.name))
    with database.writing() as db:
        current = owner_of_link(db, link, at)
        set_password(db, current, new_hash, actor_of(current), at)
