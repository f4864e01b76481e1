import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from api.command_line import app
from api.console import run
from api.settings import Settings
from api.startup import open_database
from audit.checkpoint import write_checkpoint
from audit.witness import open_witness
from storage.database import Database
from tests.guidance.people import approved_chat

Command = Callable[..., int]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("QICHUANG_DATA_DIR", str(tmp_path / "var"))
    return lambda *arguments: run(app, [str(argument) for argument in arguments])


@pytest.fixture
def installed(command: Command) -> Database:  # noqa: ARG001 — it sets the data folder
    database = open_database(Settings().database_url)
    approved_chat(database, "m1")
    write_checkpoint(database, open_witness(Settings().data_dir), datetime.now(UTC))
    return database


def test_sound_ledger(
    installed: Database, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    installed.close()
    assert command("audit", "verify") == 0
    assert command("audit", "invariants") == 0
    shown = capsys.readouterr()
    assert "✓ 完好" in shown.out + shown.err
    assert "十二条不变式全部成立" in shown.out + shown.err


def test_number_is_traced_to_its_messages(
    installed: Database, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    installed.close()
    assert command("audit", "trace", "2026Q1") == 0
    period = json.loads(capsys.readouterr().out)
    assert (period["original"], period["members"]) == (1, [1])
    assert command("audit", "trace", "1") == 0
    session = json.loads(capsys.readouterr().out)
    assert session["seal_holds"] is True
    assert [one["message_id"] for one in session["messages"]] == ["m1"]
    assert session["events"][-1]["action"] == "review.approved"
    assert command("audit", "trace", "2026Q7") == 1
    assert command("audit", "trace", "99") == 1


def test_damage_is_named_and_a_loss_can_be_recorded(
    installed: Database, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    with installed.writing() as db:
        db.execute(text("UPDATE tallies SET count = 5"))
        db.execute(text("DROP TRIGGER audit_events_no_delete"))
        db.execute(text("DELETE FROM audit_payloads WHERE seq > 3"))
        db.execute(text("DELETE FROM audit_events WHERE seq > 3"))
    installed.close()
    assert command("audit", "verify") == 1
    assert command("audit", "invariants") == 1
    shown = "".join(capsys.readouterr())
    assert "末尾缺失" in shown
    assert "I1：2026Q1" in shown
    assert command("audit", "resume", "--reason", "硬盘损坏，没有更新的备份") == 0
    assert command("audit", "verify") == 0
    assert command("audit", "resume", "--reason", "再来一次") == 1
    assert len(list((Settings().data_dir / "witness").glob("checkpoints-*.jsonl"))) == 1


def test_indicators_are_listed(
    installed: Database, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    installed.close()
    assert command("indicators", "--on", "2026-12-31") == 0
    assert "创业指导服务人次：1 / 1400 人次  落后于进度" in capsys.readouterr().out
    assert command("indicators", "--json", "--on", "2026-12-31") == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["B3"]["value"] == 1
    assert rows["A1"]["status"] == "undecided"
    assert rows["M3b"]["kind"] == "derived"
