"""One person counts once on a day: also by adjustments, and after a merge, on both engines."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from accounts.role import Role
from evaluation.recount import recount
from guidance.counting.invariants import check_invariants
from guidance.counting.tally import persons_of_year, rebuild_tallies
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.people.merging import Merged, merge_people
from guidance.periods.adjusting import (
    Words,
    post_adjustment,
    propose_adjustment,
    refuse_adjustment,
)
from guidance.periods.adjustment import AdjustmentKind, unit_now
from guidance.periods.left_out import LeftOut, left_out
from guidance.periods.locking import restated, units_restated
from guidance.person_day import claims_on
from guidance.review.decisions import reject, submit
from guidance.transition import find_session
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_REVIEWER,
    THIRD_REVIEWER,
    approved_chat,
    at_rest,
    chat,
    judge_all,
    qualified_chat,
    staff,
)
from tests.guidance.test_life import AFTER, lock

FOURTH = staff(7, Role.REVIEWER)
ADD, VOID, RECLASSIFY = AdjustmentKind.ADD, AdjustmentKind.VOID, AdjustmentKind.RECLASSIFY


def rejected_chat(database: Database, message_id: str, person: str) -> int:
    session_id = qualified_chat(database, message_id, person=person)
    with database.writing() as db:
        submit(db, session_id, HANDLER, NOON)
        reject(db, session_id, REVIEWER, NOON, "not_guidance", "只问了路")
    return session_id


def propose(database: Database, kind: AdjustmentKind, session_id: int, unit: str = "") -> int:
    with database.writing() as db:
        words = Words("查实", to_unit=unit)
        return propose_adjustment(db, kind, session_id, SECOND_REVIEWER, AFTER, words).id


def post(database: Database, number: int) -> None:
    with database.writing() as db:
        post_adjustment(db, number, THIRD_REVIEWER, AFTER)


def adjust(database: Database, kind: AdjustmentKind, session_id: int, unit: str = "") -> None:
    post(database, propose(database, kind, session_id, unit))


def merge(database: Database, kept: str, absorbed: str) -> Merged:
    with database.writing() as db:
        return merge_people(db, kept, absorbed, AFTER)


def check(database: Database, sessions: int, persons: int) -> None:
    """Look whether the revised count of the quarter is right, and everything agrees on it."""
    with database.writing() as db:
        assert restated(db, "2026Q1")["revised"] == sessions
        assert persons_of_year(db, 2026) == persons
        assert check_invariants(db) == []
        rebuild_tallies(db)
        assert persons_of_year(db, 2026) == persons
    assert recount(database.engine)["differs"] == []


def test_a_session_that_was_added_gives_way_when_two_people_turn_out_to_be_one(
    database: Database,
) -> None:
    added = rejected_chat(database, "m1", "visitor-a")
    approved_chat(database, "m2", person="visitor-b")
    lock(database)
    adjust(database, ADD, added)
    check(database, 2, 2)
    merged = merge(database, "visitor-a", "visitor-b")
    assert (merged.sessions, len(merged.voids)) == ((), 1)
    post(database, merged.voids[0])
    check(database, 1, 1)
    with database.reading() as db:
        claims = claims_on(db, "visitor-b", at_rest(database, added).count_on)
        assert [one.session_id for one in claims if one.voided] == [added]
    with pytest.raises(TransitionRefused, match="已经核减"):
        propose(database, VOID, added)


def test_of_two_that_were_added_one_stays(database: Database) -> None:
    first = rejected_chat(database, "m1", "visitor-a")
    second = rejected_chat(database, "m2", "visitor-b")
    lock(database)
    for one in (first, second):
        adjust(database, ADD, one)
    merged = merge(database, "visitor-b", "visitor-a")
    for number in merged.voids:
        post(database, number)
    check(database, 1, 1)
    assert at_rest(database, second).state is SessionState.REJECTED


def test_merging_again_voids_each_session_once(database: Database) -> None:
    ids = [approved_chat(database, f"m{n}", person=f"visitor-{n}") for n in range(3)]
    lock(database)
    voids = [*merge(database, "visitor-1", "visitor-0").voids]
    voids += merge(database, "visitor-2", "visitor-1").voids
    assert len(voids) == 2
    with database.reading() as db:
        claims = claims_on(db, "visitor-0", at_rest(database, ids[0]).count_on)
    assert [one.session_id for one in claims] == ids
    for number in voids:
        post(database, number)
    check(database, 1, 1)


def test_nothing_is_added_to_a_day_that_another_reference_holds(database: Database) -> None:
    rejected = rejected_chat(database, "m1", "visitor-a")
    approved_chat(database, "m2", person="visitor-b")
    lock(database)
    merge(database, "visitor-a", "visitor-b")  # the locked one keeps counting for visitor-b
    with pytest.raises(TransitionRefused, match="同一人同一天"):
        propose(database, ADD, rejected)


def test_who_was_passed_over_is_named_but_not_promoted_when_what_counted_is_voided(
    database: Database,
) -> None:
    counts = approved_chat(database, "m1", person="visitor-a")
    sibling = qualified_chat(database, "m2", person="visitor-a", at=NOON + timedelta(hours=6))
    assert at_rest(database, sibling).codes == "Q8"
    lock(database)
    assert told(database, counts) is None  # one counts
    adjust(database, VOID, counts)
    check(database, 0, 0)
    assert at_rest(database, sibling).state is SessionState.UNQUALIFIED
    for number in (counts, sibling):
        left = told(database, number)
        assert left == LeftOut((sibling,), locked=True, spent=False)
        assert "两人签字" in left.why
    adjust(database, ADD, sibling)  # two people after all
    check(database, 1, 1)
    assert told(database, counts) is None


def told(database: Database, session_id: int) -> LeftOut | None:
    with database.reading() as db:
        return left_out(db, find_session(db, session_id))


def test_what_comes_late_does_not_count_beside_what_was_added(database: Database) -> None:
    rejected = rejected_chat(database, "m1", "visitor-a")
    lock(database)
    adjust(database, ADD, rejected)
    late = chat(database, "m2", person="visitor-a", at=NOON + timedelta(hours=8))
    judge_all(database, AFTER)
    session = at_rest(database, late)
    assert (session.period, "Q8" in session.codes) == ("2026Q2", True)
    check(database, 1, 1)


def test_only_what_was_decided_against_is_added(database: Database) -> None:
    approved_chat(database, "m1", person="visitor-a")
    lock(database)
    late = chat(database, "m2", person="visitor-b")
    with pytest.raises(TransitionRefused, match="还没有结论"):
        propose(database, ADD, late)


def test_one_of_two_must_go_but_which_is_for_staff_to_say(database: Database) -> None:
    first = approved_chat(database, "m1", person="visitor-a")
    approved_chat(database, "m2", person="visitor-b")
    lock(database)
    (number,) = merge(database, "visitor-a", "visitor-b").voids
    with (
        pytest.raises(TransitionRefused, match="必须核减一次"),
        database.writing() as db,
    ):
        refuse_adjustment(db, number, THIRD_REVIEWER, AFTER, "第二次才是真的")
    adjust(database, VOID, first)
    with database.writing() as db:
        refuse_adjustment(db, number, THIRD_REVIEWER, AFTER, "第二次才是真的")
    check(database, 1, 1)


def test_what_was_proposed_before_a_merge_counts_for_who_they_are_since(
    database: Database,
) -> None:
    rejected = rejected_chat(database, "m1", "visitor-b")
    approved_chat(database, "m2", person="visitor-a", at=NOON + timedelta(days=1))
    other = approved_chat(database, "m3", person="visitor-b", at=NOON + timedelta(days=2))
    lock(database)
    numbers = [propose(database, ADD, rejected), propose(database, VOID, other)]
    merge(database, "visitor-a", "visitor-b")
    for number in numbers:
        post(database, number)
    check(database, 2, 1)


def test_the_database_allows_one_that_adds_for_a_person_and_day(database: Database) -> None:
    rejected = rejected_chat(database, "m1", "visitor-a")
    lock(database)
    adjust(database, ADD, rejected)
    other = rejected_chat(database, "m2", "visitor-b")
    copied = (
        "kind, period, posted_in, amount, person, count_on, org_unit, to_unit, reference,"
        " evidence_digest, reason, status, proposed_by, proposed_at, decided_by, decided_at"
    )
    with pytest.raises(IntegrityError), database.writing() as db:
        db.execute(
            text(
                f"INSERT INTO adjustments (id, session_id, {copied})"
                f" SELECT 99, {other}, {copied} FROM adjustments"
            )
        )


def test_a_session_moves_from_unit_to_unit_and_is_voided_where_it_is(database: Database) -> None:
    moved = approved_chat(database, "m1", person="visitor-a")
    approved_chat(database, "m2", person="visitor-b")
    lock(database)
    adjust(database, RECLASSIFY, moved, "东街")
    waiting = propose(database, RECLASSIFY, moved, "南街")
    adjust(database, RECLASSIFY, moved, "西街")
    post(database, waiting)
    with database.reading() as db:
        assert unit_now(db, find_session(db, moved)) == "南街"
        assert units_restated(db, "2026Q1") == {"": 1, "东街": 0, "西街": 0, "南街": 1}
    with pytest.raises(TransitionRefused, match="另一个单位"):
        propose(database, RECLASSIFY, moved, "南街")
    adjust(database, VOID, moved)
    with database.reading() as db:
        assert units_restated(db, "2026Q1") == {"": 1, "东街": 0, "西街": 0, "南街": 0}
    check(database, 1, 1)
