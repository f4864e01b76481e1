"""Which way a message takes to its reader, decided when it is sent, and what using it costs."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session, aliased

from api.wechat.account import OfficialAccount
from api.wechat.channel import is_stopped
from api.wechat.client import ErrorKind, SendFailed, Way
from api.wechat.contact import WeChatContact, find_contact
from api.wechat.grant import find_grant
from api.wechat.outbox import OutboxMessage, OutboxState
from api.wechat.template import NoticeTemplate
from storage.database import Database

LEASE = timedelta(seconds=60)
SENT_AT_ONCE = 64

UNREACHABLE = "无法送达："
NO_ACCOUNT = "wechat.yaml 里没有这个公众号"
NOT_FOLLOWING = "对方没有关注或已取消关注公众号"
NO_PUSH = "公众号没有认证，或没有填写 AppSecret"
WINDOW_CLOSED = "超出微信允许的条数或时间"
NO_TEMPLATE = f"{WINDOW_CLOSED}，也没有为这类通知配置模板；对方再来信时自动补发"
NOT_ALLOWED = f"{WINDOW_CLOSED}，对方也没有允许这种通知；对方再来信时自动补发"

Accounts = Mapping[str, OfficialAccount]


def anything_due(database: Database, now: datetime) -> bool:
    """Return whether something can be sent now. Asked first: it writes nothing."""
    with database.reading() as db:
        return db.scalar(select(OutboxMessage.id).where(*_due(now)).limit(1)) is not None


def take_due(
    db: Session,
    now: datetime,
    accounts: Accounts,
    limit: int = SENT_AT_ONCE,
) -> list[OutboxMessage]:
    """Lease the messages to send now, each with its way, and use up what the way costs.

    One that may not be sent any more is held or given up. The messages of one person
    leave in the order in which they were written: only the earliest is taken. Nothing is
    taken of an account that is switched off.
    """
    due = (
        select(OutboxMessage)
        .where(*_due(now))
        .order_by(OutboxMessage.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=OutboxMessage)
    )
    taken: list[OutboxMessage] = []
    # Contacts are locked in one order everywhere: callbacks lock several at a time, too.
    for message in sorted(db.scalars(due), key=lambda one: (one.account, one.openid, one.id)):
        account = accounts.get(message.account)
        contact = find_contact(db, message.account, message.openid)
        way = _use_way(db, message, account, contact, now)
        if way is None:
            message.hold(UNREACHABLE + _why_not(message, account, contact), now)
            continue
        message.way = way
        message.attempts += 1
        message.due_at = now + LEASE
        taken.append(message)
    return taken


def _due(now: datetime) -> list[ColumnElement[bool]]:
    earlier = aliased(OutboxMessage)
    first = ~exists().where(
        earlier.account == OutboxMessage.account,
        earlier.openid == OutboxMessage.openid,
        earlier.state == OutboxState.WAITING,
        earlier.id < OutboxMessage.id,
    )
    open_ = ~is_stopped(OutboxMessage.account)
    return [OutboxMessage.state == OutboxState.WAITING, OutboxMessage.due_at <= now, first, open_]


def _use_way(
    db: Session,
    message: OutboxMessage,
    account: OfficialAccount | None,
    contact: WeChatContact | None,
    now: datetime,
) -> Way | None:
    """Return the first way that is open, what it costs taken off; None when there is none."""
    late = message.useful_until is not None and message.useful_until <= now
    if account is None or not account.can_push or late:
        return None
    if Way.CUSTOMER not in message.refused and contact is not None and contact.may_push(now):
        contact.pushes_left -= 1
        return Way.CUSTOMER
    follows = contact is not None and contact.left_at is None
    if follows and Way.TEMPLATE not in message.refused and _template(message, account):
        return Way.TEMPLATE
    if Way.SUBSCRIPTION not in message.refused and _use_grant(db, message, account):
        return Way.SUBSCRIPTION
    return None


def _template(
    message: OutboxMessage, account: OfficialAccount, way: Way = Way.TEMPLATE
) -> NoticeTemplate | None:
    return account.templates.get((way, message.kind)) if message.kind else None


def _use_grant(db: Session, message: OutboxMessage, account: OfficialAccount) -> bool:
    template = _template(message, account, Way.SUBSCRIPTION)
    grant = find_grant(db, (message.account, message.openid), template.id) if template else None
    if template is None or grant is None or grant.pushes_left <= 0:
        return False
    if not template.lasting:
        grant.pushes_left -= 1
    return True


def _why_not(
    message: OutboxMessage, account: OfficialAccount | None, contact: WeChatContact | None
) -> str:
    if account is None:
        return NO_ACCOUNT
    if not account.can_push:
        return NO_PUSH
    if contact is None or contact.left_at is not None:
        return NOT_FOLLOWING
    if message.kind is None:
        return WINDOW_CLOSED
    subscribed = (Way.SUBSCRIPTION, message.kind) in account.templates
    return NOT_ALLOWED if subscribed else NO_TEMPLATE


def settle(
    db: Session,
    message_id: int,
    outcome: SendFailed | str,
    account: OfficialAccount | None,
    at: datetime,
) -> None:
    """Note how an attempt went: Tencent's number of the message, or the failure.

    One that Tencent did not take gives back what it cost.
    """
    message = db.get_one(OutboxMessage, message_id, with_for_update=True)
    if isinstance(outcome, str):
        message.note_sent(outcome, at)
        return
    contact = find_contact(db, message.account, message.openid)
    if contact is not None and outcome.kind is ErrorKind.GONE:
        contact.left_at = at
    if message.way is Way.CUSTOMER and contact is not None:
        if outcome.kind is ErrorKind.OVER_QUOTA:
            contact.pushes_left = 0
        elif outcome.kind is not ErrorKind.GONE and not outcome.maybe_sent:
            contact.pushes_left += 1
    if message.way is Way.SUBSCRIPTION and account is not None:
        _give_back(db, message, account, outcome)
    message.note_failure(outcome, at)


def _give_back(
    db: Session, message: OutboxMessage, account: OfficialAccount, failure: SendFailed
) -> None:
    template = _template(message, account, Way.SUBSCRIPTION)
    grant = find_grant(db, (message.account, message.openid), template.id) if template else None
    if template is None or grant is None:
        return
    if failure.kind is ErrorKind.NOT_GRANTED:
        grant.pushes_left = 0
    elif not (template.lasting or failure.maybe_sent):
        grant.pushes_left += 1
