"""What the operator sees of each request: counters, one log line without its words, and 500s."""

import logging
import secrets
import time
import traceback
from http import HTTPStatus

from fastapi import Request
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import HTTP_TEXTS, respond
from api.problems import Problem

access_log = logging.getLogger("qichuang.access")
log = logging.getLogger("qichuang")

BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0)
REQUEST_ID = "request_id"  # in a request's state
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


class Metrics:
    """The counters of one application; labels take few values, none of them a visitor's."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "qichuang_requests",
            "HTTP requests",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.seconds = Histogram(
            "qichuang_request_seconds",
            "Time until the reply was complete",
            ["route"],
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self.answers = Counter(
            "qichuang_answers", "Recorded answers", ["status"], registry=self.registry
        )


class Observe:
    """Times each request, logs one line, and turns what nobody caught into a 500."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and note what became of it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        scope.setdefault("state", {})[REQUEST_ID] = secrets.token_hex(8)
        status = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, send_and_note)
        except Exception as error:
            _log_failure(error)
            if status:  # the reply had begun: nothing can be said any more
                raise
            title, detail = HTTP_TEXTS[500]
            problem = Problem(HTTPStatus.INTERNAL_SERVER_ERROR, title, detail)
            await respond(Request(scope), problem)(scope, receive, send_and_note)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        # The route's template, never the path: a path may hold what a visitor typed.
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.requests.labels(method, route, str(status)).inc()
        self.metrics.seconds.labels(route).observe(seconds)
        number = scope["state"][REQUEST_ID]
        took = seconds * 1000
        access_log.info("%s %s %s %.0f ms %s", method, route, status or "-", took, number)


def _log_failure(error: Exception) -> None:
    # Only where, not what: an error's text may quote the message that caused it.
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("request failed: %s\n%s", type(error).__name__, frames)
