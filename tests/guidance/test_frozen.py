"""The whole register is frozen with its quarter; what comes later stands beside it."""

import json
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from audit.log import AuditEvent, AuditPayload
from guidance.indicators.definition import propose_definition, sign_definition
from guidance.indicators.evidence import keep_file
from guidance.indicators.indicator import load_register
from guidance.indicators.progress import Status
from guidance.indicators.value import Reported, report_value, review_value
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.periods.frozen import frozen_of
from guidance.periods.locking import prepare_lock, sign_lock
from guidance.periods.record import PeriodValue
from guidance.reports.report import Report, make_report
from storage.database import Database
from tests.fixtures.database import FillOnce
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_REVIEWER,
    SECOND_SIGNER,
    SIGNER,
    approved_chat,
)
from tests.guidance.test_life import AFTER, DAY, Q1, check_all, close

GIVEN = {"M3b": 61, "M4a": 81}


@pytest.fixture
def ids(database: Database, fill_once: FillOnce) -> list[int]:
    made: list[int] = fill_once(database, _two_locked)
    return made


def _two_locked(database: Database) -> list[int]:
    """Two counted sessions of one person in a locked quarter; B2 was reported before."""
    found = [approved_chat(database, "m1"), approved_chat(database, "m2", at=NOON + DAY)]
    report_b2(database, 500)
    lock(database)
    return found


def lock(database: Database) -> None:
    close(database)
    check_all(database)
    with database.writing() as db:
        proposal = prepare_lock(db, Q1, HANDLER, AFTER)
    with database.writing() as db:
        sign_lock(db, proposal.id, SIGNER, AFTER, GIVEN)


def void(database: Database, session_id: int) -> None:
    with database.writing() as db:
        words = Words("没有此事")
        made = propose_adjustment(
            db, AdjustmentKind.VOID, session_id, SECOND_REVIEWER, AFTER, words
        )
    with database.writing() as db:
        post_adjustment(db, made.id, SECOND_SIGNER, AFTER)


def report_b2(database: Database, value: int) -> None:
    with database.writing() as db:
        file = keep_file(db, "b.pdf", "application/pdf", f"%PDF {value}".encode(), HANDLER, AFTER)
        told = Reported("B2", date(2026, 3, 30), Decimal(value), "区人社局", file.digest)
        stored = report_value(db, told, HANDLER, AFTER)
    with database.writing() as db:
        review_value(db, stored.id, REVIEWER, AFTER, accept=True)


def report(database: Database, *, published: bool = False) -> Report:
    later = {"M3b": 70, "M4a": 90}  # the library has grown since
    with database.reading() as db:
        return make_report(db, "2026Q1", AFTER, later, published=published)


def value_of(found: Report, indicator: str) -> object:
    return next(row[4] for row in found.table("indicators").rows if row[0] == indicator)


def test_every_row_is_frozen_and_on_record(database: Database, ids: list[int]) -> None:
    assert len(ids) == 2
    with database.reading() as db:
        frozen = frozen_of(db, "2026Q1")
        payload = db.scalar(
            select(AuditPayload.payload)
            .join(AuditEvent, AuditEvent.seq == AuditPayload.seq)
            .where(AuditEvent.action == "period.locked")
        )
        version = db.scalars(select(PeriodValue.definition_version)).first()
    assert frozen.keys() == {one.id for one in load_register().rows()}
    values = {name: row.value for name, row in frozen.items()}
    assert [values[name] for name in ("M3c", "B3", "B2", "M3b", "M4a")] == [2, 1, 500, 61, 81]
    assert (frozen["B4"].value, frozen["B4"].status) == (None, Status.TO_BE_ENTERED)
    assert frozen["B2"].source_id is not None
    assert frozen["B2"].definitions == version == load_register().version
    told = json.loads(payload or "{}")["details"]["indicators"]
    assert told["B2"] == ["500", frozen["B2"].status, frozen["B2"].source_id]
    assert (told["B4"], len(told)) == (["", "to_be_entered", 0], len(frozen))


def test_nothing_changed_is_said_to_have(database: Database, ids: list[int]) -> None:
    assert len(ids) == 2
    found = report(database)
    assert found.table("restated_indicators").rows == ()
    assert (value_of(found, "M3b"), value_of(found, "B2")) == (61, 500)
    assert found.table("restatement").rows == (("2026Q1", "已锁定", 2, 2, 0, 1, 1, 0),)


def test_a_later_value_stands_beside_the_published_one(database: Database, ids: list[int]) -> None:
    assert len(ids) == 2
    report_b2(database, 999)
    found = report(database)
    rows = {row[1]: row for row in found.table("restated_indicators").rows}
    assert rows["B2"][3:6] == (500, 999, 499)
    table = found.table("indicators")
    leading = {row[0]: row for row in table.rows}
    assert table.columns[4:7] == ("原公布值", "修订值", "完成")
    assert leading["B2"][4:6] == (500, 999)
    assert leading["M3b"][4:7] == (61, "—", "122.0%")
    assert all(row[5] == "—" for name, row in leading.items() if name not in rows)
    assert "区人社局" in str(rows["B2"][6])
    assert "B3" not in rows


def test_an_adjustment_restates_sessions_and_persons(database: Database, ids: list[int]) -> None:
    for one in ids:
        void(database, one)
    found = report(database)
    assert found.table("restatement").rows == (("2026Q1", "已锁定", 2, 0, -2, 1, 0, -1),)
    assert found.table("guidance").rows == (
        ("2026Q1", 2, 1, 0, 0, "—"), ("2026年累计", 2, 1, 0, 0, 1400),
    )  # fmt: skip
    assert value_of(found, "M3c") == 2
    rows = {row[1]: row[3:6] for row in found.table("restated_indicators").rows}
    assert (rows["M3c"], rows["B3"]) == ((2, 0, -2), (1, 0, -1))


def test_published_small_counts_of_people_are_hidden(database: Database, ids: list[int]) -> None:
    void(database, ids[0])
    table = report(database, published=True).table("restated_indicators")
    rows = {row[1]: row[3:6] for row in table.rows}
    assert rows["M3c"] == ("不足5", "不足5", "＊")


def test_a_later_reading_names_itself_in_later_locks_only(
    database: Database, ids: list[int]
) -> None:
    assert len(ids) == 2
    with database.writing() as db:
        proposal = propose_definition(
            db, "ambiguity:3", "只含当年参与的人", "按当年", HANDLER, AFTER
        )
    with database.writing() as db:
        sign_definition(db, proposal.id, SECOND_SIGNER, AFTER)
    with database.reading() as db:
        assert frozen_of(db, "2026Q1")["A1"].definitions == load_register().version
    (row,) = [r for r in report(database).table("restated_indicators").rows if r[1] == "A1"]
    assert row[3:5] == ("待定口径", "待录入")


def test_the_database_lets_nobody_change_it(database: Database, ids: list[int]) -> None:
    assert len(ids) == 2
    for statement in ("UPDATE frozen_indicators SET value = 1", "DELETE FROM frozen_indicators"):
        with pytest.raises(DBAPIError, match="locked"), database.writing() as db:
            db.execute(text(statement))


def test_before_the_lock_there_is_nothing_to_restate(database: Database) -> None:
    approved_chat(database, "m1")
    assert report(database).table("restated_indicators").rows == ()
