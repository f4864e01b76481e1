"""Many people deciding at the same moment, and the ledger walked at random."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import select

from evaluation.ledger_walk import OFTEN, STEPS, LedgerWalk
from evaluation.recount import recount
from guidance.counting.invariants import check_invariants
from guidance.counting.tally import counted
from guidance.intake import qualify_recorded, seal_recorded
from guidance.lifecycle import COUNTED, SessionState, TransitionRefused
from guidance.message import Channel
from guidance.periods.closing import close_quarter
from guidance.periods.locking import locked_values, prepare_lock, sign_lock
from guidance.periods.period import Quarter
from guidance.periods.record import WHOLE, SampleItem
from guidance.periods.sample import check_sample
from guidance.periods.seed import commit_seed
from guidance.recording import close_idle_sessions
from guidance.review.decisions import CHECKLIST, approve, submit, unapprove
from guidance.review.staff import DutiesNotSeparate, Staff
from guidance.session import GuidanceSession
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    LATER,
    REVIEWER,
    SECOND_REVIEWER,
    SIGNER,
    approved_chat,
    qualified_chat,
)

AFTER = datetime(2026, 4, 22, tzinfo=UTC)  # the first quarter is reviewed by 20 April
Q1 = Quarter(2026, 1)


def at_once(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Run a work in so many threads that begin together; return what went wrong in them."""
    gate, errors = threading.Barrier(count), []

    def begin(number: int) -> None:
        gate.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=begin, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_fifty_sessions_of_one_person_and_day_count_once(database: Database) -> None:
    with database.writing() as db:
        for number in range(50):
            db.add(
                GuidanceSession(
                    person="visitor-1", channel=Channel.WEB, opened_at=NOON, last_turn_at=NOON,
                    closed_at=NOON, turn_count=0, state=SessionState.RECORDED,
                    org_unit=f"{number}",
                )
            )  # fmt: skip
    with database.writing() as db:
        seal_recorded(db, NOON)

    def judge(_number: int) -> None:
        with database.writing() as db:
            qualify_recorded(db, NOON, limit=10)

    assert at_once(8, judge) == []
    with database.reading() as db:
        states = list(db.scalars(select(GuidanceSession.state)))
    assert SessionState.RECORDED not in states
    # Without a turn none meets the rules; the day is the database's own rule:
    taken: list[int] = []

    def take(number: int) -> None:
        with database.writing() as db:
            session = db.get_one(GuidanceSession, number + 1)
            session.state = SessionState.APPROVED
            session.approver = "account:2"
        taken.append(number)

    errors = at_once(50, take)
    assert (len(taken), len(errors)) == (1, 49)
    assert {type(error).__name__ for error in errors} == {"IntegrityError"}


def test_twenty_reviewers_approve_one_session(database: Database) -> None:
    session_id = qualified_chat(database, "m1")
    with database.writing() as db:
        submit(db, session_id, HANDLER, NOON)

    def decide(number: int) -> None:
        with database.writing() as db:
            approve(db, session_id, Staff(100 + number, REVIEWER.roles), NOON, CHECKLIST)

    errors = at_once(20, decide)
    assert len(errors) == 19
    assert all(isinstance(error, TransitionRefused | DutiesNotSeparate) for error in errors)
    with database.reading() as db:
        assert counted(db, "2026Q1") == 1
        assert check_invariants(db) == []


def test_nothing_is_decided_after_the_lock(database: Database) -> None:
    ids = [approved_chat(database, f"m{n}", person=f"visitor-{n}") for n in range(4)]
    with database.writing() as db:
        commit_seed(db, Q1, HANDLER, NOON)
        close_quarter(db, Q1, SIGNER, AFTER)
    with database.writing() as db:
        for session_id in db.scalars(select(SampleItem.session_id)).all():
            check_sample(db, session_id, SECOND_REVIEWER, AFTER, confirmed=True)
    with database.writing() as db:
        proposal = prepare_lock(db, Q1, HANDLER, AFTER)

    def work(number: int) -> None:
        with database.writing() as db:
            if number == 0:
                sign_lock(db, proposal.id, SIGNER, AFTER)
            else:
                unapprove(db, ids[number - 1], SIGNER, AFTER, "存疑")

    errors = at_once(5, work)
    assert all(isinstance(error, TransitionRefused) for error in errors)
    with database.reading() as db:
        locked = locked_values(db, "2026Q1")
        states = list(db.scalars(select(GuidanceSession.state)))
        assert check_invariants(db) == []
    if locked:  # the lock came first: all four are in it, nobody took one out
        assert locked[WHOLE] == 4
        assert set(states) == {SessionState.LOCKED}
    else:  # somebody was first: the figures changed and the lock has to be drawn up anew
        assert SessionState.PENDING in states
        assert SessionState.LOCKED not in states


