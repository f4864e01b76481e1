"""The file with the secrets of an installation's WeChat accounts, followed as it changes."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import yaml

from api.wechat.crypt import AesKeyInvalid, MessageCipher

FILE_NAME = "wechat.yaml"
OTHERS = 0o077  # permission bits of group and others


class AccountsInvalid(ValueError):
    """The file of accounts cannot be used; the message says what to mend, without its secrets."""


class OfficialAccountNotFound(LookupError):
    """No account has this name."""


class Named(Protocol):
    """An account of either kind."""

    @property
    def name(self) -> str:
        """What its callback address ends with."""


A = TypeVar("A", bound=Named)


class FollowedAccounts(Generic[A]):
    """The accounts of one kind by name. A changed file is taken over once it is right."""

    def __init__(self, path: Path, read: Callable[[Path], dict[str, A]], what: str) -> None:
        """Follow a file; `read` reads it, `what` is the Chinese word for one of its accounts."""
        self._path = path
        self._read = read
        self._what = what
        self._reading = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._accounts: dict[str, A] = {}

    def __getitem__(self, name: str) -> A:
        """Return an account; raises OfficialAccountNotFound, and AccountsInvalid for a bad file."""
        found = self.accounts().get(name)
        if found is None:
            raise OfficialAccountNotFound(f"没有这个{self._what}，请检查 {FILE_NAME} 里的 name。")
        return found

    def accounts(self) -> dict[str, A]:
        """Return all accounts as the file has them now. Raises AccountsInvalid."""
        with self._reading:
            try:
                stat = self._path.stat()
            except OSError:
                return {}
            seen = (stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._accounts = self._read(self._path)
                self._seen = seen
            return self._accounts


def read_entries(
    path: Path, wanted: Callable[[Any], bool], read: Callable[[Any], A], what: str
) -> dict[str, A]:
    """Read the wanted entries of the file, by name. Raises AccountsInvalid.

    The file is refused where others than its owner may read it.
    """
    try:
        if path.stat().st_mode & OTHERS:
            raise AccountsInvalid(f"{path.name} 里有密钥，其他人不应能读：请执行 chmod 600。")
        entries = yaml.safe_load(path.read_text("utf-8"))["accounts"]
        accounts = [read(entry) for entry in entries if wanted(entry)]
    except (OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
        # The text of these errors may quote the file.
        raise AccountsInvalid(f"{path.name} 读不懂，请对照说明检查格式。") from error
    named = {account.name: account for account in accounts}
    if len(named) != len(accounts):
        raise AccountsInvalid(f"{path.name} 里有两个{what}同名。")
    return named


def read_ciphers(entry: dict[str, Any], receiver: str, what: str) -> tuple[MessageCipher, ...]:
    """Return the ciphers of an entry's keys, the current one first, for what `receiver` gets.

    `what` names the account in a message. Raises AccountsInvalid, and KeyError without a key.
    """
    keys = [str(entry["aes_key"]), str(entry.get("previous_aes_key") or "")]
    try:
        return tuple(MessageCipher.of(key, receiver) for key in keys if key)
    except AesKeyInvalid as error:
        raise AccountsInvalid(f"{what} 的 aes_key 不对，应为 43 个字符。") from error
