"""Whatever is changed behind the product, an invariant names it, on both engines."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from accounts.account import AccountDetails, add_account
from accounts.role import Role
from evaluation.recount import recount
from guidance.counting.invariants import check_invariants
from guidance.counting.invariants.sealing import check_seals
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.privacy.erasing import erase_words
from guidance.review.decisions import reject, submit
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    LATER,
    REVIEWER,
    SECOND_REVIEWER,
    THIRD_REVIEWER,
    approved_chat,
    enter,
    judge_all,
    qualified_chat,
    send_and_approve,
)
from tests.guidance.test_report import lock

DAY = timedelta(days=1)
AFTER = datetime(2026, 4, 22, tzinfo=UTC)
APRIL = datetime(2026, 4, 21, 4, tzinfo=UTC)


@pytest.fixture
def ledger(database: Database) -> Database:
    return corrected(database)


def corrected(database: Database) -> Database:
    """Make a locked quarter of five sessions, corrected three times, and one that runs."""
    for number in range(3):  # sessions 1 to 3, of one person
        approved_chat(database, f"m{number}", at=NOON + number * DAY)
    approved_chat(database, "m3", person="visitor-2")
    met = enter(database, person="visitor-3", provider="mentor:M0001")
    judge_all(database)
    send_and_approve(database, met.id)
    refused = qualified_chat(database, "m4", person="visitor-4")
    with database.writing() as db:
        submit(db, refused, HANDLER, NOON + LATER)
        reject(db, refused, REVIEWER, NOON + LATER, "not_guidance", "闲聊")
    lock(database)
    for kind, session_id in (
        (AdjustmentKind.VOID, 1), (AdjustmentKind.RECLASSIFY, 4), (AdjustmentKind.ADD, refused)
    ):  # fmt: skip
        with database.writing() as db:
            words = Words("查实", to_unit="东街")
            one = propose_adjustment(db, kind, session_id, SECOND_REVIEWER, AFTER, words)
        with database.writing() as db:
            post_adjustment(db, one.id, THIRD_REVIEWER, AFTER)
    approved_chat(database, "m5", person="visitor-5", at=APRIL)
    return database


OFF = (
    "guidance_sessions",
    "periods",
    "period_values",
    "sample_items",
    "adjustments",
    "frozen_indicators",
)
LOCKED = "state = 'locked'"
# What somebody with the owner's rights changes -> the invariants that name it.
CHANGES: dict[str, set[str]] = {
    # figures that were signed
    "DELETE FROM period_values WHERE org_unit = ''": {"I8"},
    "DELETE FROM period_values": {"I8"},
    "UPDATE period_values SET value = 9 WHERE indicator = 'B3'": {"I8"},
    "UPDATE period_values SET rule_version = 'x'": {"I8"},
    "UPDATE period_values SET definition_version = '9'": {"I8"},
    "UPDATE period_values SET members_root = 'x'": {"I8"},
    "INSERT INTO period_values SELECT period, 'M3c', '西街', 1, definition_version, rule_version,"
    " members_root, as_of_seq FROM period_values WHERE indicator = 'M3c' LIMIT 1": {"I8"},
    "UPDATE periods SET members_root = 'x'": {"I4"},
    "UPDATE periods SET signed_by = 'account:9'": {"I4"},
    "UPDATE periods SET as_of_seq = 1": {"I4"},
    "UPDATE periods SET state = 'closed'": {"I4"},
    "UPDATE frozen_indicators SET value = 99 WHERE indicator = 'M3c'": {"I8"},
    "UPDATE frozen_indicators SET definitions = '9'": {"I8"},
    "DELETE FROM frozen_indicators WHERE indicator = 'M3c'": {"I8"},
    # locked sessions
    f"UPDATE guidance_sessions SET identity_level = 'staff' WHERE {LOCKED};"
    " UPDATE tallies SET identity_level = 'staff' WHERE identity_level = 'visitor' AND"
    " period = '2026Q1' AND month = '2026-03' AND service_line = 'assistant'": {"I4"},
    f"UPDATE guidance_sessions SET approver = 'account:77' WHERE {LOCKED}": {"I4", "I7"},
    f"UPDATE guidance_sessions SET codes = 'Q3' WHERE {LOCKED}": {"I4"},
    f"UPDATE guidance_sessions SET flags = 'G3' WHERE {LOCKED}": {"I4"},
    f"UPDATE guidance_sessions SET submitter = 'account:8' WHERE {LOCKED}": {"I4"},
    f"UPDATE guidance_sessions SET rule_version = 'x' WHERE {LOCKED}": {"I4"},
    f"UPDATE guidance_sessions SET confirmed_at = '2026-03-01 00:00' WHERE {LOCKED}": {"I4"},
    f"UPDATE guidance_sessions SET org_unit = '西街' WHERE {LOCKED} AND id = 4": {"I4", "I10"},
    f"UPDATE guidance_sessions SET counts_for = 'x' WHERE {LOCKED} AND id = 4": {"I4", "I11"},
    "UPDATE guidance_sessions SET state = 'pending_review' WHERE id = 4": {"I1", "I4", "I7"},
    "UPDATE guidance_sessions SET state = 'qualified' WHERE id = 4": {"I4", "I7"},
    # the running quarter
    "UPDATE guidance_sessions SET state = 'locked' WHERE state = 'approved'": {"I7"},
    "UPDATE guidance_sessions SET approver = 'account:77' WHERE state = 'approved'": {"I7"},
    "UPDATE guidance_sessions SET approver = '' WHERE state = 'approved'": {"I3"},
    "UPDATE guidance_sessions SET provider = approver WHERE state = 'approved'": {"I3", "I5"},
    "UPDATE guidance_sessions SET count_on = '2026-04-20' WHERE state = 'approved'": {"I7"},
    "UPDATE guidance_sessions SET period = '2026Q3' WHERE state = 'approved';"
    " UPDATE tallies SET period = '2026Q3' WHERE period = '2026Q2'": {"I7"},
    # second checks
    "UPDATE sample_items SET outcome = 'not_confirmed'": {"I4", "I7"},
    "UPDATE sample_items SET checked_by = 'account:77'": {"I4", "I7"},
    "UPDATE sample_items SET why = 'flagged'": {"I4"},
    "DELETE FROM sample_items": {"I4", "I7"},
    "UPDATE periods SET seed_digest = 'x'": {"I7"},
    "UPDATE periods SET seed = '00'": {"I7"},
    "UPDATE periods SET committed_at = '2026-04-02 00:00'": {"I7"},
    # corrections
    "UPDATE adjustments SET amount = 5 WHERE kind = 'void'": {"I1", "I9"},
    "UPDATE adjustments SET amount = -2 WHERE kind = 'void'": {"I1", "I9"},
    "UPDATE adjustments SET status = 'refused' WHERE kind = 'void'": {"I1", "I9"},
    "UPDATE adjustments SET status = 'refused' WHERE kind = 'reclassify'": {"I1"},
    "UPDATE adjustments SET to_unit = '西街' WHERE kind = 'reclassify'": {"I1"},
    "UPDATE adjustments SET period = '2026Q2' WHERE kind = 'void'": {"I1"},
    "UPDATE adjustments SET decided_by = 'account:77'": {"I1"},
    "UPDATE adjustments SET person = 'visitor-5' WHERE kind = 'void'": {"I11"},
    "UPDATE adjustments SET count_on = '2026-03-09' WHERE kind = 'void'": {"I1"},
    "DELETE FROM adjustments": {"I1", "I11"},
    "INSERT INTO adjustments SELECT 99, 'void', period, posted_in, -1, 2, person, count_on,"
    " org_unit, to_unit, reference, evidence_digest, reason, status, proposed_by, proposed_at,"
    " decided_by, decided_at FROM adjustments WHERE kind = 'void'": {"I1", "I9"},
    "DELETE FROM audit_payloads WHERE seq IN"
    " (SELECT seq FROM audit_events WHERE action = 'period.adjusted')": {"I1"},
    "DELETE FROM audit_payloads WHERE seq IN"
    " (SELECT seq FROM audit_events WHERE action = 'period.locked')": {"I4", "I8"},
    # one person counts twice on a day, by a correction or by being one after all
    "UPDATE adjustments SET person = 'visitor-2' WHERE kind = 'add'": {"I2", "I11"},
    "INSERT INTO people (reference, merged_into, internal, virtual, created_at) VALUES"
    " ('visitor-3', 'visitor-2', false, false, '2026-04-01 00:00')": {"I2", "I11"},
    # sums
    "UPDATE tallies SET count = count + 1": {"I1", "I7 汇总", "I9"},
    "UPDATE year_persons SET persons = 9": {"I11"},
    "UPDATE person_years SET count = count + 1 WHERE person = 'visitor-1'": {"I9", "I11"},
    "DELETE FROM person_years WHERE person = 'visitor-1'": {"I9", "I11"},
    # duties: who proposed to approve many, the mentor, and the client under another reference
    "UPDATE accounts SET mentor_code = 'M0001'": {"I3"},
    "INSERT INTO proposals (id, kind, subject, details, reason, status, proposed_by, proposed_at,"
    " decided_by, decided_at, decision_reason) VALUES (99, 'approve_many', 'sessions:1',"
    """ '{"sessions": [7]}', '', 'confirmed', 'account:1', '2026-04-01 00:00', 'account:2',"""
    " (SELECT decided_at FROM guidance_sessions WHERE id = 7), '')": {"I3"},
    "INSERT INTO people (reference, merged_into, internal, virtual, created_at) VALUES"
    " ('account:2', 'visitor-5', false, false, '2026-04-01 00:00')": {"I3"},
}


def change(connection: Connection, statements: str) -> None:
    for statement in statements.split("; "):
        connection.execute(text(statement))


def disarm(connection: Connection) -> None:
    """Take the triggers away, as only the owner of the tables can."""
    if connection.dialect.name == "postgresql":
        for table in OFF:
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
        return
    names = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"
    for table in OFF:
        for name in connection.execute(text(names), {"table": table}).scalars().all():
            connection.execute(text(f"DROP TRIGGER {name}"))


def test_every_change_behind_the_product_is_named(ledger: Database) -> None:
    details = AccountDetails("李复核", frozenset({Role.REVIEWER}), "", None)
    with ledger.writing() as db:
        for number in (1, 2):
            add_account(db, f"reviewer-{number}", details, NOON)
        db.execute(text("DELETE FROM accounts WHERE id = 1"))
    with ledger.reading() as db:
        assert check_invariants(db) == []
    assert recount(ledger.engine)["differs"] == []
    unseen = {}
    for statements, broken in CHANGES.items():
        with ledger.engine.connect() as connection:
            transaction = connection.begin()
            disarm(connection)
            change(connection, statements)
            with Session(connection) as db:
                found = {one.invariant for one in check_invariants(db)}
            if not broken <= found:
                unseen[statements] = (sorted(broken), sorted(found))
            transaction.rollback()
    assert unseen == {}


# Plain SQL by whoever reaches the database as the service does -> refused by the database.
REFUSED = (
    "DELETE FROM period_values",
    "UPDATE period_values SET value = 9",
    "UPDATE periods SET members_root = 'x'",
    "UPDATE periods SET state = 'open'",
    "DELETE FROM periods WHERE period = '2026Q1'",
    "UPDATE sample_items SET outcome = 'not_confirmed'",
    "DELETE FROM sample_items",
    "UPDATE adjustments SET amount = 5",
    "UPDATE adjustments SET status = 'refused'",
    "UPDATE adjustments SET person = 'x'",
    "DELETE FROM adjustments",
    "UPDATE guidance_sessions SET confirmed_at = '2026-03-01 00:00' WHERE state = 'locked'",
    "UPDATE guidance_sessions SET approver = 'x' WHERE state = 'locked'",
)
REPLACED = (
    "REPLACE INTO period_values SELECT * FROM period_values",
    "REPLACE INTO periods SELECT * FROM periods",
    "REPLACE INTO sample_items SELECT * FROM sample_items",
    "REPLACE INTO adjustments SELECT * FROM adjustments",
    "REPLACE INTO guidance_sessions SELECT * FROM guidance_sessions",
)
EMPTIED = ("period_values", "periods", "sample_items", "adjustments", "guidance_sessions")


def test_the_database_refuses_to_change_what_stands(ledger: Database) -> None:
    refused = [*REFUSED]
    if ledger.engine.dialect.name == "postgresql":
        refused += [f"TRUNCATE {table} CASCADE" for table in EMPTIED]
    else:
        refused += REPLACED
    for statement in refused:
        with ledger.engine.connect() as connection:
            transaction = connection.begin()
            with pytest.raises(DBAPIError, match=r"refused|locked"):
                change(connection, statement)
            transaction.rollback()


def test_seals_are_checked_in_blocks_by_several_processes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guidance.counting.invariants.sealing.BLOCK", 2)
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    ids = [approved_chat(database, f"m{n}", person=f"visitor-{n}") for n in range(5)]
    passed: list[int] = []
    assert check_seals(database, passed.append) == []
    assert passed == [2, 2, 1]
    with database.writing() as db:
        db.execute(text(f"UPDATE turns SET question = '改过' WHERE session_id IN {ids[0], ids[4]}"))
    monkeypatch.setattr("guidance.counting.invariants.sealing.BLOCK", 3)  # now by this process
    alone = check_seals(database)
    monkeypatch.setattr("guidance.counting.invariants.sealing.BLOCK", 2)
    assert [one.what for one in check_seals(database)] == [one.what for one in alone]
    with database.reading() as db:
        assert [one for one in check_invariants(db) if one.invariant == "I5"] == alone
    assert len(alone) == 2


def test_a_correction_is_told_after_its_words_are_erased(ledger: Database) -> None:
    """Erasing takes the words of a session's events; those of the quarter keep the figures."""
    with ledger.writing() as db:
        erase_words(db, [1, 4, 6], AFTER)
    with ledger.reading() as db:
        assert check_invariants(db) == []
    counted = recount(ledger.engine)
    assert counted["differs"] == []
    assert counted["sessions"]["2026Q1"] == counted["restated"]["2026Q1"] == 5
    with ledger.engine.connect() as connection:
        transaction = connection.begin()
        disarm(connection)
        change(connection, "UPDATE adjustments SET amount = 5 WHERE kind = 'void'")
        with Session(connection) as db:
            assert "I1" in {one.invariant for one in check_invariants(db)}
        transaction.rollback()


