"""Quarters, working days, when what may be done: the tables of `calendar.md`."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from guidance.counting.rules import RulesInvalid, propose_rules, shipped_rules, sign_rules
from guidance.periods.closing import PeriodNotReady, close_quarter
from guidance.periods.exceptions import grant_exception, is_excepted, propose_exception
from guidance.periods.locking import prepare_lock
from guidance.periods.period import Quarter, shanghai_day
from guidance.periods.seed import commit_seed
from guidance.periods.working_days import shipped_days
from guidance.session import GuidanceSession
from storage.database import Database
from tests.guidance.boundaries.table import Row, cases, moment
from tests.guidance.boundaries.tried import tried
from tests.guidance.people import HANDLER, REVIEWER, SECOND_SIGNER, SIGNER, qualified_chat

FILE = "calendar.md"
GRANTED = moment("2026-04-12 12:00")
RULES = replace(shipped_rules()["strict"], name="试行")


@pytest.mark.parametrize("case", cases(FILE, "Days of a quarter"))
def test_days_of_a_quarter(case: Row) -> None:
    quarter = Quarter.parse(case["quarter"])
    days = (
        quarter.first_day, quarter.last_day, quarter.entry_closes_on, quarter.review_closes_on,
        quarter.preceding, quarter.following,
    )  # fmt: skip
    assert [str(day) for day in days] == list(case.values())[1:]
    assert Quarter.of(quarter.first_day) == Quarter.of(quarter.last_day) == quarter


@pytest.mark.parametrize("case", cases(FILE, "Closing and locking"))
def test_a_quarter_closes_and_is_drawn_up_in_its_time(case: Row, sqlite_ledger: Database) -> None:
    quarter, at = Quarter.parse(case["quarter"]), moment(case["at"])
    if case["left"] == "1":
        person = f"{quarter}-waits"
        qualified_chat(
            sqlite_ledger, person, person=person, at=moment(f"{quarter.first_day} 12:00")
        )
    with tried(sqlite_ledger) as db:
        if case["left"] != "1":
            _leave_nothing(db, quarter)
        commit_seed(db, quarter, HANDLER, moment(f"{quarter.last_day} 12:00"))
        if case["left"] == "closed":
            close_quarter(db, quarter, SIGNER, moment(f"{quarter.review_closes_on} 12:00"))
        step = close_quarter if case["step"] == "close" else prepare_lock
        if case["outcome"] == "done":
            step(db, quarter, SIGNER, at)
        else:
            with pytest.raises(PeriodNotReady):
                step(db, quarter, SIGNER, at)


def _leave_nothing(db: Session, quarter: Quarter) -> None:
    """Let the sessions that other rows left undecided lie in another quarter."""
    moved = update(GuidanceSession).where(GuidanceSession.period == str(quarter))
    db.execute(moved.values(period="2099Q1"))


@pytest.mark.parametrize("case", cases(FILE, "Exceptions"))
def test_an_exception_holds_for_a_week(case: Row, sqlite_ledger: Database) -> None:
    with tried(sqlite_ledger) as db:
        wanted = propose_exception(db, Quarter(2026, 1), "东街", HANDLER, GRANTED, "设备故障")
        grant_exception(db, wanted.id, SECOND_SIGNER, GRANTED)
        unit = case["unit"].strip("-")
        found = is_excepted(db, case["quarter"], unit, moment(case["at"]))
        assert found is (case["outcome"] == "holds")


@pytest.mark.parametrize("case", cases(FILE, "New rules"))
def test_rules_begin_with_a_quarter_that_has_not_begun(case: Row, sqlite_ledger: Database) -> None:
    quarter, at = Quarter.parse(case["quarter"]), moment(case["at"])
    with tried(sqlite_ledger) as db:
        if case["step"] == "propose":
            if case["outcome"] == "done":
                propose_rules(db, RULES, quarter, SIGNER, at, "试行")
            else:
                with pytest.raises(RulesInvalid, match="还没有开始"):
                    propose_rules(db, RULES, quarter, SIGNER, at, "试行")
            return
        before = moment(f"{quarter.preceding.first_day} 12:00")
        proposal = propose_rules(db, RULES, quarter, SIGNER, before, "试行")
        if case["outcome"] == "done":
            assert sign_rules(db, proposal.id, REVIEWER, at, "1号").effective_from == str(quarter)
        else:
            with pytest.raises(RulesInvalid, match="还没有开始"):
                sign_rules(db, proposal.id, REVIEWER, at, "1号")


@pytest.mark.parametrize("case", cases(FILE, "Which days are worked"))
def test_which_days_are_worked(case: Row) -> None:
    assert shipped_days().is_working(_day(case)) is (case["worked"] == "yes")


@pytest.mark.parametrize("case", cases(FILE, "Working days after a day"))
def test_working_days_after_a_day(case: Row) -> None:
    count = int(case["days"])
    until = shipped_days().after(_day(case), count)
    assert str(until) == case["until"]
    assert shipped_days().between(_day(case), until) == count


@pytest.mark.parametrize("case", cases(FILE, "The last working days up to a day"))
def test_last_working_days(case: Row) -> None:
    assert str(shipped_days().last_ones(_day(case), int(case["days"]))) == case["from"]


def _day(case: Row) -> date:
    return shanghai_day(moment(f"{case['day']} 12:00"))
