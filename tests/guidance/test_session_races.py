"""Many deliveries at the same moment, from threads and from processes."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from threading import Barrier
from typing import Any

from sqlalchemy import select

from guidance.message import InboundMessage
from guidance.recording import close_idle_sessions, record_turn
from guidance.session import GuidanceSession, MessageIdReused, Turn
from storage.database import Database
from tests.at_once import MESSAGES, run_at_once
from tests.guidance.messages import NOON, REPLY, message

THREADS = 16
ROUNDS = 5


def at_once(work: Callable[[int], Any]) -> list[Any]:
    """Run the work in 16 threads that begin together; return the results."""
    start = Barrier(THREADS)

    def run(number: int) -> Any:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def record(database: Database, inbound: InboundMessage) -> Turn:
    with database.writing() as db:
        return record_turn(db, inbound, REPLY, answered_at=inbound.received_at)


def record_one_of(database: Database, arriving: Sequence[InboundMessage], number: int) -> Turn:
    return record(database, arriving[number])


def sessions_and_turns(database: Database) -> tuple[list[GuidanceSession], list[Turn]]:
    with database.reading() as db:
        sessions = db.scalars(select(GuidanceSession).order_by(GuidanceSession.id)).all()
        turns = db.scalars(select(Turn).order_by(Turn.session_id, Turn.sequence)).all()
    return list(sessions), list(turns)


def test_one_message_delivered_sixteen_times_at_once_is_one_turn(database: Database) -> None:
    for n in range(ROUNDS):
        inbound = message(f"m{n}", person=f"visitor-{n}")
        turns = at_once(partial(record_one_of, database, [inbound] * THREADS))
        assert len({(turn.id, turn.conversation_id) for turn in turns}) == 1
    sessions, turns = sessions_and_turns(database)
    assert len(sessions) == len(turns) == ROUNDS
    assert [session.turn_count for session in sessions] == [1] * ROUNDS


def test_one_message_id_with_many_texts_and_people_is_one_turn(database: Database) -> None:
    def attempt(number: int) -> str:
        inbound = message("m", person=f"visitor-{number}", text=f"问题 {number}")
        try:
            return str(record(database, inbound).question)
        except MessageIdReused:
            return "refused"

    outcomes = at_once(attempt)
    sessions, turns = sessions_and_turns(database)
    assert outcomes.count("refused") == THREADS - 1
    assert len(sessions) == len(turns) == 1
    assert turns[0].question in outcomes


def test_many_messages_of_one_person_at_once_make_one_session(database: Database) -> None:
    for n in range(ROUNDS):
        at = NOON + n * timedelta(hours=1)
        arriving = [message(f"{n}-{k}", at=at) for k in range(THREADS)]
        at_once(partial(record_one_of, database, arriving))
    sessions, turns = sessions_and_turns(database)
    assert len(sessions) == ROUNDS
    assert [session.turn_count for session in sessions] == [THREADS] * ROUNDS
    assert [session.closed_at is None for session in sessions] == [False] * (ROUNDS - 1) + [True]
    assert [turn.sequence for turn in turns] == list(range(1, THREADS + 1)) * ROUNDS


def test_sweeps_during_messages_close_only_what_is_idle(database: Database) -> None:
    at_once(lambda k: record(database, message(f"old-{k}", person=f"visitor-{k}")))
    now = NOON + timedelta(hours=1)

    def work(number: int) -> None:
        if number % 2:
            with database.writing() as db:
                close_idle_sessions(db, now)
        else:
            record(database, message(f"new-{number}", person=f"visitor-{number}", at=now))

    at_once(work)
    sessions, turns = sessions_and_turns(database)
    assert len(sessions) == THREADS + THREADS // 2
    for session in sessions:
        assert (session.closed_at is None) == (session.opened_at == now)
        assert [t.sequence for t in turns if t.session_id == session.id] == [1]


def test_sweep_passes_over_a_session_that_is_being_written_to(
    postgres_database: Database,
) -> None:
    record(postgres_database, message("m1"))
    later = NOON + timedelta(hours=1)
    with postgres_database.writing() as talking:
        inbound = message("m2", at=NOON + timedelta(minutes=29))
        record_turn(talking, inbound, REPLY, answered_at=later)
        with postgres_database.writing() as sweeping:
            assert close_idle_sessions(sweeping, later) == 0


def test_message_during_its_sessions_closing_begins_another(postgres_database: Database) -> None:
    closed = record(postgres_database, message("m1"))
    with ThreadPoolExecutor(1) as pool:
        with postgres_database.writing() as sweeping:
            assert close_idle_sessions(sweeping, NOON + timedelta(hours=1)) == 1
            sweeping.flush()
            late = message("m2", at=NOON + timedelta(minutes=29))
            recording = pool.submit(record, postgres_database, late)
            time.sleep(0.2)
            assert not recording.done()
        assert recording.result().session_id != closed.session_id
    sessions, _ = sessions_and_turns(postgres_database)
    assert [session.turn_count for session in sessions] == [1, 1]


def test_several_processes_share_one_database(database: Database) -> None:
    address = database.engine.url.render_as_string(hide_password=False)
    run_at_once("record_messages", address, processes=3)
    sessions, turns = sessions_and_turns(database)
    assert [session.turn_count for session in sessions] == [4 * MESSAGES]
    assert [turn.sequence for turn in turns] == list(range(1, 4 * MESSAGES + 1))