def test_the_recount_names_what_was_changed_too(sqlite_database: Database) -> None:
    """It reads by connections of its own, so that every change is made and taken back."""
    ledger = corrected(sqlite_database)
    changes = (
        "UPDATE adjustments SET amount = 5 WHERE kind = 'void'",
        "UPDATE adjustments SET to_unit = '西街' WHERE kind = 'reclassify'",
        "UPDATE adjustments SET status = 'refused'",
        "DELETE FROM period_values",
        "UPDATE tallies SET channel = 'wechat' WHERE period = '2026Q2'",
        "UPDATE tallies SET month = '2026-05' WHERE period = '2026Q2'",
        "INSERT INTO people (reference, merged_into, internal, virtual, created_at) VALUES"
        " ('visitor-4', 'visitor-2', false, false, '2026-04-01 00:00')",
    )
    with ledger.engine.connect() as connection:
        disarm(connection)
        connection.commit()
        for statement in changes:
            assert recount(ledger.engine)["differs"] == [], statement
            saved = {table: rows_of(connection, table) for table in KEPT}
            change(connection, statement)
            connection.commit()
            assert recount(ledger.engine)["differs"] != [], statement
            for table, rows in saved.items():
                connection.execute(text(f"DELETE FROM {table}"))
                for row in rows:
                    marks = ", ".join(f":{name}" for name in row)
                    connection.execute(text(f"INSERT INTO {table} VALUES ({marks})"), row)
            connection.commit()


KEPT = ("adjustments", "period_values", "tallies", "people")


def rows_of(connection: Connection, table: str) -> list[dict[str, Any]]:
    found = connection.execute(text(f"SELECT * FROM {table}")).mappings()
    return [dict(row) for row in found]
