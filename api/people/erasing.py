"""Erasing what a person was recognised by: codes, links, logins, the WeChat user."""

from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.wechat.binding import WeChatLink
from api.wechat.binding_code import SHOWN, drop_code
from api.wechat.leaving import erase_wechat_user
from api.wechat.web_login import WeChatLogin
from guidance.people.identity import WECHAT_PERSON
from guidance.people.phone import drop_phone_code


def erase_identity(db: Session, person: str, secret: str, at: datetime) -> None:
    """Erase everything by which one reference was recognised, at the edge.

    The digests of phone and papers go with the record (`guidance.privacy.rights`).
    """
    drop_code(db, person)
    drop_code(db, f"{SHOWN}{person}")
    drop_phone_code(db, person)
    db.execute(delete(WeChatLogin).where(WeChatLogin.visitor == person))
    db.execute(delete(WeChatLink).where(WeChatLink.receiver == person))
    if person.startswith(WECHAT_PERSON):
        erase_wechat_user(db, person, secret, at)


def wechat_bound_to(db: Session, person: str) -> list[dict[str, Any]]:
    """Return where a reference is written to, for its owner to read."""
    links = db.scalars(select(WeChatLink).where(WeChatLink.receiver == person))
    return [{"account": one.account, "linked_at": one.linked_at} for one in links]
