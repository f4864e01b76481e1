"""Telling people something outside a conversation: written where it is caused, sent later."""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from api.notice import Notice, NoticeKind
from api.wechat.binding import wechat_of
from api.wechat.outbox import put_notice

__all__ = ["Notice", "NoticeKind", "tell"]

USEFUL_FOR = timedelta(days=7)


def tell(db: Session, receiver: str, notice: Notice, at: datetime) -> bool:
    """Write a notice into the outbox, in the transaction of its cause.

    Args:
        db: the transaction of the caller.
        receiver: a person reference as in guidance.session, or "account:<id>" for mentors
            and staff.
        notice: what to tell; one cause is told once, however often this is called.
        at: when it may be sent: now, or a moment to come.

    Returns:
        Whether the receiver is known on WeChat. False: nothing was written, and the page
        from which this is called says that they have to be told in another way.
    """
    reader = wechat_of(db, receiver)
    if reader is None:
        return False
    put_notice(db, reader, notice, at, notice.until or at + USEFUL_FOR)
    return True
