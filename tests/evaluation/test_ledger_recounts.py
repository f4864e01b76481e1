"""Ledgers made at random, merged and corrected: the recount agrees, and says where it does not."""

from sqlalchemy import update

from evaluation.fresh_database import fresh_database
from evaluation.ledger_parts import Scale
from evaluation.ledger_records import made
from evaluation.ledger_recounts import differences, recount_many
from evaluation.ledger_store import fill
from guidance.counting.tally import Tally
from storage.database import Database


def test_what_is_merged_and_corrected_is_recounted_figure_by_figure() -> None:
    result = recount_many(1, 260, seed=7)
    assert result["differences"] == []
    assert result["done"]["merge"] > 0
    assert result["done"]["posted"] > 0


def test_a_figure_changed_behind_the_product_is_named(sqlite_database: Database) -> None:
    fill(sqlite_database, made(Scale(150, 1.0, seed=3)), lambda _done: None)
    assert list(differences(sqlite_database)) == []
    with sqlite_database.writing() as db:
        one = db.query(Tally).first()
        assert one is not None
        db.execute(update(Tally).where(Tally.period == one.period).values(count=Tally.count + 1))
    assert any(one.period in found for found in differences(sqlite_database))


def test_a_fresh_database_has_the_newest_schema_and_goes_again() -> None:
    with fresh_database(None, "one") as database, database.reading() as db:
        assert db.query(Tally).count() == 0
