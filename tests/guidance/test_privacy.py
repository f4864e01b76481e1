"""Erasing a person: no word left, every count, seal and event as before."""

import logging
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from accounts.role import Role
from api.privacy.work import Keeping, erase_everywhere, export_person, purge_when_due
from audit.checkpoint import write_checkpoint
from audit.verify import verify
from audit.witness import open_witness
from guidance.counting.invariants import check_invariants
from guidance.counting.tally import Tally, counted, persons_of_year
from guidance.lifecycle import SessionState, TransitionRefused
from guidance.periods.adjustment import AdjustmentKind
from guidance.periods.locking import locked_values
from guidance.privacy.restricted import (
    RestrictedSession,
    StillLocked,
    agree_to_read,
    ask_to_read,
    read_restricted,
    under_lock,
)
from guidance.privacy.retention import ScheduleInvalid, erase_old, read_schedule
from guidance.review.staff import DutiesNotSeparate
from guidance.session import GuidanceSession, Turn
from storage.database import Database
from tests.guidance.canaries import DAY, OFFICER, Canaries, live
from tests.guidance.messages import NOON
from tests.guidance.people import (
    approved_chat,
    at_rest,
    chat,
    qualified_chat,
    staff,
)
from tests.guidance.test_person_day import adjust, propose, rejected_chat
from tests.guidance.test_report import lock
from tests.guidance.traces import (
    in_files,
    in_rows,
    let_the_planner_look,
    make_backup,
    make_index,
    make_reports,
    tables_folder,
)

KEEPING = Keeping("secret", read_schedule(Path("/nowhere")))
LONG_AFTER = datetime(2028, 5, 1, tzinfo=UTC)  # two years after the lock of 2026Q1
AUDITOR, SECOND_AUDITOR = staff(11, Role.AUDITOR), staff(12, Role.AUDITOR)
PEOPLE = 5


@pytest.fixture
def people(database: Database) -> list[Canaries]:
    return [live(database, number) for number in range(PEOPLE)]


def figures(database: Database) -> tuple[object, ...]:
    with database.reading() as db:
        tallies = db.execute(select(Tally.__table__).order_by(*Tally.__table__.primary_key)).all()
        seals = db.execute(
            select(GuidanceSession.id, GuidanceSession.seal).order_by(GuidanceSession.id)
        ).all()
        turns = db.scalar(select(func.count()).select_from(Turn))
        return (
            counted(db, "2026Q1"), persons_of_year(db, 2026), locked_values(db, "2026Q1"),
            tallies, seals, turns,
        )  # fmt: skip


def test_no_word_of_a_person_is_left_and_every_count_stays(
    database: Database,
    people: list[Canaries],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "qichuang")
    witness = open_witness(tmp_path)
    lock(database)
    let_the_planner_look(database)
    make_index(database, tmp_path)
    write_checkpoint(database, witness, NOON, now=True)
    before = figures(database)
    gone, stay = people[1:], people[0]
    held = in_rows(database)
    assert all(word in held for one in people for word in one.words)
    for one in gone:
        done = erase_everywhere(database, one.person, OFFICER, LONG_AFTER, KEEPING)
        assert (done.sessions, done.restricted) == (4, 0)
    assert purge_when_due(database, KEEPING.schedule, LONG_AFTER)
    left = in_rows(database)
    assert not [word for one in gone for word in one.words if word in left]
    assert all(word in left for word in stay.words)
    assert figures(database) == before
    write_checkpoint(database, witness, LONG_AFTER, now=True)
    result = verify(database, witness)
    assert result.holds, result.findings
    assert result.erased
    with database.reading() as db:
        assert check_invariants(db) == []
        assert export_person(db, gone[0].person)["profile"] == []
    make_reports(database, tmp_path, monkeypatch)
    make_backup(database, tmp_path)
    files = in_files(tmp_path, tables_folder(database, tmp_path)) + caplog.text.encode()
    assert all(word.encode() in files for word in stay.words)
    assert not [word for one in gone for word in one.words if word.encode() in files]


