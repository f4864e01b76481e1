"""The life of a session from the first message to the locked quarter, on both engines."""

from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from audit.log import events_of
from guidance.counting.impact import impact_of
from guidance.counting.rules import shipped_rules
from guidance.counting.tally import Tally, counted, counted_by, persons_of_year, rebuild_tallies
from guidance.intake import submit_waiting
from guidance.ledger_list import members
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.people.identity import IdentityKind, bind_identity
from guidance.people.merging import confirm_merge, propose_merge
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.periods.closing import PeriodNotReady, close_quarter
from guidance.periods.locking import locked_values, prepare_lock, restated, sign_lock
from guidance.periods.period import Quarter
from guidance.periods.record import WHOLE, PeriodClosed
from guidance.periods.sample import check_sample, verification_factors
from guidance.periods.seed import commit_seed
from guidance.review.decisions import (
    CHECKLIST,
    appeal,
    approve,
    reject,
    resubmit,
    send_back,
    submit,
    unapprove,
    withdraw,
)
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from guidance.review.two_reviewers import (
    approve_proposed,
    propose_approvals,
    propose_requalification,
    requalify,
)
from guidance.seal import seal_holds
from guidance.session import GuidanceSession
from guidance.transition import DayTaken, find_session
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    LATER,
    REVIEWER,
    SECOND_REVIEWER,
    SECOND_SIGNER,
    SIGNER,
    THIRD_REVIEWER,
    approved_chat,
    at_rest,
    chat,
    enter,
    judge_all,
    qualified_chat,
    send_and_approve,
)

Q1 = Quarter(2026, 1)
AFTER = datetime(2026, 4, 22, tzinfo=UTC)  # the first quarter is reviewed by 20 April
DAY = timedelta(days=1)


def in_time(quarter: Quarter) -> datetime:
    """Return a moment at which the quarter's seed may still be published."""
    return datetime.combine(quarter.first_day, time(4), UTC)


def close(database: Database, quarter: Quarter = Q1, at: datetime = AFTER) -> None:
    with database.writing() as db:
        commit_seed(db, quarter, HANDLER, in_time(quarter))
    with database.writing() as db:
        close_quarter(db, quarter, SIGNER, at)


def check_all(database: Database, *, confirmed: bool = True) -> None:
    with database.reading() as db:
        ids = list(db.scalars(text("SELECT session_id FROM sample_items WHERE outcome='waiting'")))
    for session_id in ids:
        with database.writing() as db:
            check_sample(db, session_id, SECOND_REVIEWER, AFTER, confirmed=confirmed)


def lock(database: Database, quarter: Quarter = Q1, at: datetime = AFTER) -> None:
    close(database, quarter, at)
    check_all(database)
    with database.writing() as db:
        proposal = prepare_lock(db, quarter, HANDLER, at)
    with database.writing() as db:
        sign_lock(db, proposal.id, SIGNER, at)


def test_question_becomes_a_counted_consultation(database: Database) -> None:
    session_id = chat(database, "m1")
    assert at_rest(database, session_id).state is SessionState.OPEN
    judge_all(database)
    session = at_rest(database, session_id)
    assert (session.state, session.codes, session.rule_version) == (
        SessionState.QUALIFIED, "", "实质咨询-1",
    )  # fmt: skip
    send_and_approve(database, session_id)
    session = at_rest(database, session_id)
    assert (session.state, session.approver) == (SessionState.APPROVED, REVIEWER.reference)
    with database.reading() as db:
        assert counted(db, "2026Q1") == persons_of_year(db, 2026) == 1
        assert counted_by(db, "channel", "2026Q1") == {"web": 1}
        assert counted_by(db, "month", "2026Q1") == {"2026-03": 1}
        assert seal_holds(db, find_session(db, session_id))
        actions = [event.action for event, _ in events_of(db, session.subject)]
        assert [one.id for one in members(db, "2026").sessions] == [session_id]
    assert actions == [
        "session.opened", "session.recorded", "session.qualified",
        "review.submitted", "review.approved",
    ]  # fmt: skip


def test_second_consultation_of_a_day_does_not_count_but_may_step_in(database: Database) -> None:
    first = chat(database, "m1")
    second = chat(database, "m2", at=NOON + timedelta(hours=7))
    judge_all(database, NOON + timedelta(hours=9))
    assert (at_rest(database, first).state, at_rest(database, second).codes) == (
        SessionState.QUALIFIED, "Q8",
    )  # fmt: skip
    with database.writing() as db:
        submit(db, first, HANDLER, NOON)
        reject(db, first, REVIEWER, NOON, "not_guidance", "只问了路")
    assert at_rest(database, second).state is SessionState.QUALIFIED
    send_and_approve(database, second)
    with database.writing() as db, pytest.raises(DayTaken, match=f"编号 {second}"):
        appeal(db, first, HANDLER, NOON, "请再看一次")


