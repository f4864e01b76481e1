from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from guidance.conversation import Conversation, ConversationNotFound, find_conversation
from guidance.lifecycle import SessionState
from guidance.message import Channel, InboundMessage, MessageIdInvalid, Reply
from guidance.recording import IDLE_LIMIT, close_idle_sessions, record_turn
from guidance.session import GuidanceSession, MessageIdReused, Turn, find_turn, recent_turns
from storage.database import Database
from tests.guidance.messages import NOON, REPLY, message

MINUTE = timedelta(minutes=1)
INSTANT = timedelta(microseconds=1)


def record(database: Database, inbound: InboundMessage, reply: Reply = REPLY) -> Turn:
    with database.writing() as db:
        return record_turn(db, inbound, reply, answered_at=inbound.received_at + MINUTE)


def session_of(database: Database, turn: Turn) -> GuidanceSession:
    with database.reading() as db:
        return db.get_one(GuidanceSession, turn.session_id)


def close_idle(database: Database, now: datetime) -> int:
    with database.writing() as db:
        return close_idle_sessions(db, now)


def count(database: Database, entity: type) -> int:
    with database.reading() as db:
        return db.scalar(select(func.count()).select_from(entity)) or 0


def test_turn_keeps_question_reply_and_versions(database: Database) -> None:
    returned = record(database, message("m1"))
    with database.reading() as db:
        stored = db.get_one(Turn, returned.id)
    for turn in (returned, stored):
        assert (turn.sequence, turn.channel, turn.message_id) == (1, Channel.WEB, "m1")
        assert turn.question == turn.completed_question == "怎么申请小额担保贷款?"
        assert (turn.status, turn.intent, turn.answer_text) == ("answered", "policy", REPLY.text)
        assert turn.reply == REPLY.payload
        assert turn.versions == REPLY.versions
        assert (turn.asked_at, turn.answered_at) == (NOON, NOON + MINUTE)
        assert turn.latency_ms == 12


def test_repeated_message_returns_the_first_reply_and_records_nothing(database: Database) -> None:
    first = record(database, message("m1"))
    later = replace(REPLY, text="另一个回答", payload={"text": "另一个回答"})
    again = record(database, message("m1", at=NOON + 90 * MINUTE), later)
    assert (again.id, again.reply, again.answer_text) == (first.id, REPLY.payload, REPLY.text)
    assert again.conversation_id == first.conversation_id
    assert [count(database, entity) for entity in (Turn, GuidanceSession, Conversation)] == [1] * 3
    assert session_of(database, first).last_turn_at == NOON


def test_message_id_with_another_text_is_refused(database: Database) -> None:
    record(database, message("m1"))
    with pytest.raises(MessageIdReused, match="换一个新的编号"):
        record(database, message("m1", text="找谁投诉?"))
    assert count(database, Turn) == 1


def test_same_message_id_on_another_channel_is_another_message(database: Database) -> None:
    record(database, message("m1"))
    record(database, message("m1", text="找谁投诉?", channel=Channel.API))
    assert count(database, Turn) == 2


@pytest.mark.parametrize("message_id", ["", "x" * 129])
def test_message_id_must_have_a_length_that_can_be_kept(message_id: str) -> None:
    with pytest.raises(MessageIdInvalid, match="128"):
        message(message_id)


def test_message_is_found_by_its_id_once_recorded(database: Database) -> None:
    with database.reading() as db:
        assert find_turn(db, message("m1")) is None
    turn = record(database, message("m1"))
    with database.reading() as db:
        found = find_turn(db, message("m1"))
    assert found is not None
    assert found.id == turn.id


def test_first_message_opens_a_conversation_under_a_long_random_id(database: Database) -> None:
    turns = [record(database, message(f"m{n}")) for n in range(20)]
    ids = {turn.conversation_id for turn in turns}
    assert len(ids) == 20
    assert all(len(conversation_id) >= 22 for conversation_id in ids)
    with database.reading() as db:
        opened = find_conversation(db, turns[0].conversation_id)
        assert find_conversation(db, "unknown") is None
    assert opened is not None
    assert (opened.person, opened.channel, opened.opened_at) == ("visitor-1", Channel.WEB, NOON)


def test_unknown_conversation_is_refused_and_nothing_is_recorded(database: Database) -> None:
    with pytest.raises(ConversationNotFound, match="重新开始"):
        record(database, message("m1", conversation_id="unknown"))
    assert count(database, Turn) == count(database, GuidanceSession) == 0


def test_recent_turns_are_the_last_ones_of_the_conversation_newest_last(
    database: Database,
) -> None:
    first = record(database, message("m0"))
    record(database, message("elsewhere"))
    for n in range(1, 5):
        record(database, message(f"m{n}", conversation_id=first.conversation_id))
    with database.reading() as db:
        recent = recent_turns(db, first.conversation_id, limit=3)
    assert [turn.message_id for turn in recent] == ["m2", "m3", "m4"]


