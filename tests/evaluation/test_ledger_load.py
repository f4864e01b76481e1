"""A made-up ledger keeps every rule of a real one, on both engines; how fast, no test says."""

import json
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from accounts.role import Role
from api.command_line import app
from audit.verify import verify
from evaluation import ledger_pages, ledger_store, ledger_timing
from evaluation.ledger_load import evaluate_ledger
from evaluation.ledger_pages import PageNotServed, timed_pages
from evaluation.ledger_parts import Scale
from evaluation.ledger_records import made
from evaluation.ledger_store import LedgerNotMade, check_empty, check_room, fill
from evaluation.ledger_summary import goals_met
from evaluation.recount import recount
from guidance.counting.invariants import check_invariants
from storage.database import Database

SMALL = Scale(400, 3.0, seed=7)


@pytest.fixture(autouse=True)
def _few_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    """How often a read is timed changes no rule of what is made."""
    for module in (ledger_pages, ledger_timing):
        monkeypatch.setattr(module, "REPEATS", 2)


def ignore(*_step: object) -> None:
    """Let progress pass."""


def test_what_is_made_keeps_every_invariant_and_the_recount_agrees(database: Database) -> None:
    told: list[int] = []
    fill(database, made(SMALL), told.append)
    assert told[-1] == SMALL.sessions
    with database.reading() as db:
        assert check_invariants(db) == []
    counted = recount(database.engine)
    assert counted["differs"] == []
    assert len(counted["sessions"]) == 12
    assert verify(database, None).holds


def test_one_seed_makes_one_ledger() -> None:
    def rows(seed: int) -> list[object]:
        return [batch.rows for batch in made(Scale(120, 2.0, seed))]

    assert rows(3) == rows(3)
    assert rows(3) != rows(4)


def test_turns_have_the_mean_that_was_asked_for() -> None:
    turns = sum(len(batch.rows["turns"]) for batch in made(Scale(4000, 10.0)))
    assert 9.0 < turns / 4000 < 11.0


def test_figures_are_printed_as_one_object(database_url: str) -> None:
    command = ["evaluate", "ledger", "--sessions", "120", "--turns-per-session", "2"]
    result = CliRunner().invoke(app, [*command, "--database-url", database_url])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["sessions"] == 120
    assert report["audit_verify"]["holds"]
    events = report["audit_verify"]["events"]
    assert events > 360
    assert report["audit_verify"]["checkpoints"] == events // 100 + (events % 100 > 0)
    assert report["database_bytes"] > 100_000
    assert report["peak_rss_mb"] > 20
    assert set(report["goals_met"]) == {"indicators", "review_queue", "audit_verify"}
    timed = [report[group] for group in ("indicators", "review_queue", "ledger_list")]
    timed += report["pages"].values()
    assert {"indicators", "review_queue", "desk", "reports"} <= set(report["pages"])
    for one in (row for group in timed for row in group.values()):
        assert 0 < one["p50"] <= one["p95"] <= one["worst"]
    again = CliRunner().invoke(app, [*command, "--database-url", database_url])
    assert isinstance(again.exception, LedgerNotMade)
    assert "已经有台账" in str(again.exception)


def test_a_goal_is_missed_by_its_slowest_read() -> None:
    quick, slow = {"p95": 1.0}, {"p95": 201.0}
    result: dict[str, Any] = {
        "indicators": {"a": slow},
        "review_queue": {"a": quick, "b": slow},
        "pages": {"indicators": {"a": slow}, "review_queue": {"a": quick}},
        "audit_verify": {"seconds": 60.5},
    }
    assert goals_met(result) == {"indicators": True, "review_queue": False, "audit_verify": False}
    result["pages"]["indicators"]["a"] = {"p95": 301.0}
    assert not goals_met(result)["indicators"]


def test_nothing_is_made_without_room_or_into_a_ledger_in_use(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LedgerNotMade, match="磁盘空间不足"):
        check_room(tmp_path, Scale(10**12, 10.0))
    fill(sqlite_database, made(Scale(100, 1.0)), ignore)
    with pytest.raises(LedgerNotMade, match="已经有台账"):
        check_empty(sqlite_database)
    monkeypatch.setattr(ledger_store, "bytes_needed", lambda _scale: 10**18)
    with pytest.raises(LedgerNotMade, match="磁盘空间不足"):
        evaluate_ledger(SMALL, ignore, folder=tmp_path)
    assert not list(tmp_path.glob("qichuang-ledger-*"))


@pytest.mark.parametrize("scale", [Scale(99, 3.0), Scale(10**8, 3.0), Scale(200, 0.5)])
def test_a_size_without_sense_is_refused(scale: Scale) -> None:
    with pytest.raises(LedgerNotMade, match="须在"):
        evaluate_ledger(scale, ignore)


def test_a_database_of_ones_own_is_kept_and_the_scratch_one_is_not(tmp_path: Path) -> None:
    report = evaluate_ledger(Scale(100, 1.0), ignore, folder=tmp_path)
    assert report["engine"] == "sqlite"
    assert list(tmp_path.iterdir()) == []
    kept = tmp_path / "kept" / "ledger.db"
    evaluate_ledger(Scale(100, 1.0), ignore, f"sqlite:///{kept}")
    left = sqlite3.connect(kept)
    assert left.execute("SELECT count(*) FROM periods").fetchone() == (10,)
    # Whoever asked for the pages cannot come in again.
    assert left.execute("SELECT count(*) FROM accounts WHERE active").fetchone() == (0,)
    assert left.execute("SELECT count(*) FROM web_sessions").fetchone() == (0,)


def test_a_page_that_fails_is_not_timed(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = {"indicators": {"none": (Role.HANDLER, "/staff/sessions/999999")}}
    monkeypatch.setattr(ledger_pages, "pages", lambda _on, _last: missing)
    with pytest.raises(PageNotServed, match="404"):
        timed_pages(sqlite_database, tmp_path, date(2026, 11, 22), 1, ignore)
