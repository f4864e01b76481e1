"""Signing in with a password: throttled, the same time for everybody, every outcome logged."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from accounts.account import Account, find_account, get_account
from accounts.login_attempt import begin_attempt, forget_attempts, sweep_attempts
from accounts.password import hash_password, needs_new_hash, verify_password
from accounts.sign_in_request import sweep_requests
from accounts.web_session import Stage, WebSession, open_session, sweep_sessions
from audit.log import SYSTEM, Actor, ActorKind, append_event
from storage.database import Database

UNKNOWN = "account:unknown"


class LoginRefused(PermissionError):
    """Login and password do not belong together, or the account is switched off."""

    def __init__(self) -> None:
        super().__init__("登录名或密码不对，请检查后再试。忘记密码请联系管理员重新设置。")


@dataclass(frozen=True, slots=True)
class Credentials:
    """What someone typed, and where."""

    login: str
    password: str
    address: str
    device: str
    known_device: str = ""  # reference of a browser that has signed in to this login before

    @property
    def keys(self) -> tuple[str, ...]:
        """What the attempt is counted under."""
        login = self.login.strip().casefold()
        if self.known_device:
            return (f"device {self.known_device} {login}",)
        return (f"login {login}", f"address {self.address}")


def log_in(
    database: Database, credentials: Credentials, at: datetime
) -> tuple[Account, WebSession, str]:
    """Check a password and open a session; return the account, the session and its token.

    The session is open at once, or waits for the one-time code. Raises LoginRefused,
    TooManyLogins, PasswordsBusy.
    """
    with database.writing() as db:
        begin_attempt(db, credentials.keys, at)
        account = find_account(db, credentials.login)
    stored = account.password_hash if account and account.active else None
    right = verify_password(stored, credentials.password)  # slow: outside any transaction
    fresh = hash_password(credentials.password) if right and needs_new_hash(stored or "") else None
    with database.writing() as db:
        if account is None or not right:
            subject = account.subject if account else UNKNOWN
            append_event(db, "login.failed", subject, SYSTEM, {"device": credentials.device})
        else:
            forget_attempts(db, credentials.keys, at)
            current = get_account(db, account.id)
            # It may have been switched off or changed while the password was checked.
            if current.active and current.password_hash == stored:
                current.password_hash = fresh or stored
                return current, *begin_session(db, current, credentials.device, at)
    raise LoginRefused


def begin_session(
    db: Session, account: Account, device: str, at: datetime, how: str = "password"
) -> tuple[WebSession, str]:
    """Open the session of someone who proved who they are, or the wait for their code."""
    if account.wants_code:
        return open_session(db, account, Stage.CODE, device, at)
    session, token = open_session(db, account, Stage.OPEN, device, at)
    note_login(db, account, how, at)
    return session, token


def note_login(db: Session, account: Account, how: str, at: datetime) -> None:
    """Note that somebody is signed in now."""
    account.last_login_at = at
    append_event(db, "login.succeeded", account.subject, actor_of(account), {"how": how})


def actor_of(account: Account) -> Actor:
    """Return the account as the audit log names who acted."""
    roles = ",".join(sorted(account.roles))
    return Actor(ActorKind.ACCOUNT, str(account.id), roles)


def sweep_logins(db: Session, at: datetime) -> None:
    """Remove sessions, attempts and sign-ins under way that are over."""
    sweep_sessions(db, at)
    sweep_attempts(db, at)
    sweep_requests(db, at)
