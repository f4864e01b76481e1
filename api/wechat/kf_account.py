"""The 微信客服 accounts of an installation, beside the official accounts in wechat.yaml.

Under `accounts`:

    - kind: kf
      name: people                # its callback address is /kf/people
      corpid: ww0123456789abcdef
      token: ...
      aes_key: ...                # EncodingAESKey, 43 characters
      previous_aes_key: ...       # while a key is being changed
      secret: ...                 # of 微信客服 in the WeCom console
      seats: true                 # colleagues answer in WeCom: people are put into its queue
      desks: [wkAbcdefg]          # 客服账号 (open_kfid)
"""

import re
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from api.wechat.account import KF, AccountsInvalid, OfficialAccountNotFound
from api.wechat.crypt import AesKeyInvalid, MessageCipher

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_FIELDS = {
    "kind", "name", "corpid", "token", "aes_key", "previous_aes_key", "secret", "seats", "desks",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class KfAccount:
    """One corporation's 微信客服. Its secrets are not part of its printed form."""

    name: str
    corpid: str
    token: str = field(repr=False)
    ciphers: tuple[MessageCipher, ...] = field(repr=False)  # the current key first
    secret: str = field(repr=False)
    desks: frozenset[str]  # open_kfid
    seats: bool = False


class KfBook:
    """The accounts by name. A changed file is taken over when it is right."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reading = threading.Lock()
        self._seen: tuple[int, int] | None = None
        self._accounts: dict[str, KfAccount] = {}

    def __getitem__(self, name: str) -> KfAccount:
        """Return an account; raises OfficialAccountNotFound, and AccountsInvalid for a bad file."""
        found = self.accounts().get(name)
        if found is None:
            raise OfficialAccountNotFound("没有这个微信客服账号，请检查 wechat.yaml 里的 name。")
        return found

    def accounts(self) -> dict[str, KfAccount]:
        """Return all accounts as the file has them now. Raises AccountsInvalid."""
        with self._reading:
            try:
                stat = self._path.stat()
            except OSError:
                return {}
            seen = (stat.st_mtime_ns, stat.st_size)
            if seen != self._seen:
                self._accounts = read_kf_accounts(self._path)
                self._seen = seen
            return self._accounts


def read_kf_accounts(path: Path) -> dict[str, KfAccount]:
    """Read the 微信客服 accounts of the file. Raises AccountsInvalid."""
    try:
        entries = yaml.safe_load(path.read_text("utf-8"))["accounts"]
        accounts = [read_kf(entry) for entry in entries if entry.get("kind") == KF]
    except (
        OSError, UnicodeError, yaml.YAMLError, KeyError, TypeError, AttributeError,
    ) as error:  # fmt: skip
        # The text of these errors may quote the file.
        raise AccountsInvalid(f"{path.name} 读不懂，请对照说明检查格式。") from error
    named = {account.name: account for account in accounts}
    if len(named) != len(accounts):
        raise AccountsInvalid(f"{path.name} 里有两个微信客服账号同名。")
    return named


def read_kf(entry: dict[str, Any]) -> KfAccount:
    """Read one entry. Raises AccountsInvalid, and KeyError for what is missing."""
    name, corpid, token = str(entry["name"]), str(entry["corpid"]), str(entry["token"])
    if set(entry) - _FIELDS or not _NAME.fullmatch(name):
        raise AccountsInvalid("微信客服的 name 只用小写字母、数字和连字符，也不能有多余的项目。")
    if not _ID.fullmatch(corpid) or not _TOKEN.fullmatch(token) or not entry.get("secret"):
        raise AccountsInvalid(f"微信客服 {name} 的 corpid、token 或 secret 不对。")
    desks = frozenset(map(str, entry.get("desks") or ()))
    if not desks or not all(_ID.fullmatch(desk) for desk in desks):
        raise AccountsInvalid(f"微信客服 {name} 的 desks 里要有至少一个客服账号（open_kfid）。")
    keys = [str(entry["aes_key"]), str(entry.get("previous_aes_key") or "")]
    try:
        ciphers = tuple(MessageCipher.of(key, corpid) for key in keys if key)
    except AesKeyInvalid as error:
        raise AccountsInvalid(f"微信客服 {name} 的 aes_key 不对，应为 43 个字符。") from error
    seats = entry.get("seats") is True
    return KfAccount(name, corpid, token, ciphers, str(entry["secret"]), desks, seats)
