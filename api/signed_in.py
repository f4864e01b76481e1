"""Who is signed in: the account behind a request's session cookie."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from sqlalchemy import ColumnElement, true
from starlette.concurrency import run_in_threadpool

from accounts.account import Account
from accounts.role import Role, role_names
from accounts.web_session import (
    MENTOR_LIMIT,
    SEEN_EVERY,
    Stage,
    WebSession,
    find_session,
    form_token,
)
from api.refusals import SignInNeeded
from audit.log import Actor, ActorKind
from storage.database import Database

# With the prefix a browser takes it over https from this very host alone.
SECURE_COOKIE = "__Host-qichuang_session"
COOKIE = "qichuang_session"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The account that a request acts for, as it was when the request began."""

    account_id: int
    name: str
    roles: frozenset[Role]
    org_unit: str  # street or department; "" is the whole district
    mentor_code: str | None

    @property
    def actor(self) -> Actor:
        """How the audit log names who acted."""
        return Actor(ActorKind.ACCOUNT, str(self.account_id), ",".join(sorted(self.roles)))

    @property
    def role_names(self) -> str:
        """The roles in Chinese, for the page's frame."""
        return role_names(self.roles)

    def sees(self, org_unit: str) -> bool:
        """Whether what belongs to a street or department is within this account's scope."""
        return not self.org_unit or org_unit == self.org_unit

    def within(self, column: Any) -> ColumnElement[bool]:
        """Return the condition that keeps a query within the scope: the unit in `column`."""
        return column == self.org_unit if self.org_unit else true()


@dataclass(frozen=True, slots=True)
class Presence:
    """A signed-in browser: the account, its session, and what it has to do first."""

    account: SignedIn
    session_id: int
    form_token: str
    duty: str = ""  # the page that has to be done before any other, "" for none


def signed_in(account: Account) -> SignedIn:
    """Return the plain value of an account."""
    return SignedIn(account.id, account.name, account.roles, account.org_unit, account.mentor_code)


def presence_of(request: Request) -> Presence | None:
    """Return who is signed in with this request's cookie; looked up once a request."""
    if not hasattr(request.state, "presence"):
        request.state.presence = _look_up(request)
    found: Presence | None = request.state.presence
    return found


def session_token(request: Request) -> str:
    """Return the token in the session cookie, "" when there is none."""
    return request.cookies.get(_cookie_name(request), "")


def find_by_cookie(
    request: Request, stage: Stage, at: datetime
) -> tuple[WebSession, Account] | None:
    """Return session and account of the request's cookie at a stage of signing in."""
    token = session_token(request)
    if not token:
        return None
    database: Database = request.app.state.database
    with database.reading() as db:
        return find_session(db, token, stage, at)


def keep_token(request: Request, response: Response, account: Account, token: str) -> None:
    """Put a session's token into its cookie; it ends with the browser, a mentor's lasts."""
    lasting = account.roles == {Role.MENTOR}
    response.set_cookie(
        _cookie_name(request),
        token,
        max_age=int(MENTOR_LIMIT.total_seconds()) if lasting else None,
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def drop_token(request: Request, response: Response) -> None:
    """Remove the session cookie."""
    response.delete_cookie(
        _cookie_name(request),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
    )


def _cookie_name(request: Request) -> str:
    return SECURE_COOKIE if request.url.scheme == "https" else COOKIE


def _look_up(request: Request) -> Presence | None:
    now = datetime.now(UTC)
    found = find_by_cookie(request, Stage.OPEN, now)
    if found is None:
        return None
    session, account = found
    if now - session.last_seen_at > SEEN_EVERY:
        database: Database = request.app.state.database
        with database.writing() as db:
            current = db.get(WebSession, session.id)
            if current is None:  # ended in this moment
                return None
            current.see(account, now)
    duty = ""
    if account.must_change_password:
        duty = "/account/password"
    elif account.needs_code(request.app.state.settings.require_totp) and not account.wants_code:
        duty = "/account/code"
    return Presence(signed_in(account), session.id, form_token(session_token(request)), duty)


async def current_account(request: Request) -> SignedIn:
    """Return who is signed in. Raises SignInNeeded."""
    presence = await run_in_threadpool(presence_of, request)
    if presence is None:
        raise SignInNeeded
    return presence.account


CurrentAccount = Annotated[SignedIn, Depends(current_account)]
