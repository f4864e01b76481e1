"""Under rules that ask for it, a session waits for its client's confirmation or for a paper."""

from dataclasses import replace
from datetime import timedelta

import pytest

from guidance.awaited import awaited_of
from guidance.counting.invariants import check_invariants
from guidance.counting.rules import shipped_rules
from guidance.human_session import HumanEntry, confirm_attendance, record_human_session
from guidance.indicators.evidence import add_evidence, keep_file
from guidance.intake import qualify_recorded
from guidance.lifecycle import ServiceLine, SessionState
from guidance.people.level import IdentityLevel
from guidance.transition import find_session
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    LATER,
    at_rest,
    judge_all,
    put_in_force,
    send_and_approve,
)

HOUR = timedelta(hours=1)
START = NOON + timedelta(days=40)  # in the quarter from which the rules hold
CONFIRMED = replace(
    shipped_rules()["strict"], name="须确认", min_level=IdentityLevel.VISITOR, min_summary=10
)
RECORDED, QUALIFIED = SessionState.RECORDED, SessionState.QUALIFIED


@pytest.fixture(autouse=True)
def rules(database: Database) -> None:
    put_in_force(database, CONFIRMED, NOON)


def met(
    database: Database, *, days_late: int = 0, person: str = "visitor-9",
    line: ServiceLine = ServiceLine.WINDOW,
) -> tuple[int, str]:  # fmt: skip
    """Enter a consultation half an hour after its start, or days later."""
    entry = HumanEntry(
        line, person, "account:9", START, START + timedelta(minutes=20), "区服务大厅", "贷款",
        f"说明贷款条件和材料，{person} 约定下周带齐材料来办理。",
    )  # fmt: skip
    at = START + timedelta(minutes=30, days=days_late)
    with database.writing() as db:
        session, code = record_human_session(db, entry, HANDLER, at)
        return session.id, code


def standing(database: Database, session_id: int, at_hours: float) -> tuple[SessionState, str]:
    """Let the ledger judge so many hours after the consultation; return what came of it."""
    judge_all(database, START + at_hours * HOUR)
    session = at_rest(database, session_id)
    return session.state, session.codes


def confirm(database: Database, session_id: int, code: str, at_hours: float) -> None:
    with database.writing() as db:
        confirm_attendance(db, session_id, code, START + at_hours * HOUR)


def prove(database: Database, session_id: int, at_hours: float) -> None:
    at = START + at_hours * HOUR
    with database.writing() as db:
        file = keep_file(db, "签到表.pdf", "application/pdf", b"%PDF", HANDLER, at)
        add_evidence(db, find_session(db, session_id), file.digest, HANDLER, at)


def test_it_waits_and_counts_once_the_client_confirmed(database: Database) -> None:
    session_id, code = met(database)
    assert standing(database, session_id, 1) == (RECORDED, "")
    assert standing(database, session_id, 71) == (RECORDED, "")
    confirm(database, session_id, code, 71.5)
    assert standing(database, session_id, 71.6) == (QUALIFIED, "")
    send_and_approve(database, session_id, START + 90 * HOUR)
    with database.reading() as db:
        assert check_invariants(db) == []


def test_unconfirmed_it_does_not_count_when_the_time_is_over(database: Database) -> None:
    session_id, code = met(database)
    assert standing(database, session_id, 72.4) == (RECORDED, "")
    confirm(database, session_id, code, 72.4)  # too late: it is still not proved
    assert standing(database, session_id, 72.4) == (RECORDED, "")
    assert standing(database, session_id, 72.5) == (SessionState.UNQUALIFIED, "Q7")


def test_a_paper_stands_for_the_confirmation_also_of_a_late_entry(database: Database) -> None:
    session_id, code = met(database, days_late=4)
    assert standing(database, session_id, 4 * 24 + 1) == (RECORDED, "")
    confirm(database, session_id, code, 4 * 24 + 2)
    assert standing(database, session_id, 4 * 24 + 3) == (RECORDED, "")
    prove(database, session_id, 4 * 24 + 4)
    assert standing(database, session_id, 4 * 24 + 5) == (QUALIFIED, "")


def test_other_lines_and_earlier_quarters_wait_for_nothing(database: Database) -> None:
    by_telephone, _ = met(database, line=ServiceLine.TELEPHONE)
    assert standing(database, by_telephone, 1) == (QUALIFIED, "")
    entry = HumanEntry(
        ServiceLine.WINDOW, "visitor-8", "account:9", NOON, NOON + timedelta(minutes=20),
        "区服务大厅", "贷款", "说明贷款条件和材料，约定下周来办理。",
    )  # fmt: skip
    with database.writing() as db:
        before, _ = record_human_session(db, entry, HANDLER, NOON + HOUR)
    judge_all(database, NOON + LATER)
    assert at_rest(database, before.id).state is QUALIFIED


def test_many_that_wait_hold_up_nobody(database: Database) -> None:
    waiting = [met(database, person=f"visitor-{number}")[0] for number in range(6)]
    ready, code = met(database, person="visitor-ready")
    confirm(database, ready, code, 1)
    with database.writing() as db:
        assert qualify_recorded(db, START + 2 * HOUR, limit=3) == (1, 0)
    assert at_rest(database, ready).state is QUALIFIED
    assert {at_rest(database, one).state for one in waiting} == {RECORDED}


def test_what_is_awaited_is_told_until_it_came(database: Database) -> None:
    session_id, code = met(database)
    with database.reading() as db:
        awaited = awaited_of(db, find_session(db, session_id))
    assert awaited is not None
    assert (awaited.confirm_by, awaited.judged_at) == (START + 72 * HOUR, START + 72.5 * HOUR)
    confirm(database, session_id, code, 1)
    with database.reading() as db:
        assert awaited_of(db, find_session(db, session_id)) is None
    proved, _ = met(database, person="visitor-2")
    prove(database, proved, 1)
    by_telephone, _ = met(database, person="visitor-3", line=ServiceLine.TELEPHONE)
    with database.reading() as db:
        for other in (proved, by_telephone):
            assert awaited_of(db, find_session(db, other)) is None
