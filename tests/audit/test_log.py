import hashlib
import json
import threading
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from audit.log import (
    ORIGIN,
    Actor,
    ActorKind,
    AuditEvent,
    AuditPayload,
    append_event,
    canonical,
    events_of,
    last_seq,
    payload_digest,
)
from storage.database import Database

ANNA = Actor(ActorKind.ACCOUNT, "7", "reviewer")


def append(database: Database, n: int = 1, **words: object) -> int:
    with database.writing() as db:
        return append_event(db, "project.published", f"project:P{n:04}", ANNA, **words)  # type: ignore[arg-type]


def test_numbers_follow_one_another_and_time_is_kept(database: Database) -> None:
    before = datetime.now(UTC)
    assert [append(database, n) for n in (1, 2, 3)] == [1, 2, 3]
    with database.reading() as db:
        event = db.get_one(AuditEvent, 2)
        assert last_seq(db) == 3
    assert before.replace(microsecond=0) <= event.at <= datetime.now(UTC)
    assert (event.actor_kind, event.actor_id, event.actor_role) == ("account", "7", "reviewer")


def test_hash_is_the_published_formula(database: Database) -> None:
    append(database, 1)
    append(database, 2, details={"state": "published"}, reason="复核通过")
    with database.reading() as db:
        first, second = db.scalars(select(AuditEvent).order_by(AuditEvent.seq)).all()
        payload = db.get_one(AuditPayload, 2)
    record = {
        "action": "project.published",
        "actor_id": "7",
        "actor_kind": "account",
        "actor_role": "reviewer",
        "at_us": second.at_us,
        "payload_digest": hashlib.sha256(
            bytes.fromhex(payload.salt) + payload.payload.encode()
        ).hexdigest(),
        "previous": first.hash,
        "seq": 2,
        "subject": "project:P0002",
    }
    written = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    assert second.hash == hashlib.sha256(b"\x00" + written.encode()).hexdigest()
    assert json.loads(payload.payload) == {"details": {"state": "published"}, "reason": "复核通过"}


def test_event_of_an_undone_change_leaves_no_gap(database: Database) -> None:
    append(database)
    with pytest.raises(DBAPIError, match="nowhere"), database.writing() as db:  # noqa: PT012
        append_event(db, "project.withdrawn", "project:P0001", ANNA)
        db.execute(text("SELECT * FROM nowhere"))
    assert append(database) == 2


def test_many_writers_leave_no_gap(database: Database) -> None:
    threads = [
        threading.Thread(target=lambda: [append(database, n) for n in range(10)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.reading() as db:
        assert db.scalar(select(func.count()).select_from(AuditEvent)) == 80
        assert last_seq(db) == 80


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET subject = 'project:P0009' WHERE seq = 1",
        "DELETE FROM audit_events WHERE seq = 2",
        "UPDATE audit_payloads SET payload = '{}' WHERE seq = 1",
        "INSERT INTO audit_events VALUES (9, 0, 'system', '', '', 'a', 's', '', '')",
        "INSERT INTO audit_events VALUES (1, 0, 'system', '', '', 'a', 's', '', '')",
    ],
)
def test_database_itself_keeps_the_log(database: Database, statement: str) -> None:
    append(database, details={"a": 1})
    append(database)
    with pytest.raises(DBAPIError, match="refused|not the next"), database.writing() as db:
        db.execute(text(statement))


def test_rows_are_not_replaced_or_truncated(
    sqlite_database: Database, postgres_database: Database
) -> None:
    append(sqlite_database)
    append(postgres_database)
    with pytest.raises(DBAPIError, match="not the next"), sqlite_database.writing() as db:
        db.execute(text("INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events"))
    with pytest.raises(DBAPIError, match="refused"), postgres_database.writing() as db:
        db.execute(text("TRUNCATE audit_events CASCADE"))


def test_words_may_be_erased_and_the_digest_stays(database: Database) -> None:
    seq = append(database, details={"phone": "13800000000"})
    with database.writing() as db:
        db.execute(text("DELETE FROM audit_payloads"))
    with database.reading() as db:
        (found,) = events_of(db, "project:P0001")
    assert (found[0].seq, found[1]) == (seq, {})
    assert len(found[0].payload_digest) == 64


def test_same_words_have_another_digest_each_time(database: Database) -> None:
    append(database, details={"phone": "13800000000"})
    append(database, details={"phone": "13800000000"})
    with database.reading() as db:
        first, second = db.scalars(select(AuditEvent.payload_digest)).all()
    assert first != second


def test_any_text_can_be_recorded(database: Database) -> None:
    append(database, reason='\x00 \ud800 "引号" \\ \u2028', details={"é": 0.1, "day": {1, 2}})
    with database.reading() as db:
        ((event, words),) = events_of(db, "project:P0001")
        stored = db.get_one(AuditPayload, 1)
    assert words["details"] == {"é": "0.1", "day": [1, 2]}
    assert payload_digest(stored.salt, stored.payload) == event.payload_digest


def test_origin_of_a_request_is_part_of_the_erasable_words(database: Database) -> None:
    token = ORIGIN.set({"request": "r-1", "client": "10.1.2.0/24"})
    append(database)
    ORIGIN.reset(token)
    with database.reading() as db:
        ((_, words),) = events_of(db, "project:P0001")
    assert words["origin"] == {"request": "r-1", "client": "10.1.2.0/24"}


def test_canonical_text_does_not_depend_on_order_or_normal_form() -> None:
    assert canonical({"b": 1, "a": "e\u0301"}) == canonical({"a": "é", "b": 1}) == '{"a":"é","b":1}'
