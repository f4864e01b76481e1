"""Taking a person's words out of hand-overs; that they took place stays on record."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from audit.log import SYSTEM
from guidance.handover.answering import close_handover
from guidance.handover.handover import Handover, HandoverWords

ERASED = "按本人要求删除"


def erase_handovers(db: Session, references: Sequence[str], at: datetime) -> None:
    """End a person's hand-overs and delete what only these hold. Their turns go elsewhere."""
    mine = db.scalars(select(Handover).where(Handover.person.in_(references))).all()
    for handover in mine:
        if handover.is_open:
            close_handover(db, handover, ERASED, SYSTEM, at)
    ids = [handover.id for handover in mine]
    db.execute(delete(HandoverWords).where(HandoverWords.handover_id.in_(ids)))
    gone = update(Handover).where(Handover.id.in_(ids))
    db.execute(gone.values(person="", closing=ERASED))
    db.flush()


def handovers_for(db: Session, references: Sequence[str]) -> list[dict[str, object]]:
    """Return what hand-overs hold of a person, for them to take away."""
    mine = select(Handover).where(Handover.person.in_(references)).order_by(Handover.id)
    words = select(HandoverWords.text)
    return [
        {
            "opened_at": one.opened_at,
            "unit": one.org_unit,
            "state": one.state,
            "due_on": one.due_on,
            "added": list(db.scalars(words.where(HandoverWords.handover_id == one.id))),
        }
        for one in db.scalars(mine)
    ]


def forget_words(db: Session, at: datetime, kept_for: timedelta) -> int:
    """Delete unanswered additions to hand-overs that ended long ago; return how many."""
    ended = select(Handover.id).where(Handover.closed_at <= at - kept_for)
    done = db.execute(delete(HandoverWords).where(HandoverWords.handover_id.in_(ended)))
    return int(getattr(done, "rowcount", 0))
