"""The figures of a report: the same as the ledger's, honest about what cannot be said."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guidance.counting.persons import PersonsOf, count_persons, of_year
from guidance.counting.tally import persons_of_year
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.periods.closing import close_quarter
from guidance.periods.locking import prepare_lock, sign_lock
from guidance.periods.period import Quarter
from guidance.periods.record import SampleItem
from guidance.periods.sample import check_sample, sample_left
from guidance.periods.seed import commit_seed
from guidance.reports.published import FIRST_AND_REVISED
from guidance.reports.report import ReportNotReady, make_report
from guidance.reports.suppression import SMALLEST, suppress
from guidance.review.decisions import reject, send_back, submit
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_REVIEWER,
    SECOND_SIGNER,
    SIGNER,
    approved_chat,
    qualified_chat,
)

DAY = timedelta(days=1)
AFTER = datetime(2026, 4, 22, tzinfo=UTC)  # the first quarter is reviewed by 20 April
GIVEN = {"M3b": 61, "M4a": 81}


def report(database: Database, period: str = "2026Q1", *, published: bool = False):  # type: ignore[no-untyped-def]
    with database.reading() as db:
        return make_report(db, period, AFTER, GIVEN, published=published)


def lock(database: Database) -> None:
    with database.writing() as db:
        commit_seed(db, Quarter(2026, 1), HANDLER, NOON)
    with database.writing() as db:
        close_quarter(db, Quarter(2026, 1), SIGNER, AFTER)
    with database.reading() as db:
        waiting = [item.session_id for item in db.query(SampleItem)]
    for session_id in waiting:
        with database.writing() as db:
            check_sample(db, session_id, SECOND_REVIEWER, AFTER, confirmed=True)
    with database.writing() as db:
        assert sample_left(db, "2026Q1") == 0
        proposal = prepare_lock(db, Quarter(2026, 1), HANDLER, AFTER)
    with database.writing() as db:
        sign_lock(db, proposal.id, SIGNER, AFTER)


def test_persons_and_sessions_stand_side_by_side(database: Database) -> None:
    approved_chat(database, "m1")
    approved_chat(database, "m2", at=NOON + DAY)
    approved_chat(database, "m3", person="visitor-2")
    found = report(database)
    assert (found.sessions, found.persons) == (3, 2)
    assert found.table("guidance").rows == (("2026Q1", 3, 2, "—"), ("2026年累计", 3, 2, 1400))
    assert found.table("channel").rows == (("网页", 3, "100.0%"),)
    assert found.table("month").rows == (("2026-03", 3, "100.0%"),)
    assert found.table("identity_level").rows == (("未核验", 3, "100.0%"),)
    with database.reading() as db:
        days = PersonsOf("2026Q1", "2026Q4", since=NOON.date())
        assert persons_of_year(db, 2026) == count_persons(db, days)
        assert persons_of_year(db, 2026) == count_persons(db, of_year(2026))


def test_what_cannot_be_said_is_said_as_such(database: Database) -> None:
    rows = {row[0]: row for row in report(database).table("indicators").rows}
    assert rows["B2"][4:7] == ("待录入", "—", "待录入")
    assert rows["B7"][3] == "无目标值"
    assert rows["M3b"][3:7] == (50, 61, "122.0%", "已达到")
    assert rows["M3c"][4] == 0
    assert rows["E5"][3] == "是"  # of a yes or no the target is a word too
    beside = {row[3]: row[2] for row in report(database).table("beside").rows if row[0] == "M3c"}
    assert beside == {"创业指导人数": "B3", "双口径达标": "M3c-2"}
    assert all(row[6] for row in rows.values())


def test_locked_figure_is_restated_with_its_basis(database: Database) -> None:
    first = approved_chat(database, "m1")
    approved_chat(database, "m2", at=NOON + DAY)
    lock(database)
    with database.writing() as db:
        words = Words("回访查实没有此事", "启人社〔2026〕9号")
        void = propose_adjustment(db, AdjustmentKind.VOID, first, SECOND_REVIEWER, AFTER, words)
    with database.writing() as db:
        post_adjustment(db, void.id, SECOND_SIGNER, AFTER)
    found = report(database)
    assert found.locked
    assert (found.sessions, found.persons) == (2, 1)
    assert (found.revised, found.now) == ((1, "—"), (1, 1))
    assert found.table("guidance").columns[1:5] == FIRST_AND_REVISED
    assert found.table("guidance").rows == (
        ("2026Q1", 2, 1, 1, "—", "—"), ("2026年累计", 2, 1, 1, "—", 1400),
    )  # fmt: skip
    assert found.table("restatement").rows == (("2026Q1", "已锁定", 2, 1, -1, 1, 1, 0),)
    assert found.table("basis").rows == (
        ("2026Q1", first, "核减", -1, "回访查实没有此事", "启人社〔2026〕9号", "2026-04-22"),
    )
    # Numbers throughout, so that a column of units that were and were not revised adds up.
    assert found.table("units").rows[0][:5] == ("区本级", 2, 1, 1, 1)
    whole = report(database, "2026")
    assert (whole.sessions, whole.persons, whole.revised) == (1, 1, ("—", "—"))  # not locked yet
    assert whole.table("guidance").rows[0] == ("2026Q1", 2, 1, 1, "—", "—")
    assert whole.table("units").columns[1:4] == (
        "人次（原公布值）",
        "人（含调整）",
        "人次（修订值）",
    )
    published = report(database, published=True)
    assert published.table("basis").rows == (("2026Q1", "核减", "启人社〔2026〕9号", 1),)
    assert "没有此事" not in str(published)


def test_returns_and_rejections_stand_beside_the_count(database: Database) -> None:
    approved_chat(database, "m1")
    back, no = (
        qualified_chat(database, f"n{i}", person=f"visitor-{i}", text=f"第{i}问：怎么贷款开店？")
        for i in (2, 3)
    )
    with database.writing() as db:
        submit(db, back, HANDLER, NOON)
        send_back(db, back, REVIEWER, NOON, "summary", "请补充")
        submit(db, no, HANDLER, NOON)
        reject(db, no, REVIEWER, NOON, "not_guidance", "只问了路")
    (row,) = report(database).table("units").rows
    assert row == ("区本级", 1, 1, "33.3%", "33.3%", "—")


def test_published_report_hides_small_counts(database: Database) -> None:
    for number in range(3):
        approved_chat(database, f"m{number}", at=NOON + number * DAY)
    published = report(database, published=True)
    assert (published.sessions, published.persons) == ("不足5", "不足5")
    assert published.table("channel").rows == ()
    assert "不分列" in published.table("channel").note
    rows = {row[0]: row for row in published.table("indicators").rows}
    assert rows["M3c"][4:6] == rows["B3"][4:6] == ("不足5", "—")


def test_year_has_a_row_for_every_quarter_begun(database: Database) -> None:
    approved_chat(database, "m1")
    approved_chat(database, "m2", at=NOON + 35 * DAY)
    found = report(database, "2026")
    assert (found.name, found.as_of_on) == ("2026年", date(2026, 4, 22))
    assert [row[:3] for row in found.table("guidance").rows] == [
        ("2026Q1", 1, 1), ("2026Q2", 1, 1), ("2026年累计", 2, 1),
    ]  # fmt: skip


def test_time_that_has_not_begun_has_no_report(database: Database) -> None:
    with pytest.raises(ReportNotReady, match="还没有开始"):
        report(database, "2026Q3")


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 30), max_size=8))
def test_no_small_part_can_be_worked_out(counts: dict[str, int]) -> None:
    shown = suppress(counts)
    if not shown:
        return
    hidden = [counts[name] for name, value in shown.items() if value is None]
    assert all(value == counts[name] for name, value in shown.items() if value is not None)
    assert not any(value is not None and 0 < value < SMALLEST for value in shown.values())
    assert len(hidden) != 1
    if hidden and all(0 < part < SMALLEST for part in hidden):
        # another way to make the same sum of parts from 1 to 4
        assert len(hidden) < sum(hidden) < len(hidden) * (SMALLEST - 1)


def test_figures_are_numbers(database: Database) -> None:
    for table in report(database).tables:
        for row in table.rows:
            assert len(row) == len(table.columns)
            assert all(isinstance(cell, str | int | Decimal) for cell in row)
