"""Messages to people: written with what causes them, sent until Tencent has them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from api.notice import Notice, NoticeKind
from api.wechat.client import ErrorKind, SendFailed, Way
from storage.database import Base, storable

# Waits before the second and later attempts. An answer is of no use after two days.
BACK_OFF = tuple(timedelta(seconds=s) for s in (2, 10, 60, 300, 1800, 7200))
_TRIED_AGAIN = (ErrorKind.PASSING, ErrorKind.TOKEN)
MOST_REASON = 200


class OutboxState(StrEnum):
    """Where a message to a person stands."""

    WAITING = "waiting"
    HELD = "held"  # a notice that cannot reach the person now; it goes out when they write
    SENT = "sent"
    DEAD = "dead"  # never sent; staff see it with the reason
    DROPPED = "dropped"  # never sent, and staff have seen to it


class LetterNotFound(LookupError):
    """No undelivered message has this number, or it has been seen to."""


class OutboxMessage(Base):
    """One message. `cause` makes it unique: one cause is told once."""

    __tablename__ = "wechat_outbox"
    __table_args__ = (
        Index(
            "ix_wechat_outbox_waiting",
            "due_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "ix_wechat_outbox_held",
            "useful_until",
            sqlite_where=text("state = 'held'"),
            postgresql_where=text("state = 'held'"),
        ),
        Index("ix_wechat_outbox_account_openid", "account", "openid"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str]
    openid: Mapped[str]
    cause: Mapped[str] = mapped_column(unique=True)  # message:17, notice:...
    body: Mapped[dict[str, Any]]  # of an answer: as Tencent gets it, without touser
    fallback: Mapped[str]  # sent as text where the body's kind is refused
    notice: Mapped[dict[str, Any] | None]  # kind, facts and path; None: an answer
    way: Mapped[Way]  # of the last attempt
    refused_ways: Mapped[str]  # ways by which it cannot go, with commas
    taken_as: Mapped[str]  # Tencent's number of it, for the report of its delivery
    useful_until: Mapped[datetime | None]  # of a notice
    state: Mapped[OutboxState]
    attempts: Mapped[int]
    due_at: Mapped[datetime]  # while it is being sent: when another process may try
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    problem: Mapped[str]  # of the last attempt: Tencent's error code and what it means

    @property
    def kind(self) -> NoticeKind | None:
        """What a notice is about; None for an answer."""
        return NoticeKind(self.notice["kind"]) if self.notice else None

    @property
    def subject(self) -> str:
        """How the audit log names it."""
        return f"letter:{self.id}"

    @property
    def refused(self) -> frozenset[Way]:
        """The ways that were refused since it was last taken up."""
        return frozenset(Way(way) for way in self.refused_ways.split(",") if way)

    def note_sent(self, taken_as: str, at: datetime) -> None:
        """Tencent took it."""
        self.state, self.finished_at, self.problem = OutboxState.SENT, at, ""
        self.taken_as = taken_as

    def note_failure(self, failure: SendFailed, at: datetime) -> None:
        """Try again later, in another form, in another way or never, as the failure says."""
        self.problem = str(failure)
        if failure.kind in _TRIED_AGAIN and self.attempts <= len(BACK_OFF):
            self.due_at = at + BACK_OFF[self.attempts - 1]
        elif self.notice is not None:
            self.refused_ways = ",".join(sorted({*self.refused, self.way}))
            self.due_at = at
        elif failure.kind is ErrorKind.FORM_REFUSED and self.body["msgtype"] != "text":
            self.body = text_body(self.fallback)
            self.due_at = at
        else:
            self.give_up(self.problem, at)

    def hold(self, problem: str, at: datetime) -> None:
        """Keep a notice until the person writes; an answer, or what is too old, is given up."""
        problem = f"{problem}（{self.problem}）" if self.problem else problem
        if self.useful_until is None or self.useful_until <= at:
            self.give_up(problem, at)
        else:
            self.state, self.problem = OutboxState.HELD, problem

    def give_up(self, problem: str, at: datetime) -> None:
        """Send it never."""
        self.state, self.finished_at, self.problem = OutboxState.DEAD, at, problem

    def send_again(self, at: datetime) -> None:
        """Begin anew, as staff asked."""
        self.state, self.due_at, self.finished_at = OutboxState.WAITING, at, None
        self.attempts, self.refused_ways, self.problem = 0, "", ""
        if self.useful_until is not None:
            self.useful_until = max(self.useful_until, at + timedelta(days=1))

    def drop(self, reason: str, at: datetime) -> None:
        """Take it off the list of what was not sent, as staff asked."""
        self.state, self.finished_at = OutboxState.DROPPED, at
        self.problem = f"{self.problem} 工作人员：{reason}".strip()[: 2 * MOST_REASON]


def text_body(content: str) -> dict[str, Any]:
    """Return the body of a text message."""
    return {"msgtype": "text", "text": {"content": content}}


def menu_body(head: str, choices: Sequence[str]) -> dict[str, Any]:
    """Return the body of a 菜单消息: a text with choices to tap."""
    listed = [{"id": str(n), "content": choice} for n, choice in enumerate(choices, start=1)]
    menu = {"head_content": head, "list": listed, "tail_content": ""}
    return {"msgtype": "msgmenu", "msgmenu": menu}


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be sent: a body, and the text to send where its kind is refused."""

    body: dict[str, Any]
    fallback: str


