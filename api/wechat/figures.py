"""How much went through each official account, and how: counted from the records themselves."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from api.wechat.access_token import WeChatToken
from api.wechat.arrival import ArrivalKind
from api.wechat.contact import WeChatContact
from api.wechat.outbox import OutboxMessage, OutboxState
from api.wechat.received import Delivery, WeChatMessage


@dataclass(slots=True)
class Figures:
    """What went through one account since a moment, and where it stands now."""

    received: int = 0  # questions
    ways: dict[Delivery | None, int] = field(default_factory=dict)  # of their answers
    others: int = 0  # events, pictures and the like
    letters: dict[OutboxState, int] = field(default_factory=dict)
    followers: int = 0
    reachable: int = 0  # may get a customer message now
    pushes_left: int = 0  # of all of them together

    def way(self, name: str) -> int:
        """Return how many answers went a way; "" counts those on their way."""
        return self.ways.get(Delivery(name) if name else None, 0)

    def letter(self, name: str) -> int:
        """Return how many messages of the outbox stand so."""
        return self.letters.get(OutboxState(name), 0)


def figures_of(
    db: Session, accounts: list[str], since: datetime, now: datetime
) -> dict[str, Figures]:
    """Count what went through each of these accounts since a moment."""
    found = {account: Figures() for account in accounts}
    _count_messages(db, found, since)
    _count_letters(db, found, since)
    _count_contacts(db, found, now)
    return found


def _count_messages(db: Session, found: dict[str, Figures], since: datetime) -> None:
    asked = WeChatMessage.kind == ArrivalKind.QUESTION
    columns = (WeChatMessage.account, WeChatMessage.delivery, asked)
    counted = (
        select(*columns, func.count())
        .where(WeChatMessage.received_at >= since, WeChatMessage.account.in_(found))
        .group_by(*columns)
    )
    for account, delivery, question, number in db.execute(counted):
        figures = found[account]
        if question:
            figures.received += number
            figures.ways[delivery] = figures.ways.get(delivery, 0) + number
        else:
            figures.others += number


def _count_letters(db: Session, found: dict[str, Figures], since: datetime) -> None:
    columns = (OutboxMessage.account, OutboxMessage.state)
    counted = (
        select(*columns, func.count())
        .where(OutboxMessage.created_at >= since, OutboxMessage.account.in_(found))
        .group_by(*columns)
    )
    for account, state, number in db.execute(counted):
        found[account].letters[state] = number


def _count_contacts(db: Session, found: dict[str, Figures], now: datetime) -> None:
    may_push = (WeChatContact.window_until > now) & (WeChatContact.pushes_left > 0)
    counted = (
        select(
            WeChatContact.account,
            func.count(),
            func.sum(case((may_push, 1), else_=0)),
            func.sum(case((may_push, WeChatContact.pushes_left), else_=0)),
        )
        .where(WeChatContact.left_at.is_(None), WeChatContact.account.in_(found))
        .group_by(WeChatContact.account)
    )
    for account, followers, reachable, pushes in db.execute(counted):
        figures = found[account]
        figures.followers, figures.reachable, figures.pushes_left = followers, reachable, pushes


def token_ends(db: Session, appid: str) -> datetime | None:
    """Return until when the shared access token of an account is good, None for none."""
    kept = db.get(WeChatToken, appid)
    return kept.expires_at if kept is not None else None
