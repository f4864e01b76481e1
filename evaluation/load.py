"""How fast the server answers: the product itself, started apart, asked by many at once."""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

START_TIMEOUT_S = 300.0  # a first start encodes every clause
STOP_TIMEOUT_S = 30.0
REPLY_TIMEOUT_S = 30.0
MOST_USERS = 200
MOST_SECONDS = 600.0
WARM_UP_REQUESTS = 20
_ADDRESS = re.compile(r"http://([\d.]+):(\d+)")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB$", re.MULTILINE)
# Both are derived from the model and the texts; taking them along saves a minute.
_REUSED = ("encoder", "index")

Progress = Callable[[str, int, int], None]


class LoadNotMeasured(ValueError):
    """The server cannot be measured; the message says why, in Chinese."""


@dataclass(slots=True)
class Tally:
    """What users got while they asked: milliseconds of every right reply, and errors."""

    latencies_ms: list[float] = field(default_factory=list)
    errors: int = 0


def _with_children(process_id: int) -> list[int]:
    lists = Path(f"/proc/{process_id}/task").glob("*/children")  # a list for each thread
    children = [int(child) for one in lists for child in one.read_text().split()]
    return [process_id, *(one for child in children for one in _with_children(child))]


def cpu_seconds(process_ids: Sequence[int]) -> float:
    """Return the processor time that processes have used until now, in seconds; Linux only."""
    ticks = 0
    for process_id in process_ids:
        # The name before the last bracket may hold spaces.
        fields = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _peak_kb(process_id: int) -> int:
    peak = _PEAK.search(Path(f"/proc/{process_id}/status").read_text())
    return int(peak[1]) if peak else 0


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it listens and as what."""

    host: str
    port: int
    process_id: int

    def children(self) -> list[int]:
        """Return the processes that the server started, such as those that answer."""
        return _with_children(self.process_id)[1:]

    def peak_rss_mb(self) -> int:
        """Return the most memory the server's processes have held, in MiB; Linux only."""
        return round(sum(map(_peak_kb, _with_children(self.process_id))) / 1024)


def evaluate_load(
    data_dir: Path,
    questions: Sequence[str],
    users: Sequence[int] = (1, 10),
    seconds: float = 10.0,
    progress: Progress | None = None,
    answer_processes: int = 0,
) -> dict[str, object]:
    """Measure answers a second and their latency for each number of users.

    The server runs as its own process on a free port of this machine, with SQLite in a
    folder of its own: nothing is written to `data_dir`, whose encoder and index are
    copied. Every user sends the next question as soon as the last reply is in.
    `start_seconds` is the second start, with everything in place. Raises
    LoadNotMeasured.
    """
    _check(questions, users, seconds)
    with tempfile.TemporaryDirectory(prefix="qichuang-load-") as name:
        folder = Path(name)
        for part in _REUSED:
            if (data_dir / part).is_dir():
                shutil.copytree(data_dir / part, folder / part)
        with running_server(folder, 0):
            pass  # loads the documents, so that the next start is a usual one
        began = time.perf_counter()
        with running_server(folder, answer_processes) as server:
            start_s = time.perf_counter() - began
            wait_for_processes(server, answer_processes)
            _warm_up(server, questions)
            runs = []
            for done, number in enumerate(users, start=1):
                runs.append(_run(server, questions, number, seconds))
                if progress is not None:
                    progress("正在测量", done, len(users))
            peak_mb = server.peak_rss_mb()
    return {
        "start_seconds": round(start_s, 2),
        "peak_rss_mb": peak_mb,
        "answer_processes": answer_processes,
        "runs": runs,
    }


def _check(questions: Sequence[str], users: Sequence[int], seconds: float) -> None:
    if not questions:
        raise LoadNotMeasured("题目文件里没有可用的问题。")
    if not users or not all(1 <= number <= MOST_USERS for number in users):
        raise LoadNotMeasured(f"同时提问的人数须在 1 到 {MOST_USERS} 之间。")
    if not 0 < seconds <= MOST_SECONDS:
        raise LoadNotMeasured(f"每轮的秒数须大于 0，至多 {MOST_SECONDS:.0f}。")


