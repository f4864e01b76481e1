"""The days of a quarter: entered until the 10th day after it, reviewed until the 20th, locked."""

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import select, update

from evaluation.recount import recount
from guidance.counting.invariants import check_invariants
from guidance.counting.tally import counted
from guidance.intake import submit_waiting
from guidance.lifecycle import SessionState
from guidance.periods.carrying import UNDECIDED
from guidance.periods.closing import PeriodNotReady, close_quarter
from guidance.periods.exceptions import grant_exception, propose_exception
from guidance.periods.locking import prepare_lock, sign_lock
from guidance.periods.period import Quarter
from guidance.periods.seed import commit_seed
from guidance.review.decisions import CHECKLIST, approve, submit
from guidance.session import GuidanceSession
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_SIGNER,
    SIGNER,
    approved_chat,
    at_rest,
    enter,
    judge_all,
    qualified_chat,
    send_and_approve,
)
from tests.guidance.test_life import check_all, in_time, lock

Q1, Q2 = Quarter(2026, 1), Quarter(2026, 2)


def on(month: int, day: int) -> datetime:
    """Noon of a day of 2026 in Shanghai."""
    return datetime.combine(date(2026, month, day), time(4), UTC)


def close(database: Database, at: datetime, quarter: Quarter = Q1) -> None:
    with database.writing() as db:
        commit_seed(db, quarter, HANDLER, in_time(quarter))
        close_quarter(db, quarter, SIGNER, at)


def test_days_of_a_quarter() -> None:
    assert (Q1.entry_closes_on, Q1.review_closes_on) == (date(2026, 4, 10), date(2026, 4, 20))
    last = Quarter(2026, 4)
    assert (last.entry_closes_on, last.review_closes_on) == (date(2027, 1, 10), date(2027, 1, 20))


def test_nothing_is_closed_while_it_may_be_entered(database: Database) -> None:
    approved_chat(database, "m1")
    for at in (on(3, 31), on(4, 1), on(4, 10), datetime(2026, 4, 10, 15, 59, tzinfo=UTC)):
        with pytest.raises(PeriodNotReady, match="2026-04-10 截止"):
            close(database, at)
    close(database, datetime(2026, 4, 10, 16, tzinfo=UTC))  # midnight in Shanghai


def test_nor_while_what_is_undecided_may_be_reviewed(database: Database) -> None:
    waiting = qualified_chat(database, "m1")
    for at in (on(4, 11), on(4, 20)):
        with pytest.raises(PeriodNotReady, match="1 条记录没有办完.*2026-04-20"):
            close(database, at)
    close(database, on(4, 21))
    assert at_rest(database, waiting).period == "2026Q2"


def test_nothing_is_locked_before_the_review_is_over(database: Database) -> None:
    approved_chat(database, "m1")
    close(database, on(4, 11))
    check_all(database)
    with pytest.raises(PeriodNotReady, match="2026-04-20 截止"), database.writing() as db:
        prepare_lock(db, Q1, HANDLER, on(4, 20))
    with database.writing() as db:
        proposal = prepare_lock(db, Q1, HANDLER, on(4, 21))
    with database.writing() as db:
        sign_lock(db, proposal.id, SIGNER, on(4, 21))


def test_what_comes_after_the_lock_counts_in_the_open_quarter(database: Database) -> None:
    approved_chat(database, "m1")
    lock(database)
    lock(database, Q2, on(7, 22))
    entered = enter(database, person="visitor-5", at=on(3, 31))  # by a clock that was behind
    judge_all(database, on(7, 23))
    found = at_rest(database, entered.id)
    assert (found.state, found.period) == (SessionState.QUALIFIED, "2026Q3")
    with database.writing() as db:
        assert submit_waiting(db, on(7, 30)) == 1
        approve(db, entered.id, REVIEWER, on(7, 30), CHECKLIST)
    with database.reading() as db:
        assert [counted(db, str(one)) for one in (Q1, Q2, Q2.following)] == [1, 0, 1]
        assert check_invariants(db) == []
    assert recount(database.engine)["differs"] == []


def test_an_undecided_session_in_a_locked_quarter_is_found(database: Database) -> None:
    approved_chat(database, "m1")
    lock(database)
    waiting = qualified_chat(database, "m2", at=on(5, 5))
    with database.writing() as db:
        db.execute(update(GuidanceSession).filter_by(id=waiting).values(period=str(Q1)))
    with database.reading() as db:
        assert "I4" in {one.invariant for one in check_invariants(db)}


def test_the_batch_leaves_closed_quarters_alone_and_an_exception_opens_them(
    database: Database,
) -> None:
    approved_chat(database, "m1")
    close(database, on(4, 11))
    with database.writing() as db:
        wanted = propose_exception(db, Q1, "", HANDLER, on(4, 12), "设备故障")
    with database.writing() as db:
        grant_exception(db, wanted.id, SECOND_SIGNER, on(4, 12))
    late = enter(database, person="visitor-5", at=on(3, 31))
    judge_all(database, on(4, 13))
    kept = at_rest(database, late.id)
    assert (kept.state, kept.period) == (SessionState.QUALIFIED, "2026Q1")
    with database.writing() as db:
        assert submit_waiting(db, on(4, 14)) == 0
        submit(db, late.id, HANDLER, on(4, 14))
        approve(db, late.id, REVIEWER, on(4, 14), CHECKLIST)
    after = enter(database, person="visitor-6", at=on(3, 31))
    judge_all(database, on(4, 25))  # the exception is over
    assert at_rest(database, after.id).period == "2026Q2"


def test_what_is_carried_passes_over_quarters_that_are_closed(database: Database) -> None:
    send_and_approve(database, qualified_chat(database, "m2", at=on(5, 5)))
    waiting = qualified_chat(database, "m1")
    close(database, on(7, 22), Q2)
    close(database, on(7, 22), Q1)
    assert at_rest(database, waiting).period == "2026Q3"
    with database.reading() as db:
        stuck = select(GuidanceSession.id).where(
            GuidanceSession.period.in_([str(Q1), str(Q2)]), GuidanceSession.state.in_(UNDECIDED)
        )
        assert db.scalars(stuck).all() == []
    assert at_rest(database, waiting).count_on == NOON.date()
