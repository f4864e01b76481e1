"""How fast callbacks of WeChat are acknowledged: the product itself, with its engine stopped."""

import base64
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from api.wechat.account import OfficialAccount, add_account, read_accounts
from api.wechat.account_file import FILE_NAME
from api.wechat.console import serve_api
from api.wechat.simulator import FAULT, TIMEOUT_S, Simulator
from evaluation.load import Progress, Server, cpu_seconds, running_server, wait_for_processes

CALLERS = 1200  # more than can be open at once at the highest rate
WARM_UP_MESSAGES = 20
ANSWERED_WITHIN_S = 300.0  # after the last message, for the answers that come as pushes
_REUSED = ("encoder", "index")
_ACCOUNTS = {"verified": True, "small": False}


def evaluate_wechat(
    data_dir: Path,
    questions: Sequence[str],
    per_second: int = 100,
    seconds: float = 20.0,
    progress: Progress | None = None,
) -> dict[str, object]:
    """Send messages at a steady rate, whatever the replies do; tell how they were acknowledged.

    Four runs on one server: a verified and an unverified account, the answer process
    running and stopped (SIGSTOP). A message is acknowledged when one of at most three
    calls got a usable reply within five seconds of its own start, as Tencent counts;
    `first_call` tells how many needed no second one. `answered` of a verified account
    tells how many people got exactly one answer in the end, the stopped process going
    on after the last message. Load is made on the same machine: processor seconds of the
    server, of its answer process and of this program stand beside the figures.
    """
    runs: list[dict[str, object]] = []
    with _installation(data_dir) as (folder, accounts), _playing(accounts) as (played, address):
        settings = {"WECHAT_API_URL": address}
        with running_server(folder, 1, settings) as server:
            wait_for_processes(server, 1)
            for name, tencent in played.items():
                _Run(server, tencent, questions, f"oWarm{name}").measure(5, WARM_UP_MESSAGES)
            for stopped in (False, True):
                for name, tencent in played.items():
                    run = _Run(server, tencent, questions, f"oReader{len(runs)}x")
                    about = {"account": name, "engine": "stopped" if stopped else "running"}
                    runs.append(about | _measured(run, server, stopped, (per_second, seconds)))
                    if progress is not None:
                        progress("正在测量", len(runs), 2 * len(_ACCOUNTS))
    return {
        "messages_per_second": per_second,
        "seconds": seconds,
        "cores": len(os.sched_getaffinity(0)),
        "load_average": [round(value, 1) for value in os.getloadavg()],
        "runs": runs,
    }


def _measured(
    run: "_Run", server: Server, stopped: bool, pace: tuple[int, float]
) -> dict[str, object]:
    engines = server.children()
    before = _spent(server, engines)
    with _engine(engines, stopped):
        report = run.measure(pace[0], int(pace[0] * pace[1]))
    sent_at = time.perf_counter()
    answered = run.wait_for_answers()
    after = _spent(server, engines)
    spent = {name: round(after[name] - before[name], 1) for name in before}
    took_s = round(time.perf_counter() - sent_at, 1)
    return report | {"answered": answered, "answered_after_s": took_s, "cpu_seconds": spent}


def _spent(server: Server, engines: Sequence[int]) -> dict[str, float]:
    return {
        "server": cpu_seconds([server.process_id]),
        "engine": cpu_seconds(engines),
        "load": time.process_time(),
    }


@contextmanager
def _installation(data_dir: Path) -> Iterator[tuple[Path, dict[str, OfficialAccount]]]:
    with tempfile.TemporaryDirectory(prefix="qichuang-wechat-") as name:
        folder = Path(name)
        for part in _REUSED:
            if (data_dir / part).is_dir():
                shutil.copytree(data_dir / part, folder / part)
        path = folder / FILE_NAME
        for account, verified in _ACCOUNTS.items():
            key = base64.b64encode(secrets.token_bytes(32)).decode()[:43]
            add_account(
                path,
                {
                    "name": account,
                    "appid": f"wx{account}",
                    "token": secrets.token_hex(8),
                    "aes_key": key,
                    "app_secret": secrets.token_hex(8) if verified else "",
                    "verified": verified,
                },
            )
        yield folder, read_accounts(path)


