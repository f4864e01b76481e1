"""Rows are judged in their own time, from what is known of it, and by what was signed."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from guidance.indicators.agreed import agreed, frame_of, target_of, without_owner
from guidance.indicators.definition import DefinitionInvalid, propose_definition, sign_definition
from guidance.indicators.evidence import keep_file
from guidance.indicators.indicator import Span, load_register
from guidance.indicators.progress import Progress, Status
from guidance.indicators.returns import (
    ReturnRefused,
    drop_unit,
    list_units,
    receive,
    share_on_time,
    take_back,
)
from guidance.indicators.standing import progress, reported_quarter, standing_at
from guidance.indicators.target import NewTarget, propose_target, targets_signed
from guidance.indicators.value import Reported, ValueRefused, report_value, review_value
from guidance.periods.period import Quarter
from guidance.review.proposal import ReasonMissing
from guidance.review.staff import NotYourDuty
from guidance.session import Turn
from guidance.turn_feedback import Opinion, give_feedback
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import HANDLER, REVIEWER, SIGNER, approved_chat

AT = datetime(2027, 12, 31, 12, 0, tzinfo=UTC)
EARLY = datetime(2026, 1, 5, 4, 0, tzinfo=UTC)


def enter(
    database: Database, indicator: str, value: str, as_of: date, *, item: str = "", note: str = ""
) -> None:
    with database.writing() as db:
        digest = keep_file(db, "证明.pdf", "application/pdf", b"proof", HANDLER, AT).digest
        told = Reported(indicator, as_of, Decimal(value), "区统计局", digest, item=item, note=note)
        stored = report_value(db, told, HANDLER, AT)
        review_value(db, stored.id, REVIEWER, AT, accept=True)


def sign(database: Database, subject: str, choice: str, at: datetime = AT) -> None:
    with database.writing() as db:
        proposal = propose_definition(db, subject, choice, "与各单位商定", HANDLER, at)
        sign_definition(db, proposal.id, SIGNER, at)


def turn_of(db: Session, message_id: str) -> int:
    return db.scalars(select(Turn.id).where(Turn.message_id == message_id)).one()


def rows(database: Database, on: date, given: dict[str, Decimal | int | None] | None = None,
         ) -> dict[str, Progress]:  # fmt: skip
    with database.reading() as db:
        return {row.indicator.id: row for row in progress(db, on, given, parts=True)}


def beside(row: Progress) -> dict[str, Decimal | None]:
    return {one.indicator.id: one.value for one in row.beside}


def test_a_constant_holds_over_years_and_says_from_when(database: Database) -> None:
    enter(database, "K.streets", "10", date(2025, 6, 30))
    enter(database, "E1", "3", date(2026, 5, 1))
    found = rows(database, date(2026, 6, 1))["E3a"]
    assert found.value == 30
    assert "街道总数沿用 2025-06-30 的数" in found.note
    enter(database, "K.streets", "12", date(2026, 5, 20))
    found = rows(database, date(2026, 6, 1))["E3a"]
    assert (found.value, "沿用" in found.note) == (Decimal(25), False)
    assert rows(database, date(2027, 6, 1))["E3a"].status is Status.TO_BE_ENTERED


def test_what_is_of_one_year_is_not_carried(sqlite_database: Database) -> None:
    enter(sqlite_database, "K.new_employment", "100", date(2026, 12, 1))
    enter(sqlite_database, "K.average_1", "8", date(2026, 12, 1))
    found = rows(sqlite_database, date(2027, 12, 1))
    assert found["K.new_employment"].value is None
    assert found["K.average_1"].value is None


def test_creation_and_two_years_have_their_own_time(database: Database) -> None:
    enter(database, "M1b", "3", date(2026, 11, 1))
    assert rows(database, date(2027, 3, 1))["M1b"].status is Status.TO_BE_ENTERED
    before = rows(database, date(2026, 12, 1))["M1b"]
    assert (before.status, "还没有签字，暂按当年" in before.note) == (Status.BEHIND, True)
    sign(database, "frame:creation", "2026至2027")
    after = rows(database, date(2026, 12, 1))["M1b"]
    assert (after.status, after.expected, after.note) == (Status.ON_PACE, Decimal("2.3"), "")
    assert rows(database, date(2027, 3, 1))["M1b"].value == 3
    assert rows(database, date(2027, 12, 31))["M1b"].status is Status.BEHIND
    assert rows(database, date(2028, 1, 1))["M1b"].status is Status.TO_BE_ENTERED
    # A row of one year is judged in its year as ever.
    assert rows(database, date(2027, 3, 1))["B2"].status is Status.TO_BE_ENTERED


def test_first_and_second_year_stand_apart(database: Database) -> None:
    enter(database, "K.streets", "10", date(2026, 1, 1))
    enter(database, "E1", "4", date(2026, 12, 20))
    assert beside(rows(database, date(2026, 12, 31))["E3a"]) == {
        "E3a.first": None,
        "E3a.second": None,
    }
    sign(database, "frame:two_years", "2026-2027")
    first = rows(database, date(2026, 12, 31))["E3a"]
    assert (first.value, first.status, first.expected) == (
        Decimal(40),
        Status.BEHIND,
        Decimal("47.5"),
    )
    assert beside(first) == {"E3a.first": Decimal(40), "E3a.second": None}
    enter(database, "E1", "10", date(2027, 12, 1))
    second = rows(database, date(2027, 12, 31))["E3a"]
    assert (second.value, second.status) == (Decimal(100), Status.MET)
    assert beside(second) == {"E3a.first": Decimal(40), "E3a.second": Decimal(100)}


@pytest.mark.parametrize(
    ("subject", "choice"),
    [
        ("frame:creation", "明年"), ("frame:creation", "2027-2026"), ("frame:year", "2026"),
        ("frame:two_years", "2026"), ("frame:two_years", "2026-2028"), ("frame:", "2026"),
        ("ambiguity:3", "随便"), ("owner:X9", "人社局"), ("target:B2:2027", "1"), ("x", "y"),
        ("frame:creation", "2026-2099"),
    ],
)  # fmt: skip
def test_what_cannot_be_signed_is_refused(
    sqlite_database: Database, subject: str, choice: str
) -> None:
    with pytest.raises(DefinitionInvalid), sqlite_database.writing() as db:
        propose_definition(db, subject, choice, "理由", HANDLER, AT)


def test_five_values_against_five_averages(database: Database) -> None:
    day = date(2026, 12, 31)
    assert rows(database, day)["E5"].status is Status.TO_BE_ENTERED
    given = {
        "A1.flow": "30", "K.urban_workers": "100", "B4": "10", "B5": "20",
        "K.new_employment": "100", "C4.stock": "120", "C4.stock_before": "100", "E1": "9",
        "K.streets": "10", "E2": "19", "K.communities": "20",
        **{f"D1{letter}": "91" for letter in "abcdef"},
        "K.average_1": "30", "K.average_2": "29", "K.average_3": "15", "K.average_4": "90",
    }  # fmt: skip
    for name, value in given.items():
        enter(database, name, value, date(2026, 12, 1))
    row = rows(database, day)["E5"]
    assert (row.value, row.status) == (None, Status.TO_BE_ENTERED)  # one average is missing
    enter(database, "K.average_5", "90", date(2026, 12, 1))
    row = rows(database, day)["E5"]
    assert (row.value, row.status) == (Decimal(1), Status.UNDECIDED)  # A1 may be read in two ways
    sign(database, "ambiguity:3", "只含当年参与的人")
    assert rows(database, day)["E5"].status is Status.MET
    enter(database, "K.average_5", "90.1", date(2026, 12, 2))
    row = rows(database, day)["E5"]
    assert (row.value, row.status) == (Decimal(0), Status.BEHIND)


def test_a_signed_reading_changes_the_figure(database: Database) -> None:
    day = date(2026, 12, 31)
    for name, value in {"A1.flow": "5", "A1.stock": "25", "K.urban_workers": "100"}.items():
        enter(database, name, value, date(2026, 12, 1))
    found = rows(database, day)["A1"]
    assert (found.value, found.status) == (Decimal(5), Status.UNDECIDED)
    assert beside(found)["A1.with_stock"] == 25
    sign(database, "ambiguity:3", "含存量")
    found = rows(database, day)["A1"]
    assert (found.value, found.status) == (Decimal(25), Status.MET)
    enter(database, "B2", "600", date(2026, 12, 1))
    enter(database, "B1.union", "550", date(2026, 12, 1))
    found = rows(database, day)["B1"]
    assert (found.value, beside(found)) == (Decimal(600), {"B1.union": Decimal(550)})
    sign(database, "ambiguity:2", "按不同的人计")
    assert rows(database, day)["B1"].value == 550
    library: dict[str, Decimal | int | None] = {
        "M4a": Decimal(24), "M4a.industries": Decimal(6), "M4a.projects": Decimal(18),
    }  # fmt: skip
    found = rows(database, day, library)["M4a"]
    assert (found.value, found.status) == (Decimal(24), Status.MET)
    assert beside(found) == {"M4a.industries": Decimal(6), "M4a.projects": Decimal(18)}
    sign(database, "ambiguity:15", "行业和项目各计")
    found = rows(database, day, library)["M4a"]
    assert (found.value, found.status) == (Decimal(6), Status.BEHIND)


def test_persons_and_sessions_both_reach_the_target_or_not(database: Database) -> None:
    approved_chat(database, "m1", person="visitor-1")
    found = rows(database, NOON.date())
    assert beside(found["M3c"]) == {"B3": Decimal(1), "M3c.both": Decimal(0)}
    assert beside(found["B3"]) == {"M3c": Decimal(1), "M3c.both": Decimal(0)}
    register = agreed(load_register(), {"target:M3c:2026": "1", "target:B3:2026": "1"}, 2026)
    assert register.get("M3c").target == register.get("B3").target == 1


def test_the_average_of_years_stands_beside_the_year(sqlite_database: Database) -> None:
    for year, count in ((2024, "100"), (2025, "150"), (2026, "260")):
        enter(sqlite_database, "C1", "1", date(year, 3, 1))
        enter(sqlite_database, "C1", count, date(year, 12, 1))
    found = rows(sqlite_database, date(2026, 12, 31))["C1"]
    assert (found.value, beside(found)) == (Decimal(260), {"C1.average": Decimal(170)})
    sign(sqlite_database, "frame:creation", "2025-2026")
    assert beside(rows(sqlite_database, date(2026, 12, 31))["C1"]) == {"C1.average": Decimal(205)}


def test_every_base_is_entered_apart_and_summed(database: Database) -> None:
    with pytest.raises(ValueRefused, match="孵化基地名称"):
        enter(database, "M10a", "100", date(2026, 3, 1))
    enter(database, "M10a", "2000", date(2026, 3, 1), item="东街基地")
    enter(database, "M10a", "1500.5", date(2026, 4, 1), item="西街基地")
    enter(database, "M10a", "2500", date(2026, 6, 1), item="东街基地")
    row = rows(database, date(2026, 12, 31))["M10a"]
    assert row.value == Decimal("4000.5")
    assert {one.item: one.value for one in row.items} == {
        "东街基地": Decimal(2500), "西街基地": Decimal("1500.5"),
    }  # fmt: skip


def test_what_the_answers_were_worth_stands_beside_the_survey(database: Database) -> None:
    for number, helpful in enumerate((True, True, False), 1):
        approved_chat(database, f"m{number}", person=f"visitor-{number}")
        with database.writing() as db:
            give_feedback(db, turn_of(db, f"m{number}"), Opinion(helpful), NOON)
    found = rows(database, NOON.date())["D1d"]
    assert (found.value, found.status) == (None, Status.TO_BE_ENTERED)
    assert beside(found) == {"D1d.system": Decimal("66.67")}
    assert beside(rows(database, date(NOON.year - 1, 12, 31))["D1d"]) == {"D1d.system": None}


def test_what_others_count_is_never_entered(database: Database) -> None:
    given: dict[str, Decimal | int | None] = {
        "M11": Decimal("12.5"), "M3a.roster": Decimal(7),
    }  # fmt: skip
    found = rows(database, date(2026, 12, 31), given)
    assert (found["M11"].value, found["M11"].status) == (Decimal("12.5"), Status.NO_TARGET)
    assert beside(found["M3a"]) == {"M3a.roster": Decimal(7)}
    assert found["M3a"].status is Status.TO_BE_ENTERED  # the roster is not the team's document
    assert rows(database, date(2026, 12, 31), {"M11": None})["M11"].status is Status.NOT_COMPUTABLE
    for name in ("M11", "R1", "M3a.roster", "D1d.system"):
        with pytest.raises(ValueRefused, match="任何人都不能填报"):
            enter(database, name, "1", date(2026, 3, 1))


Q1 = Quarter.parse("2026Q1")
IN_TIME = datetime(2026, 4, 10, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
TOO_LATE = datetime(2026, 4, 10, 16, 1, tzinfo=UTC)


def test_reports_that_came_in_time_over_those_due(database: Database) -> None:
    assert reported_quarter(date(2026, 3, 31)) == reported_quarter(date(2026, 5, 9)) == Q1
    assert rows(database, date(2026, 5, 9))["R1"].status is Status.TO_BE_ENTERED
    with database.writing() as db:
        assert list_units(db, Q1, ["东街街道", "西街街道", " ", "东街街道"], HANDLER, EARLY) == [
            "东街街道", "西街街道",
        ]  # fmt: skip
    assert rows(database, date(2026, 5, 9))["R1"].status is Status.BEHIND
    with database.writing() as db:
        receive(db, Q1, "东街街道", HANDLER, IN_TIME)
        receive(db, Q1, "西街街道", HANDLER, TOO_LATE)
        assert share_on_time(db, Q1) == 50
    with database.reading() as db:
        (row,) = [one for one in standing_at(db, Q1.last_day, {}) if one.indicator.id == "R1"]
    assert (row.value, row.status) == (Decimal(50), Status.BEHIND)
    with database.writing() as db:
        take_back(db, Q1, "西街街道", HANDLER, "登记错了单位")
        receive(db, Q1, "西街街道", HANDLER, IN_TIME)
    assert rows(database, date(2026, 5, 9))["R1"].status is Status.MET


def test_what_cannot_be_done_to_a_list_is_refused(sqlite_database: Database) -> None:
    with sqlite_database.writing() as db:
        list_units(db, Q1, ["东街街道", "西街街道", "误列"], HANDLER, EARLY)
        drop_unit(db, Q1, "误列", HANDLER, IN_TIME, reason="不是本区单位")
        receive(db, Q1, "东街街道", HANDLER, IN_TIME)
    later = Quarter.parse("2028Q4")
    for call in (
        lambda db: receive(db, Q1, "东街街道", HANDLER, IN_TIME),
        lambda db: receive(db, Q1, "南街街道", HANDLER, IN_TIME),
        lambda db: list_units(db, Q1, ["东街街道"], HANDLER, EARLY),
        lambda db: list_units(db, Q1, ["长" * 61], HANDLER, EARLY),
        lambda db: list_units(db, Q1, map(str, range(400)), HANDLER, EARLY),
        lambda db: list_units(db, later, ["东街街道"], HANDLER, EARLY),
        lambda db: take_back(db, Q1, "西街街道", HANDLER, "没有收到"),
        lambda db: drop_unit(db, Q1, "西街街道", HANDLER, TOO_LATE, reason="迟了"),
        lambda db: drop_unit(db, Q1, "东街街道", HANDLER, IN_TIME, reason="已收到"),
    ):
        with pytest.raises(ReturnRefused), sqlite_database.writing() as db:
            call(db)
    with pytest.raises(ReasonMissing), sqlite_database.writing() as db:
        take_back(db, Q1, "东街街道", HANDLER, " ")
    with pytest.raises(NotYourDuty), sqlite_database.writing() as db:
        receive(db, Q1, "西街街道", REVIEWER, IN_TIME)


def new_target(database: Database, since: str, amount: str, indicator: str = "B2") -> NewTarget:
    with database.writing() as db:
        digest = keep_file(db, "文件.pdf", "application/pdf", b"order", HANDLER, AT).digest
    return NewTarget(indicator, since, amount, digest, "按区政府文件")


def test_a_target_is_signed_from_a_year_on_and_all_before_stay(database: Database) -> None:
    enter(database, "B2", "600", date(2026, 12, 1))
    assert rows(database, date(2026, 12, 31))["B2"].status is Status.MET
    for since, amount in (("2026", "700"), ("2028", "800")):
        wanted = new_target(database, since, amount)
        with database.writing() as db:
            proposal = propose_target(db, wanted, HANDLER, EARLY)
            sign_definition(db, proposal.id, SIGNER, EARLY, "区政发〔2026〕1号")
    found = rows(database, date(2026, 12, 31))["B2"]
    assert (found.indicator.target, found.status) == (Decimal(700), Status.BEHIND)
    assert [rows(database, date(year, 1, 1))["B2"].indicator.target
            for year in (2025, 2027, 2028, 2029)] == [600, 700, 800, 800]  # fmt: skip
    with database.reading() as db:
        signed = targets_signed(db, "B2")
    assert [(one.subject, one.choice) for one in signed] == [
        ("target:B2:2028", "800"), ("target:B2:2026", "700"),
    ]  # fmt: skip
    assert all(one.evidence_digest == wanted.evidence_digest for one in signed)


@pytest.mark.parametrize(
    ("since", "amount", "indicator"),
    [("2025", "1", "B2"), ("abcd", "1", "B2"), ("2027", "0", "B2"), ("2027", "-1", "B2"),
     ("2027", "1.5", "B2"), ("2027", "101", "C3"), ("2027", "1", "M9c"), ("2027", "x", "B2"),
     ("２０２７", "1", "B2")],
)  # fmt: skip
def test_no_target_where_there_is_none_or_none_that_can_be(
    sqlite_database: Database, since: str, amount: str, indicator: str
) -> None:
    wanted = new_target(sqlite_database, since, amount, indicator)
    with pytest.raises((DefinitionInvalid, ValueRefused)), sqlite_database.writing() as db:
        propose_target(db, wanted, HANDLER, EARLY)


def test_targets_are_not_for_those_who_review(sqlite_database: Database) -> None:
    wanted = new_target(sqlite_database, "2027", "700")
    with pytest.raises(NotYourDuty), sqlite_database.writing() as db:
        propose_target(db, wanted, REVIEWER, EARLY)


def test_plain_rules_of_what_was_signed() -> None:
    choices = {"target:B2:2026": "700", "frame:creation": "2026-2027", "owner:D2": "人社局"}
    assert target_of(choices, "B2", 2025) is None
    assert target_of(choices, "B2", 2030) == 700
    assert target_of(choices, "B", 2030) is None
    assert frame_of(choices, Span.CREATION, date(2027, 5, 1)).first_on == date(2026, 1, 1)
    assert frame_of(choices, Span.TWO_YEARS, date(2027, 5, 1)).first_on == date(2027, 1, 1)
    assert frame_of(choices, Span.CREATION, date(2028, 5, 1)).first_on == date(2028, 1, 1)
    assert "D2" not in without_owner(load_register(), choices)
    assert "M11" in without_owner(load_register(), choices)
