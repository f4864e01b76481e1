"""What a mentor or a person has to be told of a pairing: written with what happened, told later.

The edge takes new pieces from here in the same transaction, sends them where the receiver
can be reached, and lists the others for a colleague to telephone.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.mentoring.pairing import RUNNING, Pairing, PairingState
from storage.database import Base


class NewsKind(StrEnum):
    """What happened, and to whom it matters."""

    PROPOSAL = "proposal"  # to the mentor: somebody asks for you
    REMINDER = "reminder"  # to the mentor: the answer is due
    PROPOSAL_OVER = "proposal_over"  # to the mentor: no answer is needed any more
    ENDED = "ended"  # to the mentor: the pairing is over
    TIME_TO_MENTOR = "time_to_mentor"
    ACCEPTED = "accepted"  # to the person
    DECLINED = "declined"  # to the person: declined or not answered, others are asked
    MENTOR_LEFT = "mentor_left"  # to the person: the mentor does not serve any more
    TIME_TO_PERSON = "time_to_person"
    MET = "met"  # to the person: please confirm the meeting


class NewsState(StrEnum):
    """Whether a piece of news reached its receiver."""

    NEW = "new"
    SENT = "sent"  # handed to a channel that reaches them
    UNREACHED = "unreached"  # no channel: somebody has to telephone
    HANDLED = "handled"  # a colleague saw to it


NEWS_NAMES = {
    NewsKind.PROPOSAL: "请导师答复一份邀请",
    NewsKind.REMINDER: "提醒导师答复",
    NewsKind.PROPOSAL_OVER: "告诉导师不用再答复",
    NewsKind.ENDED: "告诉导师结对已结束",
    NewsKind.TIME_TO_MENTOR: "告诉导师见面时间的答复",
    NewsKind.ACCEPTED: "告诉申请人导师已接受",
    NewsKind.DECLINED: "告诉申请人正在另找导师",
    NewsKind.MENTOR_LEFT: "告诉申请人原导师不再指导，正在另找",
    NewsKind.TIME_TO_PERSON: "告诉申请人导师建议的时间",
    NewsKind.MET: "请申请人确认见过面",
}
TO_MENTOR = (
    NewsKind.PROPOSAL,
    NewsKind.REMINDER,
    NewsKind.PROPOSAL_OVER,
    NewsKind.ENDED,
    NewsKind.TIME_TO_MENTOR,
)
_P = PairingState
# News is stale once the pairing has moved on: nobody needs to be telephoned any more.
# What is not listed here never needs a call: who comes to the page finds nothing to do.
CALL_WHILE: dict[NewsKind, tuple[PairingState, ...]] = {
    NewsKind.PROPOSAL: (_P.PROPOSED,),
    NewsKind.REMINDER: (_P.PROPOSED,),
    NewsKind.TIME_TO_MENTOR: RUNNING,
    NewsKind.ACCEPTED: (_P.ACCEPTED,),
    NewsKind.MENTOR_LEFT: (_P.ENDED,),
    NewsKind.TIME_TO_PERSON: (_P.PROPOSED, *RUNNING),
}
# What one side is told because the other one did something.
DONE_BY_MENTOR = (NewsKind.ACCEPTED, NewsKind.DECLINED, NewsKind.TIME_TO_PERSON, NewsKind.MET)
DONE_BY_PERSON = (NewsKind.TIME_TO_MENTOR,)
AT_ONCE = 500


class MentoringNews(Base):
    """One piece of news about one pairing; it holds no word of a person."""

    __tablename__ = "mentoring_news"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[NewsKind]
    pairing_id: Mapped[int] = mapped_column(ForeignKey("pairings.id"), index=True)
    written_at: Mapped[datetime]
    state: Mapped[NewsState] = mapped_column(default=NewsState.NEW, index=True)
    handled_by: Mapped[str] = mapped_column(default="")  # "account:7"
    handled_at: Mapped[datetime | None]

    @property
    def cause(self) -> str:
        """What makes it unique among all that is told."""
        return f"mentoring:{self.id}"

    @property
    def to_mentor(self) -> bool:
        """Whether the mentor is told, and not the person."""
        return self.kind in TO_MENTOR


def note_news(db: Session, kind: NewsKind, pairing: Pairing, at: datetime) -> None:
    """Write down that somebody has to be told."""
    db.add(MentoringNews(kind=kind, pairing_id=pairing.id, written_at=at))
    db.flush()


def untold_news(db: Session) -> Sequence[MentoringNews]:
    """Return what nobody was told yet, oldest first, a portion at a time."""
    new = select(MentoringNews).where(MentoringNews.state == NewsState.NEW)
    return db.scalars(new.order_by(MentoringNews.id).limit(AT_ONCE)).all()


def calls_to_make(
    db: Session, lost_causes: Collection[str] = ()
) -> list[tuple[MentoringNews, Pairing]]:
    """Return what is still true and reached nobody, oldest first.

    Of several pieces for the same receiver the newest is enough, and none is needed once
    the receiver did something about the pairing. `lost_causes` are those of messages that
    a channel took and could not deliver.
    """
    lost = [int(cause.removeprefix("mentoring:")) for cause in lost_causes]
    unreached = (MentoringNews.state == NewsState.UNREACHED) | (
        (MentoringNews.state == NewsState.SENT) & MentoringNews.id.in_(lost)
    )
    rows = (
        select(MentoringNews, Pairing)
        .join(Pairing, Pairing.id == MentoringNews.pairing_id)
        .where(unreached)
        .order_by(MentoringNews.id)
    )
    found = [
        (news, pairing)
        for news, pairing in db.execute(rows)
        if pairing.state in CALL_WHILE.get(news.kind, ())
    ]
    history: dict[int, list[MentoringNews]] = {}
    written = select(MentoringNews).where(
        MentoringNews.pairing_id.in_({pairing.id for _, pairing in found})
    )
    for news in db.scalars(written.order_by(MentoringNews.id)):
        history.setdefault(news.pairing_id, []).append(news)
    return [one for one in found if not _overtaken(one[0], history[one[1].id])]


def _overtaken(news: MentoringNews, history: Sequence[MentoringNews]) -> bool:
    """Whether the receiver was written to again, or did something, since."""
    did = DONE_BY_MENTOR if news.to_mentor else DONE_BY_PERSON
    later = [one for one in history if one.id > news.id]
    return any(one.to_mentor == news.to_mentor or one.kind in did for one in later)
