"""Who walks through a ledger at random: the people and places there are, the clock, the choice."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.message import InboundMessage, Reply
from guidance.periods.period import Quarter, shanghai_day
from guidance.review.staff import Staff
from guidance.session import GuidanceSession
from storage.database import Database

START = datetime(2026, 2, 20, 1, 0, tzinfo=UTC)
PEOPLE = ("visitor-1", "visitor-2", "visitor-3", "account:3")
UNITS = ("", "东街", "西街")
TEXTS = ("怎么申请小额担保贷款？", "您好", "我想开一家小面馆，有什么项目适合？", "谢谢")
GAPS_S = (1, 40, 600, 1799, 1800, 7200, 43_200, 86_400, 6 * 86_400, 40 * 86_400)
STAFF = tuple(
    Staff(number, frozenset(roles))
    for number, roles in enumerate(
        [
            {Role.HANDLER},
            {Role.REVIEWER},
            {Role.REVIEWER, Role.HANDLER},
            {Role.SIGNER, Role.REVIEWER},
            {Role.SIGNER},
        ],
        start=1,
    )
)
REPLY = Reply(
    text="可以申请。",
    status="answered",
    intent="policy",
    payload={"sentences": [], "citations": [{"address": "三(三)4"}], "suggestions": []},
)

Choose = Callable[[Sequence[Any]], Any]
Step = Callable[["Walker", Session], None]


class Walker:
    """One database, one clock, what was sent and met so far."""

    def __init__(self, database: Database, choose: Choose, name: str = "") -> None:
        self.name = name
        self.database = database
        self.choose = choose
        self.now = START
        self.sent: list[InboundMessage] = []
        self.met: list[tuple[int, str]] = []  # sessions with the codes of their clients

    def who(self, role: Role) -> Staff:
        """Mostly somebody whose duty it is, now and then anybody."""
        able = [one for one in STAFF if role in one.roles]
        chosen: Staff = self.choose([*able, *able, *able, self.choose(STAFF)])
        return chosen

    def one(self, db: Session, *states: SessionState) -> int:
        """A session in one of the states if there is one, else any."""
        ids = select(GuidanceSession.id).order_by(GuidanceSession.id)
        fitting = db.scalars(ids.where(GuidanceSession.state.in_(states))).all()
        found = fitting or db.scalars(ids).all()
        if not found:
            raise TransitionRefused("nothing there")
        chosen: int = self.choose(found)
        return chosen

    def past_quarter(self) -> Quarter:
        """Return the quarter before the one that runs."""
        return Quarter.of(shanghai_day(self.now)).preceding
