"""Erasing what 微信客服 holds of a person, and what has had its time."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from api.wechat.kf_message import KfContact, KfMessage
from api.wechat.kf_outbox import KfOutboxMessage


def erase_kf(db: Session, person: str) -> None:
    """Delete the messages and addresses of a person; the turns go with the record."""
    mine = db.scalars(select(KfContact).where(KfContact.person == person)).all()
    for contact in mine:
        for table in (KfMessage, KfOutboxMessage):
            db.execute(
                delete(table).where(
                    table.account == contact.account,
                    table.external_userid == contact.external_userid,
                )
            )
        db.delete(contact)
    db.flush()


def erase_kf_before(db: Session, before: datetime) -> int:
    """Delete settled messages of old; what was said stays with the consultation."""
    heard = delete(KfMessage).where(KfMessage.settled_at <= before)
    told = delete(KfOutboxMessage).where(KfOutboxMessage.finished_at <= before)
    done = [db.execute(statement) for statement in (heard, told)]
    return sum(int(getattr(one, "rowcount", 0)) for one in done)
