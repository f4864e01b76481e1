from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select, update

from matching.industry import division_name
from matching.mentors.facts import MentorState
from matching.mentors.mentor import (
    Mentor,
    MentorInvalid,
    MentorNotFound,
    find_mentor,
    mentors_serving,
    mentors_whose_term_ends,
    term_end,
)
from matching.mentors.pack import load_mentors, sample_mentors
from matching.mentors.weekly_slots import (
    SlotUnreadable,
    first_common_hour,
    half_hours_of,
    hour_starts,
    parse_slots,
    write_slots,
)
from storage.database import Database

TODAY = date(2026, 3, 2)
NOW = datetime(2026, 3, 2, 1, tzinfo=UTC)


@pytest.fixture
def loaded(database: Database) -> Database:
    with database.writing() as db:
        load_mentors(db, NOW, TODAY)
    return database


def test_samples_are_many_varied_and_plainly_marked(loaded: Database) -> None:
    with loaded.reading() as db:
        mentors = mentors_serving(db, TODAY)
    assert len(mentors) >= 26
    assert all("样例" in mentor.name and "样例" in mentor.notes for mentor in mentors)
    assert all(mentor.sample for mentor in mentors)
    assert len({topic for mentor in mentors for topic in mentor.topics}) >= 25
    divisions = {code for mentor in mentors for code in mentor.industries}
    assert len(divisions) >= 20
    assert all(division_name(code) for code in divisions)
    assert len({language for mentor in mentors for language in mentor.languages}) >= 5
    assert {mentor.category for mentor in mentors} == set(mentors[0].category.__class__)
    assert {mentor.origin for mentor in mentors} == set(mentors[0].origin.__class__)
    assert all(mentor.facts().half_hours for mentor in mentors)


def test_loading_again_adds_nothing_and_keeps_what_was_changed(loaded: Database) -> None:
    with loaded.writing() as db:
        mentor = find_mentor(db, "MS01")
        mentor.state, mentor.concurrent_cap = MentorState.DISMISSED, 1
    with loaded.writing() as db:
        assert load_mentors(db, NOW, TODAY) == 0
        assert find_mentor(db, "MS01").concurrent_cap == 1
        assert "MS01" not in {one.code for one in mentors_serving(db, TODAY)}
        with pytest.raises(MentorNotFound, match="没有这位导师"):
            find_mentor(db, "nobody")


def test_term_ends_on_its_last_day_and_is_reminded_of(loaded: Database) -> None:
    assert term_end(TODAY) == date(2029, 3, 1)
    assert term_end(date(2024, 2, 29)) == date(2027, 2, 27)
    with loaded.reading() as db:
        assert mentors_serving(db, date(2029, 3, 1))
        assert not mentors_serving(db, date(2029, 3, 2))
        ending = mentors_whose_term_ends(db, date(2029, 2, 1), date(2029, 3, 31))
    assert len(ending) == len(sample_mentors())


def test_pause_keeps_a_mentor_out_for_its_days_only(loaded: Database) -> None:
    with loaded.writing() as db:
        find_mentor(db, "MS02").pauses = [["2026-03-10", "2026-03-12"]]
    with loaded.reading() as db:
        mentor = find_mentor(db, "MS02")
        days = [date(2026, 3, day) for day in (9, 10, 12, 13)]
        assert [mentor.serves_on(day) for day in days] == [True, False, False, True]
        assert mentor.facts().pauses == ((date(2026, 3, 10), date(2026, 3, 12)),)


def test_seats_are_taken_by_a_condition_and_never_beyond_the_cap(loaded: Database) -> None:
    taken = 0
    take = (
        update(Mentor)
        .where(Mentor.code == "MS02", Mentor.held < Mentor.concurrent_cap)
        .values(held=Mentor.held + 1)
        .returning(Mentor.id)
    )
    with loaded.writing() as db:
        for _ in range(5):
            taken += len(db.execute(take).all())
        assert taken == 2
        assert db.scalar(select(Mentor.held).where(Mentor.code == "MS02")) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": " "}, "姓名"),
        ({"topics": []}, "至少填写一个"),
        ({"topics": list("一二三四五六七")}, "最多 6 个"),
        ({"industries": list("一二三四五六七")}, "最多 6 个"),
        ({"online": False, "onsite": False}, "至少选一种"),
        ({"weekly_cap": -1}, "负数"),
        ({"term_start_on": date(2030, 1, 1)}, "聘期"),
        ({"pauses": [["2026-03-02", "2026-03-01"]]}, "暂停"),
    ],
)
def test_data_that_break_a_rule_are_refused(
    sqlite_database: Database, changes: dict[str, object], message: str
) -> None:
    with sqlite_database.writing() as db:
        load_mentors(db, NOW, TODAY)
        mentor = find_mentor(db, "MS01")
        with db.no_autoflush:
            for name, value in changes.items():
                setattr(mentor, name, value)
            with pytest.raises(MentorInvalid, match=message):
                mentor.check()
            db.expire(mentor)


def test_own_work_unit_is_a_declared_interest() -> None:
    mentor = Mentor(conflicts={"relatives": ["张三"]}, work_unit="甲公司")
    declared = mentor._conflicts()
    assert declared.relatives == frozenset({"张三"})
    assert declared.units == frozenset({"甲公司"})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("周三14:00-16:00", "周三 14:00-16:00"),
        ("星期天 9点-12点；周一 8:30～10", "周一 8:30-10:00；周日 9:00-12:00"),
        ("礼拜六 9：00至11：00，周六9-11", "周六 9:00-11:00"),
        ("", ""),
    ],
)
def test_weekly_times_are_read_as_people_write_them(text: str, written: str) -> None:
    slots = parse_slots(text)
    assert write_slots(slots) == written
    assert parse_slots(written) == slots


@pytest.mark.parametrize("text", ["周八 9-10", "周三下午", "周三 16:00-14:00", "周三 9:00-25:00"])
def test_weekly_times_that_make_no_sense_say_how_to_write_them(text: str) -> None:
    with pytest.raises(SlotUnreadable, match="时段"):
        parse_slots(text)


def test_an_hour_is_common_only_when_it_lies_wholly_in_both_times() -> None:
    morning, late = (half_hours_of(parse_slots(t)) for t in ("周一 9:00-12:00", "周一 11:00-13:00"))
    assert first_common_hour(morning, late) == "周一 11:00-12:00"
    assert first_common_hour(morning, half_hours_of(parse_slots("周一 11:30-13:00"))) == ""
    assert half_hours_of(parse_slots("周一 9:10-10:20")) == frozenset({19})
    midnight = half_hours_of(parse_slots("周一 23:30-24:00；周二 0:00-0:30"))
    assert hour_starts(midnight) == frozenset()


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("周三下午2点到4点", "周三 14:00-16:00"),
        ("星期五晚上7点半到9点", "周五 19:30-21:00"),
        ("周日中午12点到2点", "周日 12:00-14:00"),
        ("周一上午9点到下午3点", "周一 9:00-15:00"),
        ("周一下午14:00-16:00", "周一 14:00-16:00"),
        ("周六上午9点到12点", "周六 9:00-12:00"),
    ],
)
def test_times_may_be_written_as_people_say_them(said: str, meant: str) -> None:
    assert [str(slot) for slot in parse_slots(said)] == [meant]
