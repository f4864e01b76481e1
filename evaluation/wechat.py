"""How fast callbacks of WeChat are acknowledged: the product itself, with its engine stopped."""

import base64
import os
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np

from api.wechat.account import FILE_NAME, OfficialAccount, add_account, read_accounts
from api.wechat.simulator import FAULT, TIMEOUT_S, Simulator
from evaluation.load import Progress, Server, running_server, wait_for_processes

CALLERS = 600  # more than can be open at once at the highest rate
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

    Four runs: a verified and an unverified account, the answer process running and
    stopped (SIGSTOP). A message is acknowledged when one of at most three calls got a
    usable reply within five seconds of its own start, as Tencent counts; `first_call`
    tells how many needed no second one. Load is made on the same machine: the load
    averages stand beside the figures.
    """
    runs = []
    for done, (name, stopped) in enumerate(
        ((name, stopped) for stopped in (False, True) for name in _ACCOUNTS), start=1
    ):
        with (
            _installation(data_dir) as (folder, account_of),
            running_server(folder, 1) as server,
        ):
            wait_for_processes(server, 1)
            run = _Run(server, account_of[name], questions)
            with _engine(server, stopped):
                report = run.measure(per_second, seconds)
        runs.append({"account": name, "engine": "stopped" if stopped else "running", **report})
        if progress is not None:
            progress("正在测量", done, 2 * len(_ACCOUNTS))
    return {
        "messages_per_second": per_second,
        "seconds": seconds,
        "cores": len(os.sched_getaffinity(0)),
        "load_average": [round(value, 1) for value in os.getloadavg()],
        "runs": runs,
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
def _engine(server: Server, stopped: bool) -> Iterator[None]:
    """Stop the processes that answer, and let them go on at the end."""
    children = server.children() if stopped else []
    for child in children:
        os.kill(child, signal.SIGSTOP)
    try:
        yield
    finally:
        for child in children:
            os.kill(child, signal.SIGCONT)


class _Run:
    """Messages to one account of one server."""

    def __init__(self, server: Server, account: OfficialAccount, questions: Sequence[str]) -> None:
        self._questions = questions
        limits = httpx.Limits(max_connections=CALLERS, max_keepalive_connections=CALLERS)
        self._client = httpx.Client(
            base_url=f"http://{server.host}:{server.port}", limits=limits, trust_env=False
        )
        self._tencent = Simulator(account, self._deliver)
        self._tencent.wait = lambda _seconds: None
        self._guard = threading.Lock()
        self._milliseconds: list[float] = []  # of the call that was acknowledged
        self._calls: list[int] = []
        self._faults = 0
        self._local = threading.local()

    def measure(self, per_second: int, seconds: float) -> dict[str, object]:
        """Send for so long and wait for the last reply."""
        number = int(per_second * seconds)
        began = time.perf_counter()
        with self._client, ThreadPoolExecutor(CALLERS) as callers:
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

    def _send(self, number: int) -> None:
        question = self._questions[number % len(self._questions)]
        with self._guard:  # the simulator numbers its messages
            message = self._tencent.message(
                f"oReader{number}", {"MsgType": "text", "Content": question}
            )
        outcome = self._tencent.call(message)
        with self._guard:
            if outcome.shown == FAULT:
                self._faults += 1
            else:
                self._calls.append(outcome.calls)
                self._milliseconds.append(self._local.took_s * 1000)

    def _deliver(self, path: str, body: bytes, _timeout_s: float) -> httpx.Response:
        began = time.perf_counter()
        reply = self._client.post(path, content=body, timeout=TIMEOUT_S)
        self._local.took_s = time.perf_counter() - began
        if self._local.took_s > TIMEOUT_S:
            raise httpx.ReadTimeout("Tencent hung up")
        return reply
