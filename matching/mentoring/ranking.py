"""Mutual choice (双向选择): people order mentors, mentors order the people who ask for them.

Both orders are matched by Gale and Shapley: nobody of either side who was left out would
be preferred by somebody they prefer themselves. Who did not order anybody takes no part.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from audit.log import Actor, append_event
from matching.assignment.rules import Pair, is_possible
from matching.assignment.stable import rank_blocking_pairs, stable_match
from matching.mentoring.moves import TURN, MentoringRefused, Proposer
from matching.mentoring.need import NeedState, needs_in
from matching.mentoring.pairing import AssignmentRecord
from matching.mentoring.run import keep_run, mentors_now, needs_now
from matching.mentors.facts import MentorFacts, MentorNeed
from storage.database import Base, take_turns

KIND = "qichuang-stable"


class MentorRanking(Base):
    """The order in which a mentor would take those who ask for this very mentor."""

    __tablename__ = "mentor_rankings"

    mentor_code: Mapped[str] = mapped_column(String(32), primary_key=True)
    needs: Mapped[list[str]]  # codes, first choice first
    ranked_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class MutualChoice:
    """Both sides' orders, with the free seats, as the matching takes them."""

    wishes: dict[str, tuple[str, ...]]  # need's code -> mentors' codes
    rankings: dict[str, tuple[str, ...]]  # mentor's code -> needs' codes
    seats: dict[str, int]

    @property
    def possible(self) -> int:
        """How many pairs ordered each other."""
        return sum(
            need in self.rankings.get(mentor, ())
            for need, mentors in self.wishes.items()
            for mentor in mentors
        )


def asking_for(db: Session, mentor: MentorFacts, at: datetime, day: date) -> list[MentorNeed]:
    """Return the waiting needs that name a mentor and break no rule, longest waiting first."""
    waiting = [one for one in needs_in(db, NeedState.WAITING) if mentor.code in one.wishes]
    return [need for need in needs_now(db, at, waiting) if is_possible(Pair(need, mentor, day))]


def rank_needs(
    db: Session, mentor_code: str, codes: Sequence[str], actor: Actor, at: datetime
) -> None:
    """Take a mentor's order; what is not in it is not wanted."""
    take_turns(db, TURN)
    ranking = db.get(MentorRanking, mentor_code)
    if ranking is None:
        ranking = MentorRanking(mentor_code=mentor_code, needs=[], ranked_at=at)
        db.add(ranking)
    ranking.needs, ranking.ranked_at = list(dict.fromkeys(codes)), at
    db.flush()
    append_event(db, "mentoring.ranked", f"mentor:{mentor_code}", actor, {"needs": len(codes)})


def ranking_of(db: Session, mentor_code: str) -> tuple[str, ...]:
    """Return the codes of the needs as a mentor ordered them; nothing before."""
    ranking = db.get(MentorRanking, mentor_code)
    return tuple(ranking.needs) if ranking else ()


def mutual_choice(db: Session, at: datetime, day: date) -> MutualChoice:
    """Return what both sides ordered, as far as the rules allow it now."""
    mentors = {one.code: one for one in mentors_now(db, at, day)}
    rankings = {
        row.mentor_code: tuple(row.needs)
        for row in db.scalars(select(MentorRanking).order_by(MentorRanking.mentor_code))
        if row.mentor_code in mentors
    }
    wishes = {}
    for need in needs_now(db, at, needs_in(db, NeedState.WAITING)):
        wished = (mentors[code] for code in need.wishes if code in rankings)
        allowed = tuple(one.code for one in wished if is_possible(Pair(need, one, day)))
        if allowed:
            wishes[need.code] = allowed
    seats = {code: mentors[code].free_seats for code in rankings}
    return MutualChoice(wishes, rankings, seats)


def store_mutual_run(db: Session, proposer: Proposer, at: datetime, day: date) -> int:
    """Match by both sides' orders and keep the run for a handler to confirm; its number.

    Raises MentoringRefused where no two people ordered each other.
    """
    take_turns(db, TURN)
    choice = mutual_choice(db, at, day)
    match = stable_match(choice.wishes, choice.rankings, choice.seats)
    if not match:
        raise MentoringRefused("还没有互相选中的人：请申请人填志愿、导师排先后以后再试。")
    pairs = dict(sorted(match.items()))
    record = AssignmentRecord(
        made_at=at,
        made_by=proposer.reference,
        certificate={
            "kind": KIND,
            "day": day.isoformat(),
            "wishes": {need: list(order) for need, order in choice.wishes.items()},
            "rankings": {mentor: list(order) for mentor, order in choice.rankings.items()},
            "seats": choice.seats,
            "match": pairs,
        },
        pairs=pairs,
        new_pairs=pairs,
        dropped_pairs={},
    )
    return keep_run(db, record, proposer, len(choice.wishes))


def stable_faults(certificate: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the pairs of a stored mutual run who would both rather have each other."""
    return rank_blocking_pairs(
        certificate["wishes"], certificate["rankings"], certificate["seats"], certificate["match"]
    )