@pytest.mark.parametrize("seed", range(3))
def test_random_walk_keeps_every_invariant(database: Database, seed: int) -> None:
    chance = random.Random(seed)
    walk = LedgerWalk(database, chance.choice)
    for number in range(60):
        walk.step(chance.choice(OFTEN) if chance.random() < 0.7 else None)
        if number % 10 == 9:
            assert walk.violations() == [], (seed, number)


def test_recount_and_invariants_see_what_was_changed_behind_the_product(
    sqlite_database: Database,
) -> None:
    ids = [approved_chat(sqlite_database, f"m{n}", person=f"visitor-{n}") for n in range(3)]
    assert recount(sqlite_database.engine)["differs"] == []
    changes = {
        "UPDATE tallies SET count = count + 1": {"I1", "I7 汇总", "I9"},
        "UPDATE year_persons SET persons = 9": {"I11"},
        f"UPDATE guidance_sessions SET state = 'pending_review' WHERE id = {ids[0]}": {"I1", "I7"},
        f"UPDATE guidance_sessions SET approver = recorder WHERE id = {ids[0]}": {"I3"},
        f"UPDATE guidance_sessions SET opened_at = '2026-03-02 00:00' WHERE id = {ids[1]}": {"I5"},
        f"UPDATE turns SET question = '改过' WHERE session_id = {ids[1]}": {"I5"},
        f"DELETE FROM turns WHERE session_id = {ids[2]}": {"I5", "I6"},
    }
    for statement, broken in changes.items():
        with sqlite_database.engine.connect() as connection:
            transaction = connection.begin()
            connection.exec_driver_sql(statement)
            with sqlite_database._sessions(bind=connection) as db:
                found = {one.invariant for one in check_invariants(db)}
            assert broken <= found, statement
            transaction.rollback()


class LedgerMachine(RuleBasedStateMachine):
    """Hypothesis chooses the steps and everything in them, and shortens what breaks."""

    database: Database
    runs = 0

    def __init__(self) -> None:
        super().__init__()
        LedgerMachine.runs += 1
        self.walk = LedgerWalk(self.database, lambda options: options[0], f"{self.runs}")

    @rule(name=st.sampled_from(STEPS + OFTEN * 2), seed=st.integers(0, 2**16))
    def step(self, name: str, seed: int) -> None:
        self.walk.choose = random.Random(seed).choice
        self.walk.step(name)

    @invariant()
    def everything_holds(self) -> None:
        assert self.walk.violations() == []


def test_hypothesis_finds_no_way_to_break_it(sqlite_database: Database) -> None:
    LedgerMachine.database = sqlite_database
    quick = settings(
        max_examples=5, stateful_step_count=25, deadline=None,
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(LedgerMachine, settings=quick)


def test_sweeps_of_several_processes_do_each_session_once(database: Database) -> None:
    for number in range(12):
        qualified_chat(database, f"m{number}", person=f"visitor-{number}", at=NOON)

    def sweep(_number: int) -> None:
        with database.writing() as db:
            close_idle_sessions(db, NOON + LATER)
        with database.writing() as db:
            seal_recorded(db, NOON + LATER)
        with database.writing() as db:
            qualify_recorded(db, NOON + LATER)

    assert at_once(6, sweep) == []
    with database.reading() as db:
        assert check_invariants(db) == []
        assert not set(db.scalars(select(GuidanceSession.state))) & COUNTED