def test_database_itself_allows_one_counted_session_per_person_and_day(database: Database) -> None:
    session = at_rest(database, qualified_chat(database, "m1"))
    with pytest.raises(IntegrityError), database.writing() as db:
        db.add(
            GuidanceSession(
                person="other",
                counts_for=session.counts_for,
                channel=session.channel,
                opened_at=session.opened_at,
                last_turn_at=session.opened_at,
                closed_at=session.opened_at,
                turn_count=0,
                state=SessionState.APPROVED,
            )
        )


def test_nobody_with_a_part_in_it_decides(database: Database) -> None:
    session = enter(database, provider="mentor:M0001")
    judge_all(database)
    with database.writing() as db:
        submit(db, session.id, HANDLER, NOON)
    from_mentor = type(REVIEWER)(8, REVIEWER.roles, "", "M0001")
    client = type(REVIEWER)(8, REVIEWER.roles, also=frozenset({"visitor-9"}))
    recorder = type(REVIEWER)(1, REVIEWER.roles)
    for one in (from_mentor, client, recorder):
        with pytest.raises(DutiesNotSeparate), database.writing() as db:
            approve(db, session.id, one, NOON, CHECKLIST)
    with pytest.raises(NotYourDuty), database.writing() as db:
        approve(db, session.id, SIGNER, NOON, CHECKLIST)
    with pytest.raises(TransitionRefused, match="逐项"), database.writing() as db:
        approve(db, session.id, REVIEWER, NOON, ["identity"])
    with database.writing() as db:
        approve(db, session.id, REVIEWER, NOON, CHECKLIST)
    with pytest.raises(TransitionRefused, match="已通过"), database.writing() as db:
        approve(db, session.id, SECOND_REVIEWER, NOON, CHECKLIST)


def test_returned_rejected_appealed_and_taken_back(database: Database) -> None:
    session_id = qualified_chat(database, "m1")
    with database.writing() as db:
        submit(db, session_id, HANDLER, NOON)
        send_back(db, session_id, REVIEWER, NOON, "summary", "请说明")
        resubmit(db, session_id, HANDLER, NOON, "已补充说明")
        reject(db, session_id, REVIEWER, NOON, "untrue", "不实")
        appeal(db, session_id, HANDLER, NOON, "有签到表")
    with pytest.raises(DutiesNotSeparate, match="另一位"), database.writing() as db:
        approve(db, session_id, REVIEWER, NOON, CHECKLIST)
    with database.writing() as db:
        approve(db, session_id, SECOND_REVIEWER, NOON, CHECKLIST)
        assert counted(db, "2026Q1") == 1
        unapprove(db, session_id, SIGNER, NOON, "材料存疑")
        assert counted(db, "2026Q1") == persons_of_year(db, 2026) == 0
        reject(db, session_id, THIRD_REVIEWER, NOON, "untrue", "不实")
    with pytest.raises(TransitionRefused, match="复议过一次"), database.writing() as db:
        appeal(db, session_id, HANDLER, NOON, "再议")
    assert at_rest(database, session_id).supplement == "已补充说明"


def test_judgement_may_be_corrected_by_two_reviewers_facts_may_not(database: Database) -> None:
    vague = qualified_chat(database, "m1", text="钱？")
    assert at_rest(database, vague).codes == "Q3 Q5"
    with database.writing() as db:
        proposal = propose_requalification(db, vague, REVIEWER, NOON, "上下文清楚")
    with pytest.raises(DutiesNotSeparate), database.writing() as db:
        requalify(db, proposal.id, REVIEWER, NOON)
    with database.writing() as db:
        requalify(db, proposal.id, SECOND_REVIEWER, NOON)
    assert at_rest(database, vague).state is SessionState.QUALIFIED
    late = enter(database, at=NOON, person="visitor-2")
    with database.writing() as db:
        db.execute(text("UPDATE guidance_sessions SET recorded_at = '2026-03-20 00:00'"))
    judge_all(database)
    assert at_rest(database, late.id).codes == "Q9"
    with pytest.raises(TransitionRefused, match="不能改判"), database.writing() as db:
        propose_requalification(db, late.id, REVIEWER, NOON, "请通融")