def test_words_of_what_counts_stay_under_lock_for_two_years(
    database: Database, people: list[Canaries]
) -> None:
    lock(database)
    before, now = figures(database), datetime(2026, 5, 1, tzinfo=UTC)
    one = people[2]
    done = erase_everywhere(database, one.person, OFFICER, now, KEEPING)
    assert (done.sessions, done.restricted) == (4, 1)
    with database.reading() as db:
        (session_id,) = db.scalars(select(RestrictedSession.session_id))
        assert all(not message["question"] for c in export_person(db, one.person)["consultations"]
                   for message in c["messages"])  # fmt: skip
        (kept,) = under_lock(db, KEEPING.schedule.counted_for)
        assert kept.kept_until is not None
        assert now + 700 * DAY < kept.kept_until <= LONG_AFTER
        assert under_lock(db, DAY, "东街街道") == []
    assert at_rest(database, session_id).state is SessionState.LOCKED
    with database.writing() as db, pytest.raises(StillLocked):
        read_restricted(db, session_id, AUDITOR, now)
    with database.writing() as db:
        ask_to_read(db, session_id, AUDITOR, "复查")
    with database.writing() as db, pytest.raises(DutiesNotSeparate):
        agree_to_read(db, session_id, AUDITOR, now)
    with database.writing() as db:
        agree_to_read(db, session_id, SECOND_AUDITOR, now)
    with database.writing() as db:
        words = read_restricted(db, session_id, AUDITOR, now + DAY)
        assert words["turns"][0]["question"] == f"{one.words[3]}怎么贷款？"
    with database.writing() as db, pytest.raises(StillLocked):
        read_restricted(db, session_id, AUDITOR, now + 8 * DAY)
    with database.writing() as db:
        erase_old(db, KEEPING.schedule, LONG_AFTER)
    left = in_rows(database)
    assert not [word for word in one.words if word in left]
    assert figures(database) == before


def test_erasing_twice_does_nothing_more(database: Database, people: list[Canaries]) -> None:
    now = datetime(2026, 5, 1, tzinfo=UTC)
    erase_everywhere(database, people[0].person, OFFICER, now, KEEPING)
    again = erase_everywhere(database, people[0].person, OFFICER, now, KEEPING)
    assert (again.sessions, again.restricted) == (0, 0)
    session = chat(database, "new", person=people[0].person, at=now, text="又来问一句贷款")
    third = erase_everywhere(database, people[0].person, OFFICER, now, KEEPING)
    assert third.sessions == 1
    assert at_rest(database, session).erased_at is not None


def test_schedule_erases_uncounted_chats_after_90_days(database: Database) -> None:
    old, fresh = NOON, NOON + 80 * DAY
    first = chat(database, "m1", text="好的", at=old)
    counts = approved_chat(database, "m2", person="visitor-2", at=old)
    waiting = qualified_chat(database, "m3", person="visitor-3", at=old)
    second = chat(database, "m4", text="好的", person="visitor-4", at=fresh)
    qualified_chat(database, "m5", person="visitor-5", at=fresh)
    at = old + 91 * DAY
    with database.writing() as db:
        assert erase_old(db, KEEPING.schedule, at) == 1
        assert erase_old(db, KEEPING.schedule, at) == 0
    assert at_rest(database, first).erased_at == at
    for kept in (counts, waiting, second):
        assert at_rest(database, kept).erased_at is None


def test_words_of_what_was_added_are_kept_as_those_of_what_counts(database: Database) -> None:
    added = rejected_chat(database, "m1", "visitor-a")
    gone, asked = rejected_chat(database, "m2", "visitor-b"), rejected_chat(database, "m3", "c")
    lock(database)
    adjust(database, AdjustmentKind.ADD, added)
    propose(database, AdjustmentKind.ADD, asked)  # on its way
    at = NOON + 91 * DAY
    with database.writing() as db:
        assert erase_old(db, KEEPING.schedule, at) == 1
    assert at_rest(database, gone).erased_at == at
    assert {at_rest(database, one).erased_at for one in (added, asked)} == {None}
    with pytest.raises(TransitionRefused, match="无从查实"):
        propose(database, AdjustmentKind.ADD, gone)
    done = erase_everywhere(database, "visitor-a", OFFICER, at, KEEPING)
    assert (done.sessions, done.restricted) == (1, 1)
    with database.writing() as db:
        assert erase_old(db, KEEPING.schedule, at) == 0
        assert len(under_lock(db, KEEPING.schedule.counted_for)) == 1
        assert erase_old(db, KEEPING.schedule, LONG_AFTER) == 2  # under lock, and the proposed one
        assert under_lock(db, KEEPING.schedule.counted_for) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [("a: [", "YAML"), ("- 1", "整份文件"), ("version: x", "counted_days"),
     ("SHORT", "730"), ("WORD", "整数")],
)  # fmt: skip
def test_bad_schedule_is_refused(tmp_path: Path, text: str, told: str) -> None:
    good = (Path(__file__).parents[2] / "guidance" / "privacy" / "retention.yaml").read_text()
    text = {"SHORT": good.replace("730 ", "30 "), "WORD": good.replace(" 90 ", " soon ")}.get(
        text, text
    )
    (tmp_path / "retention.yaml").write_text(text)
    with pytest.raises(ScheduleInvalid, match=told):
        read_schedule(tmp_path)
