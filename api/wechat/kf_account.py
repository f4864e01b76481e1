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
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from api.wechat.account import KF
from api.wechat.account_file import AccountsInvalid, FollowedAccounts, read_ciphers, read_entries
from api.wechat.crypt import MessageCipher

WHAT = "微信客服账号"
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


class KfBook(FollowedAccounts[KfAccount]):
    """The 微信客服 accounts by name, as the file has them now."""

    def __init__(self, path: Path) -> None:
        """Read the accounts of a file."""
        super().__init__(path, read_kf_accounts, WHAT)


def read_kf_accounts(path: Path) -> dict[str, KfAccount]:
    """Read the 微信客服 accounts of the file. Raises AccountsInvalid."""
    return read_entries(path, lambda entry: entry.get("kind") == KF, read_kf, WHAT)


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
    ciphers = read_ciphers(entry, corpid, f"微信客服 {name}")
    seats = entry.get("seats") is True
    return KfAccount(name, corpid, token, ciphers, str(entry["secret"]), desks, seats)