def test_many_are_approved_by_a_second_reviewer_flagged_ones_singly(database: Database) -> None:
    ids = [qualified_chat(database, f"m{n}", person=f"visitor-{n}") for n in range(4)]
    with database.writing() as db:
        for session_id in ids:
            submit(db, session_id, HANDLER, NOON)
        find_session(db, ids[3]).flags = "G3"
    with pytest.raises(TransitionRefused, match="单独复核"), database.writing() as db:
        propose_approvals(db, ids, REVIEWER, NOON, "已逐条看过")
    with database.writing() as db:
        proposal = propose_approvals(db, ids[:3], REVIEWER, NOON, "已逐条看过")
        withdraw(db, ids[0], HANDLER, NOON, "录错了")
    with database.writing() as db:
        approved, refused = approve_proposed(db, proposal.id, SECOND_REVIEWER, NOON)
    assert approved == ids[1:3]
    assert list(refused) == [ids[0]]
    with database.reading() as db:
        assert counted(db, "2026Q1") == 2


def test_quarter_is_closed_checked_locked_and_never_changes(database: Database) -> None:
    ids = [approved_chat(database, f"m{n}", person=f"visitor-{n}") for n in range(3)]
    waiting = qualified_chat(database, "late", person="visitor-late")
    refused = qualified_chat(database, "no", person="visitor-no")
    with database.writing() as db:
        submit(db, refused, HANDLER, NOON)
        reject(db, refused, REVIEWER, NOON, "not_guidance", "只问了路")
        commit_seed(db, Q1, HANDLER, NOON)
    with pytest.raises(PeriodNotReady, match="还没有结束"), database.writing() as db:
        close_quarter(db, Q1, SIGNER, NOON)
    close(database)
    assert at_rest(database, waiting).period == "2026Q2"
    too_late = qualified_chat(database, "x", person="x")
    assert at_rest(database, too_late).period == "2026Q2"
    with pytest.raises(PeriodClosed, match="特批"), database.writing() as db:
        appeal(db, refused, HANDLER, AFTER, "请再看一次")
    with pytest.raises(PeriodNotReady, match="3 条抽查"), database.writing() as db:
        prepare_lock(db, Q1, HANDLER, AFTER)
    check_all(database)
    with database.writing() as db:
        proposal = prepare_lock(db, Q1, SECOND_SIGNER, AFTER)
    with pytest.raises(DutiesNotSeparate), database.writing() as db:
        sign_lock(db, proposal.id, SECOND_SIGNER, AFTER)
    with database.writing() as db:
        sign_lock(db, proposal.id, SIGNER, AFTER)
    with database.reading() as db:
        assert locked_values(db, "2026Q1") == {WHOLE: 3, "": 3}
        assert [one.id for one in members(db, "2026Q1").sessions] == ids
    for change in ("state = 'approved'", "count_on = '2026-01-01'", "counts_for = 'x'"):
        with pytest.raises(DBAPIError, match="locked"), database.writing() as db:
            db.execute(text(f"UPDATE guidance_sessions SET {change} WHERE id = {ids[0]}"))
    with pytest.raises(DBAPIError, match="locked"), database.writing() as db:
        db.execute(text(f"DELETE FROM guidance_sessions WHERE id = {ids[0]}"))
    with pytest.raises(PeriodClosed, match="锁定"), database.writing() as db:
        unapprove(db, ids[0], SIGNER, AFTER, "想改")
    with database.writing() as db:  # erasing words is still possible
        db.execute(text("UPDATE guidance_sessions SET summary = '', seal_salt = ''"))


def test_sample_that_fails_widens_to_the_whole_unit_and_blocks(database: Database) -> None:
    ids = [approved_chat(database, f"m{n}", person=f"visitor-{n}") for n in range(3)]
    close(database)
    with database.writing() as db:
        check_sample(db, ids[0], SECOND_REVIEWER, AFTER, confirmed=False, note="查无此事")
    for session_id in ids[1:]:
        with database.writing() as db:
            check_sample(db, session_id, SECOND_REVIEWER, AFTER, confirmed=True)
    with database.reading() as db:
        (factor,) = verification_factors(db, "2026Q1")
    assert (factor.checked, factor.confirmed) == (3, 2)
    with pytest.raises(PeriodNotReady, match=f"未证实.*{ids[0]}"), database.writing() as db:
        prepare_lock(db, Q1, HANDLER, AFTER)
    # Two of three were true: the unit's next sessions are submitted one by one.
    next_one = qualified_chat(database, "next", person="visitor-next", at=AFTER)
    with database.writing() as db:
        assert submit_waiting(db, AFTER + 14 * DAY) == 0
        submit(db, next_one, HANDLER, AFTER + 14 * DAY)


def test_other_rules_show_what_they_would_have_changed(database: Database) -> None:
    approved_chat(database, "m1", person="visitor-1")
    qualified_chat(database, "m2", person="visitor-2")
    with database.reading() as db:
        same = impact_of(db, shipped_rules()["default"], "2026Q1")
        strict = impact_of(db, shipped_rules()["strict"], "2026Q1")
    assert (same.sessions, same.counted_now, same.would_qualify, same.codes) == (2, 1, 2, {})
    assert (strict.would_qualify, strict.codes["Q1"]) == (0, 2)


