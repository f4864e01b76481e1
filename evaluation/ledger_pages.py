"""How long the ledger's pages take: asked through HTTP by staff who are signed in."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import httpx
import uvicorn
from fastapi import FastAPI

from accounts.account import Account, AccountDetails, add_account
from accounts.role import Role
from accounts.web_session import Stage, end_sessions, open_session
from api.app import create_app
from api.settings import Settings
from api.signed_in import COOKIE
from api.snapshot import LiveSnapshot, Snapshot
from api.startup import bring_in_mentors, bring_in_pack
from evaluation.ledger_summary import REPEATS, summary
from guidance.periods.period import Quarter
from knowledge.corpus import load_corpus
from knowledge.register import build_register
from storage.database import Database

REPLY_TIMEOUT_S = 600.0
# Who asks, and for what.
Page = tuple[Role, str]
HANDLER, REVIEWER, SIGNER, AUDITOR = Role.HANDLER, Role.REVIEWER, Role.SIGNER, Role.AUDITOR
PEOPLE = (HANDLER, REVIEWER, SIGNER, AUDITOR)


class PageNotServed(RuntimeError):
    """A page answered with an error: its time would say nothing."""


def pages(on: date, last: int) -> dict[str, dict[str, Page]]:
    """Return the pages by group; `last` is the number of the newest session."""
    quarter = Quarter.of(on)
    pending = "/staff/sessions?state=pending_review"
    year = f"period={on.year}"
    return {
        "indicators": {
            "register": (HANDLER, f"/staff/indicators?year={on.year}"),
            "M3c": (HANDLER, f"/staff/indicators/M3c?year={on.year}"),
            "B3": (HANDLER, f"/staff/indicators/B3?year={on.year}"),
        },
        "review_queue": {
            "first_page": (REVIEWER, pending),
            "deep_page": (REVIEWER, f"{pending}&after={last * 9 // 10}"),
            "flagged": (REVIEWER, f"{pending}&flagged=1"),
            "of_unit": (REVIEWER, f"{pending}&unit=第3街道"),
        },
        "desk": {str(role): (role, "/staff") for role in (HANDLER, REVIEWER, SIGNER)},
        "sessions": {
            "newest": (HANDLER, "/staff/sessions"),
            "counted_of_year": (HANDLER, f"/staff/sessions?state=counted&{year}"),
            "one_session": (REVIEWER, f"/staff/sessions/{max(1, last // 2)}"),
        },
        "periods": {
            "all": (SIGNER, "/staff/periods"),
            "open_quarter": (SIGNER, f"/staff/periods/{quarter}"),
            "locked_quarter": (SIGNER, f"/staff/periods/{on.year}Q1"),
        },
        "people": {
            "mentor_work": (HANDLER, "/staff/mentor-work"),
            "persons": (HANDLER, "/staff/persons"),
        },
        "reports": {
            "choice": (SIGNER, "/staff/reports"),
            "quarter": (SIGNER, f"/staff/reports/{quarter}"),
            "year": (SIGNER, f"/staff/reports/{on.year}"),
        },
        "audit_log": {"newest": (AUDITOR, "/staff/audit")},
    }


def timed_pages(
    database: Database, data_dir: Path, on: date, last: int, tell: Callable[[int, int], None]
) -> dict[str, dict[str, dict[str, float]]]:
    """Ask for every page a few times and return its milliseconds, by group and page.

    The application runs in this process behind a real port, without its regular chores;
    what it needs of files lies in `data_dir`. The accounts it adds are switched off at
    the end. Raises PageNotServed.
    """
    groups = pages(on, last)
    total, done = sum(map(len, groups.values())), 0
    result: dict[str, dict[str, dict[str, float]]] = {name: {} for name in groups}
    with _signed_in(database) as tokens, _serving(_application(database, data_dir)) as site:
        for group, asked in groups.items():
            for name, (role, path) in asked.items():
                result[group][name] = _timed(site, tokens[role], path)
                done += 1
                tell(done, total)
    return result


def _timed(site: str, token: str, path: str) -> dict[str, float]:
    headers = {"Cookie": f"{COOKIE}={token}"}
    took, before = [], time.process_time()
    with httpx.Client(base_url=site, headers=headers, timeout=REPLY_TIMEOUT_S) as browser:
        for _ in range(REPEATS):
            began = time.perf_counter()
            response = browser.get(path)
            took.append((time.perf_counter() - began) * 1000)
            if response.status_code != httpx.codes.OK:
                raise PageNotServed(f"{path} 返回 {response.status_code}，没有测成。")
    return summary(took, time.process_time() - before)


@contextmanager
def _signed_in(database: Database) -> Iterator[dict[Role, str]]:
    """Add one account of each role and sign it in; switch them off afterwards."""
    numbers, tokens = list[int](), dict[Role, str]()
    with database.writing() as db:
        for role in PEOPLE:
            details = AccountDetails("测量", frozenset({role}), "", None)
            account = add_account(db, f"evaluate-{uuid4().hex[:12]}", details, datetime.now(UTC))
            numbers.append(account.id)
            tokens[role] = open_session(db, account, Stage.OPEN, "evaluate", datetime.now(UTC))[1]
    try:
        yield tokens
    finally:
        with database.writing() as db:
            for number in numbers:
                end_sessions(db, number)
                db.get_one(Account, number).active = False


def _application(database: Database, data_dir: Path) -> FastAPI:
    """Return the product around the database; nobody asks it about the documents."""
    bring_in_pack(database)
    bring_in_mentors(database)

    def build(database: Database) -> Snapshot:
        with database.reading() as db:
            corpus = load_corpus(db)
        return Snapshot(corpus, build_register(corpus), _unasked, _unasked, {})

    settings = Settings(data_dir=data_dir, witness_dir=None, require_totp=False)
    return create_app(settings, database, LiveSnapshot(database, build))


def _unasked(*_asked: object) -> NoReturn:
    raise NotImplementedError("nobody asks for an answer here")


@contextmanager
def _serving(app: FastAPI) -> Iterator[str]:
    # Only with its protocol named does the server send without waiting (TCP_NODELAY).
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
