"""What happened to an account, from the audit log, in words."""

from typing import Any

from sqlalchemy.orm import Session

from accounts.account import Account
from accounts.role import Role, role_names
from api.ledger.history import Happened, history_of

DETAIL_NAMES = {
    "name": "姓名",
    "roles": "角色",
    "org_unit": "单位",
    "mentor_code": "导师编号",
    "external_id": "统一身份编号",
}


def account_history(db: Session, account: Account) -> list[Happened]:
    """Return the newest events of an account, newest first."""
    return history_of(db, account.subject, _in_words)


def _in_words(details: dict[str, Any]) -> list[str]:
    return [
        f"{DETAIL_NAMES[key]}：{_change(value, key)}"
        for key, value in details.items()
        if key in DETAIL_NAMES and value
    ]


def _change(value: Any, key: str) -> str:
    if isinstance(value, list) and len(value) == 2 and (key != "roles" or _lists(value)):
        return f"由“{_words(value[0]) or '无'}”改为“{_words(value[1]) or '无'}”"
    return _words(value)


def _lists(value: list[Any]) -> bool:
    return all(isinstance(item, list) for item in value)


def _words(value: Any) -> str:
    if isinstance(value, list):
        return role_names(Role(item) for item in value)
    return str(value)
