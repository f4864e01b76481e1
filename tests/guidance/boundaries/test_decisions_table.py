"""Every decision of people in every state of a quarter: `decisions.md`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from guidance.counting.tally import counted, rebuild_tallies
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.periods.closing import close_quarter
from guidance.periods.exceptions import grant_exception, propose_exception
from guidance.periods.locking import prepare_lock, sign_lock
from guidance.periods.period import Quarter
from guidance.periods.record import SampleItem, SampleOutcome, SampleReason
from guidance.periods.sample import check_sample, draw_items, sampled_from
from guidance.review import decisions
from guidance.review.callback import record_callback
from guidance.review.duplicates import (
    merge_sessions,
    part_sessions,
    propose_parting,
    propose_session_merge,
)
from guidance.review.proposal import ProposalKind, propose
from guidance.review.two_reviewers import (
    approve_proposed,
    propose_approvals,
    propose_requalification,
    requalify,
)
from guidance.session import GuidanceSession
from guidance.transition import find_session
from storage.database import Database
from tests.guidance.boundaries.table import tables
from tests.guidance.boundaries.tried import put, put_quarter, tried
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_REVIEWER,
    SECOND_SIGNER,
    SIGNER,
    THIRD_REVIEWER,
    qualified_chat,
)

FILE = "decisions.md"
Q1 = Quarter(2026, 1)
AT = datetime(2026, 4, 25, 4, tzinfo=UTC)  # the first quarter's review is over
S = SessionState
Decide = Callable[[Session, int], object]


def _requalify(db: Session, number: int) -> None:
    content = {"codes": "Q5", "reason": "内容充分"}
    proposal = propose(db, ProposalKind.REQUALIFY, f"session:{number}", REVIEWER, AT, content)
    requalify(db, proposal.id, SECOND_REVIEWER, AT)


def _approve_many(db: Session, number: int) -> None:
    content = {"sessions": [number], "reason": "已看"}
    proposal = propose(db, ProposalKind.APPROVE_MANY, "sessions:1", REVIEWER, AT, content)
    for why in approve_proposed(db, proposal.id, SECOND_REVIEWER, AT)[1].values():
        raise TransitionRefused(why)


def _check(db: Session, number: int) -> None:
    draw_items(db, str(Q1), sampled_from(db, str(Q1)), SampleReason.DRAWN)
    check_sample(db, number, SECOND_REVIEWER, AT, confirmed=True)


def _merge(db: Session, number: int) -> None:
    content = {"into": other(db), "reason": "同一次"}
    kind = ProposalKind.MERGE_SESSIONS
    proposal = propose(db, kind, f"session:{number}", HANDLER, AT, content)
    merge_sessions(db, proposal.id, REVIEWER, AT)


def _part(db: Session, number: int) -> None:
    content = {"reason": "是两次"}
    kind = ProposalKind.PART_SESSIONS
    proposal = propose(db, kind, f"session:{number}", HANDLER, AT, content)
    part_sessions(db, proposal.id, REVIEWER, AT)


def _sign(db: Session, _number: int) -> None:
    content = {"sessions": counted(db, str(Q1)), "reason": "结算表"}
    proposal = propose(db, ProposalKind.LOCK, f"period:{Q1}", HANDLER, AT, content)
    sign_lock(db, proposal.id, SIGNER, AT)


def _grant(db: Session, _number: int) -> None:
    wanted = propose_exception(db, Q1, "", HANDLER, AT, "设备故障")
    grant_exception(db, wanted.id, SECOND_SIGNER, AT)


def _adjust(kind: AdjustmentKind) -> Decide:
    def adjust(db: Session, number: int) -> None:
        words = Words("核对后更正", to_unit="西街")
        found = propose_adjustment(db, kind, number, SECOND_REVIEWER, AT, words)
        post_adjustment(db, found.id, THIRD_REVIEWER, AT)

    return adjust


def _reject(db: Session, number: int) -> object:
    return decisions.reject(db, number, REVIEWER, AT, "not_guidance", "只问路")


# Every decision with a state from which it is allowed.
DECISIONS: dict[str, tuple[SessionState, Decide]] = {
    "submit": (S.QUALIFIED, lambda db, n: decisions.submit(db, n, HANDLER, AT)),
    "approve": (
        S.PENDING, lambda db, n: decisions.approve(db, n, REVIEWER, AT, decisions.CHECKLIST),
    ),
    "return": (
        S.PENDING, lambda db, n: decisions.send_back(db, n, REVIEWER, AT, "unit", "请说明"),
    ),
    "reject": (S.PENDING, _reject),
    "resubmit": (S.RETURNED, lambda db, n: decisions.resubmit(db, n, HANDLER, AT, "补充")),
    "withdraw": (S.PENDING, lambda db, n: decisions.withdraw(db, n, HANDLER, AT, "录错")),
    "appeal": (S.REJECTED, lambda db, n: decisions.appeal(db, n, HANDLER, AT, "请再看")),
    "unapprove": (S.APPROVED, lambda db, n: decisions.unapprove(db, n, SIGNER, AT, "存疑")),
    "call back": (
        S.APPROVED, lambda db, n: record_callback(db, n, REVIEWER, happened=False),
    ),
    "propose to requalify": (
        S.UNQUALIFIED, lambda db, n: propose_requalification(db, n, REVIEWER, AT, "充分"),
    ),
    "requalify": (S.UNQUALIFIED, _requalify),
    "propose to approve many": (
        S.PENDING, lambda db, n: propose_approvals(db, [n], REVIEWER, AT, "已看"),
    ),
    "approve many": (S.PENDING, _approve_many),
    "propose to merge two": (
        S.PENDING, lambda db, n: propose_session_merge(db, n, other(db), HANDLER, AT, "同一次"),
    ),
    "merge two": (S.PENDING, _merge),
    "propose to part them": (
        S.MERGED, lambda db, n: propose_parting(db, n, HANDLER, AT, "是两次"),
    ),
    "part them": (S.MERGED, _part),
    "check a second time": (S.APPROVED, _check),
    "close": (S.APPROVED, lambda db, _n: close_quarter(db, Q1, SIGNER, AT)),
    "draw up": (S.APPROVED, lambda db, _n: prepare_lock(db, Q1, HANDLER, AT)),
    "sign the lock": (S.APPROVED, _sign),
    "ask for an exception": (
        S.APPROVED, lambda db, _n: propose_exception(db, Q1, "", HANDLER, AT, "设备故障"),
    ),
    "grant an exception": (S.APPROVED, _grant),
    "void": (S.LOCKED, _adjust(AdjustmentKind.VOID)),
    "add": (S.REJECTED, _adjust(AdjustmentKind.ADD)),
    "reclassify": (S.LOCKED, _adjust(AdjustmentKind.RECLASSIFY)),
}  # fmt: skip
CELLS = [
    pytest.param(row["decision"], state, said, id=f"{row['decision']}-{state}".replace(" ", "_"))
    for row in tables(FILE)["Decisions"]
    for state, said in list(row.items())[1:]
]


def test_the_table_names_every_decision() -> None:
    assert {row["decision"] for row in tables(FILE)["Decisions"]} == set(DECISIONS)


@pytest.mark.parametrize(("name", "quarter", "said"), CELLS)
def test_each_decision_in_each_quarter(
    name: str, quarter: str, said: str, ledger: Database
) -> None:
    number = one(ledger)
    state, decide = DECISIONS[name]
    if state is S.APPROVED and quarter == "locked":
        state = S.LOCKED
    with tried(ledger) as db:
        _place(db, number, state, quarter)
        if said == "-":
            with pytest.raises(TransitionRefused, match="。$"):
                decide(db, number)
            return
        decide(db, number)
        period = find_session(db, number).period
        assert period == (str(Q1.following) if said == "next" else str(Q1))


def test_what_a_second_check_did_not_confirm_is_decided_on_again(ledger: Database) -> None:
    number = one(ledger)
    with tried(ledger) as db:
        _place(db, number, S.APPROVED, "closed")
        draw_items(db, str(Q1), sampled_from(db, str(Q1)), SampleReason.DRAWN)
        check_sample(db, number, SECOND_REVIEWER, AT, confirmed=False, note="查无此事")
        with pytest.raises(TransitionRefused, match=f"撤销通过：{number}"):
            prepare_lock(db, Q1, HANDLER, AT)
        taken_back = decisions.unapprove(db, number, SIGNER, AT, "抽查没有证实")
        assert (taken_back.state, taken_back.period) == (S.PENDING, "2026Q2")
        assert taken_back.flags == "NC"
        drawn_up = prepare_lock(db, Q1, HANDLER, AT)
        with pytest.raises(TransitionRefused, match="单独复核"):
            propose_approvals(db, [number], REVIEWER, AT, "已看")
        decisions.approve(db, number, THIRD_REVIEWER, AT, decisions.CHECKLIST)
        assert [counted(db, str(quarter)) for quarter in (Q1, Q1.following)] == [0, 1]
        sign_lock(db, drawn_up.id, SIGNER, AT)  # it is no longer a member of the first quarter


def test_what_was_taken_back_unchecked_is_not_checked(ledger: Database) -> None:
    number = one(ledger)
    with tried(ledger) as db:
        _place(db, number, S.APPROVED, "excepted")
        draw_items(db, str(Q1), sampled_from(db, str(Q1)), SampleReason.DRAWN)
        decisions.unapprove(db, number, SIGNER, AT, "存疑")
        with pytest.raises(TransitionRefused, match="不再抽查"):
            check_sample(db, number, SECOND_REVIEWER, AT, confirmed=True)
        item = db.get_one(SampleItem, (str(Q1), number))
        assert item.outcome is SampleOutcome.WAITING
        prepare_lock(db, Q1, HANDLER, AT)


def one(database: Database) -> int:
    """Return a consultation to try things on, the same for all cases."""
    with database.reading() as db:
        known = db.scalar(select(GuidanceSession.id).limit(1))
    return known or qualified_chat(database, "m1")


def other(db: Session) -> int:
    """Add the same consultation a second time, recorded the day before and not judged yet."""
    first = db.scalars(select(GuidanceSession)).one()
    columns = [c.key for c in GuidanceSession.__table__.columns if c.key != "id"]
    values = {name: getattr(first, name) for name in columns}
    again = GuidanceSession(
        **{**values, "state": S.RECORDED, "count_on": first.count_on - timedelta(days=1)}
    )
    db.add(again)
    db.flush()
    return again.id


def _place(db: Session, number: int, state: SessionState, quarter: str) -> None:
    codes = "Q5" if state is S.UNQUALIFIED else ""
    approver = "account:88" if state in (S.APPROVED, S.LOCKED) else ""
    put(db, number, state=state, codes=codes, approver=approver)
    rebuild_tallies(db)
    put_quarter(db, Q1, quarter, AT)
