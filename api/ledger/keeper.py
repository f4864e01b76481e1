"""Keeps the ledger going behind the requests, and stops recording when history is missing."""

import ipaddress
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access import SAFE_METHODS
from api.errors import respond
from api.observe import REQUEST_ID
from api.problems import Problem
from audit.checkpoint import LedgerBehindWitness, compare_with_witness, write_checkpoint
from audit.log import ORIGIN
from audit.witness import Witness
from guidance.intake import (
    AT_ONCE,
    UnitOf,
    nowhere,
    qualify_recorded,
    seal_recorded,
    submit_waiting,
)
from guidance.recording import close_idle_sessions
from matching.profile.entrepreneur import known_facts
from storage.database import Database

log = logging.getLogger("qichuang")

# A sweep after a long pause goes on in steps, so that messages get in between.
STEPS = 20
REFUSED = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE,
    "暂停记录",
    "审计日志与库外的签名检查点不一致，为避免漏记、错记，系统已暂停提问和办理，"
    "政策文件仍可查阅。请管理员运行 qichuang audit verify 查明原因。",
)


def street_of(db: Session, person: str) -> str:
    """Return the street that a person's online sessions are attributed to, "" when unknown."""
    street = known_facts(db, person).get("street")
    return street if isinstance(street, str) else ""


class LedgerKeeper:
    """One installation's ledger: what is wrong with it, and its regular chores.

    Asking is recording, and recording needs the ledger; so nothing that writes is served
    while a checkpoint is ahead of the database. Reading goes on.
    """

    def __init__(self, database: Database, witness: Witness, unit_of: UnitOf = nowhere) -> None:
        self._database = database
        self._witness = witness
        self._unit_of = unit_of
        self.trouble = ""
        self.look()

    def look(self) -> None:
        """Compare the newest checkpoint with the database."""
        self.trouble = compare_with_witness(self._database, self._witness).trouble
        if self.trouble:
            log.error("recording is refused: %s", self.trouble)

    def vouch(self) -> None:
        """Write a checkpoint when one is due; see at once when history is missing."""
        if self.trouble:
            self.look()  # the database may have been restored behind us
            return
        try:
            write_checkpoint(self._database, self._witness, datetime.now(UTC))
        except LedgerBehindWitness as error:
            self.trouble = str(error)
            log.error("recording is refused: %s", error)  # noqa: TRY400

    def tend(self) -> None:
        """Close, seal and judge sessions that ended; send last week's to review."""
        if self.trouble:
            return
        now = datetime.now(UTC)
        chores: tuple[Callable[[Session], int], ...] = (
            lambda db: close_idle_sessions(db, now),
            lambda db: seal_recorded(db, now),
            lambda db: sum(qualify_recorded(db, now, self._unit_of)),
            lambda db: submit_waiting(db, now),
        )
        for chore in chores:
            for _ in range(STEPS):
                with self._database.writing() as db:
                    done = chore(db)
                if done < AT_ONCE:
                    break


class RefuseWhenBehind:
    """Answers 503 to whatever would be recorded while the ledger is in trouble."""

    def __init__(self, app: ASGIApp, keeper: LedgerKeeper) -> None:
        self.app = app
        self.keeper = keeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse, or pass the request on with where it came from noted for the audit log."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        # Tencent would show the reader a fault of the account; its desk says what is the matter.
        records = scope["method"] not in SAFE_METHODS and not scope["path"].startswith("/wechat/")
        if self.keeper.trouble and records:
            request = Request(scope, receive)
            await respond(request, REFUSED, {"Retry-After": "300"})(scope, receive, send)
            return
        token = ORIGIN.set(_origin(scope))
        try:
            await self.app(scope, receive, send)
        finally:
            ORIGIN.reset(token)


def _origin(scope: Scope) -> dict[str, str] | None:
    """Return where a request of who works in the ledger came from; visitors' is not kept.

    The request's number leads to its line in the access log.
    """
    if not scope["path"].startswith(("/staff", "/mentor", "/login", "/account")):
        return None
    origin = {"request": scope.get("state", {}).get(REQUEST_ID, ""), "client": _prefix(scope)}
    return {name: told for name, told in origin.items() if told}


def _prefix(scope: Scope) -> str:
    """Return the client's address without its last part, "" when it has none."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0] if client else "")
    except ValueError:
        return ""
    length = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{length}", strict=False))
