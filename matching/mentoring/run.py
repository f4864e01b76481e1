"""Matching all who wait with all who serve: made as a plan, stored with its proof, applied."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from audit.log import append_event
from matching.assignment.certificate_file import certificate_data
from matching.assignment.fairness import Floor, FloorRun, assign_with_floor
from matching.assignment.reasons import explain
from matching.assignment.rulebook import load_rulebook
from matching.assignment.rules import Pair, broken_rules
from matching.assignment.run import AssignmentRun
from matching.assignment.scoring import MentorWeights, score_one
from matching.learning.weight_version import mentor_weights
from matching.mentoring.moves import TURN, MentoringRefused, Proposer
from matching.mentoring.need import MentoringNeed, NeedState, needs_in
from matching.mentoring.pairing import (
    AssignmentRecord,
    Pairing,
    PairingState,
    loads,
    pairings_in,
)
from matching.mentoring.proposing import propose, withdraw_proposal
from matching.mentors.facts import MentorFacts, MentorNeed
from matching.mentors.mentor import Mentor, MentorNotFound, find_mentor, mentors_serving
from storage.database import take_turns

WORKED_WELL = 4  # stars of five


def needs_now(db: Session, at: datetime, needs: Collection[MentoringNeed]) -> list[MentorNeed]:
    """Return needs as rules and scores see them, with whom they were tried before.

    A mentor whom a person gave up is not proposed for that person's later needs either,
    unless they ask for this very mentor.
    """
    barred: dict[int, set[str]] = {}
    given_up: dict[str, set[str]] = {}
    known: dict[str, set[str]] = {}
    rows = db.execute(
        select(Pairing, MentoringNeed.person, MentoringNeed.state)
        .join(MentoringNeed, MentoringNeed.id == Pairing.need_id)
        .where(Pairing.barred | (Pairing.rating >= WORKED_WELL), *_about(needs))
    )
    for pairing, person, state in rows:
        if pairing.barred:
            barred.setdefault(pairing.need_id, set()).add(pairing.mentor_code)
            if person and state is NeedState.WITHDRAWN:
                given_up.setdefault(person, set()).add(pairing.mentor_code)
        elif person:
            known.setdefault(person, set()).add(pairing.mentor_code)
    nobody: set[str] = set()
    return [
        need.facts(
            frozenset(
                barred.get(need.id, nobody) | (given_up.get(need.person, nobody) - set(need.wishes))
            ),
            at,
            frozenset(known.get(need.person, nobody)),
        )
        for need in needs
    ]


def _about(needs: Collection[MentoringNeed]) -> list[ColumnElement[bool]]:
    """Keep to the past of one need and its person; of many, everything is read at once."""
    if len(needs) != 1:
        return []
    (need,) = needs
    return [(Pairing.need_id == need.id) | (MentoringNeed.person == need.person)]


def mentors_now(db: Session, at: datetime, day: date) -> list[MentorFacts]:
    """Return those who serve on a day, with what they carry."""
    carried, means = loads(db, at), _means(db)
    return [one.facts(carried.get(one.code), **means) for one in mentors_serving(db, day)]


@dataclass(frozen=True, slots=True)
class Round:
    """Everything that a matching depends on; the same gives the same run."""

    needs: Sequence[MentorNeed]
    mentors: Sequence[MentorFacts]
    day: date
    open_pairs: Mapping[str, str]
    weights: MentorWeights

    def solve(self) -> FloorRun:
        """Match, with the floor for favoured groups and its price.

        It takes time, so call it outside a transaction that writes.
        """
        rulebook = load_rulebook(self.weights)
        floor = Floor(rulebook.policy.priority_groups, rulebook.policy.floor)
        return assign_with_floor(
            self.needs, self.mentors, self.day, floor, rulebook, self.open_pairs
        )


def gather(db: Session, at: datetime, day: date) -> Round:
    """Return all who wait or whose proposal is open, and all who serve."""
    needs = needs_in(db, NeedState.WAITING, NeedState.PROPOSED)
    opened = {
        f"N{one.need_id}": one.mentor_code for one in pairings_in(db, (PairingState.PROPOSED,))
    }
    return Round(
        needs_now(db, at, needs), mentors_now(db, at, day), day, opened, mentor_weights(db)
    )


def store_run(
    db: Session, run: AssignmentRun, proposer: Proposer, at: datetime, floor: str = ""
) -> int:
    """Keep a run with its certificate and the price of its floor in words; return its number."""
    return keep_run(
        db,
        AssignmentRecord(
            made_at=at,
            made_by=proposer.reference,
            certificate=certificate_data(run),
            pairs=dict(run.pairs),
            new_pairs=dict(run.new_pairs),
            dropped_pairs=dict(run.dropped_pairs),
            floor=floor,
        ),
        proposer,
        len(run.needs),
    )


def keep_run(db: Session, record: AssignmentRecord, proposer: Proposer, needs: int) -> int:
    """Store a run in place of one that nobody applied; return its number."""
    take_turns(db, TURN)
    drop_waiting_run(db)
    db.add(record)
    db.flush()
    details = {"pairs": len(record.pairs), "needs": needs}
    append_event(db, "mentoring.run_made", f"assignment_run:{record.id}", proposer.actor, details)
    return record.id


def drop_waiting_run(db: Session) -> None:
    """Delete a run that nobody applied: what it was made from has changed."""
    db.execute(delete(AssignmentRecord).where(AssignmentRecord.applied_at.is_(None)))


def last_run(db: Session) -> AssignmentRecord | None:
    """Return the newest run."""
    return db.scalar(select(AssignmentRecord).order_by(AssignmentRecord.id.desc()).limit(1))


def apply_run(
    db: Session,
    run_id: int,
    proposer: Proposer,
    at: datetime,
    day: date,
    only: Collection[str] | None = None,
) -> int:
    """Make the proposals of a run, or those of some needs; return how many.

    What changed since the run was made stands: a pair that is no longer possible is left
    out. Raises MentoringRefused for a run that was applied before or is not the last.
    """
    take_turns(db, TURN)
    record = last_run(db)
    if record is None or record.id != run_id or record.applied_at is not None:
        raise MentoringRefused("这次安排已经办过，或有了更新的安排，请刷新页面再看。")
    by = Proposer(proposer.actor, proposer.reason or "全局重新安排", run_id)
    _withdraw(db, _only(record.dropped_pairs, only), by, at)
    made = 0
    for need_code, mentor_code in _only(record.new_pairs, only).items():
        need_id = int(need_code[1:])
        try:
            with db.begin_nested():
                if broken_rules(pair_of(db, need_id, mentor_code, at, day)):
                    continue
                why = reasons_for(db, need_id, mentor_code, at, day)
                propose(db, need_id, mentor_code, by, at, why)
                made += 1
        except (MentoringRefused, MentorNotFound):
            continue
    record.applied_at = at
    db.flush()
    append_event(
        db, "mentoring.run_applied", f"assignment_run:{run_id}", proposer.actor, {"made": made}
    )
    return made


def _only(pairs: Mapping[str, Any], only: Collection[str] | None) -> dict[str, str]:
    return {need: mentor for need, mentor in pairs.items() if only is None or need in only}


def _withdraw(db: Session, dropped: Mapping[str, str], by: Proposer, at: datetime) -> None:
    for pairing in pairings_in(db, (PairingState.PROPOSED,)) if dropped else ():
        if dropped.get(f"N{pairing.need_id}") == pairing.mentor_code:
            withdraw_proposal(db, pairing, by, at)


def pair_of(db: Session, need_id: int, mentor_code: str, at: datetime, day: date) -> Pair:
    """Return a need and a mentor as the rules see them now. Raises MentorNotFound."""
    (need,) = needs_now(db, at, [db.get_one(MentoringNeed, need_id)])
    load = loads(db, at, mentor_code).get(mentor_code)
    return Pair(need, find_mentor(db, mentor_code).facts(load, **_means(db)), day)


def reasons_for(
    db: Session, need_id: int, mentor_code: str, at: datetime, day: date
) -> dict[str, Any]:
    """Return why this pair fits, to be frozen with the proposal."""
    pair, weights = pair_of(db, need_id, mentor_code, at, day), mentor_weights(db)
    terms, value = score_one(pair.need, pair.mentor, weights)
    why = explain(pair, terms, weights)
    return {
        "reasons": [reason.text for reason in why.reasons],
        "weakness": why.weakness,
        "mutual": why.mutual,
        "value": value,
        "terms": dict(terms),
        "weights": weights.version,
    }


def _means(db: Session) -> dict[str, float]:
    """Return the district's mean rating and acceptance, to which new mentors are shrunk."""
    sums = select(
        func.sum(Mentor.rating_sum),
        func.sum(Mentor.ratings),
        func.sum(Mentor.proposals_accepted),
        func.sum(Mentor.proposals_answered),
    )
    rated, ratings, accepted, answered = db.execute(sums).one()
    means = {}
    if ratings:
        means["mean_rating"] = float(rated) / int(ratings)
    if answered:
        means["mean_acceptance"] = float(accepted) / int(answered)
    return means
