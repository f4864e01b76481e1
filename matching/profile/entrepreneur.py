"""What is known of a person, fact by fact, with where each comes from; and their say over it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from matching.learning.outcome import forget_outcomes
from matching.recommending.feedback import Decline, ProjectFeedback
from matching.recommending.impression import forget_whom_it_was_shown
from storage.database import Base, storable, take_turns


class FactSource(StrEnum):
    """How a fact came to be known."""

    MESSAGE = "message"  # understood from what was written in the chat
    PAGE = "page"  # entered by the person on their own page


class EntrepreneurFact(Base):
    """One fact about a person: the value in force, and since when and by what."""

    __tablename__ = "entrepreneur_facts"
    __table_args__ = (UniqueConstraint("person", "key"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str]
    key: Mapped[str]
    value: Mapped[dict[str, Any]]  # {"value": a JSON value}
    source: Mapped[FactSource]
    turn_id: Mapped[int | None]  # of the turn whose message said it
    learned_at: Mapped[datetime]


class ProfileChoice(Base):
    """Whether a person lets their profile be used (PIPL art. 24); no row means yes."""

    __tablename__ = "profile_choices"

    person: Mapped[str] = mapped_column(primary_key=True)
    in_use: Mapped[bool]
    chosen_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class KnownPerson:
    """Everything a recommendation may know of a person.

    `facts` is empty where the profile is not to be used; the declined projects, which
    are the person's own request, always count.
    """

    facts: Mapping[str, Any]
    declined: tuple[Decline, ...]
    profile_in_use: bool


def remember(
    db: Session, person: str, learned: Mapping[str, Any], turn_id: int | None, at: datetime
) -> None:
    """Keep what was learned about a person; None takes a fact back.

    With a turn it was said in the chat, without one entered on the person's page. Of
    two that come at once, the later one holds.
    """
    if not learned:
        return
    take_turns(db, f"entrepreneur {person}")
    held = {fact.key: fact for fact in facts_of(db, person)}
    for key, value in learned.items():
        fact = held.get(key)
        if value is None:
            if fact is not None:
                db.delete(fact)
            continue
        if fact is None:
            fact = EntrepreneurFact(person=person, key=key)
            db.add(fact)
        elif fact.value == {"value": value} and turn_id is None:
            continue
        fact.value = {"value": storable(value)}
        fact.source = FactSource.PAGE if turn_id is None else FactSource.MESSAGE
        fact.turn_id = turn_id
        fact.learned_at = at
    db.flush()


def facts_of(db: Session, person: str) -> list[EntrepreneurFact]:
    """Return the facts known of a person, by key."""
    query = select(EntrepreneurFact).where(EntrepreneurFact.person == person)
    return list(db.scalars(query.order_by(EntrepreneurFact.key)))


def known_facts(db: Session, person: str) -> dict[str, Any]:
    """Return fact key -> value; nothing when the person does not want the profile used."""
    if not profile_in_use(db, person):
        return {}
    return {fact.key: fact.value["value"] for fact in facts_of(db, person)}


def known_person(db: Session, person: str) -> KnownPerson:
    """Return everything a recommendation may know of a person, in three small queries."""
    in_use = profile_in_use(db, person)
    facts = {f.key: f.value["value"] for f in facts_of(db, person)} if in_use else {}
    rows = db.scalars(
        select(ProjectFeedback).where(ProjectFeedback.person == person).order_by(ProjectFeedback.id)
    )
    return KnownPerson(facts, tuple(Decline(row.project_code, row.reason) for row in rows), in_use)


def forget(db: Session, person: str, key: str | None) -> None:
    """Erase one fact about a person, or with None everything that was kept for matching.

    The log of what was recommended stays, without whom it was shown to.
    """
    facts = delete(EntrepreneurFact).where(EntrepreneurFact.person == person)
    if key is not None:
        db.execute(facts.where(EntrepreneurFact.key == key))
        return
    db.execute(facts)
    db.execute(delete(ProjectFeedback).where(ProjectFeedback.person == person))
    forget_whom_it_was_shown(db, person)
    forget_outcomes(db, person)


def profile_in_use(db: Session, person: str) -> bool:
    """Whether recommendations may use what is known of a person."""
    choice = db.get(ProfileChoice, person)
    return choice is None or choice.in_use


def choose_profile_use(db: Session, person: str, in_use: bool, at: datetime) -> None:
    """Let a person switch the use of their profile off or on."""
    take_turns(db, f"entrepreneur {person}")
    choice = db.get(ProfileChoice, person)
    if choice is None:
        db.add(ProfileChoice(person=person, in_use=in_use, chosen_at=at))
    else:
        choice.in_use, choice.chosen_at = in_use, at
    db.flush()
