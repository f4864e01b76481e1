"""The load benchmark on the real server; how fast this machine is, no test says."""

import json
from pathlib import Path

import pytest

from api import evaluation
from api.command_line import app
from api.console import run
from evaluation import ledger_pages, ledger_timing
from evaluation.load import LoadNotMeasured, Tally, evaluate_load, running_server, summarise
from tests.fixtures.shipped import ShippedFolder

QUESTIONS = ["创业培训的目标是多少人？", "谁负责发放贴息资金？", "今天天气怎么样？"]


def test_users_ask_the_real_server_and_every_reply_counts(
    shipped_folder: ShippedFolder,
) -> None:
    before = sorted(shipped_folder.path.rglob("*"))
    steps: list[tuple[str, int, int]] = []
    report = evaluate_load(
        shipped_folder.path, QUESTIONS, [1, 3], 0.5, lambda *step: steps.append(step), 1
    )
    assert report["answer_processes"] == 1
    runs = report["runs"]
    assert isinstance(runs, list)
    assert [measured["users"] for measured in runs] == [1, 3]
    for measured in runs:
        assert measured["errors"] == 0
        assert measured["requests"] > 0
        assert 0 < measured["p50_ms"] <= measured["p95_ms"] <= measured["p99_ms"]
        assert measured["answers_per_second"] <= measured["requests"] / 0.5
    assert isinstance(report["start_seconds"], float)
    assert report["start_seconds"] > 0
    assert isinstance(report["peak_rss_mb"], int)
    assert report["peak_rss_mb"] > 50
    assert [step[1:] for step in steps] == [(1, 2), (2, 2)]
    assert sorted(shipped_folder.path.rglob("*")) == before


def test_summary_counts_errors_apart_and_times_right_replies_only() -> None:
    tallies = [Tally([10.0, 20.0, 30.0], 1), Tally([40.0])]
    assert summarise(tallies, 2.0) == {
        "requests": 5,
        "answers_per_second": 2.0,
        "p50_ms": 25.0,
        "p95_ms": 38.5,
        "p99_ms": 39.7,
        "errors": 1,
    }
    assert summarise([Tally(errors=2)], 1.0)["answers_per_second"] == 0.0


@pytest.mark.parametrize(
    ("questions", "users", "seconds"),
    [([], [1], 1.0), (["问"], [], 1.0), (["问"], [0], 1.0), (["问"], [201], 1.0), (["问"], [1], 0)],
)
def test_what_cannot_be_measured_is_refused(
    tmp_path: Path, questions: list[str], users: list[int], seconds: float
) -> None:
    with pytest.raises(LoadNotMeasured):
        evaluate_load(tmp_path, questions, users, seconds)


def test_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "qichuang.db").mkdir()  # a folder in the database's place
    with pytest.raises(LoadNotMeasured, match="服务没有启动"), running_server(tmp_path, 0):
        pytest.fail("it started")


def test_command_explains_a_wrong_number(
    tmp_path: Path,
    shipped_folder: ShippedFolder,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("QICHUANG_DATA_DIR", str(shipped_folder.path))
    assert run(app, ["evaluate", "load", "--users", "0"]) == 1
    assert "1 到 200" in capsys.readouterr().err
    assert run(app, ["evaluate", "load", "--file", str(tmp_path / "none.jsonl")]) == 1
    assert "找不到题目文件" in capsys.readouterr().err


def test_the_ledger_is_measured_behind_the_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(evaluation, "load_encoder", lambda _folder: None)
    monkeypatch.setattr(evaluation, "evaluate_load", lambda *_asked: {"runs": []})
    for module in (ledger_pages, ledger_timing):
        monkeypatch.setattr(module, "REPEATS", 2)
    kept = f"sqlite:///{tmp_path}/ledger.db"
    command = ["evaluate", "load", "--database-url", kept, "--ledger"]
    assert run(app, [*command, "99"]) == 1
    assert "--sessions 须在" in capsys.readouterr().err
    assert run(app, [*command, "100"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["runs"] == []
    assert report["ledger"]["sessions"] == 100
    assert report["ledger"]["goals_met"]["audit_verify"]
    assert report["ledger"]["pages"]["review_queue"]["first_page"]["p95"] > 0
