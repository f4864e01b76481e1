"""Taking the words out of sessions: counts, seals and the audit chain stay as they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from audit.erasing import erase_payloads
from guidance.gaps.contact import GapContact
from guidance.gaps.erasing import erase_questions
from guidance.periods.adjustment import Adjustment
from guidance.periods.record import SampleItem
from guidance.privacy.files import ERASED, empty_files
from guidance.review.proposal import Proposal
from guidance.seal import SEALED_OF_TURN
from guidance.session import GuidanceSession, Turn
from guidance.turn_feedback import TurnFeedback

# What a session may hold of somebody's words; the rest of it is counted and frozen.
WORDS_OF_SESSION = ("summary", "supplement", "place", "topic")


def words_of(db: Session, session: GuidanceSession) -> dict[str, Any]:
    """Return the words of a session as plain values, complete enough to check its seal."""
    turns = db.scalars(select(Turn).where(Turn.session_id == session.id).order_by(Turn.sequence))
    return {
        "seal_salt": session.seal_salt,
        **{name: getattr(session, name) for name in WORDS_OF_SESSION},
        "turns": [{name: _plain(getattr(turn, name)) for name in SEALED_OF_TURN} for turn in turns],
    }


def erase_words(db: Session, sessions: Sequence[int], at: datetime) -> None:
    """Erase the words of sessions wherever they lie: turns, notes, files, reasons, copies.

    The events stay, without what was said in them. Statements of a few hundred ids each.
    """
    turns = list(db.scalars(select(Turn.id).where(Turn.session_id.in_(sessions))))
    erase_questions(db, turns)
    db.execute(delete(GapContact).where(GapContact.turn_id.in_(turns)))
    db.execute(update(TurnFeedback).where(TurnFeedback.turn_id.in_(turns)).values(words=""))
    for turn_id in turns:
        gone = {"question": "", "completed_question": "", "answer_text": "", "reply": {}}
        # The id was chosen by the sender; its place stays, so that numbers stay without gaps.
        changed = update(Turn).where(Turn.id == turn_id)
        db.execute(changed.values(**gone, message_id=f"erased:{turn_id}"))
    _erase_decisions(db, sessions)
    blank = dict.fromkeys((*WORDS_OF_SESSION, "wording", "seal_salt", "confirm_digest"), "")
    session = GuidanceSession
    db.execute(update(session).where(session.id.in_(sessions)).values(**blank, erased_at=at))
    empty_files(db, sessions)
    erase_payloads(db, [f"session:{one}" for one in sessions])
    db.expire_all()


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _erase_decisions(db: Session, sessions: Sequence[int]) -> None:
    """Erase what was written about single sessions when they were decided on."""
    subjects = [f"session:{one}" for one in sessions]
    proposals = update(Proposal).where(Proposal.subject.in_(subjects))
    db.execute(proposals.values(reason=ERASED, decision_reason=""))
    items = update(SampleItem).where(SampleItem.session_id.in_(sessions))
    db.execute(items.values(note=""))
    changes = update(Adjustment).where(Adjustment.session_id.in_(sessions))
    db.execute(changes.values(reason=ERASED))
