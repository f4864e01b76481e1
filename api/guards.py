"""What protects every reply and every form: headers, and where a post may come from."""

from http import HTTPStatus
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import HTTP_TEXTS, respond
from api.problems import Problem
from api.refusals import ForeignForm

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class SecurityHeaders:
    """Adds the security headers to every reply; what may be cached says so itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the headers of its reply."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


# Paths below which a file may be posted, and how large such a request may be.
UPLOADS = dict.fromkeys(("/staff/spreadsheets/", "/staff/uploads/"), 10 * 2**20 + 64 * 2**10)
UPLOAD_TOO_LARGE = "文件太大，最多 10 MB。请拆成几个文件分别上传。"


def most_bytes(path: str, max_bytes: int) -> int:
    """Return how large a body to this path may be."""
    return next((most for start, most in UPLOADS.items() if path.startswith(start)), max_bytes)


class CountedSize(RequestBodyLimitMiddleware):
    """Cuts a body off that grows too large, whatever it said of itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count its body."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = most_bytes(scope["path"], self.max_body_size)
        await RequestBodyLimitMiddleware(self.app, limit)(scope, receive, send)


class DeclaredSize:
    """Refuses a body that says it is too large, as a problem; others are counted as they come."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self.app = app
        self.max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on unless its Content-Length is over the limit."""
        if scope["type"] == "http":
            declared = Headers(scope=scope).get("content-length", "")
            limit = most_bytes(scope["path"], self.max_bytes)
            if declared.isdecimal() and int(declared) > limit:
                title, detail = HTTP_TEXTS[413]
                if limit > self.max_bytes:
                    detail = UPLOAD_TOO_LARGE
                problem = Problem(HTTPStatus(413), title, detail)
                await respond(Request(scope), problem)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def refuse_foreign_forms(request: Request) -> None:
    """Refuse a post that another site's page sent; a dependency of every form.

    Browsers of today say so in Sec-Fetch-Site, older ones in Origin or Referer. The
    cookies are SameSite=Lax, so a request without any of the three carries no rights.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise ForeignForm(site)
        return
    source = request.headers.get("origin") or request.headers.get("referer")
    if source is not None and urlsplit(source).netloc != request.headers.get("host"):
        raise ForeignForm("origin")