@contextmanager
def _playing(
    accounts: Mapping[str, OfficialAccount],
) -> Iterator[tuple[dict[str, Simulator], str]]:
    """Play Tencent for each account; hand out the address of the verified one's API."""
    played = {name: Simulator(accounts[name], _nowhere) for name in _ACCOUNTS}
    with serve_api(played["verified"], 0) as port:
        yield played, f"http://127.0.0.1:{port}"


def _nowhere(_path: str, _body: bytes, _timeout_s: float) -> httpx.Response:
    raise httpx.ConnectError("the run delivers for itself")


@contextmanager
def _engine(engines: Sequence[int], stopped: bool) -> Iterator[None]:
    """Stop the processes that answer, and let them go on at the end."""
    for engine in engines if stopped else ():
        os.kill(engine, signal.SIGSTOP)
    try:
        yield
    finally:
        for engine in engines if stopped else ():
            os.kill(engine, signal.SIGCONT)


class _Run:
    """Messages to one account of one server, each from another person."""

    def __init__(
        self, server: Server, tencent: Simulator, questions: Sequence[str], people: str
    ) -> None:
        self._server = server
        self._tencent = tencent
        self._questions = questions
        self._people = people
        self._number = 0
        self._guard = threading.Lock()
        self._milliseconds: list[float] = []  # of the call that was acknowledged
        self._calls: list[int] = []
        self._faults = 0
        self._local = threading.local()
        tencent._deliver = self._deliver
        tencent.wait = lambda _seconds: None

    def measure(self, per_second: int, number: int) -> dict[str, object]:
        """Send so many messages and wait for the last reply."""
        self._number = number
        began = time.perf_counter()
        with ThreadPoolExecutor(CALLERS) as callers:
            for message in range(number):
                time.sleep(max(0.0, began + message / per_second - time.perf_counter()))
                callers.submit(self._send, message)
            sending_s = time.perf_counter() - began
        p50, p95, p99 = np.percentile(self._milliseconds or [0.0], [50, 95, 99]).tolist()
        return {
            "messages": number,
            "sent_per_second": round(number / sending_s, 1),
            "acknowledged": len(self._milliseconds),
            "first_call": sum(calls == 1 for calls in self._calls),
            "faults_shown": self._faults,
            "p50_ms": round(p50, 1),
            "p95_ms": round(p95, 1),
            "p99_ms": round(p99, 1),
            "worst_ms": round(max(self._milliseconds, default=0.0), 1),
        }

    def wait_for_answers(self) -> int:
        """Wait until everybody was shown something; return how many were shown one thing."""
        people = [self._tencent.reader(self._openid(one)) for one in range(self._number)]
        deadline = time.monotonic() + ANSWERED_WITHIN_S
        while not all(one.shown for one in people) and time.monotonic() < deadline:
            time.sleep(0.2)
        return sum(len(one.shown) == 1 for one in people)

    def _openid(self, number: int) -> str:
        return f"{self._people}{number}"

    def _send(self, number: int) -> None:
        question = self._questions[number % len(self._questions)]
        fields = {"MsgType": "text", "Content": question}
        with self._guard:  # the simulator numbers its messages
            message = self._tencent.message(self._openid(number), fields)
            reader = self._tencent.reader(self._openid(number))
            reader.does(message, self._tencent.clock())
        outcome = self._tencent.call(message)
        if outcome.shown is not None:
            reader.show(outcome.shown, self._tencent.clock())
        with self._guard:
            if outcome.shown == FAULT:
                self._faults += 1
            else:
                self._calls.append(outcome.calls)
                self._milliseconds.append(self._local.took_s * 1000)

    def _deliver(self, path: str, body: bytes, _timeout_s: float) -> httpx.Response:
        began = time.perf_counter()
        try:
            status, content = self._post(path, body)
        except TimeoutError as error:
            raise httpx.ReadTimeout("Tencent hung up") from error
        except (OSError, HTTPException) as error:
            raise httpx.ReadError("broken") from error
        self._local.took_s = time.perf_counter() - began
        if self._local.took_s > TIMEOUT_S:
            raise httpx.ReadTimeout("Tencent hung up")
        return httpx.Response(status, content=content)

    def _post(self, path: str, body: bytes) -> tuple[int, Any]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = HTTPConnection(self._server.host, self._server.port, timeout=TIMEOUT_S)
            self._local.connection = connection
        try:
            connection.request("POST", path, body, {"Content-Type": "text/xml"})
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, HTTPException):
            connection.close()  # the next request opens a new one
            raise
