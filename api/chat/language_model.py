"""The language model an operator may configure: an OpenAI-compatible endpoint, trusted in nothing.

A reply is bounded in time and size whatever the server does, and an endpoint that fails is left
alone for a while, so that it cannot slow every answer.
"""

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from api.settings import Settings
from api.snapshot import Snapshot
from api.tls import trusted
from assistant.rephraser import Message, ModelUnavailable
from storage.database import Database

MAX_REPLY_BYTES = 64 * 1024
MAX_TOKENS = 1500
FAILURES_TO_OPEN = 3
REST_S = 60.0
CALLS_AT_ONCE = 8


@dataclass
class Breaker:
    """Lets calls through until several in a row fail; then one in a while, until one succeeds."""

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    _rests_until: float = 0.0
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def lets_through(self) -> bool:
        """Whether a call may be made now; while it rests, the first one after is a trial."""
        with self._guard:
            if self.failures < FAILURES_TO_OPEN:
                return True
            if self.clock() < self._rests_until:
                return False
            self._rests_until = self.clock() + REST_S
            return True

    def note(self, *, success: bool) -> None:
        """Count how a call went."""
        with self._guard:
            self.failures = 0 if success else self.failures + 1
            if self.failures >= FAILURES_TO_OPEN:
                self._rests_until = self.clock() + REST_S


class LanguageModel:
    """One endpoint. `complete` is safe to call from several threads."""

    def __init__(self, url: str, key: str, name: str, timeout_s: float) -> None:
        self._address = url.rstrip("/") + "/chat/completions"
        self._name = name
        self._timeout_s = timeout_s
        self.breaker = Breaker()
        self._places = threading.BoundedSemaphore(CALLS_AT_ONCE)
        # No redirect is followed and no proxy of the environment used: the request goes to
        # the address that was set and nowhere else. Compressed replies could not be bounded.
        headers = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(timeout_s),
            follow_redirects=False,
            trust_env=False,
            verify=trusted(),
            limits=httpx.Limits(max_connections=CALLS_AT_ONCE),
        )

    def complete(self, messages: Sequence[Message]) -> str:
        """Return the text that the model answers. Raises ModelUnavailable."""
        if not self.breaker.lets_through():
            raise ModelUnavailable("the endpoint failed lately")
        if not self._places.acquire(blocking=False):
            raise ModelUnavailable("too many calls at once")
        try:
            text = _text_of(self._post(messages))
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            self.breaker.note(success=False)
            raise ModelUnavailable(type(error).__name__) from error
        finally:
            self._places.release()
        self.breaker.note(success=True)
        return text

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, messages: Sequence[Message]) -> bytes:
        body = {
            "model": self._name,
            "messages": [dict(message) for message in messages],
            "temperature": 0,
            "seed": 0,
            "max_tokens": MAX_TOKENS,
            "stream": False,
        }
        deadline = time.monotonic() + self._timeout_s
        received = bytearray()
        with self._client.stream("POST", self._address, json=body) as reply:
            if reply.status_code != httpx.codes.OK:
                raise ValueError(f"status {reply.status_code}")
            # The time limit of the client is one of silence: a drip would never reach it.
            for chunk in reply.iter_raw():
                received += chunk
                if len(received) > MAX_REPLY_BYTES or time.monotonic() > deadline:
                    raise ValueError("too long")
        return bytes(received)


def _text_of(body: bytes) -> str:
    """Read the text out of a chat completion. Raises ValueError."""
    reply: Any = json.loads(body)
    try:
        text = reply["choices"][0]["message"]["content"]
    except (LookupError, TypeError) as error:
        raise ValueError("no chat completion") from error
    if not isinstance(text, str) or not text.strip():
        raise ValueError("no text")
    return text


def with_model(
    build: Callable[[Database], Snapshot], model: LanguageModel | None
) -> Callable[[Database], Snapshot]:
    """Let the snapshots that are built ask the model for plainer words."""

    def build_with_model(database: Database) -> Snapshot:
        return replace(build(database), complete=model.complete if model else None)

    return build_with_model


def language_model(settings: Settings) -> LanguageModel | None:
    """Return the model that the settings name, None when there is none."""
    if not settings.model_url:
        return None
    key = settings.model_key.get_secret_value()
    return LanguageModel(settings.model_url, key, settings.model_name, settings.model_timeout_s)
