"""Every step from every state, by every role, in every quarter: `transitions.md`."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from accounts.role import Role
from audit.log import events_of, last_seq
from guidance.lifecycle import TRANSITIONS, SessionState, TransitionRefused
from guidance.people.merging import merge_people
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.periods.period import Quarter
from guidance.review import decisions
from guidance.review.decisions import CHECKLIST, approve
from guidance.review.staff import DutiesNotSeparate, NotYourDuty, Staff
from guidance.review.two_reviewers import propose_requalification, requalify
from guidance.session import GuidanceSession
from guidance.transition import find_session, move
from storage.database import Database
from tests.guidance.boundaries.table import Row, cases, tables
from tests.guidance.boundaries.tried import put, put_quarter, tried
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_REVIEWER,
    SIGNER,
    THIRD_REVIEWER,
    qualified_chat,
    staff,
)

FILE = "transitions.md"
Q1 = Quarter(2026, 1)
AT = datetime(2026, 4, 12, 4, tzinfo=UTC)
Step = Callable[[Session, int, Staff], object]


def _requalify(db: Session, number: int, by: Staff) -> None:
    proposal = propose_requalification(db, number, by, AT, "内容充分")
    requalify(db, proposal.id, THIRD_REVIEWER, AT)


def _adjust(kind: AdjustmentKind) -> Step:
    def step(db: Session, number: int, by: Staff) -> None:
        words = Words("核对后更正", to_unit="西街")
        found = propose_adjustment(db, kind, number, by, AT, words)
        post_adjustment(db, found.id, THIRD_REVIEWER, AT)

    return step


def _moved(action: str) -> Step:
    return lambda db, number, by: move(find_session(db, number), action, by)


def _by_system(action: str) -> Step:
    return lambda db, number, _by: move(find_session(db, number), action)


# Every step with whose duty it is.
STEPS: dict[str, tuple[Step, Staff]] = {
    "T2 record": (_by_system("session.recorded"), HANDLER),
    "T3 qualify": (_by_system("session.qualified"), HANDLER),
    "T3 disqualify": (_by_system("session.unqualified"), HANDLER),
    "T4 merge": (_moved("session.merged"), HANDLER),
    "T4 part": (_moved("session.parted"), HANDLER),
    "T5 requalify": (_requalify, SECOND_REVIEWER),
    "T5 promote": (_by_system("session.promoted"), HANDLER),
    "T6 submit": (lambda db, n, by: decisions.submit(db, n, by, AT), HANDLER),
    "T7 approve": (lambda db, n, by: approve(db, n, by, AT, CHECKLIST), REVIEWER),
    "T8 return": (
        lambda db, n, by: decisions.send_back(db, n, by, AT, "summary", "请补充"), REVIEWER,
    ),
    "T8 reject": (
        lambda db, n, by: decisions.reject(db, n, by, AT, "not_guidance", "只问路"), REVIEWER,
    ),
    "T9 resubmit": (lambda db, n, by: decisions.resubmit(db, n, by, AT, "补充"), HANDLER),
    "T9 withdraw": (lambda db, n, by: decisions.withdraw(db, n, by, AT, "录错了"), HANDLER),
    "T10 appeal": (lambda db, n, by: decisions.appeal(db, n, by, AT, "请再看"), HANDLER),
    "T11 unapprove": (lambda db, n, by: decisions.unapprove(db, n, by, AT, "有误"), SIGNER),
    "T12 lock": (_moved("period.locked"), SIGNER),
    "T13 void": (_adjust(AdjustmentKind.VOID), SECOND_REVIEWER),
    "T13 add": (_adjust(AdjustmentKind.ADD), SECOND_REVIEWER),
    "T13 reclassify": (_adjust(AdjustmentKind.RECLASSIFY), SECOND_REVIEWER),
}  # fmt: skip
# A state from which the step is allowed.
FROM = {
    "T5 requalify": SessionState.UNQUALIFIED, "T6 submit": SessionState.QUALIFIED,
    "T7 approve": SessionState.PENDING, "T8 return": SessionState.PENDING,
    "T8 reject": SessionState.PENDING, "T9 resubmit": SessionState.RETURNED,
    "T9 withdraw": SessionState.PENDING, "T10 appeal": SessionState.REJECTED,
    "T11 unapprove": SessionState.APPROVED, "T13 void": SessionState.LOCKED,
    "T13 add": SessionState.REJECTED, "T13 reclassify": SessionState.LOCKED,
}  # fmt: skip


def one(database: Database) -> int:
    """Return a consultation to try things on, the same for all cases."""
    with database.reading() as db:
        known = db.scalar(select(GuidanceSession.id).limit(1))
    return known or qualified_chat(database, "m1")


def by_cell(heading: str) -> list[object]:
    """Return a table's cells: step, column, what the cell says."""
    return [
        pytest.param(row["step"], column, said, id=f"{row['step']}-{column}".replace(" ", "_"))
        for row in tables(FILE)[heading]
        for column, said in list(row.items())[1:]
    ]


