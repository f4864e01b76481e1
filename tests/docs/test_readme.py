"""The README says what the code does: settings, commands, statuses, links."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from api.command_line import app
from api.console import run
from api.settings import PREFIX, Settings
from assistant.answer import AnswerStatus
from tests.fixtures.shipped import ShippedFolder

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")


def table_keys(pattern: str) -> list[str]:
    return re.findall(rf"^\| `({pattern})` \|", README, re.MULTILINE)


def test_every_setting_is_described_as_in_the_code() -> None:
    rows = dict(re.findall(rf"^\| `{PREFIX}(\w+)` \| (.+) \|$", README, re.MULTILINE))
    assert rows == {
        name.upper(): field.description for name, field in Settings.model_fields.items()
    }


def test_every_command_stands_in_the_table() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    assert table_keys(r"qichuang \w+") == [f"qichuang {name}" for name in commands]


def test_every_status_of_an_answer_is_explained() -> None:
    assert table_keys("[a-z_]+") == [status.value for status in AnswerStatus]


def test_links_and_pictures_exist() -> None:
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_chinese_comes_first_and_the_two_commands_are_named() -> None:
    assert README.index("## 两条命令") < README.index("# Qichuang in English")
    for command in ("make run", "make test"):
        assert command in README
        target = command.removeprefix("make ")
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def test_first_conversation_is_what_a_newcomer_sees(
    shipped_folder: ShippedFolder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shown = re.search(r"^\$ \.venv/bin/qichuang ask \"(.+)\"\n(.+?)^```$", README, re.M | re.S)
    assert shown
    monkeypatch.setenv("QICHUANG_DATA_DIR", str(shipped_folder.copy_to(tmp_path)))
    assert run(app, ["ask", shown[1]]) == 0
    assert capsys.readouterr().out == shown[2]