def test_locked_figure_is_restated_by_adjustments_of_two_others(database: Database) -> None:
    ids = [approved_chat(database, f"m{n}", person=f"visitor-{n}") for n in range(3)]
    lock(database)
    with pytest.raises(DutiesNotSeparate), database.writing() as db:
        propose_adjustment(db, AdjustmentKind.VOID, ids[0], REVIEWER, AFTER, Words("重复"))
    with database.writing() as db:
        found = propose_adjustment(
            db, AdjustmentKind.VOID, ids[0], SECOND_REVIEWER, AFTER, Words("查无此事")
        )
    with pytest.raises(DutiesNotSeparate), database.writing() as db:
        post_adjustment(db, found.id, SECOND_REVIEWER, AFTER)
    with database.writing() as db:
        post_adjustment(db, found.id, THIRD_REVIEWER, AFTER)
    with database.writing() as db:
        revised = restated(db, "2026Q1")
        assert (revised["original"], revised["revised"], revised["difference"]) == (3, 2, -1)
        assert [one.reason for one in revised["basis"]] == ["查无此事"]
        assert persons_of_year(db, 2026) == 2
        assert locked_values(db, "2026Q1")[WHOLE] == 3
    with pytest.raises(TransitionRefused), database.writing() as db:
        propose_adjustment(db, AdjustmentKind.VOID, ids[0], SECOND_REVIEWER, AFTER, Words("再次"))


def test_two_references_of_one_person_count_once(database: Database) -> None:
    first = approved_chat(database, "m1", person="visitor-a")
    second = approved_chat(database, "m2", person="visitor-b")
    other_day = approved_chat(database, "m3", person="visitor-b", at=NOON + DAY)
    with database.writing() as db:
        proposal = propose_merge(db, "visitor-a", "visitor-b", HANDLER, AFTER, "同一手机号")
    with database.writing() as db:
        merged = confirm_merge(db, proposal.id, REVIEWER, AFTER)
    assert (merged.sessions, merged.voids) == ((second,), ())
    assert at_rest(database, second).merged_into_id == first
    assert at_rest(database, other_day).counts_for == "visitor-a"
    with database.writing() as db:
        assert (counted(db, "2026Q1"), persons_of_year(db, 2026)) == (2, 1)
        before = db.query(Tally.count).all()
        rebuild_tallies(db)
        assert (counted(db, "2026Q1"), persons_of_year(db, 2026)) == (2, 1)
        assert sum(n for (n,) in db.query(Tally.count).all()) == sum(n for (n,) in before)


def test_merging_in_a_locked_quarter_proposes_a_void(database: Database) -> None:
    approved_chat(database, "m1", person="visitor-a")
    second = approved_chat(database, "m2", person="visitor-b")
    lock(database)
    with database.writing() as db:
        proposal = propose_merge(db, "visitor-a", "visitor-b", HANDLER, AFTER, "同一手机号")
    with database.writing() as db:
        merged = confirm_merge(db, proposal.id, SIGNER.__class__(7, REVIEWER.roles), AFTER)
    assert merged.sessions == ()
    with database.writing() as db:
        assert persons_of_year(db, 2026) == 1
        posted = post_adjustment(db, merged.voids[0], THIRD_REVIEWER, AFTER)
        assert (posted.session_id, posted.amount) == (second, -1)
        assert persons_of_year(db, 2026) == 1
        rebuild_tallies(db)
        assert persons_of_year(db, 2026) == 1


def test_identity_of_somebody_else_is_reported_not_taken(database: Database) -> None:
    with database.writing() as db:
        who = bind_identity(db, "visitor-a", IdentityKind.PHONE, "d1", by=HANDLER.actor, at=NOON)
        again = bind_identity(db, "visitor-b", IdentityKind.PHONE, "d1", by=HANDLER.actor, at=NOON)
    assert (who, again) == ("visitor-a", "visitor-a")


def test_midnight_and_idle_time_decide_the_day(database: Database) -> None:
    before = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)
    night = chat(database, "m1", at=before)
    chat(database, "m2", at=before + timedelta(minutes=10))
    morning = chat(database, "m3", at=before + timedelta(hours=1))
    judge_all(database, before + LATER)
    assert (at_rest(database, night).period, at_rest(database, morning).period) == (
        "2026Q1", "2026Q2",
    )  # fmt: skip
    # The second one goes on with the same topic within hours: one consultation.
    assert at_rest(database, morning).codes == "D4"
