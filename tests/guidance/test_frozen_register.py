"""What is changed behind the product in a frozen register is found."""

import pytest
from sqlalchemy import text

from guidance.counting.invariants import check_invariants
from storage.database import Database
from tests.guidance.people import approved_chat
from tests.guidance.test_frozen import lock, report_b2


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE frozen_indicators SET value = 3 WHERE indicator = 'M3c'",
        "UPDATE frozen_indicators SET status = 'met' WHERE indicator = 'B2'",
        "UPDATE frozen_indicators SET definitions = '0' WHERE indicator = 'B3'",
        "UPDATE frozen_indicators SET source_id = NULL",
        "DELETE FROM frozen_indicators WHERE indicator = 'B4'",
        "DELETE FROM frozen_indicators",
    ],
)
def test_whoever_drops_the_triggers_is_found(sqlite_database: Database, change: str) -> None:
    approved_chat(sqlite_database, "m1")
    report_b2(sqlite_database, 500)
    lock(sqlite_database)
    with sqlite_database.reading() as db:
        assert check_invariants(db) == []
    with sqlite_database.writing() as db:
        for what in ("update", "delete"):
            db.execute(text(f"DROP TRIGGER frozen_indicators_no_{what}"))
        db.execute(text(change))
    with sqlite_database.reading() as db:
        assert {one.invariant for one in check_invariants(db)} == {"I8"}