@contextmanager
def running_server(
    folder: Path, answer_processes: int, settings: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """Start the product on a free loopback port with `folder` for its data; stop it after.

    `settings` are further ones, without their prefix.
    """
    own = dict(settings or {}) | {
        "DATA_DIR": str(folder),
        "DATABASE_URL": "",
        "RATE_LIMIT": "0",
        "TRUSTED_PROXIES": "",
        "ANSWER_PROCESSES": str(answer_processes),
    }
    environment = os.environ | {f"QICHUANG_{name}": value for name, value in own.items()}
    log = folder / "server.log"  # a file: a pipe that nobody empties would stop the server
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "serve", "--host", "127.0.0.1", "--port", "0"],
            env=environment,
            stdout=output,
            stderr=output,
        )
    try:
        yield _started(process, log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _started(process: "subprocess.Popen[bytes]", log: Path) -> Server:
    """Wait until the server says where it listens and answers there."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        address = _ADDRESS.search(log.read_text("utf-8", errors="replace"))
        if address:
            server = Server(address[1], int(address[2]), process.pid)
            if _readiness(server) is not None:
                return server
        time.sleep(0.02)
    said = log.read_text("utf-8", errors="replace").strip().splitlines()
    raise LoadNotMeasured("服务没有启动：" + (said[-1] if said else "没有任何输出。"))


def _readiness(server: Server) -> dict[str, Any] | None:
    """Return what the server says of itself, None while it is not ready."""
    connection = HTTPConnection(server.host, server.port, timeout=REPLY_TIMEOUT_S)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        body: dict[str, Any] = json.loads(response.read())
        return body if response.status == 200 else None
    except (OSError, HTTPException, ValueError):
        return None
    finally:
        connection.close()


def wait_for_processes(server: Server, wanted: int) -> None:
    """Wait until the server's own answer processes are loaded; until then one process answers."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        said = _readiness(server)
        if said is not None and said["answer_processes"] == wanted:
            return
        time.sleep(0.1)
    raise LoadNotMeasured("作答进程没有启动，请看服务的输出。")


def _warm_up(server: Server, questions: Sequence[str]) -> None:
    """Let the server's lazy parts load: the first visitor of a day is not what is measured."""
    user = _User(server)
    for question in questions[:WARM_UP_REQUESTS]:
        user.ask(question)
    user.close()


def _run(
    server: Server, questions: Sequence[str], number: int, seconds: float
) -> dict[str, float | int]:
    """Let so many users ask for so long, each through a connection kept open."""
    turn = count()  # next() is atomic: users share the questions out among themselves
    tallies = [Tally() for _ in range(number)]
    began = time.perf_counter()
    deadline = began + seconds

    def ask_on(tally: Tally) -> None:
        user = _User(server)
        while time.perf_counter() < deadline:
            question = questions[next(turn) % len(questions)]
            sent = time.perf_counter()
            if user.ask(question):
                tally.latencies_ms.append((time.perf_counter() - sent) * 1000)
            else:
                tally.errors += 1
        user.close()

    threads = [threading.Thread(target=ask_on, args=(tally,)) for tally in tallies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"users": number, **summarise(tallies, time.perf_counter() - began)}


def summarise(tallies: Sequence[Tally], seconds: float) -> dict[str, float | int]:
    """Sum up what users got within so many seconds; percentiles are of right replies."""
    latencies = [ms for tally in tallies for ms in tally.latencies_ms]
    errors = sum(tally.errors for tally in tallies)
    p50, p95, p99 = np.percentile(latencies or [0.0], [50, 95, 99]).tolist()
    return {
        "requests": len(latencies) + errors,
        "answers_per_second": round(len(latencies) / seconds, 1),
        "p50_ms": round(p50, 1),
        "p95_ms": round(p95, 1),
        "p99_ms": round(p99, 1),
        "errors": errors,
    }


class _User:
    """One visitor with a cookie and a connection that stays open."""

    def __init__(self, server: Server) -> None:
        self._connection = HTTPConnection(server.host, server.port, timeout=REPLY_TIMEOUT_S)
        self._cookie = ""

    def ask(self, question: str) -> bool:
        """Send one question under a new message id; return whether it was answered."""
        message = {"message_id": str(uuid4()), "text": question}
        headers = {"Content-Type": "application/json", "Cookie": self._cookie}
        try:
            self._connection.request(
                "POST", "/api/v1/chat/messages", json.dumps(message).encode(), headers
            )
            response = self._connection.getresponse()
            body = response.read()
        except (OSError, HTTPException):
            self._connection.close()  # the next request opens a new one
            return False
        given = response.getheader("Set-Cookie")
        if given:
            self._cookie = given.partition(";")[0]
        return response.status == 200 and _answered(body)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()


def _answered(body: bytes) -> bool:
    reply: Any = json.loads(body)
    return bool(reply["text"]) and reply["status"] != "failed"
