"""One-time codes after the password (TOTP, RFC 6238), and recovery codes for a lost phone."""

import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy.orm import Session

from accounts.account import Account, get_account
from accounts.login import LoginRefused, actor_of, note_login
from accounts.login_attempt import begin_attempt, forget_attempts
from accounts.web_session import Stage, end_session, find_session, open_session, token_hash
from audit.log import Actor, append_event
from storage.database import Database, take_turns

ISSUER = "启创工作台"
STEP_S = 30
# Phones are rarely more than half a minute off.
STEPS_OFF = 1
RECOVERY_CODES = 10
RECOVERY_BYTES = 8


class CodeRefused(ValueError):
    """A code is wrong, was used before, or belongs to another half minute."""


def new_secret() -> str:
    """Return a secret for an authenticator: 160 random bits in base32."""
    return pyotp.random_base32()


def enrolment_uri(secret: str, login: str) -> str:
    """Return what the QR code of the enrolment says."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=ISSUER)


def enrol(db: Session, account: Account, secret: str, code: str, at: datetime) -> list[str]:
    """Turn one-time codes on after a first right code; return the recovery codes, shown once.

    Raises CodeRefused.
    """
    step = _matching_step(secret, code, at, after=-1)
    if step is None:
        raise CodeRefused("动态口令不对。请确认手机时间准确，填身份验证器里当前的 6 位数字。")
    recovery = [secrets.token_hex(RECOVERY_BYTES) for _ in range(RECOVERY_CODES)]
    account.code_secret = secret
    account.code_step = step
    account.recovery_hashes = [token_hash(one) for one in recovery]
    append_event(db, "code.enrolled", account.subject, actor_of(account))
    return recovery


def remove_code(db: Session, account: Account, actor: Actor, reason: str = "") -> None:
    """Turn one-time codes off, as for a lost phone."""
    account.code_secret = account.code_step = None
    account.recovery_hashes = []
    append_event(db, "code.removed", account.subject, actor, reason=reason)


def log_in_with_code(
    database: Database, token: str, code: str, at: datetime
) -> tuple[Account, str]:
    """Finish a sign-in that waits for its code; return the account and a fresh token.

    Raises CodeRefused, TooManyLogins, and LoginRefused when nothing waits any more.
    """
    with database.reading() as db:
        waiting = find_session(db, token, Stage.CODE, at)
    if waiting is None:
        raise LoginRefused
    session, account = waiting
    keys = (f"code {account.id}",)
    with database.writing() as db:
        begin_attempt(db, keys, at)
    with database.writing() as db:
        take_turns(db, f"code {account.id}")
        current = get_account(db, account.id)
        how = _take_code(current, code, at) if current.active else ""
        if not how:
            append_event(db, "login.failed", current.subject, actor_of(current), {"how": "code"})
        elif end_session(db, account.id, session.id):
            forget_attempts(db, keys, at)
            _, fresh = open_session(db, current, Stage.OPEN, session.device, at)
            note_login(db, current, how, at)
            return current, fresh
    raise CodeRefused("动态口令不对或已经用过，请填下一个，或换一个恢复码。")


def _take_code(account: Account, code: str, at: datetime) -> str:
    """Use a code up; return how it was proved, "" when it was not."""
    code = "".join(code.split()).lower()
    secret = account.code_secret
    if secret is None:
        return ""
    last = account.code_step if account.code_step is not None else -1
    step = _matching_step(secret, code, at, after=last)
    if step is not None:
        account.code_step = step
        return "password and code"
    digest = token_hash(code)
    if digest in account.recovery_hashes:
        account.recovery_hashes = [one for one in account.recovery_hashes if one != digest]
        return "password and recovery code"
    return ""


def _matching_step(secret: str, code: str, at: datetime, after: int) -> int | None:
    """Return the half minute whose code this is; none at or before `after`, used already."""
    code = "".join(code.split())
    now = int(at.timestamp()) // STEP_S
    totp = pyotp.TOTP(secret, interval=STEP_S)
    for step in range(now - STEPS_OFF, now + STEPS_OFF + 1):
        right = totp.generate_otp(step)
        if step > after and hmac.compare_digest(right.encode(), code.encode()):
            return step
    return None
