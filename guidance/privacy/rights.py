"""A person's rights over the record: to see it, to have it erased; what the law keeps longer.

Erasing takes out words, identities and contact data. The count, the seal and the chain
stay: a row then holds a random reference and no word (PIPL art. 15, 47). What counts must
be kept two years from the lock (统计法实施条例 §22): its words leave the tables that
anybody reads and lie under lock, for an auditor and a second one, until that day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.erasing import erase_payloads
from audit.log import Actor, append_event
from guidance.conversation import Conversation
from guidance.gaps.contact import GapContact
from guidance.ledger_indexes import MOVED_SQL
from guidance.lifecycle import COUNTED, SessionState
from guidance.people.identity import Identity, digest_of, references_of
from guidance.periods.adjustment import added_sessions
from guidance.periods.record import PeriodRecord
from guidance.privacy.erasing import erase_words, words_of
from guidance.privacy.files import ERASED, empty_files
from guidance.privacy.restricted import RestrictedSession, must_be_kept
from guidance.review.proposal import Proposal
from guidance.session import GuidanceSession, Turn
from storage.database import Base, take_turns

MOST_DUE = 200  # at once


class Erasure(Base):
    """One request that was carried out; `purged_at` when no byte was left in the files."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(index=True)  # a digest of the reference
    sessions: Mapped[int]
    restricted: Mapped[int]
    erased_at: Mapped[datetime]
    purged_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did."""

    sessions: int
    restricted: int  # of these, with words under lock until the statutory period ends


def erase_person(db: Session, person: str, by: Actor, at: datetime, kept_for: timedelta) -> Erased:
    """Erase everything that the record holds of a person; counts stay.

    `kept_for` is how long after the lock the words of what counts have to be kept. What
    other packages hold of the person is theirs to erase in the same transaction.
    """
    references = references_of(db, person)
    take_turns(db, *(f"person {one}" for one in references))
    sessions = [one for one in _sessions_of(db, references) if one.erased_at is None]
    for session in sessions:
        if session.closed_at is None:  # what is said from now on is another consultation
            session.closed_at, session.state = max(at, session.opened_at), SessionState.RECORDED
    kept = [one for one in sessions if must_be_kept(db, one, at, kept_for)]
    for session in kept:
        db.add(
            RestrictedSession(
                session_id=session.id, words=words_of(db, session), restricted_at=at,
                asked_by="", asked_reason="", unlocked_by="",
            )
        )  # fmt: skip
    db.flush()
    erase_words(db, [one.id for one in sessions], at)
    db.execute(update(Conversation).where(Conversation.person.in_(references)).values(person=""))
    db.execute(delete(Identity).where(Identity.person.in_(references)))
    db.execute(delete(GapContact).where(GapContact.person.in_(references)))
    subjects = [f"person:{digest_of(one)}" for one in references]
    about = update(Proposal).where(Proposal.subject.in_(subjects))
    db.execute(about.values(reason=ERASED, decision_reason=""))
    erase_payloads(db, subjects)
    done = Erased(len(sessions), len(kept))
    name = digest_of(references[0])
    counts = {"sessions": done.sessions, "restricted": done.restricted}
    db.add(Erasure(person=name, **counts, erased_at=at))
    db.flush()
    action = "privacy.restricted" if kept else "privacy.erased"
    append_event(db, action, f"person:{name}", by, counts)
    return done


def erase_due(db: Session, at: datetime, kept_for: timedelta, by: Actor) -> int:
    """Erase some hundred words under lock whose statutory period is over; return how many."""
    counts = or_(
        GuidanceSession.state.in_(COUNTED), GuidanceSession.id.in_(added_sessions())
    )  # fmt: skip
    over = (
        select(RestrictedSession.session_id)
        .join(GuidanceSession, GuidanceSession.id == RestrictedSession.session_id)
        .outerjoin(PeriodRecord, PeriodRecord.period == GuidanceSession.period)
        .where(or_(~counts, PeriodRecord.locked_at <= at - kept_for))
    )
    due = list(db.scalars(over.order_by(RestrictedSession.session_id).limit(MOST_DUE)))
    if due:
        db.execute(delete(RestrictedSession).where(RestrictedSession.session_id.in_(due)))
        db.add(Erasure(person="", sessions=len(due), restricted=0, erased_at=at))
        db.flush()
        empty_files(db, due)
        append_event(db, "privacy.erased", "restricted:due", by, {"sessions": due})
    return len(due)


def waiting_for_purge(db: Session) -> list[Erasure]:
    """Return the erasures whose bytes may still lie in the database's files."""
    return list(db.scalars(select(Erasure).where(Erasure.purged_at.is_(None))))


def record_of(db: Session, person: str) -> dict[str, Any]:
    """Return what the record holds of a person, for them to read and take away."""
    references = references_of(db, person)
    sessions = _sessions_of(db, references)
    identities = db.scalars(select(Identity).where(Identity.person.in_(references)))
    contacts = db.scalars(select(GapContact).where(GapContact.person.in_(references)))
    return {
        "identities": [{"kind": one.kind, "verified_at": one.verified_at} for one in identities],
        "contacts": [{"phone": one.phone, "consented_at": one.consented_at} for one in contacts],
        "consultations": [_consultation(db, session) for session in sessions],
    }


def _consultation(db: Session, session: GuidanceSession) -> dict[str, Any]:
    turns = db.scalars(select(Turn).where(Turn.session_id == session.id).order_by(Turn.sequence))
    return {
        "number": session.id,
        "day": session.count_on,
        "counted": session.state in COUNTED,
        "line": session.service_line,
        "channel": session.channel,
        "state": session.state,
        "unit": session.org_unit,
        "topic": session.topic,
        "place": session.place,
        "summary": session.summary,
        "supplement": session.supplement,
        "erased_at": session.erased_at,
        "messages": [
            {"at": turn.asked_at, "question": turn.question, "answer": turn.answer_text}
            for turn in turns
        ],
    }


def _sessions_of(db: Session, references: Sequence[str]) -> list[GuidanceSession]:
    session = GuidanceSession
    moved = and_(text(MOVED_SQL), session.person.in_(references))
    mine = or_(session.counts_for.in_(references), moved)
    return list(db.scalars(select(session).where(mine).order_by(session.id)))
