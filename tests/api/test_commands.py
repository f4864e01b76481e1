import json
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from api.command_line import app
from api.console import run
from api.policies.validity import today
from api.settings import Settings
from api.startup import open_database
from assistant.answer import Answer, Question
from knowledge.corpus import Corpus
from knowledge.document import DocumentStatus, PolicyDocument
from knowledge.encoder_choice import TransformersMissing
from storage.database import Database
from tests.fixtures.edge import StandIn, add_document, quote_best, small_document

Command = Callable[..., int]

NOTICE = """关于发放创业补贴的通知

一、对初次创业的人员给予补贴。
二、补贴由区财政局发放。
"""


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("QICHUANG_DATA_DIR", str(tmp_path / "var"))
    return lambda *arguments: run(app, [str(argument) for argument in arguments])


@pytest.fixture
def stand_in_answers(monkeypatch: pytest.MonkeyPatch, stand_in: StandIn) -> StandIn:
    """The commands that answer, without the encoder and the shipped pack."""

    def one_document(database: Database) -> int:
        add_document(database, small_document())
        return 1

    for module in ("api.chat.commands", "api.evaluation"):
        monkeypatch.setattr(f"{module}.bring_in_pack", one_document)
        monkeypatch.setattr(f"{module}.open_snapshot", lambda db, _dir: stand_in.snapshot(db))
    return stand_in


def stored(tmp_path: Path) -> list[PolicyDocument]:
    database = open_database(f"sqlite:///{tmp_path}/var/qichuang.db")
    with database.reading() as db:
        documents = list(db.scalars(select(PolicyDocument).order_by(PolicyDocument.id)))
    database.close()
    return documents


def test_ingest_shows_what_was_read_and_stores_it(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "通知.txt"
    file.write_text(NOTICE, "utf-8")
    assert (
        command("ingest", file, "--number", "启发〔2026〕1号", "--effective-on", "2026-07-01") == 0
    )
    assert "通知.txt" in capsys.readouterr().out
    (document,) = stored(tmp_path)
    assert document.doc_number == "启发〔2026〕1号"
    assert document.effective_on == date(2026, 7, 1)
    assert document.status is DocumentStatus.PUBLISHED
    assert command("ingest", file) == 0
    assert len(stored(tmp_path)) == 1


def test_ingest_of_a_draft_is_not_published(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "草稿.txt"
    file.write_text(NOTICE, "utf-8")
    assert command("ingest", "--draft", file) == 0
    assert stored(tmp_path)[0].status is DocumentStatus.DRAFT


def test_one_bad_file_fails_but_the_others_are_loaded(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, empty = tmp_path / "好.txt", tmp_path / "空.txt"
    good.write_text(NOTICE, "utf-8")
    empty.write_bytes(b"")
    assert command("ingest", empty, tmp_path, tmp_path / "没有.txt", good) == 1
    errors = capsys.readouterr().err
    assert "4 个文件中有 3 个没有载入" in errors
    assert "没有这个文件" in errors
    assert "文件夹" in errors
    assert "Traceback" not in errors
    assert len(stored(tmp_path)) == 1


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["ingest"], 2),
        (["nothing"], 2),
        (["serve", "--port", "x"], 2),
        (["ask", "问题", "--as-of", "2026"], 2),
        (["ingest", "a.txt", "b.txt", "--title", "x"], 2),
        (["evaluate", "answers", "missing.jsonl"], 1),
    ],
)
def test_misuse_is_explained_in_chinese(
    command: Command, capsys: pytest.CaptureFixture[str], arguments: list[str], status: int
) -> None:
    assert command(*arguments) == status
    errors = capsys.readouterr().err
    assert "错误" in errors
    assert "Traceback" not in errors


