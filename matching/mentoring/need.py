"""What a person wants a mentor for, and the telephone number kept apart from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Index, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.mentors.facts import MentorNeed, Stage
from matching.mentors.weekly_slots import half_hours_of, parse_slots
from storage.database import Base, storable

MOST_CHARACTERS = 500
MOST_WISHES = 3
# Proposals that came to nothing before a person of the staff has to look.
ATTENTION_ROUNDS = 3


class NeedState(StrEnum):
    """Where a need stands."""

    WAITING = "waiting"  # nobody has been asked
    PROPOSED = "proposed"  # a mentor has been asked
    PAIRED = "paired"  # a mentor said yes
    WITHDRAWN = "withdrawn"  # by the person
    CLOSED = "closed"  # the pairing came to its end


NEED_NAMES = {
    NeedState.WAITING: "等候安排",
    NeedState.PROPOSED: "等导师答复",
    NeedState.PAIRED: "正在指导",
    NeedState.WITHDRAWN: "已撤回",
    NeedState.CLOSED: "已结束",
}
OPEN_STATES = (NeedState.WAITING, NeedState.PROPOSED, NeedState.PAIRED)
_OPEN = text("state IN ('waiting', 'proposed', 'paired')")


class NeedNotFound(LookupError):
    """There is no such need, or it is another person's."""


class MentoringNeed(Base):
    """One person's wish for a mentor; a person has one open need at a time."""

    __tablename__ = "mentoring_needs"
    __table_args__ = (
        Index(
            "uq_mentoring_needs_person_open",
            "person",
            unique=True,
            sqlite_where=_OPEN,
            postgresql_where=_OPEN,
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(index=True)
    state: Mapped[NeedState] = mapped_column(default=NeedState.WAITING, index=True)
    topics: Mapped[list[str]] = mapped_column(default=list)
    industry: Mapped[str] = mapped_column(default="")
    stage: Mapped[str] = mapped_column(default="")
    street: Mapped[str] = mapped_column(default="")
    languages: Mapped[list[str]] = mapped_column(default=list)
    slots: Mapped[list[str]] = mapped_column(default=list)
    online: Mapped[bool] = mapped_column(default=True)
    onsite: Mapped[bool] = mapped_column(default=True)
    words: Mapped[str] = mapped_column(default="")
    wishes: Mapped[list[str]] = mapped_column(default=list)  # mentors' codes, dearest first
    org_unit: Mapped[str] = mapped_column(default="", index=True)  # whose staff see it
    project_code: Mapped[str] = mapped_column(default="")
    # Those the plan favours; they raise no fit, only the share that is served.
    groups: Mapped[list[str]] = mapped_column(default=list)
    rounds: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    @property
    def code(self) -> str:
        """How runs and certificates name the need."""
        return f"N{self.id}"

    @property
    def subject(self) -> str:
        """How the audit log names the need."""
        return f"mentoring_need:{self.id}"

    @property
    def needs_attention(self) -> bool:
        """Whether so many proposals failed that the staff has to look."""
        return self.state is NeedState.WAITING and self.rounds >= ATTENTION_ROUNDS

    def facts(
        self, refused: frozenset[str], at: datetime, known_mentors: frozenset[str] = frozenset()
    ) -> MentorNeed:
        """Return what rules and scores may see.

        `refused` are codes of mentors tried before, `known_mentors` of those with whom
        this person worked well.
        """
        return MentorNeed(
            code=self.code,
            person=self.person,
            topics=tuple(self.topics),
            industry=self.industry,
            stage=Stage(self.stage) if self.stage else None,
            street=self.street,
            languages=frozenset(self.languages),
            half_hours=half_hours_of(parse_slots("；".join(self.slots))),
            online=self.online,
            onsite=self.onsite,
            projects=frozenset({self.project_code} - {""}),
            groups=frozenset(self.groups),
            refused=refused,
            known_mentors=known_mentors,
            wishes=tuple(self.wishes),
            waiting_days=max(0, (at - self.opened_at).days),
            rounds=self.rounds,
        )


class MentoringContact(Base):
    """The number of who wants a mentor, kept for this purpose alone and with consent."""

    __tablename__ = "mentoring_contacts"

    need_id: Mapped[int] = mapped_column(ForeignKey("mentoring_needs.id"), primary_key=True)
    phone: Mapped[str]
    consented_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person asks for; without a phone they want to be reached on their page alone."""

    topics: tuple[str, ...] = ()
    industry: str = ""
    stage: str = ""
    street: str = ""
    slots: tuple[str, ...] = ()
    online: bool = True
    onsite: bool = True
    words: str = ""
    wishes: tuple[str, ...] = ()  # codes of mentors, dearest first
    org_unit: str = ""
    project_code: str = ""
    phone: str = ""
    groups: tuple[str, ...] = ()


def open_need_of(db: Session, *persons: str) -> MentoringNeed | None:
    """Return the open need of a person, under whichever reference it was asked for."""
    return db.scalar(
        select(MentoringNeed)
        .where(MentoringNeed.person.in_(persons), MentoringNeed.state.in_(OPEN_STATES))
        .order_by(MentoringNeed.id.desc())
        .limit(1)
    )


def closed_needs_of(db: Session, *persons: str) -> Sequence[MentoringNeed]:
    """Return the needs of a person that came to an end, newest first."""
    found = select(MentoringNeed).where(
        MentoringNeed.person.in_(persons), MentoringNeed.state.not_in(OPEN_STATES)
    )
    return db.scalars(found.order_by(MentoringNeed.id.desc())).all()


def needs_in(
    db: Session, *states: NeedState, within: ColumnElement[bool] | None = None
) -> Sequence[MentoringNeed]:
    """Return the needs in some states, longest waiting first; `within` keeps to a scope."""
    found = select(MentoringNeed).where(MentoringNeed.state.in_(states))
    if within is not None:
        found = found.where(within)
    return db.scalars(found.order_by(MentoringNeed.opened_at, MentoringNeed.id)).all()


def waiting_place(db: Session, need: MentoringNeed) -> int:
    """Return the place of a waiting need in the order of asking, from 1."""
    before = (MentoringNeed.opened_at < need.opened_at) | (
        (MentoringNeed.opened_at == need.opened_at) & (MentoringNeed.id < need.id)
    )
    waiting = MentoringNeed.state == NeedState.WAITING
    return 1 + (db.scalar(select(func.count(MentoringNeed.id)).where(waiting, before)) or 0)


def new_need(person: str, wish: Wish, at: datetime) -> MentoringNeed:
    """Make the need that a wish describes."""
    return MentoringNeed(
        person=person,
        topics=list(wish.topics),
        industry=wish.industry,
        stage=wish.stage,
        street=storable(wish.street).strip(),
        languages=[],
        slots=list(wish.slots),
        online=wish.online,
        onsite=wish.onsite,
        words=storable(wish.words).strip()[:MOST_CHARACTERS],
        wishes=list(wish.wishes[:MOST_WISHES]),
        org_unit=wish.org_unit,
        project_code=wish.project_code,
        groups=sorted(wish.groups),
        opened_at=at,
    )
