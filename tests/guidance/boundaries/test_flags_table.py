"""What is flagged, just below, at and above each limit: the tables of `flags.md`."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import update

from accounts.role import Role
from guidance.indicators.value import Reported, ValueRefused, report_value
from guidance.lifecycle import SessionState
from guidance.periods.period import Quarter, shanghai_day
from guidance.review.callback import record_callback
from guidance.review.flags import rushing_units
from guidance.review.staff import NotYourDuty
from guidance.seal import SEALED_OF_SESSION, SEALED_OF_TURN, seal_holds
from guidance.session import GuidanceSession, Turn
from guidance.transition import find_session
from storage.database import Database
from tests.guidance.boundaries.table import Row, cases, moment, tables, words
from tests.guidance.boundaries.tried import copies, put, tried
from tests.guidance.messages import NOON
from tests.guidance.people import REVIEWER, at_rest, enter, judge_all, qualified_chat, staff

FILE = "flags.md"
LATER = timedelta(minutes=25)
BASE = "说明贷款条件材料时限利率约定下周来办理事"
CHANGED = "复核租约预算表"


def visits(database: Database, name: str, begins: list[datetime], *changed: int) -> str:
    """Enter consultations of one colleague, judge each; return the numbers that are flagged."""
    made = []
    for place, at in enumerate(begins):
        summary = chr(0x4E00 + place + at.hour) * 20
        if changed:
            summary = CHANGED[: changed[place]] + BASE[changed[place] :]
        session = enter(
            database, person=f"{name}:{at}", at=at, provider=f"{name}:x", summary=summary,
            ended_at=at + timedelta(minutes=9),
        )  # fmt: skip
        judge_all(database, at + LATER)
        made.append(at_rest(database, session.id))
    flag = {"hour": "G3", "day": "G7", "words": "G4"}[name.split(":")[0]]
    found = [str(n) for n, one in enumerate(made, start=1) if flag in one.flags.split()]
    return " ".join(found) or "-"


@pytest.mark.parametrize("case", cases(FILE, "A colleague's hour (G3)"))
def test_a_burst_is_flagged(case: Row, sqlite_ledger: Database) -> None:
    begins = [moment(f"2026-{one}") for one in words(case["begins"])]
    assert visits(sqlite_ledger, f"hour:{case['case']}", begins) == case["flagged"]


@pytest.mark.parametrize("case", cases(FILE, "A colleague's day (G7)"))
def test_a_long_day_is_flagged(case: Row, sqlite_ledger: Database) -> None:
    name, first = f"day:{case['case']}", moment("2026-03-02 00:00")
    visits(sqlite_ledger, name, [first])
    with sqlite_ledger.writing() as db:
        number = db.query(GuidanceSession.id).filter_by(provider=f"{name}:x").one()[0]
        copies(db, number, int(case["before it"]) - 1, provider=f"{name}:x")
    at = moment(f"{case['on']} 12:00")
    assert visits(sqlite_ledger, name, [at]) == case["flagged"]


@pytest.mark.parametrize("case", cases(FILE, "Words of others (G4)"))
def test_the_words_of_others_are_flagged(case: Row, sqlite_ledger: Database) -> None:
    changed = [int(one) for one in case["changed"].split()]
    begins = [moment("2026-03-02 00:00") + n * timedelta(hours=2) for n in range(len(changed))]
    assert visits(sqlite_ledger, f"words:{case['case']}", begins, *changed) == case["flagged"]


def test_every_field_of_the_seal_stands_in_the_table() -> None:
    fields = [(row["of"], row["field"]) for row in tables(FILE)["Sealed (G2)"]]
    sealed = [("consultation", name) for name in SEALED_OF_SESSION if name != "id"]
    sealed += [("message", name) for name in SEALED_OF_TURN if name not in {"reply", "versions"}]
    assert sorted(fields) == sorted(sealed)


@pytest.mark.parametrize("case", cases(FILE, "Sealed (G2)"))
def test_a_change_of_what_is_sealed_is_seen(case: Row, sqlite_ledger: Database) -> None:
    number = _one(sqlite_ledger)
    entity: Any = GuidanceSession if case["of"] == "consultation" else Turn
    name = case["field"]
    with tried(sqlite_ledger) as db:
        session = find_session(db, number)
        assert seal_holds(db, session)
        row = session if entity is GuidanceSession else db.query(Turn).one()
        changed = _other(getattr(row, name), name)
        db.execute(update(entity).where(entity.id == row.id).values({name: changed}))
        db.expire_all()
        assert not seal_holds(db, find_session(db, number))


@pytest.mark.parametrize("case", cases(FILE, "A rush at the quarter's end (G5)"))
def test_a_rush_is_flagged(case: Row, sqlite_ledger: Database) -> None:
    number = _one(sqlite_ledger)
    with tried(sqlite_ledger) as db:
        for when in ("late", "before"):
            day = shanghai_day(moment(f"{case[f'{when} on']} 12:00"))
            quarter = Quarter.of(day)
            copies(
                db, number, int(case[when]), count_on=day, period=str(quarter),
                state=SessionState.APPROVED, org_unit="东街",
            )  # fmt: skip
        assert ("东街" in rushing_units(db, quarter)) is (case["rush"] == "yes")


@pytest.mark.parametrize("case", cases(FILE, "Called back (G6)"))
def test_what_a_client_denies_is_flagged(case: Row, sqlite_ledger: Database) -> None:
    number = _one(sqlite_ledger)
    other: dict[str, dict[str, object]] = {
        "in review": {},
        "approved": {"state": SessionState.APPROVED},
        "unqualified": {"state": SessionState.UNQUALIFIED},
        "locked": {"state": SessionState.LOCKED},
        "in another quarter": {"period": "2026Q2"},
        "of another colleague": {"provider": "x"},
    }
    usual: dict[str, object] = {"provider": "account:9", "state": SessionState.PENDING}
    values = usual | other[case["other is"]]
    with tried(sqlite_ledger) as db:
        copies(db, number, 1, **values)
        put(db, number, provider="account:9")
        happened = case["said"] == "yes"
        found = record_callback(db, number, REVIEWER, happened=happened, words="查无此事")
        assert bool([one for one in found if one != number]) is (case["flagged"] == "yes")


@pytest.mark.parametrize("case", cases(FILE, "Nobody sets a figure (G11)"))
@pytest.mark.parametrize("role", list(Role))
def test_nobody_sets_a_figure(case: Row, role: Role, sqlite_ledger: Database) -> None:
    day = datetime(2026, 3, 31, tzinfo=UTC)
    reported = Reported(case["indicator"], day.date(), Decimal(1400), "台账", "0" * 64)
    with tried(sqlite_ledger) as db, pytest.raises((ValueRefused, NotYourDuty)):
        report_value(db, reported, staff(9, role), day)


def _one(database: Database) -> int:
    """Return a sealed consultation by chat, the same for all cases."""
    with database.reading() as db:
        known = db.query(Turn.session_id).first()
    return known[0] if known else qualified_chat(database, "flags", person="flags", at=NOON)


def _other(value: object, name: str) -> object:
    """Return another value of the same kind."""
    if isinstance(value, datetime):
        return value + timedelta(seconds=1)
    if isinstance(value, int):
        return value + 1
    return {"channel": "api", "service_line": "handover"}.get(name, f"{value}改")
