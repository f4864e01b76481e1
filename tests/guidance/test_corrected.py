"""What counts with the adjustments in force: lists as long as the revised figures, both engines."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select

from evaluation.ledger_parts import Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import fill
from guidance.counting.corrected import counting_by
from guidance.counting.tally import SPLITS
from guidance.ledger_filter import LedgerFilter
from guidance.ledger_list import count_sessions, list_sessions
from guidance.lifecycle import COUNTED, ServiceLine, SessionState
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.periods.adjusting import Words, post_adjustment, propose_adjustment
from guidance.periods.adjustment import AdjustmentKind
from guidance.periods.locking import restated, units_restated
from guidance.session import GuidanceSession
from storage.database import Database
from tests.fixtures.database import FillOnce
from tests.guidance.messages import NOON
from tests.guidance.people import SECOND_REVIEWER, SECOND_SIGNER, approved_chat

VOID, ADD, MOVE = AdjustmentKind.VOID, AdjustmentKind.ADD, AdjustmentKind.RECLASSIFY
QUARTER = "2025Q4"
QUARTERS = tuple(f"{year}Q{number}" for year in (2024, 2025, 2026) for number in range(1, 5))


def correct(database: Database, kind: AdjustmentKind, session_id: int, unit: str = "") -> None:
    """Propose and post an adjustment."""
    with database.writing() as db:
        words = Words("查实", to_unit=unit)
        proposed = propose_adjustment(db, kind, session_id, SECOND_REVIEWER, NOON, words)
    with database.writing() as db:
        post_adjustment(db, proposed.id, SECOND_SIGNER, NOON)


def some_of(database: Database, *states: SessionState) -> list[int]:
    """Return the sessions of the quarter in some states, by number."""
    mine = select(GuidanceSession.id).where(
        GuidanceSession.period == QUARTER, GuidanceSession.state.in_(states)
    )
    with database.reading() as db:
        return list(db.scalars(mine.order_by(GuidanceSession.id)))


@pytest.fixture
def units(database: Database, fill_once: FillOnce) -> dict[int, str | None]:
    made: dict[int, str | None] = fill_once(database, corrected_ledger)
    return made


def corrected_ledger(database: Database) -> dict[int, str | None]:
    """Make a ledger corrected in every way; return where the corrected sessions count now."""
    fill(database, made(Scale(900, 1.0, seed=11)), lambda _done: None)
    a, b, c, d, e, *_ = some_of(database, SessionState.LOCKED)
    refused = iter(some_of(database, SessionState.REJECTED, SessionState.UNQUALIFIED))
    correct(database, VOID, a)
    correct(database, MOVE, b, "第9局")
    correct(database, MOVE, c, "第9局")
    correct(database, MOVE, c, "第8局")  # on to a third unit
    correct(database, MOVE, d, "第9局")
    correct(database, VOID, d)
    correct(database, MOVE, e, "第9局")
    with database.reading() as db:
        own = {one.id: one.org_unit for one in db.scalars(select(GuidanceSession))}
    correct(database, MOVE, e, own[e])  # and back
    found: dict[int, str | None] = {a: None, b: "第9局", c: "第8局", d: None, e: own[e]}
    x, y, z = addable(database, refused)
    for one in (x, y, z):
        correct(database, ADD, one)
    correct(database, VOID, y)
    correct(database, MOVE, z, "第8局")
    return {**found, x: own[x], y: None, z: "第8局"}


def addable(database: Database, refused: Iterator[int]) -> list[int]:
    """Return three sessions whose person and day nothing else counts for."""
    with database.reading() as db:
        every = list(db.scalars(select(GuidanceSession)))
    days = {(one.person, one.count_on) for one in every if one.state in COUNTED}
    by_number = {one.id: one for one in every}
    free = [
        one for one in refused
        if (by_number[one].person, by_number[one].count_on) not in days
    ]  # fmt: skip
    return free[:3]


CHOICES = [
    LedgerFilter(),
    LedgerFilter(period=QUARTER),
    LedgerFilter(period="2025"),
    LedgerFilter(org_unit="第9局"),
    LedgerFilter(org_unit="第8局", period=QUARTER),
    LedgerFilter(org_unit=""),
    LedgerFilter(month="2025-10"),
    LedgerFilter(org_unit="第8局", month="2025-10"),
    LedgerFilter(channel=Channel.WEB),
    LedgerFilter(service_line=ServiceLine.MENTOR, period="2025"),
    LedgerFilter(identity_level=IdentityLevel.VISITOR),
    LedgerFilter(provider="mentor:M0003"),
    LedgerFilter(flagged=True),
    LedgerFilter(code="Q3"),
    LedgerFilter(appealed=False, org_unit="第9局"),
]


def test_the_list_holds_what_counts_once_and_in_order(
    database: Database, units: dict[int, str | None]
) -> None:
    with database.reading() as db:
        every = list(db.scalars(select(GuidanceSession).order_by(GuidanceSession.id)))
        place = {one.id: one.org_unit if one.state in COUNTED else None for one in every} | units
        for wanted in CHOICES:
            expected = [one.id for one in every if fits(one, place[one.id], wanted)]
            chosen = replace(wanted, counting=True)
            assert count_sessions(db, chosen) == (len(expected), False), wanted
            for newest in (False, True):
                found: list[int] = []
                after: int | None = 0
                while after is not None:
                    page = list_sessions(db, chosen, after, newest=newest, limit=37)
                    found += [one.id for one in page.sessions]
                    after = page.after
                assert found == (expected[::-1] if newest else expected), wanted


def fits(one: GuidanceSession, unit: str | None, wanted: LedgerFilter) -> bool:
    """Whether a session counts and is what is wanted, `unit` being where it counts now."""
    equal = ("service_line", "channel", "identity_level", "provider", "appealed")
    return (
        unit is not None
        and wanted.org_unit in (None, unit)
        and all(getattr(wanted, name) in (None, getattr(one, name)) for name in equal)
        and one.period.startswith(wanted.period or "")
        and f"{one.count_on:%Y-%m}".startswith(wanted.month or "")
        and (wanted.flagged is None or bool(one.flags) == wanted.flagged)
        and (wanted.code or "") in one.codes
    )


def test_revised_figures_are_as_many_as_their_rows(
    database: Database, units: dict[int, str | None]
) -> None:
    assert len(units) == 8
    with database.reading() as db:
        for period in QUARTERS:
            figures = restated(db, period)
            rows = count_sessions(db, LedgerFilter(period=period, counting=True))
            assert rows == (figures["revised"], False)
            original = count_sessions(db, LedgerFilter(COUNTED, period=period))
            assert original == (figures["original"], False)
        for unit, count in units_restated(db, QUARTER).items():
            rows = count_sessions(db, LedgerFilter(org_unit=unit, period=QUARTER, counting=True))
            assert rows == (count, False), unit


@pytest.mark.parametrize("split", SPLITS)
def test_every_split_sums_to_the_revised_value_and_opens_its_rows(
    database: Database, units: dict[int, str | None], split: str
) -> None:
    assert units
    kinds = {"service_line": ServiceLine, "channel": Channel, "identity_level": IdentityLevel}
    with database.reading() as db:
        counts = counting_by(db, split, QUARTER)
        assert sum(counts.values()) == restated(db, QUARTER)["revised"]
        for value, count in counts.items():
            words = {"period": QUARTER, split: kinds[split](value) if split in kinds else value}
            wanted = LedgerFilter(counting=True, **words)  # type: ignore[arg-type]
            assert count_sessions(db, wanted) == (count, False), value


def test_nothing_is_corrected_at_first(database: Database) -> None:
    session_id = approved_chat(database, "m1")
    with database.reading() as db:
        page = list_sessions(db, LedgerFilter(counting=True))
        assert [one.id for one in page.sessions] == [session_id]
