"""Hand-overs: promised days, duty hours, every step, and what the ledger makes of an answer."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from audit.log import SYSTEM, Actor, ActorKind, AuditEvent
from guidance.handover.answering import (
    HumanAnswer,
    answer_person,
    close_handover,
    close_quiet,
    matter_of,
    say,
    waiting_words,
)
from guidance.handover.duty import DutyHours, DutyInvalid, WeeklyHours, promise, read_spans
from guidance.handover.handover import (
    Asked,
    Handover,
    handovers_of,
    open_handover,
    pass_on,
    take,
)
from guidance.handover.lifecycle import HandoverReason, HandoverRefused, HandoverState
from guidance.handover.privacy import erase_handovers, handovers_for
from guidance.intake import qualify_recorded, seal_recorded
from guidance.lifecycle import ServiceLine, SessionState
from guidance.message import Channel, InboundMessage, Reply
from guidance.periods.working_days import (
    HolidaysInvalid,
    HolidayYear,
    WorkingDays,
    enter_holidays,
    read_days,
    shipped_days,
    working_days,
)
from guidance.recording import record_turn
from guidance.seal import seal_holds
from guidance.session import GuidanceSession, Turn
from storage.database import Database

STAFF = Actor(ActorKind.ACCOUNT, "7", "handler")
NOW = datetime(2026, 9, 29, 2, tzinfo=UTC)  # Tuesday 10:00 in China
PAYLOAD: dict[str, list[str]] = {"sentences": [], "citations": [], "suggestions": [], "cards": []}


def test_working_days_know_holidays_and_weekends_worked_instead() -> None:
    days = shipped_days()
    # 国庆 2026: off from 1 to 7 October, Saturday the 10th is worked.
    assert days.after(date(2026, 9, 29), 3) == date(2026, 10, 9)
    assert days.after(date(2026, 10, 9), 1) == date(2026, 10, 10)
    assert days.between(date(2026, 9, 29), date(2026, 10, 10)) == 4
    assert days.between(date(2026, 10, 10), date(2026, 9, 29)) == -4
    assert WorkingDays().after(date(2030, 10, 1), 1) == date(2030, 10, 2)
    assert not days.knows(date(2030, 1, 1))


@pytest.mark.parametrize("text", ["02-30", "x", "01-05..01-02", "1月1日", "01-01 " * 61])
def test_days_that_cannot_be_right_are_refused(text: str) -> None:
    with pytest.raises(HolidaysInvalid):
        read_days(2027, text)


def test_an_entered_year_goes_before_what_ships(database: Database) -> None:
    def year(off: str, worked: str) -> HolidayYear:
        return HolidayYear(year=2027, off=off, worked=worked, source="通知", entered_at=NOW)

    with database.writing() as db, pytest.raises(HolidaysInvalid):
        enter_holidays(db, year("01-01", "01-04"), STAFF)  # a Monday
    with database.writing() as db:
        enter_holidays(db, year("01-01..01-03", "01-09"), STAFF)
    with database.reading() as db:
        days = working_days(db)
    assert days.knows(date(2027, 6, 1))
    assert days.after(date(2026, 12, 31), 1) == date(2027, 1, 4)
    assert days.is_working(date(2027, 1, 9))


@pytest.mark.parametrize(
    ("at", "on_duty"),
    [
        (datetime(2026, 9, 29, 1, 0, tzinfo=UTC), True),  # Tuesday 9:00
        (datetime(2026, 9, 29, 4, 0, tzinfo=UTC), False),  # 12:00, the span is over
        (datetime(2026, 9, 27, 2, 0, tzinfo=UTC), False),  # Sunday, 中秋
        (datetime(2026, 10, 1, 2, 0, tzinfo=UTC), False),  # Thursday, 国庆
        (datetime(2026, 10, 10, 2, 0, tzinfo=UTC), True),  # Saturday worked instead
        (datetime(2026, 9, 28, 17, 0, tzinfo=UTC), False),  # Tuesday 1:00 in China
    ],
)
def test_duty_hours_are_those_of_china(at: datetime, on_duty: bool) -> None:
    hours = WeeklyHours(frozenset({1, 2, 3, 4, 5}), read_spans(["09:00-12:00"]))
    assert hours.covers(at, shipped_days()) is on_duty
    assert str(hours) == "周一至周五 9:00—12:00"


@pytest.mark.parametrize("spans", [["12:00-09:00"], ["9-10"], ["09:00-12:00", "11:00-13:00"]])
def test_impossible_hours_are_refused(spans: list[str]) -> None:
    with pytest.raises(DutyInvalid):
        read_spans(spans)


def ask(database: Database, key: str, text: str, at: datetime, **words: object) -> Turn:
    reply = Reply("…", "answered", str(words.pop("intent", "policy")), PAYLOAD)
    message = InboundMessage(Channel.WEB, "visitor:a", key, text, at, **words)  # type: ignore[arg-type]
    with database.writing() as db:
        return record_turn(db, message, reply, at)


def handed_over(database: Database, unit: str = "区财政局") -> Handover:
    first = ask(database, "m1", "小额担保贷款的利率是多少？", NOW)
    turn = ask(
        database, "m2", "转人工", NOW + timedelta(minutes=1), intent="handoff",
        conversation_id=first.conversation_id,
    )  # fmt: skip
    with database.writing() as db:
        asked = Asked(unit, HandoverReason.ASKED, date(2026, 10, 9))
        handover = open_handover(db, turn, "visitor:a", asked, NOW + timedelta(minutes=1))
        assert open_handover(db, turn, "visitor:a", asked, NOW).id == handover.id  # not a second
    return handover


def test_an_answer_is_a_sealed_session_that_the_ledger_judges(database: Database) -> None:
    handover = handed_over(database)
    at = NOW + timedelta(hours=3)
    with database.writing() as db:
        one = db.get_one(Handover, handover.id)
        say(db, one, "k1", "我是南湖街道的", one.due_on, at - timedelta(hours=1))
        say(db, one, "k1", "我是南湖街道的", one.due_on, at)  # sent twice, kept once
        take(db, one, 7, STAFF, at)
        answer = HumanAnswer("年利率3%，请到财政局二楼。", "account:7", "区财政局", "f1")
        turn = answer_person(db, one, answer, STAFF, at)
        again = answer_person(db, one, answer, STAFF, at + timedelta(seconds=1))
        asked = "小额担保贷款的利率是多少？\n我是南湖街道的"
        assert (again.id, turn.question, turn.intent) == (turn.id, asked, "policy")
        assert matter_of(db, one).question == "小额担保贷款的利率是多少？"
        assert not waiting_words(db, one.id)
        assert one.state is HandoverState.ANSWERED
    with database.writing() as db:
        assert seal_recorded(db, at) == 0  # it may still grow
        assert close_quiet(db, at + timedelta(hours=47)) == 0
        assert close_quiet(db, at + timedelta(hours=48)) == 1
    with database.writing() as db:
        seal_recorded(db, at + timedelta(hours=49))
        qualify_recorded(db, at + timedelta(hours=49))
        session = db.scalars(
            select(GuidanceSession).where(GuidanceSession.service_line == ServiceLine.HANDOVER)
        ).one()
        assert (session.state, session.codes) == (SessionState.QUALIFIED, "")
        assert (session.provider, session.org_unit) == ("account:7", "区财政局")
        assert (session.turn_count, session.count_on) == (1, date(2026, 9, 29))
        assert seal_holds(db, session)
        actions = db.scalars(select(AuditEvent.action).where(AuditEvent.subject == one.subject))
        assert list(actions) == [
            "handover.opened", "handover.taken", "handover.answered", "handover.closed",
        ]  # fmt: skip


def test_a_thread_of_more_than_a_week_is_two_consultations(database: Database) -> None:
    handover = handed_over(database)

    def answered(key: str, after: timedelta) -> int:
        with database.writing() as db:
            one = db.get_one(Handover, handover.id)
            if one.state is HandoverState.ANSWERED:
                say(db, one, key, "再问一下材料清单", one.due_on, NOW + after)
            told = HumanAnswer("请带营业执照和租约来。", "account:7", "区财政局", key)
            return answer_person(db, one, told, STAFF, NOW + after).session_id

    begun = timedelta(minutes=1)  # when it was handed over
    first = answered("k0", timedelta(hours=2))
    assert answered("k1", begun + timedelta(days=7) - timedelta(seconds=1)) == first
    second = answered("k2", begun + timedelta(days=7))
    assert answered("k3", begun + timedelta(days=9)) == second != first
    with database.reading() as db:
        ended, going = db.get_one(GuidanceSession, first), db.get_one(GuidanceSession, second)
        assert (ended.state, ended.turn_count) == (SessionState.RECORDED, 2)
        assert (going.state, going.turn_count) == (SessionState.OPEN, 2)
        assert (ended.continues_id, going.continues_id) == (None, first)
    with database.writing() as db:
        close_handover(db, db.get_one(Handover, handover.id), "答完了", STAFF, NOW + 10 * begun)
        assert seal_recorded(db, NOW + timedelta(days=10)) == 2


def test_steps_outside_the_table_are_refused(database: Database) -> None:
    handover = handed_over(database)
    with database.writing() as db:
        one = db.get_one(Handover, handover.id)
        for wrong in ("", "  ", "长" * 601):
            with pytest.raises(HandoverRefused):
                answer_person(db, one, HumanAnswer(wrong, "account:7", "x", "k"), STAFF, NOW)
        with pytest.raises(HandoverRefused):
            pass_on(db, one, one.org_unit, STAFF, NOW)
        pass_on(db, one, "区教育局", STAFF, NOW)
        assert (one.org_unit, one.due_on) == ("区教育局", date(2026, 10, 9))
        with pytest.raises(HandoverRefused):
            close_handover(db, one, " ", STAFF, NOW)
        close_handover(db, one, "与本区无关", STAFF, NOW)
        with pytest.raises(HandoverRefused):
            take(db, one, 7, STAFF, NOW)
        with pytest.raises(HandoverRefused):
            pass_on(db, one, "", STAFF, NOW)
        with pytest.raises(HandoverRefused):
            say(db, one, "k", "还有", one.due_on, NOW)
        assert db.scalar(select(func.count()).select_from(GuidanceSession)) == 1
    turn = ask(database, "m3", "转人工", NOW, conversation_id=one.conversation_id)
    with database.writing() as db:
        asked = Asked("", HandoverReason.ASKED, date(2026, 10, 9))
        open_handover(db, turn, "visitor:a", asked, NOW)  # a closed one is followed by another
        assert len(handovers_of(db, one.conversation_id)) == 2


def test_coming_back_to_an_answer_sets_a_new_day(database: Database) -> None:
    handover = handed_over(database)
    with database.writing() as db:
        one = db.get_one(Handover, handover.id)
        answer_person(db, one, HumanAnswer("请来窗口。", "account:7", "x", "1"), STAFF, NOW)
        say(db, one, "k", "几点开门？", date(2026, 10, 13), NOW + timedelta(days=1))
        assert (one.state, one.due_on) == (HandoverState.TAKEN, date(2026, 10, 13))
        assert one.is_overdue(date(2026, 10, 14))
        later = NOW + timedelta(days=1, hours=1)
        turn = answer_person(db, one, HumanAnswer("九点。", "account:7", "x", "2"), STAFF, later)
        assert (turn.sequence, turn.question) == (2, "几点开门？")


def test_a_promise_says_what_is_known(database: Database) -> None:
    with database.writing() as db:
        nobody = promise(db, "区财政局", working_days(db), NOW)
        duty = DutyHours(
            org_unit="区财政局", weekdays="12345", spans="09:00-12:00", answer_days=1,
            entered_at=NOW,
        )  # fmt: skip
        db.add(duty)
        db.flush()
        told = promise(db, "区财政局", working_days(db), NOW)
        far = promise(db, "区财政局", working_days(db), NOW + timedelta(days=3650))
    assert (nobody.on_duty, nobody.due_on) == (None, date(2026, 10, 9))
    assert (told.on_duty, told.due_on, told.holidays_known) == (True, date(2026, 9, 30), True)
    assert not far.holidays_known


def test_a_colleague_in_wecom_takes_it_without_an_account(database: Database) -> None:
    handover = handed_over(database)
    with database.writing() as db:
        one = db.get_one(Handover, handover.id)
        take(db, one, None, SYSTEM, NOW)
        assert (one.state, one.taken_by) == (HandoverState.TAKEN, None)


def test_erasing_a_person_leaves_no_word_and_ends_what_waits(database: Database) -> None:
    handover = handed_over(database)
    with database.writing() as db:
        one = db.get_one(Handover, handover.id)
        say(db, one, "k", "我住在南湖街道三号", one.due_on, NOW)
        assert handovers_for(db, ["visitor:a"])[0]["added"] == ["我住在南湖街道三号"]
        erase_handovers(db, ["visitor:a"], NOW)
        assert not waiting_words(db, one.id)
        assert (one.person, one.is_open) == ("", False)
        assert handovers_for(db, ["visitor:a"]) == []
