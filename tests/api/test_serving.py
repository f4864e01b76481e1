"""The whole product as an operator starts it: nothing stands in for anything."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fixtures.shipped import ShippedFolder

LOCAL_RULE = """星河区摆摊创业管理办法

星政发〔2026〕88号

第一条 星河夜市摊位费每月收取77元。
第二条 星河夜市由区商务局管理。
本办法自2026年1月1日起施行。
"""


@pytest.fixture
def environment(tmp_path: Path, shipped_folder: ShippedFolder) -> dict[str, str]:
    folder = shipped_folder.copy_to(tmp_path / "var")
    (folder / "qichuang.db").unlink()  # the first start loads what is shipped
    own = {"DATA_DIR": str(folder), "RATE_LIMIT": "0", "ANSWER_PROCESSES": "1"}
    return os.environ | {f"QICHUANG_{name}": value for name, value in own.items()}


def start(environment: dict[str, str]) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "serve", "--port", "0"],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    for line in process.stderr:
        if match := re.search(r"http://[\d.]+:\d+", line):
            return process, match[0]
    pytest.fail("the server did not start")


def stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)


@pytest.fixture
def server(environment: dict[str, str]) -> Iterator[str]:
    process, url = start(environment)
    yield url
    stop(process)


def ask(url: str, text: str, message_id: str) -> httpx.Response:
    body = {"message_id": message_id, "text": text}
    return httpx.post(f"{url}/api/v1/chat/messages", json=body, timeout=30)


def test_newcomer_gets_a_true_answer_that_outlives_the_server(
    server: str, environment: dict[str, str], tmp_path: Path
) -> None:
    first = ask(server, "创业培训的目标是多少人?", "m-1")
    reply = first.json()
    assert reply["status"] == "answered"
    assert "600人" in reply["text"]
    assert any("600" in citation["quote"] for citation in reply["citations"])
    assert httpx.get(server + reply["citations"][0]["url"]).status_code == 200

    # Another process loads a document; the running server takes it up by itself.
    rule = tmp_path / "办法.txt"
    rule.write_text(LOCAL_RULE, "utf-8")
    command = [sys.executable, "-m", "api", "ingest", str(rule)]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    for attempt in range(100):
        found = ask(server, "星河夜市的摊位费每月多少元?", f"rule-{attempt}").json()
        if "77元" in found["text"]:
            break
        time.sleep(0.2)
    assert "星河区摆摊创业管理办法" in [c["document"] for c in found["citations"]]

    # A second process on the same data gives the stored reply to a repeated message.
    process, url = start(environment)
    assert ask(url, "创业培训的目标是多少人?", "m-1").content == first.content
    stop(process)