def put_in(db: Session, reader: tuple[str, str], cause: str, letter: Letter, at: datetime) -> bool:
    """Write an answer to (account, openid), in the transaction of its cause.

    Returns False when it was written before.
    """
    values = {"body": storable(letter.body), "fallback": storable(letter.fallback)}
    return _put(db, reader, cause, values, at)


def put_notice(
    db: Session, reader: tuple[str, str], notice: Notice, at: datetime, until: datetime
) -> bool:
    """Write a notice to (account, openid), in the transaction of its cause.

    How it goes out is decided when it is sent. Returns False when it was written before.
    """
    told = {"kind": str(notice.kind), "facts": dict(notice.facts), "path": notice.path}
    values = {"notice": storable(told), "useful_until": until}
    return _put(db, reader, f"notice:{notice.cause}", values, at)


def _put(
    db: Session, reader: tuple[str, str], cause: str, values: Mapping[str, Any], at: datetime
) -> bool:
    if db.scalar(select(OutboxMessage.id).where(OutboxMessage.cause == cause)) is not None:
        return False
    content: dict[str, Any] = {"body": {}, "fallback": ""}
    message = OutboxMessage(
        account=reader[0],
        openid=reader[1],
        cause=cause,
        way=Way.CUSTOMER,
        refused_ways="",
        taken_as="",
        state=OutboxState.WAITING,
        attempts=0,
        due_at=at,
        created_at=at,
        problem="",
        **(content | dict(values)),
    )
    db.add(message)
    return True


# Built once, and asked first: nothing is held on most days.
_ANYTHING_HELD = select(OutboxMessage.id).where(OutboxMessage.state == OutboxState.HELD).limit(1)


def wake(db: Session, readers: Sequence[tuple[str, str]], at: datetime) -> None:
    """Take up what was held for people (account, openid) who have just written."""
    if db.scalar(_ANYTHING_HELD) is None:
        return
    for account in {account for account, _ in readers}:
        openids = [openid for known, openid in readers if known == account]
        held = (
            OutboxMessage.account == account,
            OutboxMessage.openid.in_(openids),
            OutboxMessage.state == OutboxState.HELD,
        )
        anew = {"state": OutboxState.WAITING, "due_at": at, "refused_ways": "", "attempts": 0}
        db.execute(update(OutboxMessage).where(*held).values(**anew))


def end_held(db: Session, at: datetime) -> None:
    """Give up what was held until nobody needs it any more."""
    held = (OutboxMessage.state == OutboxState.HELD, OutboxMessage.useful_until <= at)
    over = {"state": OutboxState.DEAD, "finished_at": at}
    db.execute(update(OutboxMessage).where(*held).values(**over))


def note_report(
    db: Session, reader: tuple[str, str], taken_as: str, why: str, at: datetime
) -> None:
    """Note that a message that Tencent had taken did not reach the person after all."""
    account, openid = reader
    wanted = select(OutboxMessage).where(
        OutboxMessage.account == account,
        OutboxMessage.openid == openid,
        OutboxMessage.taken_as == taken_as,
        OutboxMessage.state == OutboxState.SENT,
    )
    message = db.scalar(wanted.with_for_update().limit(1)) if taken_as else None
    if message is not None:
        message.give_up(f"微信未能送达：{why}", at)


def dead_letters(db: Session, account: str = "", limit: int = 100) -> Sequence[OutboxMessage]:
    """Return what did not reach its reader, what may yet first, then newest first."""
    states = (OutboxState.DEAD, OutboxState.HELD)
    dead = select(OutboxMessage).where(OutboxMessage.state.in_(states))
    if account:
        dead = dead.where(OutboxMessage.account == account)
    order = (OutboxMessage.state.desc(), OutboxMessage.id.desc())
    return db.scalars(dead.order_by(*order).limit(limit)).all()
