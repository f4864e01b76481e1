"""What people allowed us to push: subscription notices, one for each tap on 允许."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import Base

MOST = 100  # of one template; nobody taps so often


class WeChatGrant(Base):
    """One template that one follower allowed, and how many pushes of it are left."""

    __tablename__ = "wechat_grants"
    __table_args__ = (UniqueConstraint("account", "openid", "template"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    openid: Mapped[str]
    template: Mapped[str]
    pushes_left: Mapped[int]
    granted_at: Mapped[datetime]


def find_grant(db: Session, reader: tuple[str, str], template: str) -> WeChatGrant | None:
    """Return what a person (account, openid) allowed of a template, locked."""
    account, openid = reader
    wanted = select(WeChatGrant).where(
        WeChatGrant.account == account,
        WeChatGrant.openid == openid,
        WeChatGrant.template == template,
    )
    return db.scalar(wanted.with_for_update())


def note_grants(
    db: Session, reader: tuple[str, str], choices: Sequence[tuple[str, bool]], at: datetime
) -> None:
    """Note what a person allowed (True) or turned off (False), template by template.

    Each permission is good for one push; turning off ends all of them. The transaction
    holds the turn of this contact.
    """
    for template, allowed in choices:
        grant = find_grant(db, reader, template)
        if grant is None:
            if not allowed:
                continue
            account, openid = reader
            grant = WeChatGrant(account=account, openid=openid, template=template, pushes_left=0)
            db.add(grant)
        grant.pushes_left = min(grant.pushes_left + 1, MOST) if allowed else 0
        grant.granted_at = at
        db.flush()