def test_session_goes_on_across_conversations_until_thirty_idle_minutes(
    database: Database,
) -> None:
    first = record(database, message("m1"))
    second = record(database, message("m2", at=NOON + IDLE_LIMIT - INSTANT))
    third = record(database, message("m3", at=NOON + 2 * IDLE_LIMIT - INSTANT))
    assert first.session_id == second.session_id != third.session_id
    assert len({turn.conversation_id for turn in (first, second, third)}) == 3
    assert [turn.sequence for turn in (first, second, third)] == [1, 2, 1]
    ended = session_of(database, first)
    assert ended.state is SessionState.RECORDED
    assert ended.closed_at == NOON + 2 * IDLE_LIMIT - INSTANT
    assert ended.turn_count == 2
    assert session_of(database, third).state is SessionState.OPEN


def test_people_have_sessions_of_their_own(database: Database) -> None:
    one = record(database, message("m1"))
    other = record(database, message("m2", person="visitor-2"))
    assert one.session_id != other.session_id


@pytest.mark.parametrize(
    ("first_message_at", "day"),
    [
        (datetime(2026, 3, 31, 15, 59, 59, 999999, UTC), date(2026, 3, 31)),
        (datetime(2026, 3, 31, 16, 0, tzinfo=UTC), date(2026, 4, 1)),
        (datetime(2025, 12, 31, 15, 59, 59, tzinfo=UTC), date(2025, 12, 31)),
        (datetime(2025, 12, 31, 16, 0, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2028, 2, 28, 16, 0, tzinfo=UTC), date(2028, 2, 29)),
    ],
)
def test_session_counts_on_the_shanghai_day_of_its_first_message(
    sqlite_database: Database, first_message_at: datetime, day: date
) -> None:
    first = record(sqlite_database, message("m1", at=first_message_at))
    past_midnight = record(sqlite_database, message("m2", at=first_message_at + 20 * MINUTE))
    assert past_midnight.session_id == first.session_id
    assert session_of(sqlite_database, first).count_on == day


def test_late_message_is_added_without_moving_the_session_back(database: Database) -> None:
    first = record(database, message("m1"))
    late = record(database, message("m2", at=NOON - 10 * MINUTE))
    within = record(database, message("m3", at=NOON + IDLE_LIMIT - INSTANT))
    assert first.session_id == late.session_id == within.session_id
    session = session_of(database, first)
    assert session.opened_at == NOON
    assert session.last_turn_at == NOON + IDLE_LIMIT - INSTANT


def test_session_follows_a_clock_that_is_set_back(database: Database) -> None:
    wrong = record(database, message("m1", at=NOON + timedelta(days=400)))
    right = record(database, message("m2", at=NOON))
    soon = record(database, message("m3", at=NOON + 10 * MINUTE))
    later = record(database, message("m4", at=NOON + 50 * MINUTE))
    assert wrong.session_id == right.session_id == soon.session_id != later.session_id
    session = session_of(database, wrong)
    assert session.closed_at is not None
    assert session.closed_at >= session.opened_at


def test_sweep_closes_idle_sessions_as_the_next_message_would(database: Database) -> None:
    idle = record(database, message("m1"))
    talking = record(database, message("m2", person="visitor-2", at=NOON + 20 * MINUTE))
    assert close_idle(database, NOON + IDLE_LIMIT) == 0  # an answer may still be in the making
    assert close_idle(database, NOON + IDLE_LIMIT + MINUTE) == 1
    assert close_idle(database, NOON + IDLE_LIMIT + MINUTE) == 0
    assert session_of(database, idle).closed_at == NOON + IDLE_LIMIT
    assert session_of(database, talking).state is SessionState.OPEN
    assert close_idle(database, NOON - timedelta(days=1)) == 0


def test_database_refuses_a_second_open_session_of_a_person(database: Database) -> None:
    session = session_of(database, record(database, message("m1")))
    copy = {name: getattr(session, name) for name in ("person", "channel", "opened_at")}
    with pytest.raises(IntegrityError), database.writing() as db:
        db.add(GuidanceSession(**copy, last_turn_at=NOON, turn_count=0))
    with database.writing() as db:
        db.add(GuidanceSession(**copy, last_turn_at=NOON, turn_count=0, closed_at=NOON))


def test_database_refuses_a_second_turn_with_the_same_number(database: Database) -> None:
    turn = record(database, message("m1"))
    values = {c.key: getattr(turn, c.key) for c in Turn.__table__.columns if c.key != "id"}
    with pytest.raises(IntegrityError), database.writing() as db:
        db.add(Turn(**{**values, "message_id": "m2"}))


def test_any_text_can_be_recorded_and_recognized_again(database: Database) -> None:
    odd = "贷款\x00\ud800👩‍🌾" + "\N{COMBINING ACUTE ACCENT}" * 50
    reply = replace(REPLY, payload={"text": odd, "citations": [{"quote": odd}]}, text=odd)
    first = record(database, message("m1", text=odd), reply)
    again = record(database, message("m1", text=odd), reply)
    assert again.id == first.id
    assert again.question == odd.replace("\x00", "�").replace("\ud800", "�")
    assert again.reply["citations"][0]["quote"] == again.question


def test_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(Exception, match="naive datetime"):
        record(database, message("m1", at=datetime(2026, 3, 2)))  # noqa: DTZ001
    assert count(database, Turn) == 0


def test_message_and_reply_are_plain_frozen_values() -> None:
    assert asdict(REPLY)["status"] == "answered"
    with pytest.raises(AttributeError):
        REPLY.text = "x"  # type: ignore[misc]
