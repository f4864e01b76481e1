"""Matching all who wait with all who serve: made as a plan, stored with its proof, applied."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from audit.log import append_event
from matching.assignment.certificate_file import certificate_data
from matching.assignment.reasons import explain
from matching.assignment.rules import Pair
from matching.assignment.run import AssignmentRun, assign
from matching.assignment.scoring import load_weights, score_one
from matching.mentoring.mentorship import propose, withdraw_proposal
from matching.mentoring.moves import TURN, MentoringRefused, Proposer
from matching.mentoring.need import MentoringNeed, NeedState, needs_in
from matching.mentoring.pairing import (
    FAILED,
    AssignmentRecord,
    Pairing,
    PairingState,
    loads,
    pairings_in,
)
from matching.mentors.facts import MentorFacts
from matching.mentors.mentor import MentorNotFound, find_mentor, mentors_serving
from storage.database import take_turns


def refused_by_need(db: Session) -> dict[int, frozenset[str]]:
    """Return need -> codes of the mentors with whom it was tried in vain."""
    found: dict[int, set[str]] = {}
    rows = db.execute(select(Pairing.need_id, Pairing.mentor_code).where(Pairing.state.in_(FAILED)))
    for need_id, code in rows:
        found.setdefault(need_id, set()).add(code)
    return {need_id: frozenset(codes) for need_id, codes in found.items()}


def mentors_now(db: Session, at: datetime, day: date) -> list[MentorFacts]:
    """Return those who serve on a day, with what they carry."""
    carried = loads(db, at)
    return [one.facts(carried.get(one.code)) for one in mentors_serving(db, day)]


def plan(db: Session, at: datetime, day: date) -> AssignmentRun:
    """Match all who wait or whose proposal is open; nothing is changed."""
    refused = refused_by_need(db)
    needs = needs_in(db, NeedState.WAITING, NeedState.PROPOSED)
    opened = {
        f"N{one.need_id}": one.mentor_code for one in pairings_in(db, (PairingState.PROPOSED,))
    }
    return assign(
        [need.facts(refused.get(need.id, frozenset()), at) for need in needs],
        mentors_now(db, at, day),
        day,
        open_pairs=opened,
    )


def store_run(db: Session, run: AssignmentRun, proposer: Proposer, at: datetime) -> int:
    """Keep a run with its certificate; return its number."""
    record = AssignmentRecord(
        made_at=at,
        made_by=proposer.reference,
        certificate=certificate_data(run),
        pairs=dict(run.pairs),
        new_pairs=dict(run.new_pairs),
        dropped_pairs=dict(run.dropped_pairs),
    )
    db.add(record)
    db.flush()
    details = {"pairs": len(run.pairs), "needs": len(run.needs)}
    append_event(db, "mentoring.run_made", f"assignment_run:{record.id}", proposer.actor, details)
    return record.id


def last_run(db: Session) -> AssignmentRecord | None:
    """Return the newest run."""
    return db.scalar(select(AssignmentRecord).order_by(AssignmentRecord.id.desc()).limit(1))


def apply_run(db: Session, run_id: int, proposer: Proposer, at: datetime, day: date) -> int:
    """Make the proposals of a run; return how many.

    What changed since the run was made stands: a pair that is no longer possible is left
    out. Raises MentoringRefused for a run that was applied before or is not the last.
    """
    take_turns(db, TURN)
    record = last_run(db)
    if record is None or record.id != run_id or record.applied_at is not None:
        raise MentoringRefused("这次安排已经办过，或有了更新的安排，请刷新页面再看。")
    by = Proposer(proposer.actor, proposer.reason or "全局重新安排", run_id)
    for need_code, mentor_code in record.dropped_pairs.items():
        for pairing in pairings_in(db, (PairingState.PROPOSED,)):
            if (f"N{pairing.need_id}", pairing.mentor_code) == (need_code, mentor_code):
                withdraw_proposal(db, pairing, by, at)
    made = 0
    for need_code, mentor_code in record.new_pairs.items():
        need_id = int(need_code[1:])
        try:
            with db.begin_nested():
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


def pair_of(db: Session, need_id: int, mentor_code: str, at: datetime, day: date) -> Pair:
    """Return a need and a mentor as the rules see them now. Raises MentorNotFound."""
    need = db.get_one(MentoringNeed, need_id)
    mentor = find_mentor(db, mentor_code)
    refused = refused_by_need(db).get(need_id, frozenset())
    return Pair(need.facts(refused, at), mentor.facts(loads(db, at).get(mentor_code)), day)


def reasons_for(
    db: Session, need_id: int, mentor_code: str, at: datetime, day: date
) -> dict[str, Any]:
    """Return why this pair fits, to be frozen with the proposal."""
    pair, weights = pair_of(db, need_id, mentor_code, at, day), load_weights()
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
