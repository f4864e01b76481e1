"""Evidence files and the end of their time."""

from datetime import timedelta
from pathlib import Path

import pytest

from guidance.indicators.evidence import (
    EvidenceFile,
    EvidenceUnusable,
    add_evidence,
    digests_of,
    evidence_of,
    keep_file,
)
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.privacy.erasing import erase_words
from guidance.privacy.files import ERASED
from guidance.privacy.retention import erase_old, read_schedule
from guidance.privacy.rights import waiting_for_purge
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import HANDLER, REVIEWER, at_rest, chat, judge_all

SHEET = ("签到表.pdf", "application/pdf", b"%PDF-1.4 three signatures")
DAY = timedelta(days=1)


@pytest.fixture
def sessions(sqlite_database: Database) -> list[int]:
    """Three sessions with time between them; the first two are proved by one sheet."""
    found = [chat(sqlite_database, f"m{n}", at=NOON + n * DAY) for n in range(3)]
    judge_all(sqlite_database, NOON + 4 * DAY)
    for session_id in found[:2]:
        prove(sqlite_database, session_id)
    return found


def prove(database: Database, session_id: int) -> EvidenceFile:
    session = at_rest(database, session_id)
    with database.writing() as db:
        file = keep_file(db, *SHEET, HANDLER, NOON)
        add_evidence(db, session, file.digest, HANDLER, NOON)
    return file


def names(database: Database, session_id: int) -> list[tuple[str, int]]:
    with database.reading() as db:
        return [(file.name, file.size_bytes) for file in evidence_of(db, session_id)]


def erase(database: Database, session_id: int) -> None:
    with database.writing() as db:
        erase_words(db, [session_id], NOON + 100 * DAY)


def test_a_file_of_two_sessions_is_emptied_with_the_second(
    sqlite_database: Database, sessions: list[int]
) -> None:
    first, second, _ = sessions
    erase(sqlite_database, first)
    assert names(sqlite_database, first) == []
    assert names(sqlite_database, second) == [("签到表.pdf", len(SHEET[2]))]
    erase(sqlite_database, second)
    with sqlite_database.reading() as db:
        (digest,) = digests_of(db, second)  # that there was one stays on record
        file = db.get_one(EvidenceFile, digest)
        assert (file.content, file.size_bytes) == (b"", 0)


def test_an_emptied_file_is_stored_anew_for_what_it_proves_now(
    sqlite_database: Database, sessions: list[int]
) -> None:
    first, second, third = sessions
    erase(sqlite_database, first)
    erase(sqlite_database, second)
    file = prove(sqlite_database, third)
    with sqlite_database.reading() as db:
        assert db.get_one(EvidenceFile, file.digest).content == SHEET[2]
    assert names(sqlite_database, third) == [("签到表.pdf", len(SHEET[2]))]
    assert names(sqlite_database, first) == names(sqlite_database, second) == []


def test_a_file_that_proves_nothing_is_emptied_after_a_week(database: Database) -> None:
    session_id = chat(database, "m1")
    judge_all(database, NOON + DAY)
    prove(database, session_id)
    with database.writing() as db:
        looked_at = keep_file(db, "预览.xlsx", "application/xlsx", b"13800000000", HANDLER, NOON)
        corrects = keep_file(db, "更正.pdf", "application/pdf", b"%PDF-1.4 why", HANDLER, NOON)
        db.add(_refused(session_id, corrects.digest))
    schedule = read_schedule(Path("none"))
    with database.writing() as db:
        erase_old(db, schedule, NOON + 6 * DAY)
        assert db.get_one(EvidenceFile, looked_at.digest).size_bytes > 0
    with database.writing() as db:
        erase_old(db, schedule, NOON + 8 * DAY)
        (waiting,) = waiting_for_purge(db)  # its bytes go from the database's files too
        assert waiting.sessions == 0
    with database.reading() as db:
        gone = db.get_one(EvidenceFile, looked_at.digest)
        assert (gone.content, gone.size_bytes, gone.name) == (b"", 0, ERASED)
        assert db.get_one(EvidenceFile, corrects.digest).size_bytes > 0
    assert names(database, session_id) == [("签到表.pdf", len(SHEET[2]))]
    with database.writing() as db:
        erase_old(db, schedule, NOON + 9 * DAY)
        assert len(waiting_for_purge(db)) == 1


def _refused(session_id: int, digest: str) -> Adjustment:
    return Adjustment(
        period="2026Q1", posted_in="", session_id=session_id, kind=AdjustmentKind.VOID, amount=-1, person="x",
        org_unit="", to_unit="", count_on=NOON.date(), reason="查实", reference="",
        evidence_digest=digest, status=AdjustmentStatus.REFUSED,
        proposed_by="account:1", proposed_at=NOON, decided_by="", decided_at=None,
    )  # fmt: skip


def test_a_file_uploaded_again_has_its_week_anew_and_belongs_to_who_did(
    sqlite_database: Database,
) -> None:
    session_id = chat(sqlite_database, "m1")
    judge_all(sqlite_database, NOON + DAY)
    for by, days in ((HANDLER, 0), (REVIEWER, 6)):
        with sqlite_database.writing() as db:
            file = keep_file(db, *SHEET, by, NOON + days * DAY)
            assert file.uploaded_by == by.reference
    schedule = read_schedule(Path("none"))
    with sqlite_database.writing() as db:
        erase_old(db, schedule, NOON + 12 * DAY)
        assert db.get_one(EvidenceFile, file.digest).size_bytes > 0
    with sqlite_database.writing() as db:
        erase_old(db, schedule, NOON + 14 * DAY)
    session = at_rest(sqlite_database, session_id)
    with pytest.raises(EvidenceUnusable, match="重新上传"), sqlite_database.writing() as db:
        add_evidence(db, session, file.digest, HANDLER, NOON + 14 * DAY)
