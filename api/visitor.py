"""Who is asking: a signed cookie without any personal data."""

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request, Response
from itsdangerous import BadSignature, Signer

COOKIE = "qichuang_visitor"
# Half a year: a returning visitor keeps their conversations, a shared phone forgets in time.
COOKIE_SECONDS = 180 * 24 * 3600
REFERENCE_PREFIX = "visitor:"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A visitor of the web channel; `returning` when the browser already had the cookie."""

    reference: str  # what the record keeps: "visitor:" and 128 random bits
    returning: bool


def load_secret(data_dir: Path) -> str:
    """Return the signing secret of this installation, made at first use, readable by us alone."""
    path = data_dir / "secret.key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        draft = data_dir / f".secret-{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(32))
        # A link is made or refused as a whole: of two processes that start at once, one
        # secret wins and is complete.
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text("ascii").strip()


async def recognize(request: Request) -> Visitor:
    """Return the visitor of a request: the one of a genuine cookie, or a new one."""
    if (known := getattr(request.state, "visitor", None)) is not None:
        return known  # type: ignore[no-any-return]
    visitor = _from_cookie(request) or Visitor(
        REFERENCE_PREFIX + secrets.token_urlsafe(16), returning=False
    )
    request.state.visitor = visitor
    return visitor


def renew(request: Request) -> Visitor:
    """Give the browser another reference for what follows; what was asked before stays apart."""
    visitor = Visitor(REFERENCE_PREFIX + secrets.token_urlsafe(16), returning=False)
    request.state.visitor = visitor
    return visitor


def remember(request: Request, response: Response, visitor: Visitor) -> None:
    """Give a new visitor their cookie."""
    if visitor.returning:
        return
    token = visitor.reference.removeprefix(REFERENCE_PREFIX)
    response.set_cookie(
        COOKIE,
        _signer(request).sign(token).decode("ascii"),
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def _from_cookie(request: Request) -> Visitor | None:
    value = request.cookies.get(COOKIE)
    if value is None:
        return None
    try:
        token = _signer(request).unsign(value).decode("ascii")
    except (BadSignature, UnicodeError):
        return None
    return Visitor(REFERENCE_PREFIX + token, returning=True)


def _signer(request: Request) -> Signer:
    signer: Signer = request.app.state.signer
    return signer


def make_signer(secret: str) -> Signer:
    """Build the signer of visitor cookies."""
    return Signer(secret, salt="qichuang.visitor")
