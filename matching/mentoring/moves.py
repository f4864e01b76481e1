"""The single conditional changes that pairings are made of: state, seat, queue."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from audit.log import SYSTEM, Actor
from matching.mentoring.need import MentoringNeed, NeedState
from matching.mentoring.pairing import Pairing, PairingState, loads
from matching.mentors.mentor import Mentor
from storage.database import storable

TURN = "mentorship"
MOST_WORDS = 200


class MentoringRefused(ValueError):
    """A step is not possible now; the message says why and what to do."""


class SeatTaken(MentoringRefused):
    """The mentor has no seat left under one of the caps."""


class NeedTaken(MentoringRefused):
    """The need is not in the state that a step starts from."""


@dataclass(frozen=True, slots=True)
class Proposer:
    """Who proposes, with which reason, and from which run."""

    actor: Actor = SYSTEM
    reason: str = ""
    run_id: int | None = None

    @property
    def reference(self) -> str:
        """How rows name the proposer."""
        return f"{self.actor.kind.value}:{self.actor.id}"


def move(
    db: Session,
    pairing: Pairing,
    sources: tuple[PairingState, ...],
    target: PairingState,
    **changes: Any,
) -> None:
    """Change a pairing's state if it still is one of the sources: of two, one does it."""
    query = update(Pairing).where(Pairing.id == pairing.id, Pairing.state.in_(sources))
    done: Any = db.execute(query.values(state=target, **changes))
    if done.rowcount != 1:
        raise MentoringRefused("这条邀请或结对的状态已经变了，请刷新页面再看。")
    db.refresh(pairing)


def move_need(db: Session, need_id: int, source: NeedState, target: NeedState) -> None:
    """Change a need's state if it still is the source. Raises NeedTaken."""
    query = update(MentoringNeed).where(MentoringNeed.id == need_id, MentoringNeed.state == source)
    done: Any = db.execute(query.values(state=target))
    if done.rowcount != 1:
        raise NeedTaken("这份申请的状态已经变了，请刷新页面再看。")


def wait_again(db: Session, need_id: int) -> None:
    """Put a need back into the queue, one round older."""
    move_need(db, need_id, NeedState.PROPOSED, NeedState.WAITING)
    again = update(MentoringNeed).where(MentoringNeed.id == need_id)
    db.execute(again.values(rounds=MentoringNeed.rounds + 1))


def take_seat(db: Session, mentor: Mentor, at: datetime) -> None:
    """Take a seat under all three caps. Raises SeatTaken; the caller then rolls back."""
    query = update(Mentor).where(Mentor.id == mentor.id, Mentor.held < Mentor.seats)
    done: Any = db.execute(query.values(held=Mentor.held + 1))
    if done.rowcount != 1:
        raise SeatTaken("这位导师的名额刚好满了，请换一位。")
    load = loads(db, at, mentor.code).get(mentor.code)
    if (load.new_this_year if load else 0) >= mentor.yearly_cap:
        raise SeatTaken("这位导师今年带的人数已到上限，请换一位。")
    if (load.new_this_week if load else 0) >= mentor.weekly_cap:
        raise SeatTaken("这位导师本周新增的人数已到上限，请下周再提或换一位。")


def give_back(db: Session, pairing: Pairing) -> None:
    """Free the seat of a pairing that has just left the seated states."""
    query = update(Mentor).where(Mentor.code == pairing.mentor_code, Mentor.held > 0)
    db.execute(query.values(held=Mentor.held - 1))


def count_answer(db: Session, mentor_code: str, *, accepted: bool) -> None:
    """Add to what is known of how a mentor answers."""
    answered = update(Mentor).where(Mentor.code == mentor_code)
    db.execute(
        answered.values(
            proposals_answered=Mentor.proposals_answered + 1,
            proposals_accepted=Mentor.proposals_accepted + int(accepted),
        )
    )


def short(text: str) -> str:
    """Return words as they are kept."""
    return str(storable(text)).strip()[:MOST_WORDS]
