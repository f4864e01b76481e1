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

from sqlalchemy import ForeignKey, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from accounts.role import Role
from audit.log import Actor, append_event
from guidance.conversation import Conversation
from guidance.gaps.contact import GapContact
from guidance.lifecycle import COUNTED, SessionState
from guidance.people.identity import Identity, Person, digest_of, holder_of
from guidance.periods.record import PeriodRecord
from guidance.privacy.erasing import ERASED, erase_payloads, erase_words, words_of
from guidance.review.proposal import Proposal, required_reason
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession, Turn
from storage.database import Base, storable, take_turns

UNLOCKED_FOR = timedelta(days=7)


class RecordNotFound(LookupError):
    """There is no such record under lock."""


class StillLocked(PermissionError):
    """A second auditor has not agreed, or not lately."""


class Erasure(Base):
    """One request that was carried out; `purged_at` when no byte was left in the files."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(primary_key=True)
    person: Mapped[str] = mapped_column(index=True)  # a digest of the reference
    sessions: Mapped[int]
    restricted: Mapped[int]
    erased_at: Mapped[datetime]
    purged_at: Mapped[datetime | None]


class RestrictedSession(Base):
    """The words of a counted session, kept for the statutory period alone."""

    __tablename__ = "restricted_sessions"

    session_id: Mapped[int] = mapped_column(ForeignKey("guidance_sessions.id"), primary_key=True)
    words: Mapped[dict[str, Any]]
    restricted_at: Mapped[datetime]
    asked_by: Mapped[str]
    asked_reason: Mapped[str]
    unlocked_by: Mapped[str]
    unlocked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Erased:
    """What an erasure did."""

    sessions: int
    restricted: int  # of these, with words under lock until the statutory period ends


def references_of(db: Session, person: str) -> list[str]:
    """Return every reference that is known to be one person."""
    holder = holder_of(db, person)
    merged = select(Person.reference).where(Person.merged_into == holder)
    return sorted({holder, person, *db.scalars(merged)})


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
    kept = [one for one in sessions if _must_be_kept(db, one, at, kept_for)]
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
    """Erase words under lock whose statutory period is over; return how many sessions."""
    rows = db.scalars(select(RestrictedSession).order_by(RestrictedSession.session_id))
    due = []
    for row in rows:
        session = db.get_one(GuidanceSession, row.session_id)
        if not _must_be_kept(db, session, at, kept_for):
            due.append(row.session_id)
            db.delete(row)
    if due:
        db.add(Erasure(person="", sessions=len(due), restricted=0, erased_at=at))
        db.flush()
        append_event(db, "privacy.erased", "restricted:due", by, {"sessions": due})
    return len(due)


def ask_to_read(db: Session, session_id: int, by: Staff, reason: str) -> None:
    """Ask to read words under lock, as an auditor; a second one has to agree."""
    by.require(Role.AUDITOR)
    row = _restricted(db, session_id)
    row.asked_by, row.asked_reason = by.reference, required_reason(str(storable(reason)))
    row.unlocked_by, row.unlocked_at = "", None
    db.flush()
    append_event(db, "restricted.asked", f"session:{session_id}", by.actor, reason=reason)


def agree_to_read(db: Session, session_id: int, by: Staff, at: datetime) -> None:
    """Agree as the second auditor; it holds for a week. Raises DutiesNotSeparate."""
    by.require(Role.AUDITOR)
    row = _restricted(db, session_id)
    if not row.asked_by:
        raise StillLocked("还没有人申请查阅这条记录。")
    if by.is_one_of(row.asked_by):
        raise DutiesNotSeparate("申请人不能同意自己的申请，请由另一位审计人员办理。")
    row.unlocked_by, row.unlocked_at = by.reference, at
    db.flush()
    append_event(db, "restricted.unlocked", f"session:{session_id}", by.actor)


def read_restricted(db: Session, session_id: int, by: Staff, at: datetime) -> dict[str, Any]:
    """Return words under lock to the auditor who asked; that they were read is an event."""
    by.require(Role.AUDITOR)
    row = _restricted(db, session_id)
    open_since = row.unlocked_at
    if open_since is None or at - open_since > UNLOCKED_FOR or not by.is_one_of(row.asked_by):
        raise StillLocked("这条记录已限制处理，须由两位审计人员共同解锁后，由申请人查阅。")
    append_event(db, "restricted.read", f"session:{session_id}", by.actor)
    return row.words


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
    mine = or_(session.person.in_(references), session.counts_for.in_(references))
    return list(db.scalars(select(session).where(mine).order_by(session.id)))


def _must_be_kept(db: Session, session: GuidanceSession, at: datetime, kept_for: timedelta) -> bool:
    if session.state not in COUNTED:
        return False
    locked = select(PeriodRecord.locked_at).where(PeriodRecord.period == session.period)
    locked_at = db.scalar(locked)
    return locked_at is None or at < locked_at + kept_for


def _restricted(db: Session, session_id: int) -> RestrictedSession:
    row = db.get(RestrictedSession, session_id, with_for_update=True)
    if row is None:
        raise RecordNotFound("没有这条限制处理的记录，可能已经到期删除。")
    return row
