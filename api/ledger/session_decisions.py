"""What may be decided on a session, by whom, and the step of the ledger each decision takes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from accounts.role import Role
from api.ledger.staff import row_number
from guidance.ledger_list import session_within
from guidance.lifecycle import JUDGEMENT_CODES, TRANSITIONS
from guidance.periods.adjusting import possible_kinds
from guidance.periods.adjustment import ADJUSTMENT_NAMES, AdjustmentKind
from guidance.periods.record import PeriodState
from guidance.review.callback import record_callback
from guidance.review.decisions import (
    appeal,
    approve,
    reject,
    resubmit,
    send_back,
    submit,
    unapprove,
    withdraw,
)
from guidance.review.duplicates import NotDuplicates, propose_parting, propose_session_merge
from guidance.review.queue import may_review
from guidance.review.staff import Staff
from guidance.review.two_reviewers import propose_approvals, propose_requalification
from guidance.session import GuidanceSession


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody posted to decide on a session."""

    session_id: int
    by: Staff
    at: datetime
    code: str
    reason: str
    checklist: tuple[str, ...]


def _approve(db: Session, what: Decision) -> None:
    approve(db, what.session_id, what.by, what.at, what.checklist)


def _called_back(db: Session, what: Decision) -> None:
    what.by.require(Role.REVIEWER)
    happened = what.code == "happened"
    record_callback(db, what.session_id, what.by, happened=happened, words=what.reason)


def _merge(db: Session, what: Decision) -> None:
    if not what.code:
        raise NotDuplicates("请选择保留哪一条记录。")
    into = row_number(what.code)
    session_within(db, into, what.by.org_unit)
    propose_session_merge(db, what.session_id, into, what.by, what.at, what.reason)


# Every decision a form of the page may ask for.
DECISIONS: dict[str, Callable[[Session, Decision], object]] = {
    "submit": lambda db, w: submit(db, w.session_id, w.by, w.at),
    "approve": _approve,
    "second": lambda db, w: propose_approvals(db, [w.session_id], w.by, w.at, w.reason),
    "return": lambda db, w: send_back(db, w.session_id, w.by, w.at, w.code, w.reason),
    "reject": lambda db, w: reject(db, w.session_id, w.by, w.at, w.code, w.reason),
    "resubmit": lambda db, w: resubmit(db, w.session_id, w.by, w.at, w.reason),
    "withdraw": lambda db, w: withdraw(db, w.session_id, w.by, w.at, w.reason),
    "appeal": lambda db, w: appeal(db, w.session_id, w.by, w.at, w.reason),
    "unapprove": lambda db, w: unapprove(db, w.session_id, w.by, w.at, w.reason),
    "requalify": lambda db, w: propose_requalification(db, w.session_id, w.by, w.at, w.reason),
    "callback": _called_back,
    "merge": _merge,
    "part": lambda db, w: propose_parting(db, w.session_id, w.by, w.at, w.reason),
}
# The row of the table of transitions that a decision takes.
STEPS = {
    "submit": "review.submitted",
    "approve": "review.approved",
    "return": "review.returned",
    "reject": "review.rejected",
    "resubmit": "review.resubmitted",
    "withdraw": "review.withdrawn",
    "appeal": "review.appealed",
    "unapprove": "review.unapproved",
    "requalify": "session.requalified",
}
BY_ANOTHER = frozenset({"approve", "return", "reject", "unapprove", "requalify"})


def possible_decisions(
    session: GuidanceSession, staff: Staff, period: PeriodState, *, taken: bool
) -> list[str]:
    """Return the decisions that the session's state, its quarter and the account's part allow.

    `taken` is whether the quarter takes decisions; a closed one only lets approvals be
    taken back.
    """
    names = STEPS if taken else () if period is PeriodState.LOCKED else ("unapprove",)
    found = [
        name
        for name in names
        if session.state in TRANSITIONS[STEPS[name]].sources
        and staff.roles & TRANSITIONS[STEPS[name]].roles
        and (name not in BY_ANOTHER or may_review(session, staff))
    ]
    if "requalify" in found and not set(session.codes.split()) <= JUDGEMENT_CODES:
        found.remove("requalify")
    if "appeal" in found and session.appealed:
        found.remove("appeal")
    if "approve" in found and "G7" in session.flags.split():
        found[found.index("approve")] = "second"
    if Role.REVIEWER in staff.roles and session.service_line != "assistant":
        found.append("callback")
    return found


def possible_adjustments(
    db: Session, session: GuidanceSession, staff: Staff
) -> dict[AdjustmentKind, str]:
    """Return the corrections of a locked quarter that this account may propose, by name."""
    return {kind: ADJUSTMENT_NAMES[kind] for kind in possible_kinds(db, session, staff)}
