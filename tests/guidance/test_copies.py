"""Copies: the same words for several persons, twice for one, and what continues what."""

from datetime import timedelta

import pytest

from guidance.human_session import EntryHeld
from guidance.lifecycle import SessionState
from guidance.periods.period import Quarter
from guidance.review.decisions import withdraw
from guidance.review.flags import rushing_units
from guidance.review.wording import wording_of
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    approved_chat,
    at_rest,
    chat,
    enter,
    judge_all,
    qualified_chat,
)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SCRIPT = (
    "我大学刚毕业，想在东街开一家面馆，需要办哪些手续？",
    "小额担保贷款最多能贷多少，利息由谁承担？",
    "材料交到哪里，多久能批下来？",
)
OTHER = (
    "我有一辆餐车，晚上在夜市摆摊要不要登记？",
    "社会保险补贴能补几年，从什么时候算起？",
    "请人帮忙做账，一个月大概要花多少钱？",
)


def talk(database: Database, person: str, *questions: str) -> int:
    number = 0
    for place, question in enumerate(questions):
        at = NOON + place * 3 * MINUTE
        number = chat(database, f"{person}-{place}", person=person, at=at, text=question)
    return number


@pytest.mark.parametrize(
    "copies",
    [
        (SCRIPT, SCRIPT),
        ([f"您好，{one}谢谢！" for one in SCRIPT], [one.replace("，", " ") for one in SCRIPT]),
        (SCRIPT[::-1], ["在吗", *SCRIPT, "好的，谢谢"]),
        ([one.replace("面馆", "茶馆") for one in SCRIPT], [f"那{one}" for one in SCRIPT]),
    ],
)
def test_nearly_the_same_messages_of_three_persons_are_flagged(
    database: Database, copies: tuple[list[str], list[str]]
) -> None:
    talk(database, "visitor-x", *OTHER)
    first = talk(database, "visitor-1", *SCRIPT)
    second = talk(database, "visitor-2", *copies[0])
    third = talk(database, "visitor-3", *copies[1])
    again = talk(database, "visitor-x2", *OTHER)
    judge_all(database)
    assert "G4" in at_rest(database, third).flags.split()
    assert {at_rest(database, one).flags for one in (first, second)} <= {"", "G4"}
    assert "G4" not in at_rest(database, again).flags


def test_ones_own_words_again_are_no_copy(database: Database) -> None:
    numbers = [
        qualified_chat(database, f"m{day}", at=NOON + day * DAY, text="怎么申请小额担保贷款？")
        for day in range(4)
    ]
    assert all("G4" not in at_rest(database, one).flags for one in numbers)


def test_wording_keeps_what_was_meant() -> None:
    assert wording_of(SCRIPT[:2]) == ""
    assert wording_of(["您好", "谢谢", "再见"]) == ""
    assert wording_of(SCRIPT) != wording_of(OTHER)
    assert wording_of(SCRIPT) == wording_of(["您好！", *SCRIPT[::-1], "谢谢您"])


def test_the_same_summary_a_day_later_is_held_whoever_gave_it(database: Database) -> None:
    first = enter(database)
    told = first.summary
    for words in (
        {"place": "区政务服务大厅"},
        {"provider": "account:8"},
        {"at": NOON + DAY, "place": "电话"},
        {"at": NOON - DAY, "summary": told.replace("准备", "打算")},
    ):
        with pytest.raises(EntryHeld, match="写明这一次谈了什么") as held:
            enter(database, **{"place": "某处", "summary": told, **words})  # type: ignore[arg-type]
        assert held.value.session_id == first.id
    enter(database, at=NOON + 2 * DAY)
    enter(database, person="visitor-8")
    enter(database, at=NOON + DAY, place="乙地", summary="复核了租约和预算表，约定下月看铺面。")


def test_what_was_withdrawn_may_be_entered_with_the_right_place(database: Database) -> None:
    first = enter(database)
    judge_all(database)
    assert at_rest(database, first.id).state is SessionState.QUALIFIED
    with database.writing() as db:
        withdraw(db, first.id, HANDLER, NOON, "地点写错")
    enter(database, place="南湖街道服务站")


def test_a_continuation_says_what_it_continues(database: Database) -> None:
    first = qualified_chat(database, "m1", at=NOON)
    second = qualified_chat(database, "m2", at=NOON + 60 * MINUTE)
    later = qualified_chat(database, "m3", at=NOON + 2 * DAY)
    assert "D4" in at_rest(database, second).codes
    assert at_rest(database, second).continues_id == first
    assert at_rest(database, first).continues_id is None
    assert at_rest(database, later).continues_id is None


def test_holidays_are_not_the_last_working_days(database: Database) -> None:
    # Of 2026Q3 the last five worked are 23, 24, 28, 29 and 30 September.
    september = NOON.replace(month=9)
    for place, day in enumerate((1, 2, 3, 22, 23, 24)):
        approved_chat(
            database, f"m{place}", person=f"visitor-{place}", at=september.replace(day=day)
        )
    with database.reading() as db:
        assert rushing_units(db, Quarter(2026, 3)) == set()
    approved_chat(database, "m9", person="visitor-9", at=september.replace(day=28))
    with database.reading() as db:
        assert rushing_units(db, Quarter(2026, 3)) == {""}
