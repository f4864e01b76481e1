"""What happened to an account, from the audit log, in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.account import Account
from accounts.role import Role, role_names
from api.ledger.event_words import event_name
from audit.log import ActorKind, events_of

MOST = 100
DETAIL_NAMES = {
    "name": "姓名",
    "roles": "角色",
    "org_unit": "单位",
    "mentor_code": "导师编号",
    "external_id": "统一身份编号",
}


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of the history."""

    at: datetime
    what: str
    who: str
    detail: str


def account_history(db: Session, account: Account) -> list[Happened]:
    """Return the newest events of an account, newest first."""
    events = events_of(db, account.subject)[-MOST:][::-1]
    ids = {int(e.actor_id) for e, _ in events if e.actor_kind is ActorKind.ACCOUNT}
    rows = db.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))
    names = {str(number): name for number, name in rows}
    return [
        Happened(
            event.at,
            event_name(event.action),
            names.get(event.actor_id, "系统" if event.actor_id != "console" else "命令行"),
            _detail(payload),
        )
        for event, payload in events
    ]


def _detail(payload: dict[str, Any]) -> str:
    details = payload.get("details") or {}
    parts = [
        f"{DETAIL_NAMES[key]}：{_change(value, key)}"
        for key, value in details.items()
        if key in DETAIL_NAMES and value
    ]
    if payload.get("reason"):
        parts.append(f"理由：{payload['reason']}")
    return "；".join(parts)


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
