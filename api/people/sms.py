"""Sending a code to a telephone: into a file at first, over HTTP where a gateway is set."""

import logging
import os
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import httpx

from api.settings import Settings
from api.tls import trusted
from guidance.people.phone import CODE_LIFE

log = logging.getLogger("qichuang")

FILE_NAME = "sms.txt"
TIMEOUT_S = 5.0
MAX_REPLY_BYTES = 64 * 1024


class SmsNotSent(RuntimeError):
    """The message did not leave; the text says what to do."""

    def __init__(self) -> None:
        super().__init__("短信没有发出去，请过几分钟再试，或联系工作人员。")


class SmsSender(Protocol):
    """What sends a code; `reaches_phones` says whether a telephone will ring."""

    reaches_phones: bool

    def send(self, number: str, code: str) -> None:
        """Send a code to a number. Raises SmsNotSent."""
        ...

    def tidy(self, at: datetime) -> None:
        """Forget what is of no use any more."""
        ...


class FileSender:
    """Writes codes where the operator reads them, for as long as they are good."""

    reaches_phones = False

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()

    def send(self, number: str, code: str) -> None:
        """Add a line; lines whose codes are too old go. Raises SmsNotSent."""
        now = datetime.now(UTC)
        line = f"{now.isoformat(timespec='seconds')} {number} {code}"
        try:
            with self._guard:
                self._write([*self._good(now), line])
        except OSError as error:
            log.warning("sms file not written: %s", type(error).__name__)
            raise SmsNotSent from error

    def tidy(self, at: datetime) -> None:
        """Drop the lines whose codes are too old, and the file with the last of them."""
        if not self._path.exists():
            return
        with self._guard:
            good = self._good(at)
            if good:
                self._write(good)
            else:
                self._path.unlink(missing_ok=True)

    def _good(self, at: datetime) -> list[str]:
        if not self._path.exists():
            return []
        lines = self._path.read_text("utf-8").splitlines()
        return [one for one in lines if at - datetime.fromisoformat(one.split()[0]) < CODE_LIFE]

    def _write(self, lines: list[str]) -> None:
        draft = self._path.with_suffix(".new")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines))
        draft.replace(self._path)


class HttpSender:
    """Posts the gateway's JSON body, with number and code put into their places."""

    reaches_phones = True

    def __init__(self, settings: Settings, transport: httpx.BaseTransport | None = None) -> None:
        self._url = settings.sms_url
        self._template = settings.sms_template
        self._success = settings.sms_success
        key = settings.sms_key.get_secret_value()
        headers = {"Content-Type": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        self._client = httpx.Client(
            timeout=TIMEOUT_S,
            follow_redirects=False,
            trust_env=False,
            verify=trusted(),
            headers=headers,
            transport=transport,
        )

    def send(self, number: str, code: str) -> None:
        """Send a code. Neither number nor code enters the log. Raises SmsNotSent."""
        body = self._template.replace("{number}", number).replace("{code}", code)
        try:
            reply = self._client.post(self._url, content=body.encode())
        except httpx.HTTPError as error:
            log.warning("sms gateway failed: %s", type(error).__name__)
            raise SmsNotSent from error
        taken = reply.is_success and self._success in reply.text[:MAX_REPLY_BYTES]
        if not taken:
            log.warning("sms gateway refused: HTTP %d", reply.status_code)
            raise SmsNotSent

    def tidy(self, at: datetime) -> None:
        """Nothing is kept."""


def sender_for(settings: Settings) -> SmsSender:
    """Return the gateway that is set, or the file in the data folder."""
    return HttpSender(settings) if settings.sms_url else FileSender(settings.data_dir / FILE_NAME)
