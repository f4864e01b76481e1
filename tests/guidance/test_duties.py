"""Who lets a session count has no other part in it, whatever becomes known later."""

import pytest

from accounts.role import Role
from evaluation.recount import recount
from guidance.counting.invariants import check_invariants
from guidance.counting.tally import counted
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.people.merging import merge_people
from guidance.periods.adjusting import post_adjustment, refuse_adjustment
from guidance.periods.adjustment import posted_of
from guidance.review.decisions import CHECKLIST, approve, resubmit, send_back, submit
from guidance.review.staff import DutiesNotSeparate
from guidance.review.two_reviewers import approve_proposed, propose_approvals
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_REVIEWER,
    THIRD_REVIEWER,
    approved_chat,
    at_rest,
    qualified_chat,
    staff,
)
from tests.guidance.test_report import AFTER, lock


def holds(database: Database) -> bool:
    with database.reading() as db:
        found = check_invariants(db)
    return found == [] and recount(database.engine)["differs"] == []


def test_a_client_under_another_reference_does_not_approve(database: Database) -> None:
    session_id = qualified_chat(database, "m1")
    with database.writing() as db:
        merge_people(db, "visitor-1", "account:2", NOON)
        submit(db, session_id, HANDLER, NOON)
    with pytest.raises(DutiesNotSeparate, match="咨询人"), database.writing() as db:
        approve(db, session_id, REVIEWER, NOON, CHECKLIST)


@pytest.mark.parametrize("kept", ["visitor-1", "account:2"])
def test_what_a_client_approved_is_decided_by_another(database: Database, kept: str) -> None:
    session_id = approved_chat(database, "m1")
    absorbed = {"visitor-1": "account:2", "account:2": "visitor-1"}[kept]
    with database.writing() as db:
        merge_people(db, kept, absorbed, NOON)
    assert at_rest(database, session_id).state is SessionState.PENDING
    assert holds(database)
    with database.writing() as db:
        approve(db, session_id, SECOND_REVIEWER, NOON, CHECKLIST)
        assert counted(db, "2026Q1") == 1
    assert holds(database)


def test_what_a_client_approved_and_was_locked_is_voided(database: Database) -> None:
    session_id = approved_chat(database, "m1")
    lock(database)
    with database.writing() as db:
        merged = merge_people(db, "visitor-1", "account:2", AFTER)
    (void,) = merged.voids
    assert at_rest(database, session_id).state is SessionState.LOCKED
    assert holds(database)
    with pytest.raises(TransitionRefused, match="就是咨询人"), database.writing() as db:
        refuse_adjustment(db, void, THIRD_REVIEWER, AFTER, "查无依据")
    with database.writing() as db:
        post_adjustment(db, void, THIRD_REVIEWER, AFTER)
        assert [one.amount for one in posted_of(db, "2026Q1")] == [-1]
    assert holds(database)


def test_who_proposed_to_approve_and_then_handed_in_needs_another(database: Database) -> None:
    session_id = qualified_chat(database, "m1")
    both = staff(7, Role.REVIEWER, Role.HANDLER)
    with database.writing() as db:
        submit(db, session_id, HANDLER, NOON)
        proposal = propose_approvals(db, [session_id], both, NOON, "已看")
    with database.writing() as db:
        send_back(db, session_id, REVIEWER, NOON, "summary", "请补充")
        resubmit(db, session_id, both, NOON, "补充")
    with database.writing() as db:
        approved, refused = approve_proposed(db, proposal.id, SECOND_REVIEWER, NOON)
    assert approved == []
    assert "后来参与" in refused[session_id]
    assert holds(database)
    assert at_rest(database, session_id).state is SessionState.PENDING
