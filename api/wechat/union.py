"""The unionid: that a follower of one official account is the follower of another."""

import hashlib
import hmac
import logging
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.wechat.access_token import access_token, drop_token
from api.wechat.account import AccountBook, OfficialAccount
from api.wechat.client import ErrorKind, SendFailed, TencentApi
from api.wechat.contact import WeChatContact
from guidance.people.merging import join_people
from storage.database import Base, Database, take_turns

log = logging.getLogger("qichuang")

ASKED_AT_ONCE = 20


class WeChatUnion(Base):
    """The unionid of one WeChat user as a keyed digest, "" where Tencent tells none."""

    __tablename__ = "wechat_unions"

    person: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), index=True)
    asked_at: Mapped[datetime]


def note_union(db: Session, person: str, unionid: str, secret: str, at: datetime) -> None:
    """Keep what Tencent told of a WeChat user; users with one unionid are one person."""
    digest = _digest(secret, unionid) if unionid else ""
    take_turns(db, f"wechat union {digest or person}")
    known = db.get(WeChatUnion, person)
    if known is None:
        db.add(WeChatUnion(person=person, digest=digest, asked_at=at))
    else:
        known.digest, known.asked_at = digest or known.digest, at
    db.flush()
    if not digest:
        return
    others = select(WeChatUnion.person).where(
        WeChatUnion.digest == digest, WeChatUnion.person != person
    )
    for other in db.scalars(others.order_by(WeChatUnion.person)).all():
        join_people(db, other, person, at, "unionid")


def ask_unions(
    database: Database, api: TencentApi, book: AccountBook, secret: str, at: datetime
) -> int:
    """Ask Tencent for the unionids of some followers; return how many were told.

    Of one account alone they would tell nothing, so nothing is asked then.
    """
    able = {name: one for name, one in book.accounts().items() if one.can_push and not one.trial}
    if len(able) < 2:
        return 0
    with database.reading() as db:
        asked = select(WeChatUnion.person)
        new = select(WeChatContact).where(
            WeChatContact.account.in_(able),
            WeChatContact.left_at.is_(None),
            WeChatContact.person != "",
            WeChatContact.person.not_in(asked),
        )
        contacts = db.scalars(new.order_by(WeChatContact.id).limit(ASKED_AT_ONCE)).all()
    told = 0
    for contact in contacts:
        unionid = ""
        try:
            unionid = _ask(database, api, able[contact.account], contact.openid, at)
        except SendFailed as failure:
            log.warning("wechat unionid not told: %s", failure.code)
            if failure.kind is not ErrorKind.GONE:
                break
        with database.writing() as db:
            note_union(db, contact.person, unionid, secret, at)
        told += bool(unionid)
    return told


def _ask(
    database: Database, api: TencentApi, account: OfficialAccount, openid: str, at: datetime
) -> str:
    token = access_token(database, api, account, lambda: at)
    try:
        return str(api.user_info(token, openid).get("unionid", ""))
    except SendFailed as failure:
        if failure.kind is ErrorKind.TOKEN:
            with database.writing() as db:
                drop_token(db, account.appid, token)
        raise


def _digest(secret: str, unionid: str) -> str:
    return hmac.new(secret.encode(), f"unionid\n{unionid}".encode(), hashlib.sha256).hexdigest()
