import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from audit.log import SYSTEM, Actor, ActorKind
from audit.verify import verify as verify_log
from matching.assignment.certificate_file import verify
from matching.mentoring.asking import request_mentor, withdraw_need
from matching.mentoring.guiding import Ending, end_pairing, note_meeting, rate
from matching.mentoring.moves import MentoringRefused, NeedTaken, Proposer, SeatTaken
from matching.mentoring.need import MentoringContact, MentoringNeed, NeedState, Wish
from matching.mentoring.pairing import (
    RUNNING,
    SEATED,
    AssignmentRecord,
    DeclineReason,
    Pairing,
    PairingNotFound,
    PairingState,
    find_pairing,
)
from matching.mentoring.proposing import accept, decline, keep_deadlines, propose
from matching.mentoring.run import apply_run, gather, last_run, store_run
from matching.mentors.mentor import Mentor, find_mentor
from matching.mentors.pack import load_mentors
from storage.database import Database

NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)
DAY = NOW.date()
CODE = "S001"
STAFF = Proposer(Actor(ActorKind.ACCOUNT, "7"), "熟悉情况")
WISH = Wish(topics=("营销获客",), phone="13800000000")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def loaded(database: Database) -> Database:
    return with_mentors(database)


def with_mentors(database: Database, concurrent: int = 1) -> Database:
    with database.writing() as db:
        load_mentors(db, NOW, DAY)
        first = db.scalars(select(Mentor).order_by(Mentor.code)).first()
        assert first is not None
        first.code, first.concurrent_cap, first.weekly_cap = CODE, concurrent, 1000
        first.yearly_cap = 1000
    return database


def ask(database: Database, person: str, wish: Wish = WISH) -> int:
    with database.writing() as db:
        return request_mentor(db, person, wish, NOW).id


def proposed(database: Database, person: str = "visitor:1") -> tuple[int, int]:
    need_id = ask(database, person)
    with database.writing() as db:
        return need_id, propose(db, need_id, CODE, STAFF, NOW).id


def held(database: Database) -> int:
    with database.reading() as db:
        return find_mentor(db, CODE).held


def state(database: Database, need_id: int) -> NeedState:
    with database.reading() as db:
        return db.get_one(MentoringNeed, need_id).state


def check_seats(database: Database) -> None:
    with database.reading() as db:
        for mentor in db.scalars(select(Mentor)):
            seated = db.scalar(
                select(func.count()).where(
                    Pairing.mentor_code == mentor.code, Pairing.state.in_(SEATED)
                )
            )
            assert seated == mentor.held
            assert mentor.held <= mentor.concurrent_cap
        doubles = select(Pairing.need_id).where(Pairing.state.in_(SEATED))
        assert not db.execute(doubles.group_by(Pairing.need_id).having(func.count() > 1)).all()
        for need in db.scalars(select(MentoringNeed)):
            now = db.scalars(
                select(Pairing.state).where(Pairing.need_id == need.id, Pairing.state.in_(SEATED))
            ).all()
            assert (need.state is NeedState.PAIRED) == bool(set(now) & set(RUNNING))
            assert (need.state is NeedState.PROPOSED) == (PairingState.PROPOSED in now)


def test_from_request_to_completion_the_seat_is_held_and_then_free(loaded: Database) -> None:
    need_id, pairing_id = proposed(loaded)
    assert held(loaded) == 1
    with loaded.writing() as db:
        accept(db, pairing_id, CODE, SYSTEM, NOW)
        note_meeting(db, pairing_id, CODE, NOW)
        rate(db, pairing_id, "visitor:1", 5, NOW)
        with pytest.raises(MentoringRefused):
            rate(db, pairing_id, "visitor:1", 1, NOW)
    assert held(loaded) == 1
    with loaded.writing() as db:
        end_pairing(db, pairing_id, STAFF, NOW, Ending.COMPLETED)
    with pytest.raises(MentoringRefused), loaded.writing() as db:
        end_pairing(db, pairing_id, STAFF, NOW, Ending.COMPLETED)
    assert held(loaded) == 0
    assert state(loaded, need_id) is NeedState.CLOSED
    with loaded.reading() as db:
        assert db.get(MentoringContact, need_id) is None
        assert find_mentor(db, CODE).ratings >= 1
    check_seats(loaded)
    assert verify_log(loaded, None).findings == []


def test_a_seat_is_given_once_and_a_need_has_one_proposal(loaded: Database) -> None:
    need_id, _ = proposed(loaded)
    other = ask(loaded, "visitor:2")
    with pytest.raises(SeatTaken), loaded.writing() as db:
        propose(db, other, CODE, STAFF, NOW)
    assert state(loaded, other) is NeedState.WAITING
    with pytest.raises(NeedTaken), loaded.writing() as db:
        propose(db, need_id, CODE, STAFF, NOW)
    with pytest.raises(MentoringRefused), loaded.writing() as db:
        request_mentor(db, "visitor:1", WISH, NOW)


