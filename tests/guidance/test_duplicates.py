"""One talk that was logged twice: merged by two people, parted again, on both engines."""

from datetime import timedelta

import pytest

from audit.log import events_of
from evaluation.recount import recount
from guidance.counting.invariants import check_invariants
from guidance.counting.tally import counted
from guidance.intake import qualify_recorded
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.periods.record import PeriodClosed
from guidance.privacy.erasing import erase_words
from guidance.review.decisions import CHECKLIST, approve, submit
from guidance.review.duplicates import (
    NotDuplicates,
    merge_sessions,
    near_sessions,
    part_sessions,
    propose_parting,
    propose_session_merge,
)
from guidance.review.proposal import ReasonMissing
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from guidance.transition import find_session
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    LATER,
    REVIEWER,
    SECOND_REVIEWER,
    SIGNER,
    approved_chat,
    at_rest,
    enter,
    judge_all,
    qualified_chat,
    send_and_approve,
)
from tests.guidance.test_life import AFTER, lock

DAY = timedelta(days=1)
S = SessionState


def merge(database: Database, session_id: int, into: int) -> None:
    with database.writing() as db:
        proposal = propose_session_merge(db, session_id, into, HANDLER, NOON, "同一次咨询")
    with database.writing() as db:
        merge_sessions(db, proposal.id, REVIEWER, NOON)


def part(database: Database, session_id: int) -> None:
    with database.writing() as db:
        proposal = propose_parting(db, session_id, HANDLER, NOON, "查明是两次")
    with database.writing() as db:
        part_sessions(db, proposal.id, REVIEWER, NOON)


def holds(database: Database) -> None:
    with database.reading() as db:
        assert check_invariants(db) == []
    assert recount(database.engine)["differs"] == []


def total(database: Database) -> int:
    with database.reading() as db:
        return counted(db, "2026Q1")


def test_what_counted_twice_counts_once_and_may_be_parted(database: Database) -> None:
    first = approved_chat(database, "m1")
    second = approved_chat(database, "m2", at=NOON + DAY)
    assert total(database) == 2
    merge(database, second, first)
    merged = at_rest(database, second)
    assert (merged.state, merged.merged_into_id, total(database)) == (S.MERGED, first, 1)
    holds(database)
    with database.reading() as db:
        assert "session.absorbed" in [one.action for one, _ in events_of(db, f"session:{first}")]
    part(database, second)
    assert (at_rest(database, second).state, at_rest(database, second).merged_into_id) == (
        S.RECORDED, None,
    )  # fmt: skip
    holds(database)
    with database.writing() as db:
        qualify_recorded(db, NOON + DAY + LATER)
        submit(db, second, HANDLER, NOON + DAY + LATER)
    with pytest.raises(DutiesNotSeparate, match="另一位"), database.writing() as db:
        approve(db, second, REVIEWER, NOON + 2 * DAY, CHECKLIST)
    with database.writing() as db:
        approve(db, second, SECOND_REVIEWER, NOON + 2 * DAY, CHECKLIST)
    assert total(database) == 2
    holds(database)


def test_the_other_one_of_the_day_steps_in(database: Database) -> None:
    online = qualified_chat(database, "m1")
    met = enter(database, person="visitor-1")
    judge_all(database)
    assert at_rest(database, met.id).codes == "Q8"
    merge(database, online, met.id)  # the talk at the window stays
    assert at_rest(database, met.id).state is S.QUALIFIED
    send_and_approve(database, met.id)
    holds(database)
    part(database, online)
    with database.writing() as db:
        qualify_recorded(db, NOON + LATER)
    assert at_rest(database, online).codes == "Q8"
    holds(database)


def test_only_two_of_one_person_and_time_and_the_better_one_stays(database: Database) -> None:
    first = qualified_chat(database, "m1")
    far = qualified_chat(database, "m2", at=NOON + 2 * DAY)
    others = qualified_chat(database, "m3", person="visitor-2")
    poor = qualified_chat(database, "m4", text="谢谢", at=NOON + DAY)
    assert at_rest(database, poor).state is S.UNQUALIFIED
    refused = {far: "相隔", others: "同一位咨询人", poor: "反过来", first: "另一条"}
    for into, why in refused.items():
        with pytest.raises(NotDuplicates, match=why), database.writing() as db:
            propose_session_merge(db, first, into, HANDLER, NOON, "同一次咨询")
    with database.reading() as db:
        near = near_sessions(db, [find_session(db, one) for one in (first, far)])
    assert {number: [one.id for one in found] for number, found in near.items()} == {
        first: [poor], far: [poor],
    }  # fmt: skip
    merge(database, poor, first)
    holds(database)
    with pytest.raises(TransitionRefused, match="已合并"), database.writing() as db:
        propose_session_merge(db, poor, first, HANDLER, NOON, "再合并")
    with pytest.raises(TransitionRefused, match="符合口径"), database.writing() as db:
        propose_parting(db, first, HANDLER, NOON, "没有合并过")


def test_it_takes_two_with_a_reason_and_the_right_role(database: Database) -> None:
    first = qualified_chat(database, "m1")
    second = qualified_chat(database, "m2", at=NOON + DAY)
    with pytest.raises(NotYourDuty), database.writing() as db:
        propose_session_merge(db, second, first, SIGNER, NOON, "同一次")
    with pytest.raises(ReasonMissing), database.writing() as db:
        propose_session_merge(db, second, first, HANDLER, NOON, "")
    with database.writing() as db:
        number = propose_session_merge(db, second, first, HANDLER, NOON, "同一次").id
    with pytest.raises(NotDuplicates, match="同样的提议"), database.writing() as db:
        propose_session_merge(db, second, first, REVIEWER, NOON, "同一次")
    with pytest.raises(DutiesNotSeparate), database.writing() as db:
        merge_sessions(db, number, HANDLER, NOON)
    with pytest.raises(NotYourDuty), database.writing() as db:
        merge_sessions(db, number, SIGNER, NOON)
    with database.writing() as db:
        merge_sessions(db, number, REVIEWER, NOON)
    with database.writing() as db:
        erase_words(db, [second], NOON)
    with pytest.raises(NotDuplicates, match="清空"), database.writing() as db:
        propose_parting(db, second, HANDLER, NOON, "两次")


def test_a_locked_quarter_keeps_what_was_merged(database: Database) -> None:
    first = approved_chat(database, "m1")
    second = qualified_chat(database, "m2", at=NOON + DAY)
    merge(database, second, first)
    lock(database)
    for one in (second, first):
        with pytest.raises(PeriodClosed), database.writing() as db:
            propose_parting(db, one, HANDLER, AFTER, "两次")
    holds(database)
