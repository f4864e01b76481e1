"""The official accounts of an installation, with their secrets.

The file is `wechat.yaml` in the data folder, readable by its owner alone:

    accounts:
      - name: district              # its callback address is /wechat/district
        appid: wx0123456789abcdef
        token: ...
        aes_key: ...                # EncodingAESKey, 43 characters
        previous_aes_key: ...       # while a key is being changed
        app_secret: ...             # for customer messages
        verified: true              # 已认证: customer messages and menu links may be used
        trial: false                # true: nothing of it is counted; the simulator page plays it
        templates:                  # 模板消息, by kind of notice (api/notice.py)
          mentor_proposal:
            id: ...                 # 模板ID
            fields: {thing1: topic, time2: deadline, phrase3: =待答复}
        subscriptions:              # 订阅通知, written alike; lasting: true for 长期订阅
          question_answered: {id: ..., fields: {thing1: question, thing2: answer}}
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from api.notice import NoticeKind
from api.wechat.account_file import AccountsInvalid, FollowedAccounts, read_ciphers, read_entries
from api.wechat.client import Way
from api.wechat.crypt import MessageCipher
from api.wechat.template import NoticeTemplate, TemplateInvalid, read_templates

WHAT = "公众号"
KF = "kf"  # kind of the entries that api/wechat/kf_account.py reads
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
_APPID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TOKEN = re.compile(r"[A-Za-z0-9]{3,32}")
_FIELDS = {
    "name", "appid", "token", "aes_key", "previous_aes_key", "app_secret", "verified",
    "trial", "templates", "subscriptions",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OfficialAccount:
    """One official account. Its secrets are not part of its printed form."""

    name: str
    appid: str
    token: str = field(repr=False)
    ciphers: tuple[MessageCipher, ...] = field(repr=False)  # the current key first
    app_secret: str = field(repr=False, default="")
    verified: bool = False
    trial: bool = False
    templates: Mapping[tuple[Way, NoticeKind], NoticeTemplate] = field(
        repr=False, hash=False, default_factory=dict
    )

    @property
    def can_push(self) -> bool:
        """Whether customer messages can be sent: a verified account whose secret is known."""
        return self.verified and bool(self.app_secret)


class AccountBook(FollowedAccounts[OfficialAccount]):
    """The official accounts by name, as the file has them now."""

    def __init__(self, path: Path, *, on_trial: bool = False) -> None:
        """Read the accounts of a file; `on_trial`: all of them are trial accounts."""
        super().__init__(path, _read_for_trial if on_trial else read_accounts, WHAT)


def read_accounts(path: Path) -> dict[str, OfficialAccount]:
    """Read the official accounts of the file. Raises AccountsInvalid."""
    return read_entries(path, lambda entry: entry.get("kind") != KF, _account, WHAT)


def _read_for_trial(path: Path) -> dict[str, OfficialAccount]:
    return {name: replace(one, trial=True) for name, one in read_accounts(path).items()}


def _account(entry: dict[str, Any]) -> OfficialAccount:
    name = str(entry["name"])
    unknown = set(entry) - _FIELDS
    if unknown or not _NAME.fullmatch(name):
        raise AccountsInvalid("公众号的 name 只用小写字母、数字和连字符，也不能有多余的项目。")
    appid, token = str(entry["appid"]), str(entry["token"])
    if not _APPID.fullmatch(appid) or not _TOKEN.fullmatch(token):
        raise AccountsInvalid(
            f"公众号 {name} 的 appid 或 token 不对，token 是 3 至 32 位字母数字。"
        )
    ciphers = read_ciphers(entry, appid, f"公众号 {name}")
    if not ciphers:
        raise AccountsInvalid(f"公众号 {name} 缺少 aes_key。")
    account = OfficialAccount(name, appid, token, ciphers)
    return replace(
        account,
        app_secret=str(entry.get("app_secret") or ""),
        verified=entry.get("verified") is True,
        trial=entry.get("trial") is True,
        templates=_templates(name, entry),
    )


def _templates(name: str, entry: dict[str, Any]) -> Mapping[tuple[Way, NoticeKind], NoticeTemplate]:
    try:
        sent = read_templates(Way.TEMPLATE, entry.get("templates"))
        allowed = read_templates(Way.SUBSCRIPTION, entry.get("subscriptions"))
    except TemplateInvalid as error:
        raise AccountsInvalid(f"公众号 {name} 的通知模板不对：{error}") from error
    return sent | allowed


def add_account(path: Path, entry: dict[str, Any]) -> None:
    """Add an account to the file, or begin the file. Raises AccountsInvalid."""
    _account(entry)
    append_entry(path, entry)


def append_entry(path: Path, entry: dict[str, Any]) -> None:
    """Add a checked entry to the file, or begin the file. Raises AccountsInvalid."""
    entries: list[dict[str, Any]] = []
    if path.exists():
        read_accounts(path)
        entries = yaml.safe_load(path.read_text("utf-8"))["accounts"]
    if any(known["name"] == entry["name"] for known in entries):
        raise AccountsInvalid("已经有同名的公众号。")
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(yaml.safe_dump({"accounts": [*entries, entry]}, allow_unicode=True), "utf-8")
    draft.replace(path)