@pytest.mark.parametrize("cap", ["weekly_cap", "yearly_cap"])
def test_weekly_and_yearly_caps_hold(loaded: Database, cap: str) -> None:
    need_id = ask(loaded, "visitor:1")
    with loaded.writing() as db:
        db.execute(update(Mentor).where(Mentor.code == CODE).values({cap: 0}))
    with pytest.raises(SeatTaken), loaded.writing() as db:
        propose(db, need_id, CODE, STAFF, NOW)
    assert held(loaded) == 0


def test_no_and_no_answer_free_the_seat_and_bar_the_pair(loaded: Database) -> None:
    need_id, pairing_id = proposed(loaded)
    with pytest.raises(PairingNotFound), loaded.writing() as db:
        decline(db, pairing_id, "S999", (DeclineReason.NO_TIME, ""), SYSTEM, NOW)
    with loaded.writing() as db:
        decline(db, pairing_id, CODE, (DeclineReason.NO_TIME, ""), SYSTEM, NOW)
    assert held(loaded) == 0
    with loaded.reading() as db:
        run = gather(db, NOW, DAY).solve().run
    assert run.pairs[f"N{need_id}"] != CODE
    second = ask(loaded, "visitor:2")
    with loaded.writing() as db:
        late = propose(db, second, CODE, STAFF, NOW).id
        assert keep_deadlines(db, NOW + timedelta(days=2)) == 0
        assert find_pairing(db, late).reminded_at is not None
    with pytest.raises(MentoringRefused), loaded.writing() as db:
        accept(db, late, CODE, SYSTEM, NOW + timedelta(days=3))
    with loaded.writing() as db:
        assert keep_deadlines(db, NOW + timedelta(days=3)) == 1
    assert state(loaded, second) is NeedState.WAITING
    check_seats(loaded)


def test_who_withdraws_frees_the_seat_and_takes_the_phone_back(loaded: Database) -> None:
    need_id, _ = proposed(loaded)
    with loaded.writing() as db:
        withdraw_need(db, need_id, "visitor:1", NOW)
        withdraw_need(db, need_id, "visitor:1", NOW)
    assert held(loaded) == 0
    with loaded.reading() as db:
        assert db.get(MentoringContact, need_id) is None


def test_a_run_is_stored_with_a_proof_and_applied_once(loaded: Database) -> None:
    for number in range(4):
        ask(loaded, f"visitor:{number}")
    with loaded.reading() as db:
        run = gather(db, NOW, DAY).solve().run
    with loaded.writing() as db:
        run_id = store_run(db, run, STAFF, NOW)
    with loaded.writing() as db:
        assert apply_run(db, run_id, STAFF, NOW, DAY) == 4
    with pytest.raises(MentoringRefused), loaded.writing() as db:
        apply_run(db, run_id, STAFF, NOW, DAY)
    with loaded.reading() as db:
        record = last_run(db)
        assert isinstance(record, AssignmentRecord)
        assert verify(record.certificate).valid
        assert all(p.reasons["reasons"] for p in db.scalars(select(Pairing)))
    check_seats(loaded)


def test_of_many_who_want_one_seat_one_gets_it(loaded: Database) -> None:
    needs = [ask(loaded, f"visitor:{number}") for number in range(8)]

    def try_one(number: int) -> bool:
        try:
            with loaded.writing() as db:
                propose(db, needs[number], CODE, STAFF, NOW)
        except SeatTaken:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_one, range(8))) == 1
    check_seats(loaded)


@pytest.mark.parametrize("engine", ["sqlite_database", "postgres_database"])
def test_killed_writers_leave_no_seat_over_and_no_need_twice(
    request: pytest.FixtureRequest, engine: str
) -> None:
    database = with_mentors(request.getfixturevalue(engine), 3)
    for number in range(12):
        ask(database, f"visitor:{number}")
    url = database.engine.url.render_as_string(hide_password=False)
    kills = int(os.environ.get("QICHUANG_TEST_KILLS", "5"))
    script = str(Path(__file__).with_name("killed_proposer.py"))
    run = subprocess.run(
        [sys.executable, script, url, str(kills), str(random.randrange(10**6))],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60 + 5 * kills,
        check=False,
    )
    assert (run.returncode, run.stderr) == (0, "")
    check_seats(database)
    with database.reading() as db:
        assert (db.scalar(select(func.count(Pairing.id))) or 0) > 0
