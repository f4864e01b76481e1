"""The desk: every number is what the page behind it lists, for the district and for a street."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from accounts.role import Role
from api.policies.validity import today
from guidance.periods.adjustment import Adjustment, AdjustmentKind, AdjustmentStatus
from guidance.periods.period import Quarter
from guidance.periods.record import (
    PeriodRecord,
    PeriodState,
    SampleItem,
    SampleOutcome,
    SampleReason,
)
from guidance.review.decisions import CHECKLIST, approve, submit
from guidance.review.proposal import ProposalKind, propose
from guidance.transition import find_session
from storage.database import Database
from tests.fixtures.ledger import STREETS, add_cast, ask
from tests.fixtures.people import add_person, sign_in

THEN = datetime.now(UTC) - timedelta(days=1)
QUARTER = str(Quarter.of(today()))
TILE = re.compile(r'<a href="([^"]+)"><strong>(\d+)[+]?</strong><span>([^<]+)</span>')
LISTED = {
    "待第二人确认": '<section class="ledger-proposal"',
    f"待抽查（{QUARTER}）": 'href="/staff/samples/',
    f"待确认的调整（{QUARTER}）": 'aria-label="待确认的调整',
}


def add_work(database: Database) -> None:
    """Let two streets wait for each kind of decision."""
    cast = add_cast(database)
    by = cast.staff("handler")
    sessions = [ask(database, number, THEN, unit=STREETS[number]) for number in range(2)]
    for number in sessions:
        with database.writing() as db:
            submit(db, number, by, THEN)
            approve(db, number, cast.staff("reviewer"), THEN, CHECKLIST)
    with database.writing() as db:
        db.add(
            PeriodRecord(
                period=QUARTER, state=PeriodState.OPEN, seed="", seed_digest="", closed_by="",
                frame_root="", prepared_by="", signed_by="", members_root="", as_of_seq=0,
            )
        )  # fmt: skip
        db.flush()
        for number in sessions:
            session = find_session(db, number)
            content = {"codes": "Q5", "reason": "内容充分"}
            propose(db, ProposalKind.REQUALIFY, session.subject, by, THEN, content)
            item = SampleItem(
                period=QUARTER, session_id=number, stratum="", why=SampleReason.DRAWN,
                outcome=SampleOutcome.WAITING, checked_by="", note="",
            )  # fmt: skip
            adjustment = Adjustment(
                kind=AdjustmentKind.VOID, period=QUARTER, posted_in=QUARTER, amount=-1,
                session_id=number, person=session.person, count_on=session.count_on,
                org_unit=session.org_unit, to_unit="", reference="", evidence_digest="",
                reason="重复", status=AdjustmentStatus.PROPOSED, proposed_by=by.reference,
                proposed_at=THEN, decided_by="",
            )  # fmt: skip
            db.add_all([item, adjustment])


def test_every_number_is_what_its_page_lists(client: TestClient, sqlite_database: Database) -> None:
    add_work(sqlite_database)
    for unit, number, checks in (("", 2, 2), (STREETS[0], 1, 0), (STREETS[2], 0, 0)):
        account = add_person(sqlite_database, Role.REVIEWER, login=f"of{unit}", org_unit=unit)
        sign_in(client, sqlite_database, account)
        tiles = {
            name: (path, int(count))
            for path, count, name in TILE.findall(client.get("/staff").text)
        }
        wanted = {"待第二人确认": number, f"待抽查（{QUARTER}）": checks}
        wanted[f"待确认的调整（{QUARTER}）"] = number
        for name, count in wanted.items():
            if not count and name not in tiles:
                assert tiles[name.partition("（")[0]] == ("/staff/periods", 0)
                continue
            path, told = tiles[name]
            assert told == count, (unit, name)
            assert client.get(path).text.count(LISTED[name]) == count, (unit, name)


def test_the_desk_asks_for_a_seed_that_is_missing(
    client: TestClient, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(sqlite_database, 1, THEN)
    quarter = Quarter.of(today() - timedelta(days=1))
    cast = add_cast(sqlite_database)
    street = add_person(sqlite_database, Role.HANDLER, login="street", org_unit=STREETS[0])
    words = {quarter.last_day: "还剩 0 天", quarter.following.first_day: "已经逾期 1 天"}
    for day, said in words.items():
        monkeypatch.setattr("api.ledger.desk.today", lambda day=day: day)
        for account, reminded in ((cast.handler, True), (cast.reviewer, False), (street, False)):
            sign_in(client, sqlite_database, account)
            page = client.get("/staff").text
            assert (said in page) is reminded
            assert (f'href="/staff/periods/{quarter}">去' in page) is reminded