def place(db: Session, number: int, state: SessionState) -> None:
    """Put the consultation into a state, with what belongs to it."""
    put(
        db, number, state=state, codes="Q5" if state is SessionState.UNQUALIFIED else "",
        closed_at=None if state is SessionState.OPEN else NOON,
    )  # fmt: skip


@pytest.mark.parametrize(("step", "state", "said"), by_cell("States"))
def test_each_step_from_each_state(step: str, state: str, said: str, ledger: Database) -> None:
    number = one(ledger)
    do, by = STEPS[step]
    with tried(ledger) as db:
        place(db, number, SessionState(state))
        before = last_seq(db)
        if said == "-":
            with pytest.raises(TransitionRefused):
                do(db, number, by)
            assert find_session(db, number).state == state
            return
        do(db, number, by)
        assert find_session(db, number).state == said
        told = [event for event, _ in events_of(db, f"session:{number}") if event.seq > before]
        (taken,) = [event for event in told if event.action in TRANSITIONS]
        assert f"{TRANSITIONS[taken.action].number} " in f"{step} "


@pytest.mark.parametrize(("step", "state", "said"), by_cell("Adjustments (T13)"))
def test_each_adjustment_of_each_state(
    step: str, state: str, said: str, sqlite_ledger: Database
) -> None:
    number = one(sqlite_ledger)
    do, by = STEPS[step]
    with tried(sqlite_ledger) as db:
        place(db, number, SessionState(state))
        put_quarter(db, Q1, "locked", AT)
        if said == "-":
            with pytest.raises(TransitionRefused):
                do(db, number, by)
        else:
            do(db, number, by)
            with pytest.raises(TransitionRefused):  # once is enough
                do(db, number, by)
        assert find_session(db, number).state == state


@pytest.mark.parametrize(("step", "role", "said"), by_cell("Duties"))
def test_each_step_by_each_role(step: str, role: str, said: str, sqlite_ledger: Database) -> None:
    number = one(sqlite_ledger)
    do, _ = STEPS[step]
    with tried(sqlite_ledger) as db:
        place(db, number, FROM[step])
        if step.startswith("T13"):
            put_quarter(db, Q1, "locked", AT)
        if said == "yes":
            do(db, number, staff(77, Role(role)))
        else:
            with pytest.raises(NotYourDuty):
                do(db, number, staff(77, Role(role)))


@pytest.mark.parametrize(("step", "quarter", "said"), by_cell("Quarters"))
def test_each_step_in_each_quarter(
    step: str, quarter: str, said: str, sqlite_ledger: Database
) -> None:
    number = one(sqlite_ledger)
    do, by = STEPS[step]
    with tried(sqlite_ledger) as db:
        place(db, number, FROM[step])
        put_quarter(db, Q1, quarter, AT)
        if said == "yes":
            do(db, number, by)
        else:
            with pytest.raises(TransitionRefused):
                do(db, number, by)


@pytest.mark.parametrize("case", cases(FILE, "Codes that two reviewers may decide otherwise (T5)"))
def test_codes_that_reviewers_may_decide_otherwise(case: Row, sqlite_ledger: Database) -> None:
    number = one(sqlite_ledger)
    with tried(sqlite_ledger) as db:
        put(db, number, state=SessionState.UNQUALIFIED, codes=case["codes"])
        if case["decided otherwise"] == "yes":
            _requalify(db, number, REVIEWER)
        else:
            with pytest.raises(TransitionRefused, match="不能改判"):
                _requalify(db, number, REVIEWER)


@pytest.mark.parametrize("case", cases(FILE, "Who may approve (G1, I3)"))
def test_who_may_approve(case: Row, sqlite_ledger: Database) -> None:
    number = one(sqlite_ledger)
    mine = REVIEWER.reference
    by, values = {
        "none": (REVIEWER, {}),
        "provider": (REVIEWER, {"provider": mine}),
        "provider as a mentor": (
            staff(2, Role.REVIEWER, mentor_code="M1"), {"provider": "mentor:M1"},
        ),
        "recorder": (REVIEWER, {"recorder": mine}),
        "recorder under another account of theirs": (
            Staff(2, REVIEWER.roles, also=frozenset({"account:88"})), {"recorder": "account:88"},
        ),
        "submitter": (REVIEWER, {"submitter": mine}),
        "client": (REVIEWER, {"person": mine, "counts_for": mine}),
        "client under another reference": (
            Staff(2, REVIEWER.roles, also=frozenset({"visitor-1"})), {},
        ),
        "client by a merge": (REVIEWER, {}),
        "reviewer who decided before": (REVIEWER, {"approver": mine}),
        "somebody else decided before": (REVIEWER, {"approver": "account:88"}),
    }[case["part"]]  # fmt: skip
    with tried(sqlite_ledger) as db:
        put(db, number, state=SessionState.PENDING, **values)
        if case["part"] == "client by a merge":
            merge_people(db, "visitor-1", mine, AT)
        if case["approves"] == "yes":
            approve(db, number, by, AT, CHECKLIST)
        else:
            with pytest.raises(DutiesNotSeparate):
                approve(db, number, by, AT, CHECKLIST)
