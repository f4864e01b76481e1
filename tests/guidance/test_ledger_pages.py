"""The list page by page: whatever the filter, every session once and in order."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from evaluation.ledger_parts import Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import fill
from guidance.ledger_filter import LedgerFilter
from guidance.ledger_list import count_sessions, list_sessions, members
from guidance.lifecycle import COUNTED, SessionState
from guidance.session import GuidanceSession
from storage.database import Database

Wanted = Callable[[GuidanceSession], bool]
PENDING_OR_LOCKED = frozenset({SessionState.PENDING, SessionState.LOCKED})
CASES: list[tuple[LedgerFilter, Wanted]] = [
    (LedgerFilter(), lambda one: one.id > 0),
    (LedgerFilter(org_unit=""), lambda one: one.org_unit == ""),
    (LedgerFilter(period="2026"), lambda one: one.period.startswith("2026")),
    (
        LedgerFilter(PENDING_OR_LOCKED, period="2026Q3"),
        lambda one: one.period == "2026Q3" and one.state in PENDING_OR_LOCKED,
    ),
    (
        LedgerFilter(PENDING_OR_LOCKED, provider="", period="2025"),
        lambda one: (
            one.provider == "" and one.period.startswith("2025") and one.state in PENDING_OR_LOCKED
        ),
    ),
    (
        LedgerFilter(org_unit="", month="2025-05"),
        lambda one: one.org_unit == "" and f"{one.count_on:%Y-%m}" == "2025-05",
    ),
]


def test_pages_hold_every_session_once_and_in_order(database: Database) -> None:
    fill(database, made(Scale(600, 1.0)), lambda _done: None)
    with database.reading() as db:
        every = list(db.scalars(select(GuidanceSession).order_by(GuidanceSession.id)))
        for chosen, wanted in CASES:
            expected = [one.id for one in every if wanted(one)]
            assert expected
            assert count_sessions(db, chosen) == (len(expected), False)
            for newest in (False, True):
                found: list[int] = []
                after: int | None = 0
                while after is not None:
                    page = list_sessions(db, chosen, after, newest=newest, limit=37)
                    found += [one.id for one in page.sessions]
                    after = page.after
                assert found == (expected[::-1] if newest else expected)


@pytest.mark.parametrize("unit", [None, "", "没有这个街道"])
def test_members_of_a_year_follow_one_another(database: Database, unit: str | None) -> None:
    fill(database, made(Scale(600, 1.0)), lambda _done: None)
    with database.reading() as db:
        every = list(db.scalars(select(GuidanceSession).order_by(GuidanceSession.id)))
        expected = [
            one.id for one in every
            if one.period.startswith("2026") and one.state in COUNTED and unit in (None, one.org_unit)
        ]  # fmt: skip
        found: list[int] = []
        after: int | None = 0
        while after is not None:
            page = members(db, "2026", unit, after, limit=19)
            found += [one.id for one in page.sessions]
            after = page.after
        assert found == expected
