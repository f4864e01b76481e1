"""The seed of a quarter's sample: published in time, or late with two names under it."""

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from audit.log import events_of
from guidance.periods.closing import PeriodNotReady, close_quarter
from guidance.periods.period import Quarter
from guidance.periods.record import PeriodRecord
from guidance.periods.seed import (
    SeedNotLate,
    SeedTooLate,
    commit_seed,
    late_seeds,
    propose_late_seed,
    seeds_wanted,
    sign_late_seed,
)
from guidance.review.proposal import ProposalKind, ReasonMissing, open_proposals
from guidance.review.staff import DutiesNotSeparate, NotYourDuty
from storage.database import Database
from tests.guidance.messages import NOON
from tests.guidance.people import (
    HANDLER,
    REVIEWER,
    SECOND_SIGNER,
    SIGNER,
    approved_chat,
    qualified_chat,
)

Q1 = Quarter(2026, 1)
LAST_MOMENT = datetime(2026, 3, 31, 15, 59, 59, tzinfo=UTC)  # a second before midnight in Shanghai
TOO_LATE = datetime(2026, 3, 31, 16, tzinfo=UTC)
AFTER = datetime(2026, 4, 22, tzinfo=UTC)


def noon(day: date) -> datetime:
    return datetime.combine(day, time(4), UTC)


def test_it_is_published_by_the_last_day_and_stands(database: Database) -> None:
    with database.writing() as db:
        first = commit_seed(db, Q1, HANDLER, LAST_MOMENT)
        digest = first.seed_digest
        assert first.committed_at == LAST_MOMENT
    with database.writing() as db:  # again, and much later: nothing is drawn anew
        assert commit_seed(db, Q1, SIGNER, AFTER).seed_digest == digest
    for column in ("seed", "seed_digest", "committed_at"):
        value = AFTER if column == "committed_at" else "0" * 64
        with pytest.raises(DBAPIError), database.writing() as db:
            db.execute(update(PeriodRecord).values({column: value}))


def test_afterwards_it_takes_two_and_a_reason(database: Database) -> None:
    approved_chat(database, "m1")
    for at in (TOO_LATE, AFTER):
        with pytest.raises(SeedTooLate, match="2026-03-31"), database.writing() as db:
            commit_seed(db, Q1, HANDLER, at)
    with pytest.raises(PeriodNotReady, match="种子"), database.writing() as db:
        close_quarter(db, Q1, SIGNER, AFTER)
    with pytest.raises(SeedNotLate), database.writing() as db:
        propose_late_seed(db, Q1, HANDLER, LAST_MOMENT, "忘了")
    with pytest.raises(ReasonMissing), database.writing() as db:
        propose_late_seed(db, Q1, HANDLER, AFTER, " ")
    with pytest.raises(NotYourDuty), database.writing() as db:
        propose_late_seed(db, Q1, REVIEWER, AFTER, "忘了")
    with database.writing() as db:
        number = propose_late_seed(db, Q1, SIGNER, AFTER, "交接时遗漏").id
    with pytest.raises(SeedNotLate, match="已有人申请"), database.writing() as db:
        propose_late_seed(db, Q1, HANDLER, AFTER, "交接时遗漏")
    with pytest.raises(DutiesNotSeparate), database.writing() as db:
        sign_late_seed(db, number, SIGNER, AFTER)
    with pytest.raises(NotYourDuty), database.writing() as db:
        sign_late_seed(db, number, REVIEWER, AFTER)
    with database.writing() as db:
        sign_late_seed(db, number, SECOND_SIGNER, AFTER)
    with database.writing() as db:
        close_quarter(db, Q1, SIGNER, AFTER)
    with database.reading() as db:
        late = late_seeds(db)["2026Q1"]
        assert (late.reason, late.decided_by) == ("交接时遗漏", SECOND_SIGNER.reference)
        told = [(event.action, said) for event, said in events_of(db, "period:2026Q1")]
        assert [action for action, _ in told][:3] == [
            "late_seed.proposed", "late_seed.confirmed", "sample.committed",
        ]  # fmt: skip
        assert told[2][1]["details"]["late"] == number
        assert open_proposals(db, ProposalKind.LATE_SEED) == []


def test_it_is_asked_for_in_the_last_weeks_and_when_it_was_missed(database: Database) -> None:
    def wanted(day: date) -> list[str]:
        with database.reading() as db:
            return [str(one) for one in seeds_wanted(db, day)]

    assert wanted(date(2026, 3, 31)) == []  # nobody asked anything
    qualified_chat(database, "m1")
    assert wanted(date(2026, 3, 10)) == []
    assert wanted(date(2026, 3, 11)) == wanted(date(2026, 3, 31)) == ["2026Q1"]
    assert wanted(date(2026, 4, 1)) == ["2026Q1"]
    with database.writing() as db:
        commit_seed(db, Q1, HANDLER, NOON)
    assert wanted(date(2026, 3, 31)) == wanted(date(2026, 4, 1)) == []
