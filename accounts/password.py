"""Passwords: which are taken, and how they are kept (argon2id, OWASP ASVS 5.0 appendix C)."""

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

MIN_LENGTH = 12
MAX_LENGTH = 128
# Of zxcvbn's 0-4: 3 is at least 10^8 guesses, which the throttle and argon2id make safe.
MIN_SCORE = 3
ESTIMATED_LENGTH = 72  # zxcvbn's limit; what stands behind only makes a password harder
# Above the minimum of ASVS appendix C (t=1, m=46 MiB, p=1): about 0.1 s a password.
TIME_COST = 2
MEMORY_KIB = 47_104
PARALLELISM = 1
# Two at a time need 92 MiB; more would let a flood of logins take the memory of the service.
HASHED_AT_ONCE = 2
WAIT_S = 5.0

_hasher = PasswordHasher(TIME_COST, MEMORY_KIB, PARALLELISM)
_places = BoundedSemaphore(HASHED_AT_ONCE)


class PasswordRefused(ValueError):
    """A password that may not be set; the message says how to find a better one."""


class PasswordsBusy(RuntimeError):
    """Too many passwords are being checked at this moment."""


def check_new_password(password: str, *about: str) -> str:
    """Return a password in the form in which it is hashed, or raise PasswordRefused.

    `about`: what an attacker would try first, as the login and the name of the person.
    """
    password = normalized(password)
    if len(password) < MIN_LENGTH:
        raise PasswordRefused(
            f"密码至少 {MIN_LENGTH} 个字符（现在 {len(password)} 个）。"
            "可以用几个不相干的词连成一句。"
        )
    if len(password) > MAX_LENGTH:
        raise PasswordRefused(f"密码最多 {MAX_LENGTH} 个字符（现在 {len(password)} 个）。")
    known = [word.casefold() for word in about if len(word) > 1]
    if any(word in password.casefold() for word in known):
        raise PasswordRefused("密码里不要含登录名或姓名，别人最先试的就是它们。")
    if zxcvbn(password[:ESTIMATED_LENGTH], user_inputs=known)["score"] < MIN_SCORE:
        raise PasswordRefused(
            "这个密码太常见，容易被猜中。请用几个不相干的词连成一句，不要用连续或重复的字符。"
        )
    return password


def normalized(password: str) -> str:
    """Return a password so that one typed with another input method is the same (NFKC)."""
    return unicodedata.normalize("NFKC", password)


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password. Raises PasswordsBusy."""
    with _place():
        return _hasher.hash(normalized(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Return whether a password is the stored one. Raises PasswordsBusy.

    Without a stored hash it takes the same time and says no, so that an unknown login
    cannot be told from a wrong password.
    """
    with _place():
        try:
            _hasher.verify(stored or _nobodys_hash(), normalized(password)[:MAX_LENGTH])
        except (VerificationError, InvalidHashError):
            return False
        return stored is not None


def needs_new_hash(stored: str) -> bool:
    """Return whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("a password that nobody has")


@contextmanager
def _place() -> Iterator[None]:
    if not _places.acquire(timeout=WAIT_S):
        raise PasswordsBusy("同时登录的人太多，请过几秒再试。")
    try:
        yield
    finally:
        _places.release()
