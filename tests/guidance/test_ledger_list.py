"""The ledger and the audit log as lists, on both engines."""

from datetime import timedelta

import pytest

from audit.log import SYSTEM, append_event
from guidance.ledger_audit import EventFilter, list_events
from guidance.ledger_filter import LedgerFilter
from guidance.ledger_list import count_sessions, list_sessions, session_within
from guidance.lifecycle import COUNTED, ServiceLine, SessionState
from guidance.message import Channel
from guidance.people.level import IdentityLevel
from guidance.transition import SessionNotFound
from storage.database import Database
from tests.fixtures.database import FillOnce
from tests.guidance.messages import NOON
from tests.guidance.people import approved_chat, chat, enter, judge_all, qualified_chat


@pytest.fixture
def ledger(database: Database, fill_once: FillOnce) -> list[int]:
    made: list[int] = fill_once(database, _four_sessions)
    return made


def _four_sessions(database: Database) -> list[int]:
    """One counted, one qualified, one unqualified chat, and one consultation at the window."""
    counted = approved_chat(database, "m1", person="visitor-1")
    qualified = qualified_chat(database, "m2", person="visitor-2", at=NOON + timedelta(days=40))
    short = chat(database, "m3", person="visitor-3", at=NOON + timedelta(days=41), text="贷款")
    judge_all(database, NOON + timedelta(days=42))
    window = enter(database, person="visitor-4", org_unit="东街街道").id
    return [counted, qualified, short, window]


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        (LedgerFilter(), {0, 1, 2, 3}),
        (LedgerFilter(states=COUNTED), {0}),
        (LedgerFilter(states=frozenset({SessionState.UNQUALIFIED})), {2}),
        (LedgerFilter(code="Q3"), {2}),
        (LedgerFilter(code="Q9"), set()),
        (LedgerFilter(org_unit="东街街道"), {3}),
        (LedgerFilter(org_unit=""), {0, 1, 2}),
        (LedgerFilter(service_line=ServiceLine.WINDOW), {3}),
        (LedgerFilter(channel=Channel.WEB), {0, 1, 2}),
        (LedgerFilter(identity_level=IdentityLevel.STAFF), set()),
        (LedgerFilter(period="2026Q1"), {0, 3}),
        (LedgerFilter(period="2026"), {0, 1, 2, 3}),
        (LedgerFilter(month="2026-04"), {1, 2}),
        (LedgerFilter(month="2026-12"), set()),
        (LedgerFilter(provider="account:9"), {3}),
        (LedgerFilter(flagged=True), set()),
        (LedgerFilter(flagged=False, appealed=False), {0, 1, 2, 3}),
        (LedgerFilter(appealed=True), set()),
    ],
)
def test_filters_leave_what_they_say(
    database: Database, ledger: list[int], wanted: LedgerFilter, places: set[int]
) -> None:
    with database.reading() as db:
        found = {one.id for one in list_sessions(db, wanted).sessions}
        assert found == {ledger[place] for place in places}
        assert count_sessions(db, wanted) == (len(places), False)


@pytest.mark.parametrize("newest", [False, True])
def test_pages_hold_every_session_once(database: Database, ledger: list[int], newest: bool) -> None:
    found: list[int] = []
    after: int | None = 0
    with database.reading() as db:
        while after is not None:
            page = list_sessions(db, LedgerFilter(), after, newest=newest, limit=3)
            found += [one.id for one in page.sessions]
            after = page.after
    assert found == sorted(ledger, reverse=newest)


def test_another_units_session_is_missing(database: Database, ledger: list[int]) -> None:
    with database.reading() as db:
        assert session_within(db, ledger[3], "东街街道").id == ledger[3]
        for session_id, unit in [(ledger[3], "南湖街道"), (ledger[0], "东街街道"), (10**6, "")]:
            with pytest.raises(SessionNotFound):
                session_within(db, session_id, unit)


def test_events_are_listed_newest_first(database: Database) -> None:
    with database.writing() as db:
        for number in range(5):
            append_event(db, f"review.step{number}", f"session:{number}", SYSTEM, {"n": number})
        append_event(db, "reviewer.added", "account:1", SYSTEM)
    with database.reading() as db:
        page = list_events(db, EventFilter(action="review"), limit=3)
        assert [event.seq for event, _ in page.events] == [5, 4, 3]
        assert page.events[0][1]["details"] == {"n": 4}
        rest = list_events(db, EventFilter(action="review"), page.before or 0, limit=3)
        assert [event.seq for event, _ in rest.events] == [2, 1]
        assert rest.before is None
        assert len(list_events(db, EventFilter(action="%")).events) == 0
        assert len(list_events(db, EventFilter(action="review.step1")).events) == 1
        assert len(list_events(db, EventFilter(subject="account:1", actor="qichuang")).events) == 1
        assert not list_events(db, EventFilter(until=NOON)).events
        assert len(list_events(db, EventFilter(since=NOON)).events) == 6