def test_encoder_is_switched_and_reset(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def missing(name: str, data_dir: Path) -> None:
        assert (name, data_dir) == ("some/model", tmp_path / "var")
        raise TransformersMissing("换用其他模型还需要 torch")

    monkeypatch.setattr("api.encoder_commands.use_model", missing)
    assert command("encoder", "use", "some/model") == 1
    assert "torch" in capsys.readouterr().err
    assert command("encoder", "reset") == 0
    assert "默认模型" in capsys.readouterr().out


def test_wrong_setting_is_named(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QICHUANG_RATE_LIMIT", "many")
    assert command("doctor") == 1
    assert "QICHUANG_RATE_LIMIT" in capsys.readouterr().err


def test_data_folder_that_cannot_be_written_is_explained(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "var").write_text("a file in its place")
    assert command("ingest", tmp_path / "x.txt") == 1
    assert "错误" in capsys.readouterr().err


def test_tables_that_do_not_fit_are_explained_and_left_alone(
    command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    with closing(sqlite3.connect(folder / "qichuang.db")) as connection:
        connection.execute("CREATE TABLE turns (question TEXT)")
        connection.execute("INSERT INTO turns VALUES ('开店有补贴吗')")
        connection.commit()
        before = list(connection.iterdump())
    start = [sys.executable, "-m", "api", "serve", "--port", "0"]
    served = subprocess.run(start, capture_output=True, text=True, check=False)
    assert (served.returncode, served.stdout) == (1, "")
    assert command("indicators") == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    log = folder / "migration-failure.log"
    for errors in (served.stderr, printed.err):
        (line,) = errors.splitlines()
        for said in ("错误：", "不要删除", "qichuang restore", "QICHUANG_DATA_DIR", str(log)):
            assert said in line
    assert "table turns already exists" in log.read_text("utf-8")
    assert log.stat().st_mode & 0o077 == 0
    assert command("doctor") == 1
    assert "升级失败" in capsys.readouterr().out
    with closing(sqlite3.connect(folder / "qichuang.db")) as connection:
        assert list(connection.iterdump()) == before


def test_taken_port_is_explained(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert command("serve", "--port", port) == 1
    assert "--port" in capsys.readouterr().err


def test_ask_answers_with_its_sources(
    command: Command, stand_in_answers: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("ask", "每年培训多少人") == 0
    printed = capsys.readouterr().out
    assert "每年培训600人" in printed
    assert "[1] 《创业扶持办法》" in printed
    assert "以文件原文为准" in printed
    assert stand_in_answers.asked[0].as_of == today()


def test_ask_as_json_for_a_day(
    command: Command, stand_in_answers: StandIn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command("ask", "每年培训多少人", "--as-of", "2026-03-01", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["status"] == "answered"
    assert answer["citations"][0]["effective_on"] == "2026-02-01"
    assert stand_in_answers.asked[0].as_of == date(2026, 3, 1)


def test_evaluate_answers_prints_one_report(
    command: Command, stand_in_answers: StandIn, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stand_in_answers.reply = lambda question, corpus: _only_about_training(question, corpus)
    file = tmp_path / "cases.jsonl"
    right = {
        "id": "a",
        "kind": "figure",
        "q": "每年培训多少人",
        "clauses": ["一"],
        "must": [["600"]],
    }
    wrong = {"id": "b", "kind": "figure", "q": "贴息多少", "clauses": ["二"], "must": [["50%"]]}
    file.write_text("\n".join(json.dumps(case, ensure_ascii=False) for case in (right, wrong)))
    assert command("evaluate", "answers", file, "--failures") == 0
    report = json.loads(capsys.readouterr().out)
    assert [failure["id"] for failure in report["failures"]] == ["b"]


def _only_about_training(question: Question, corpus: Corpus) -> Answer:
    return quote_best(Question("创业培训", question.as_of), corpus)


def test_doctor_masks_secrets_and_names_what_fails(
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    def no_model(_data_dir: Path) -> None:
        raise LookupError("没有找到模型权重")

    monkeypatch.setattr("api.doctor.load_encoder", no_model)
    monkeypatch.setenv("QICHUANG_METRICS_TOKEN", "very-secret")
    assert command("doctor") == 1
    printed = capsys.readouterr().out
    assert "very-secret" not in printed
    assert str(tmp_path / "var") in printed
    assert "✓ 数据库" in printed
    assert "✗ 语义模型" in printed
    assert "没有找到模型权重" in printed


def test_doctor_hides_the_database_password(
    command: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QICHUANG_DATABASE_URL", "postgresql+psycopg://u:hidden@127.0.0.1:1/x")
    monkeypatch.setattr("api.doctor._encoder", lambda _settings: "ready")
    assert command("doctor") == 1
    printed = capsys.readouterr().out
    assert "hidden" not in printed
    assert "✗ 数据库" in printed


@pytest.mark.parametrize("address", ["foo", "mysql://a/b"])
def test_an_unknown_database_is_told_by_its_setting(
    address: str,
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("QICHUANG_DATABASE_URL", address)
    assert command("doctor") == 1
    assert "设置的值不对：QICHUANG_DATABASE_URL" in capsys.readouterr().err


def test_help_is_chinese(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("--help") == 0
    printed = capsys.readouterr().out
    for name in ("serve", "ingest", "ask", "doctor", "evaluate", "encoder"):
        assert re.search(rf"{name}\s+[\u4e00-\u9fff]", printed), name


def test_settings_have_chinese_descriptions(tmp_path: Path) -> None:
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert re.search("[\u4e00-\u9fff]", field.description), name
    assert Settings(data_dir=tmp_path).database_url == f"sqlite:///{tmp_path}/qichuang.db"
