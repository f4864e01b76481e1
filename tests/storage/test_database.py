from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from storage.connection import DatabaseNotWritable
from storage.database import Base, Database, UTCDateTime, storable

NOTES = Table(
    "notes", MetaData(), Column("id", Integer, primary_key=True), Column("at", UTCDateTime)
)


class Colour(StrEnum):
    RED = "red"


class Sample(DeclarativeBase):
    """A base with the column types of Base, but tables of its own."""

    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    type_annotation_map = Base.type_annotation_map


class Thing(Sample):
    __tablename__ = "things"

    id: Mapped[int] = mapped_column(primary_key=True)
    colour: Mapped[Colour]
    second_colour: Mapped[Colour | None]
    content: Mapped[dict[str, Any]]


@pytest.fixture
def notes(database: Database) -> Database:
    NOTES.create(database.engine)
    return database


def add_note(database: Database, number: int) -> None:
    with database.writing() as db:
        db.execute(insert(NOTES).values(id=number))


def add_note_and_fail(database: Database, number: int) -> None:
    with database.writing() as db:
        db.execute(insert(NOTES).values(id=number))
        raise ZeroDivisionError


def numbers(database: Database) -> list[int]:
    with database.reading() as db:
        return list(db.scalars(select(NOTES.c.id).order_by(NOTES.c.id)))


def test_time_comes_back_as_the_same_instant_in_utc(notes: Database) -> None:
    shanghai = datetime(2026, 3, 2, 7, 30, 0, 123456, timezone(timedelta(hours=8)))
    with notes.writing() as db:
        db.execute(insert(NOTES), [{"id": 1, "at": shanghai}, {"id": 2, "at": None}])
    with notes.reading() as db:
        first, none = db.scalars(select(NOTES.c.at).order_by(NOTES.c.id)).all()
    assert none is None
    assert (first, first.tzinfo) == (shanghai, UTC)


def test_members_of_an_enumeration_are_stored_by_value(database: Database) -> None:
    Sample.metadata.create_all(database.engine)
    content = {"text": "贷款", "numbers": [1, 2.5, None, True]}
    with database.writing() as db:
        db.add(Thing(id=1, colour=Colour.RED, second_colour=None, content=content))
    with database.reading() as db:
        assert db.execute(text("SELECT colour, second_colour FROM things")).one() == ("red", None)
        thing = db.get_one(Thing, 1)
        assert (thing.colour, thing.content) == (Colour.RED, content)


def test_chinese_in_objects_is_stored_as_it_is(sqlite_database: Database) -> None:
    Sample.metadata.create_all(sqlite_database.engine)
    with sqlite_database.writing() as db:
        db.add(Thing(id=1, colour=Colour.RED, content={"text": "贷款"}))
    with sqlite_database.reading() as db:
        assert db.scalar(text("SELECT content FROM things")) == '{"text":"贷款"}'


def test_storable_replaces_only_what_no_engine_can_keep() -> None:
    assert storable("贷款 👩‍🌾\n\t") == "贷款 👩‍🌾\n\t"
    assert storable({"a\x00": ["\ud83d", ("x\udc00", 1, None)]}) == {"a�": ["�", ["x�", 1, None]]}


def test_block_that_ends_well_is_committed(notes: Database) -> None:
    add_note(notes, 1)
    assert numbers(notes) == [1]


def test_block_that_fails_leaves_nothing(notes: Database) -> None:
    with pytest.raises(IntegrityError), notes.writing() as db:
        db.execute(insert(NOTES), [{"id": 1}, {"id": 1}])
    with pytest.raises(ZeroDivisionError):
        add_note_and_fail(notes, 3)
    assert numbers(notes) == []
    add_note(notes, 2)
    assert numbers(notes) == [2]


def test_reader_sees_one_state_while_others_write(notes: Database) -> None:
    add_note(notes, 1)
    with notes.reading() as db:
        before = db.scalars(select(NOTES.c.id)).all()
        add_note(notes, 2)
        after = db.scalars(select(NOTES.c.id)).all()
    assert before == after == [1]
    assert numbers(notes) == [1, 2]


def test_reader_cannot_write(notes: Database) -> None:
    with pytest.raises(DatabaseNotWritable), notes.reading() as db:
        db.execute(insert(NOTES).values(id=1))
    add_note(notes, 2)
    assert numbers(notes) == [2]


def test_entities_stay_readable_after_the_block(database: Database) -> None:
    Sample.metadata.create_all(database.engine)
    with database.writing() as db:
        thing = Thing(colour=Colour.RED, content={})
        db.add(thing)
    assert (thing.id, thing.colour) == (1, Colour.RED)
